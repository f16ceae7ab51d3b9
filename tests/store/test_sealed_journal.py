"""A journal's store behind the seal: every verb, one time-out, one error type, nothing absent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Final

import pytest

from flexiti_async.errors import ConfigError, RecordUnreadable, SessionClosed, StoreUnavailable
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import Entry, Life
from flexiti_async.store.journal import begin, journal_store
from flexiti_async.store.sealed import SealedJournal, SealedStore
from flexiti_async.testing import FaultyStore
from flexiti_stores.memory import MemoryStore

from ..support.keys import encryption_key
from ..support.patience import PATIENCE

OLD: Final = encryption_key("o")
NEW: Final = encryption_key("n")


def sealed(
    store: MemoryStore | FaultyStore, *keys: Secret, timeout: float = PATIENCE
) -> SealedJournal:
    """Return a store as a journal uses it."""
    return SealedJournal(journal_store(store), timeout=timeout, keys=keys)


class BrokenStore(MemoryStore):
    """A store of a third party that fails with an error of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield one key, then fail."""
        yield f"{prefix}{endless}"
        raise self.error

    async def life(self) -> Life:
        """Fail."""
        raise self.error


class ClosingStore(MemoryStore):
    """A store that notes which of its listings have ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = list[str]()

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield two keys."""
        try:
            yield f"{prefix}1"
            yield f"{prefix}2"
        finally:
            self.ended.append(f"{prefix} {endless}")


async def listed(journal: SealedJournal) -> list[str]:
    """List some keys."""
    return [key async for key in journal.keys("op-")]


async def swapped(journal: SealedJournal) -> bool:
    """Write a record in one life."""
    entry = journal.entry("op-1", "{}", keep_for=None)
    return await journal.swap("op-1", entry, expected=None, life=Life("m", "f", "f"))


def verbs(journal: SealedJournal) -> tuple[Awaitable[object], ...]:
    """Return one operation of each verb."""
    return journal.load("op-1"), swapped(journal), listed(journal), journal.life()


async def failure_of(operation: Awaitable[object]) -> StoreUnavailable:
    """Return the error that an operation raises."""
    with pytest.raises(StoreUnavailable) as caught:
        await operation
    return caught.value


async def test_a_record_is_written_in_one_life_only() -> None:
    """Encrypted, kept for ever, and refused once the store is another one."""
    store = FaultyStore()
    await begin(store, marker="m1")
    journal = sealed(store, NEW)
    life = await journal.life()
    first = journal.entry("op-1", "pending", keep_for=None)
    second = journal.entry("op-1", "done", keep_for=60.0)

    assert life == Life("m1", "faulty", "faulty")
    assert await journal.swap("op-1", first, expected=None, life=life)
    store.fingerprint = "another server"
    assert not await journal.swap("op-1", second, expected=first, life=life)
    assert "pending" == (await journal.load("op-1")).text
    assert await journal.swap("op-1", second, expected=first)

    stored = await store.load("op-1")
    assert stored is not None
    assert stored.payload.startswith("fx1.")
    assert 60.0 == stored.keep_for


async def test_keys_are_listed_and_endless_ones_alone() -> None:
    """The prefix and `endless` reach the store."""
    store = MemoryStore()
    journal = sealed(store)
    for key, keep_for in (("op-1", None), ("op-2", 60.0), ("other", None)):
        await journal.swap(key, journal.entry(key, "{}", keep_for=keep_for), expected=None)

    assert ["op-1", "op-2"] == sorted([key async for key in journal.keys("op-")])
    assert ["op-1"] == [key async for key in journal.keys("op-", endless=True)]


@pytest.mark.parametrize("kept", ["plain", "other key", "damaged", "no keys"])
async def test_a_record_that_cannot_be_opened_is_not_absent(kept: str) -> None:
    """For any reason: only an empty place loads as one, and the record stays."""
    store = MemoryStore()
    theirs = sealed(store, *() if kept == "plain" else (OLD,))
    mine = sealed(store, *() if kept == "no keys" else (NEW,))
    entry = theirs.entry("op-1", "pending", keep_for=None)
    if kept == "damaged":
        theirs, mine = mine, sealed(store, OLD)
        entry = Entry("v", entry.payload[:-8] + "AAAAAAAA", None)
    await store.swap("op-1", entry, expected=None)

    with pytest.raises(RecordUnreadable):
        await mine.load("op-1")
    assert (await mine.load("op-2")).entry is None
    assert ["op-1"] == [key async for key in mine.keys("op-")]
    assert not await mine.swap("op-1", mine.entry("op-1", "x", keep_for=None), expected=None)


@pytest.mark.parametrize("sent", [False, True])
async def test_whether_it_was_sent_is_kept(*, sent: bool) -> None:
    """A refused connection is certain for every verb, and an unknown outcome stays unknown."""
    store = FaultyStore()
    journal = sealed(store)
    store.down, store.refusing = sent, not sent
    failures = [await failure_of(operation) for operation in verbs(journal)]

    assert [sent] * 4 == [failure.sent for failure in failures]


async def test_every_verb_has_a_time_out() -> None:
    """A silent store is unavailable, with an unknown outcome."""
    store = FaultyStore()
    store.silent = True
    journal = sealed(store, timeout=0.01)
    for operation in verbs(journal):
        failure = await failure_of(operation)
        assert "within 0.01 s" in str(failure)
        assert failure.sent


async def test_a_step_of_a_listing_has_the_time_out() -> None:
    """A listing may take longer than one operation, as its steps do not."""
    store = MemoryStore()
    for number in range(3):
        await store.swap(f"op-{number}", Entry("v", "{}", None), expected=None)
    journal = sealed(store, timeout=0.5)
    seen = list[str]()
    async for key in journal.keys("op-"):
        await asyncio.sleep(0.3)
        seen.append(key)

    assert 3 == len(seen)


async def test_foreign_errors_are_store_errors() -> None:
    """Their class is named; their text may quote a record."""
    journal = sealed(BrokenStore(OSError("secret")))
    for operation in (journal.life(), listed(journal)):
        failure = await failure_of(operation)
        assert str(failure).endswith(": OSError")
        assert failure.__cause__ is None
        assert failure.__context__ is None


async def test_wrong_settings_are_reported_as_they_are() -> None:
    """A store that cannot be trusted says why; it is not an outage that passes."""
    journal = sealed(BrokenStore(ConfigError("appendonly is off", option="journal")))
    for operation in (journal.life(), listed(journal)):
        with pytest.raises(ConfigError, match="appendonly is off"):
            await operation


async def test_a_listing_that_is_left_is_closed() -> None:
    """The store's own listing ends with it, so that it holds no connection."""
    store = ClosingStore()
    listing = sealed(store).keys("op-")

    assert "op-1" == await anext(listing)
    await listing.aclose()
    assert ["op- False"] == store.ended


async def test_a_closed_session_uses_no_journal() -> None:
    """Nothing opens the store again."""
    store = FaultyStore()
    journal = sealed(store)
    journal.close()
    for operation in verbs(journal):
        with pytest.raises(SessionClosed):
            await operation

    assert [] == store.operations


def test_it_serves_tokens_as_well() -> None:
    """One store, one wrapper: a caller of `SealedStore` can use it."""
    assert isinstance(sealed(MemoryStore()), SealedStore)
