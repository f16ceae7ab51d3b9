"""
Requirements of token stores, as tests to inherit.

Subclass `StoreContract` in a test module and define its fixtures; pytest does the rest. The tests
are coroutines, for pytest-asyncio's auto mode or any plugin that runs coroutines. Nothing is
skipped: what only some stores can do is in separate classes (`store_abilities`,
`journal_contract`). All of them are imported from `flexiti_async.testing`.

| class | fixtures | for stores |
|---|---|---|
| `StoreContract` | `store` | all |
| `SharedStoreContract` | `store`, `second`, `store_url` | that several processes share |
| `AgesContract` | `store` | that know how old an entry is |
| `ExpiryContract` | `store` | that forget by themselves |
| `LoopsContract` | `store` | that several event loops may use |
| `OutageContract` | `store`, `outage` | whose server can be down |
| `WireContract` | `store`, `through`, `wire` | that are reached over TCP |
| `JournalContract` | `store`, `elsewhere` | that can keep a journal: they have `keys` and `life` |
| `SharedJournalContract` | `store`, `second`, `elsewhere` | … and that several processes share |

`store` is an open, not necessarily empty store: tests draw their own keys. `second` is another
handle on the same entries, `store_url` opens one more in another process (by `open_store`),
`outage` stops and starts the server (`Outage`), `wire` is a `Wire` in front of the server that
`store` uses, `through` a store that reaches it through this wire, with a time-out of about a
second, and `elsewhere` an empty store on another server, or in another folder.
"""
# ruff: noqa: S101 - these are tests

import asyncio
import uuid
from contextlib import suppress
from typing import ClassVar, Final

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.testing.store_histories import impossible_histories

__all__ = ["StoreContract", "new_entry", "new_key", "now", "version_of"]

SLACK: Final = 0.05
"""Seconds by which an age may be off: time stamps of files are coarse."""

ODD_KEYS: Final = (
    *("", " ", "a", "A", "a/b", "../a", "/etc/passwd", "a:b", "{a}b", "a\nb", "a\tb", "a%2Fb"),
    *("*", "?", "[a]", "\u00e9", "e\u0301", "\u5e97", "\U0001f6d2", "NUL", "a.", "k" * 1000),
)


def new_key() -> str:
    """Draw a key that no other test uses."""
    return f"contract-{uuid.uuid4().hex}"


def new_entry(payload: str = "payload", keep_for: float | None = 60.0) -> Entry:
    """Build an entry with a version of its own."""
    return Entry(uuid.uuid4().hex, payload, keep_for)


def now() -> float:
    """Read the clock of the running event loop, in seconds."""
    return asyncio.get_running_loop().time()


async def version_of(store: TokenStore, key: str) -> str | None:
    """Load the version that is stored, None for nothing."""
    entry = await store.load(key)
    return None if entry is None else entry.version


class StoreContract:
    """
    Requirements of every store.

    Attributes:
        histories: How many short histories each test of histories records and checks. All of them
            take a second or two with 100; set more in a subclass.
    """

    histories: ClassVar[int] = 100

    async def test_nothing_is_stored_at_first(self, store: TokenStore) -> None:
        """An unknown key loads None."""
        assert await store.load(new_key()) is None

    async def test_what_was_created_is_loaded(self, store: TokenStore) -> None:
        """Version, payload and keep_for come back as they were written."""
        key, entry = new_key(), new_entry(keep_for=12.3456789)

        assert await store.swap(key, entry, expected=None)

        loaded = await store.load(key)

        assert loaded is not None
        assert (entry.version, entry.payload) == (loaded.version, loaded.payload)
        assert entry.keep_for == loaded.keep_for

    async def test_the_age_is_the_time_since_the_last_write(self, store: TokenStore) -> None:
        """An age, if the store knows it, is counted from the write and not from the create."""
        key, first, second = new_key(), new_entry(), new_entry()
        await store.swap(key, first, expected=None)
        await asyncio.sleep(0.3)
        before = now()
        await store.swap(key, second, expected=first)
        between = now()
        await asyncio.sleep(0.2)
        least = now() - between
        loaded = await store.load(key)

        assert loaded is not None
        if loaded.age is not None:
            assert least - SLACK <= loaded.age <= now() - before + SLACK

    async def test_the_same_swap_again_is_true(self, store: TokenStore) -> None:
        """A swap is idempotent in its version, until another one has replaced its entry."""
        key, first, second = new_key(), new_entry("1"), new_entry("2")

        assert [await store.swap(key, first, expected=None) for _ in range(2)] == [True, True]
        assert [await store.swap(key, second, expected=first) for _ in range(2)] == [True, True]
        assert not await store.swap(key, first, expected=None)
        assert second.version == await version_of(store, key)

    async def test_an_entry_without_an_end_is_kept(self, store: TokenStore) -> None:
        """`keep_for=None` comes back as None, over and under an entry that ends."""
        key, entries = new_key(), [new_entry(keep_for=end) for end in (None, 60.0, None)]
        expected, seen = None, list[object]()
        for entry in entries:
            assert await store.swap(key, entry, expected=expected)

            expected = await store.load(key)
            seen.append(expected and expected.keep_for)

        assert seen == [None, 60.0, None]

    async def test_histories_are_linearizable(self, store: TokenStore) -> None:
        """Loads and swaps of three callers, some of them cancelled, have happened in some order."""
        assert await impossible_histories(store, number=self.histories) == []

    async def test_a_second_create_fails(self, store: TokenStore) -> None:
        """An entry is not overwritten by a caller that expects none."""
        key, entry = new_key(), new_entry()
        await store.swap(key, entry, expected=None)

        assert not await store.swap(key, new_entry(), expected=None)
        assert entry.version == await version_of(store, key)

    async def test_a_replacement_names_what_it_replaces(self, store: TokenStore) -> None:
        """An entry is replaced by a caller that has written it and by one that has loaded it."""
        key, first, second, third = new_key(), new_entry("1"), new_entry("2"), new_entry("3")
        await store.swap(key, first, expected=None)

        assert await store.swap(key, second, expected=first)

        loaded = await store.load(key)

        assert await store.swap(key, third, expected=loaded)
        assert third.version == await version_of(store, key)

    async def test_a_stale_swap_changes_nothing(self, store: TokenStore) -> None:
        """A caller that read before the last write loses, whatever the order of the versions."""
        key = new_key()
        old, current = Entry("f" * 32, "old", 60.0), Entry("0" * 32, "current", 60.0)
        await store.swap(key, old, expected=None)
        await store.swap(key, current, expected=old)

        assert not await store.swap(key, new_entry(), expected=old)
        assert current.version == await version_of(store, key)

    async def test_nothing_is_not_replaced(self, store: TokenStore) -> None:
        """A swap that expects an entry fails where nothing is stored, and creates nothing."""
        key = new_key()

        assert not await store.swap(key, new_entry(), expected=new_entry())
        assert await store.load(key) is None

    async def test_one_of_many_creates_wins(self, store: TokenStore) -> None:
        """Of 50 creates at once one succeeds, and its entry is what is stored."""
        key, entries = new_key(), [new_entry(str(number)) for number in range(50)]
        won = await asyncio.gather(*(store.swap(key, one, expected=None) for one in entries))

        assert won.count(True) == 1
        assert entries[won.index(True)].version == await version_of(store, key)

    async def test_one_of_many_replacements_wins(self, store: TokenStore) -> None:
        """Of 50 swaps at once of the same entry one succeeds, and its entry is what is stored."""
        key, first = new_key(), new_entry()
        entries = [new_entry(str(number)) for number in range(50)]
        await store.swap(key, first, expected=None)
        won = await asyncio.gather(*(store.swap(key, one, expected=first) for one in entries))

        assert won.count(True) == 1
        assert entries[won.index(True)].version == await version_of(store, key)

    async def test_an_entry_is_kept_and_never_hidden(self, store: TokenStore) -> None:
        """It is kept for `keep_for` at least; None is loaded exactly when a create succeeds."""
        key, before = new_key(), now()
        await store.swap(key, new_entry(keep_for=1.0), expected=None)
        written = now()
        late = False
        # Neither a slow swap nor a slow load ends the wait in the moment in which it is forgotten.
        while (loaded := await store.load(key)) is not None and not late:
            await asyncio.sleep(0.02)
            late = now() - written >= 1.3

        assert loaded is not None or now() - before >= 1.0
        assert (loaded is None) == await store.swap(key, new_entry(), expected=None)

    async def test_payloads_are_kept_to_the_byte(self, store: TokenStore) -> None:
        """Every ASCII character, line ends, nothing at all, and 256 KiB."""
        for payload in ("", "\r\n", "".join(map(chr, range(128))), "x" * 262_144):
            key = new_key()
            first, second = new_entry(payload), new_entry(payload)

            assert await store.swap(key, first, expected=None)
            assert await store.swap(key, second, expected=await store.load(key))

            loaded = await store.load(key)

            assert loaded is not None
            assert payload == loaded.payload

    async def test_odd_keys_are_different_keys(self, store: TokenStore) -> None:
        """Any text is a key, and no two of them are the same."""
        run = new_key()
        names = sorted({name for key in ODD_KEYS for name in (f"{run}{key}", f"{key}{run}")})
        for name in names:
            assert await store.swap(name, new_entry(ascii(name)), expected=None)

        loaded = [await store.load(name) for name in names]

        assert [ascii(name) for name in names] == [entry and entry.payload for entry in loaded]

    async def test_a_cancelled_swap_leaves_the_old_or_the_new(self, store: TokenStore) -> None:
        """Whenever a swap is cancelled, one whole entry is stored, and the store works on."""
        key, first = new_key(), new_entry("first")
        written = {first.version: first.payload}
        await store.swap(key, first, expected=None)
        for number in range(60):
            new, current = new_entry(str(number)), await store.load(key)
            written[new.version] = new.payload
            task = asyncio.ensure_future(store.swap(key, new, expected=current))
            await asyncio.sleep(number % 20 / 10_000)
            task.cancel()
            with suppress(asyncio.CancelledError, StoreUnavailable):
                await task
            loaded = await store.load(key)

            assert loaded is not None
            assert written[loaded.version] == loaded.payload

        async with asyncio.timeout(60):
            # A cancelled swap may still be running, so this one too may be too late at first.
            while not await store.swap(key, new_entry(), expected=await store.load(key)):
                pass

    async def test_closing_twice_is_fine(self, store: TokenStore) -> None:
        """A session that is closed twice closes its store twice."""
        await store.load(new_key())
        await store.aclose()
        await store.aclose()
