"""Bounds on the age of an entry from earlier reads."""

import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.clock import Instant
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.record import Failure, Record, StoredToken
from flexiti_async.tokens.snapshot import AgeTracker, Sighting, Snapshot

RECORD = Record("flexiti-token-0000")


def entry(version: str, age: float | None = None) -> Entry:
    """Build a stored entry."""
    return Entry(version=version, payload="", keep_for=1.0, age=age)


def read(
    tracker: AgeTracker, version: str | None, now: float, age: float | None = None
) -> Snapshot:
    """Read for one second, until `now`."""
    found = None if version is None else entry(version, age)
    record = None if version is None else RECORD
    return tracker.read(found, record, since=tracker.last, before=now - 1.0, now=at(now))


def at(boot: float) -> Instant:
    """Return a moment; of no time by the wall clock."""
    return Instant(wall=-math.inf, boot=boot)


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
    snapshot = AgeTracker().read(
        entry("a", 5.0), RECORD, since=Sighting(), before=10.0, now=at(10.0 + duration)
    )

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
        found = entry(str(version))
        seen = tracker.read(found, RECORD, since=tracker.last, before=before, now=at(now))

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


def test_of_overlapping_reads_none_makes_an_entry_young() -> None:
    """
    A slow read that began first may have found the older entry.

    Its age is then as unknown as it was at the first read.
    """
    tracker = AgeTracker()
    start = tracker.last  # a slow read begins at 10 and finds what is stored then
    tracker.read(entry("new"), RECORD, since=start, before=11.0, now=at(12.0))
    slow = tracker.read(entry("old"), RECORD, since=start, before=10.0, now=at(20.0))

    assert math.inf == slow.max_age
    assert 0.0 == slow.min_age


def test_overlapping_reads_of_one_entry_share_what_they_know() -> None:
    """The better of both bounds counts, whichever read ends first."""
    tracker = AgeTracker()
    read(tracker, "old", 5.0)
    early = tracker.last
    read(tracker, "old", 8.0)
    late = tracker.last
    tracker.read(entry("new"), RECORD, since=late, before=10.0, now=at(11.0))
    slow = tracker.read(entry("new"), RECORD, since=early, before=6.0, now=at(20.0))

    assert Snapshot(RECORD, entry("new"), max_age=13.0, min_age=9.0) == slow


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[float], list[list[float]]]:
    """Draw when entries are written, and reads: when each begins, is answered and ends."""
    moments = st.floats(min_value=0.0, max_value=100.0)
    reads = st.lists(moments, min_size=3, max_size=3).map(sorted)
    writes = sorted(draw(st.lists(moments, max_size=5)))
    return writes, draw(st.lists(reads, min_size=1, max_size=8))


@given(histories())
def test_bounds_hold_for_overlapping_reads(
    history: tuple[list[float], list[list[float]]],
) -> None:
    """With any overlap, the true age of an entry lies between the bounds."""
    writes, reads = history
    tracker = AgeTracker()
    began: dict[int, Sighting] = {}
    events = [(read[0], 0, number) for number, read in enumerate(reads)]
    events += [(read[2], 1, number) for number, read in enumerate(reads)]
    for moment, ends, number in sorted(events):
        if not ends:
            began[number] = tracker.last
            continue
        before, answered, _ = reads[number]
        written = [write for write in writes if write <= answered]
        found = entry(str(len(written))) if written else None
        record = RECORD if written else None
        seen = tracker.read(found, record, since=began[number], before=before, now=at(moment))
        if written:
            assert seen.min_age <= moment - written[-1] + 1e-9
            assert seen.max_age >= moment - written[-1] - 1e-9


TOKEN = StoredToken("one", Secret("a"), lifetime=1200.0, remaining=1000.0, minted=5_000.0)


@pytest.mark.parametrize(
    ("seen", "life"),
    [
        (Snapshot(max_age=10.0, wall=5_000.0), 990.0),
        (Snapshot(max_age=10.0, wall=5_900.0), 300.0),  # older by the wall clock
        (Snapshot(max_age=10.0, wall=1_000.0), 990.0),  # a wall clock that is behind
        (Snapshot(max_age=10.0), 990.0),
        (Snapshot(wall=5_000.0), -math.inf),  # the moment of the mint alone gives no token
        (Snapshot(max_age=10.0, wall=5_000.0, known_life=50.0), 50.0),
        (Snapshot(max_age=10.0, wall=5_000.0, known_life=2_000.0), 990.0),
        (Snapshot(wall=5_000.0, known_life=50.0), 50.0),  # known from an earlier read
    ],
)
def test_the_life_of_a_token(seen: Snapshot, life: float) -> None:
    """The age that is the largest counts, and no life is longer than it was known to be."""
    assert life == seen.life(TOKEN)


@pytest.mark.parametrize(
    ("wall", "age"), [(-math.inf, 3.0), (6_002.0, 3.0), (6_010.0, 10.0), (1_000.0, 3.0)]
)
def test_the_age_of_a_failure(wall: float, age: float) -> None:
    """The wall clock can make it older only; without a moment the record's age counts."""
    failure = Failure("transient", "", 30.0, 1, "mine", at=6_000.0)
    seen = Snapshot(min_age=3.0, wall=wall)

    assert age == seen.failure_age(failure)
    assert 3.0 == seen.failure_age(evolve(failure, at=None))


def found(tracker: AgeTracker, version: str, now: Instant, *, age: float) -> Snapshot:
    """Read a record that holds a token whose mint has no moment."""
    record = Record(RECORD.key, evolve(TOKEN, minted=None))
    return tracker.read(entry(version, age), record, since=tracker.last, before=now.boot, now=now)


def test_no_token_lives_longer_than_was_known() -> None:
    """Its old record that comes back under another version changes nothing."""
    tracker = AgeTracker()
    token = evolve(TOKEN, minted=None)
    first = found(tracker, "a", at(100.0), age=0.0)
    later = found(tracker, "b", at(700.0), age=0.0)
    ended = found(tracker, "c", at(1_200.0), age=0.0)

    assert [1000.0, 400.0, -100.0] == [seen.life(token) for seen in (first, later, ended)]


def test_the_end_of_an_own_token_is_known() -> None:
    """A token that this process has published has no more life than it had then."""
    tracker = AgeTracker()
    tracker.know("one", life=20.0, now=100.0)
    tracker.know("one", life=500.0, now=100.0)

    assert 5.0 == found(tracker, "a", at(115.0), age=0.0).life(evolve(TOKEN, minted=None))


def test_ends_of_many_tokens_are_known() -> None:
    """Of more than 256 the oldest are forgotten."""
    tracker = AgeTracker()
    for number in range(256):
        tracker.know(f"another-{number}", life=20.0, now=100.0)
    tracker.know("one", life=20.0, now=100.0)
    token = evolve(TOKEN, minted=None)

    assert 20.0 == found(tracker, "a", at(100.0), age=0.0).life(token)
    for number in range(256):
        tracker.know(f"more-{number}", life=20.0, now=100.0)
    assert 1000.0 == found(tracker, "b", at(100.0), age=0.0).life(token)
