"""Bounds on the age of an entry from earlier reads."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.store.interface import Entry
from flexiti_async.tokens.record import Record
from flexiti_async.tokens.snapshot import AgeTracker, Snapshot

RECORD = Record("flexiti-token-0000")


def entry(version: str, age: float | None = None) -> Entry:
    """Build a stored entry."""
    return Entry(version=version, payload="", keep_for=1.0, age=age)


def read(
    tracker: AgeTracker, version: str | None, now: float, age: float | None = None
) -> Snapshot:
    """Read for one second, until `now`."""
    if version is None:
        return tracker.read(None, None, before=now - 1.0, now=now)
    return tracker.read(entry(version, age), RECORD, before=now - 1.0, now=now)


def test_nothing_stored() -> None:
    """Without an entry, the snapshot is empty."""
    assert Snapshot() == read(AgeTracker(), None, 10.0)


def test_the_age_of_the_store_is_a_bound() -> None:
    """
    The store's age was right at some moment of the load, so the load's duration is added to the
    bound.
    """
    assert Snapshot(RECORD, entry("a", 5.0), max_age=6.0, min_age=5.0) == read(
        AgeTracker(), "a", 10.0, age=5.0
    )


@pytest.mark.parametrize("duration", [0.0, 3.0, 30.0])
def test_the_duration_of_a_load_is_added(duration: float) -> None:
    """The store may have measured the age at the beginning of the load, or at its end."""
    snapshot = AgeTracker().read(entry("a", 5.0), RECORD, before=10.0, now=10.0 + duration)

    assert Snapshot(RECORD, entry("a", 5.0), max_age=5.0 + duration, min_age=5.0) == snapshot


def test_first_read_without_ages() -> None:
    """An entry found by the first read may be of any age."""
    assert Snapshot(RECORD, entry("a"), max_age=math.inf, min_age=0.0) == read(
        AgeTracker(), "a", 10.0
    )


def test_an_entry_that_stays() -> None:
    """
    The longer an entry has been seen, the older it is at least; its upper bound stays unknown.
    """
    tracker = AgeTracker()
    read(tracker, "a", 10.0)

    assert Snapshot(RECORD, entry("a"), max_age=math.inf, min_age=7.5) == read(tracker, "a", 17.5)
    assert Snapshot(RECORD, entry("a"), max_age=math.inf, min_age=90.0) == read(tracker, "a", 100.0)


@pytest.mark.parametrize("earlier", [None, "old"])
def test_an_entry_that_was_missing(earlier: str | None) -> None:
    """An entry that was missing at the last read is at most as old as that read."""
    tracker = AgeTracker()
    read(tracker, earlier, 10.0)

    assert Snapshot(RECORD, entry("a"), max_age=6.0, min_age=0.0) == read(tracker, "a", 15.0)
    assert Snapshot(RECORD, entry("a"), max_age=8.0, min_age=2.0) == read(tracker, "a", 17.0)


def test_the_bound_is_of_the_last_read_not_the_first() -> None:
    """Of several reads without the entry the last one counts."""
    tracker = AgeTracker()
    read(tracker, "old", 10.0)
    read(tracker, "old", 20.0)

    assert 6.0 == read(tracker, "a", 25.0).max_age


def test_an_own_write() -> None:
    """The bounds of an own write are its beginning and its end."""
    tracker = AgeTracker()
    tracker.wrote("a", before=10.0, now=11.0)

    assert Snapshot(RECORD, entry("a"), max_age=5.0, min_age=4.0) == read(tracker, "a", 15.0)


def test_an_entry_that_replaces_an_own_write() -> None:
    """An entry that replaced an own write is younger than the beginning of that write."""
    tracker = AgeTracker()
    tracker.wrote("a", before=10.0, now=11.0)

    assert Snapshot(RECORD, entry("b"), max_age=5.0, min_age=0.0) == read(tracker, "b", 15.0)


def test_an_entry_that_was_missing_in_between() -> None:
    """An entry that was missing in between is a new one, even with the same version."""
    tracker = AgeTracker()
    for version, now in (("a", 10.0), (None, 20.0)):
        read(tracker, version, now)

    assert Snapshot(RECORD, entry("a"), max_age=6.0, min_age=0.0) == read(tracker, "a", 25.0)


@given(st.data(), st.lists(st.floats(min_value=0.01, max_value=10.0), min_size=2, max_size=12))
def test_bounds_hold(data: st.DataObject, gaps: list[float]) -> None:
    """The true age of an entry always lies between the bounds."""
    tracker = AgeTracker()
    now, written_at, version = 0.0, None, 0
    for gap in gaps:
        before = now + gap / 2
        if data.draw(st.booleans()):
            # An entry is written between the last read and this one.
            written_at = now + data.draw(st.floats(min_value=0.0, max_value=gap))
            version += 1
        now += gap
        if written_at is None:
            read(tracker, None, now)
            continue
        record_age = now - written_at
        seen = tracker.read(entry(str(version)), RECORD, before=before, now=now)

        assert seen.min_age <= record_age + 1e-9
        assert seen.max_age >= record_age - 1e-9


def test_a_store_whose_clock_is_set_back_makes_no_entry_younger() -> None:
    """An entry is at least as old as it has been seen here, whatever age the store reports."""
    tracker = AgeTracker()
    read(tracker, "a", 10.0, age=5.0)

    assert Snapshot(RECORD, entry("a", 1.0), max_age=8.0, min_age=8.0) == read(
        tracker, "a", 18.0, age=1.0
    )


def test_a_claim_dated_in_the_future_lapses_after_one_lease() -> None:
    """A store reports no age for it, so the time for which it has been seen decides."""
    tracker = AgeTracker()
    read(tracker, "a", 10.0)

    assert 2.5 == read(tracker, "a", 12.5).min_age
