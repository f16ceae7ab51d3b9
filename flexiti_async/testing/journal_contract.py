"""Requirements of stores that keep a journal of calls that move money: tests to inherit."""
# ruff: noqa: S101 - these are tests

import uuid

import pytest

from flexiti_async.errors import ConfigError
from flexiti_async.store.interface import (
    JOURNAL_PREFIX,
    MARKER_KEY,
    DurableStore,
    Entry,
    JournalStore,
    ListableStore,
)
from flexiti_async.store.journal import accept, begin, journal_store
from flexiti_async.testing.store_contract import new_entry, new_key, version_of

__all__ = ["JournalContract", "SharedJournalContract"]

ODD_PREFIXES = ("*", "_", "%", "[", "[a]", "?", "\\", "\\*", "a*", "a_", "{a}", "'", "\u00e9")


async def _keys(store: ListableStore, prefix: str, *, endless: bool = False) -> list[str]:
    return sorted([key async for key in store.keys(prefix, endless=endless)])


async def _mark(store: JournalStore) -> None:
    """Mark the store, whatever it holds."""
    await accept(store, marker=uuid.uuid4().hex)


class JournalContract:
    """Requirements of a journal: a store lists its keys, and knows when it may have forgotten."""

    def test_it_can_keep_a_journal(self, store: JournalStore) -> None:
        """It has `keys` and `life`."""
        assert journal_store(store) is store
        assert isinstance(store, DurableStore)

    async def test_keys_are_listed_by_prefix(self, store: JournalStore) -> None:
        """A key is listed once, with or without an end, while its entry is stored."""
        run = new_key()
        names = [f"{run}-{number:03}" for number in range(30)]
        for number, name in enumerate(names):
            await store.swap(name, new_entry(keep_for=60.0 if number % 3 else None), expected=None)

        assert names == await _keys(store, run)
        assert names[::3] == await _keys(store, run, endless=True)
        assert names[:10] == await _keys(store, f"{run}-00")
        assert await _keys(store, f"{run}-1000") == []

    async def test_no_character_of_a_prefix_is_special(self, store: JournalStore) -> None:
        """`*`, `_`, `%`, `[` and backslashes mean themselves."""
        run = new_key()
        for prefix in (*ODD_PREFIXES, "ax", "a", ""):
            await store.swap(f"{run}{prefix}x", new_entry(keep_for=None), expected=None)
        for prefix in ODD_PREFIXES:
            expected = sorted(
                f"{run}{other}x"
                for other in (*ODD_PREFIXES, "ax", "a", "")
                if f"{other}x".startswith(prefix)
            )

            assert expected == await _keys(store, f"{run}{prefix}")
            assert expected == await _keys(store, f"{run}{prefix}", endless=True)

    async def test_what_gets_an_end_is_not_endless(self, store: JournalStore) -> None:
        """The listing of endless entries follows every swap, in both directions."""
        key, entries = new_key(), [new_entry(keep_for=end) for end in (None, 60.0, None, 60.0)]
        expected, seen = None, list[list[str]]()
        for entry in entries:
            await store.swap(key, entry, expected=expected)
            expected = entry
            seen.append(await _keys(store, key, endless=True))

        assert [[key], [], [key], []] == seen
        assert [key] == await _keys(store, key)

    async def test_a_life_stays_the_same(self, store: JournalStore) -> None:
        """Nothing that is written to other keys changes it, and the marker is intact."""
        await _mark(store)
        before = await store.life()
        for _ in range(3):
            await store.swap(new_key(), new_entry(), expected=None)

        assert before.intact
        assert before == await store.life()

    async def test_a_swap_belongs_to_a_life(self, store: JournalStore) -> None:
        """With the present life it is written; with another marker or fingerprint it is not."""
        await _mark(store)
        key, first, second = new_key(), new_entry(), new_entry()
        old = await store.life()

        assert await store.swap(key, first, expected=None, life=old)

        await _mark(store)
        new = await store.life()

        assert old.marker != new.marker
        assert not await store.swap(key, second, expected=first, life=old)
        assert not await store.swap(new_key(), new_entry(), expected=None, life=old)
        assert first.version == await version_of(store, key)
        assert await store.swap(key, second, expected=first, life=new)

    async def test_another_fingerprint_is_another_life(self, store: JournalStore) -> None:
        """A marker that was written on another server is not intact here."""
        await _mark(store)
        marker = await store.load(MARKER_KEY)
        moved = Entry(uuid.uuid4().hex, "another server", None)
        await store.swap(MARKER_KEY, moved, expected=marker)
        life = await store.life()

        assert moved.version == life.marker
        assert not life.intact
        with pytest.raises(ConfigError, match="journal accept"):
            await begin(store, marker=uuid.uuid4().hex)
        await _mark(store)

    async def test_an_empty_store_is_begun_once(self, elsewhere: JournalStore) -> None:
        """The marker is written once; later records and later calls leave it as it is."""
        begun = await begin(elsewhere, marker=uuid.uuid4().hex)
        name = f"{JOURNAL_PREFIX}{new_key()}"
        await elsewhere.swap(name, new_entry(keep_for=None), expected=None)

        assert begun.intact
        assert begun == await begin(elsewhere, marker=uuid.uuid4().hex)

    async def test_records_without_a_marker_are_not_begun(self, elsewhere: JournalStore) -> None:
        """Others may be lost: a person compares, and accepts."""
        name = f"{JOURNAL_PREFIX}{new_key()}"
        await elsewhere.swap(name, new_entry(), expected=None)
        with pytest.raises(ConfigError, match="no marker"):
            await begin(elsewhere, marker=uuid.uuid4().hex)
        accepted = await accept(elsewhere, marker=uuid.uuid4().hex)

        assert accepted.intact
        assert accepted == await begin(elsewhere, marker=uuid.uuid4().hex)

    async def test_another_place_is_another_life(
        self, store: JournalStore, elsewhere: JournalStore
    ) -> None:
        """A swap that reaches another server writes nothing, though it carries the same marker."""
        await _mark(store)
        life, marker = await store.life(), await store.load(MARKER_KEY)
        assert marker is not None
        await elsewhere.swap(MARKER_KEY, marker, expected=await elsewhere.load(MARKER_KEY))
        key = new_key()
        there = await elsewhere.life()

        assert life.marker == there.marker
        assert life.fingerprint != there.fingerprint
        assert not there.intact
        assert not await elsewhere.swap(key, new_entry(), expected=None, life=life)
        assert await elsewhere.load(key) is None


class SharedJournalContract(JournalContract):
    """Requirements of a journal that processes share."""

    async def test_both_live_one_life(self, store: JournalStore, second: JournalStore) -> None:
        """Another handle reads the same life, and lists the same keys."""
        await _mark(store)
        key = new_key()
        await store.swap(key, new_entry(keep_for=None), expected=None)

        assert await store.life() == await second.life()
        assert [key] == await _keys(second, key, endless=True)
