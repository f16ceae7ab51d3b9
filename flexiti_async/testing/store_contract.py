"""
What a token store must do, as tests to inherit.

Subclass `StoreContract` in a test module and give it a fixture; pytest does the rest. The tests are
coroutines, for pytest-asyncio's auto mode or any plugin that runs coroutines. There is nothing to
skip: what only some stores can do is in classes of its own.

| class | fixtures | for stores |
|---|---|---|
| `StoreContract` | `store` | all |
| `SharedStoreContract` | `store`, `second`, `store_url` | that several processes share |
| `ExpiryContract` | `store` | that forget by themselves |
| `LoopsContract` | `store` | that several event loops may use |
| `OutageContract` | `store`, `outage` | whose server can be away |

`store` is an open, not necessarily empty store: tests draw their own keys. `second` is another
handle on the same entries, `store_url` opens one more in another process (by `open_store`), and
`outage` stops and starts the server (`Outage`).
"""
# ruff: noqa: S101 - these are tests

import asyncio
import uuid
from contextlib import suppress
from typing import Final, Protocol

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store import Entry, TokenStore
from flexiti_async.testing.store_workers import compete

__all__ = [
    "ExpiryContract",
    "LoopsContract",
    "Outage",
    "OutageContract",
    "SharedStoreContract",
    "StoreContract",
]

SLACK: Final = 0.05
"""Seconds by which an age may be off: time stamps of files are coarse."""

ODD_KEYS: Final = (
    *("", " ", "a", "A", "a/b", "../a", "/etc/passwd", "a:b", "{a}b", "a\nb", "a\tb", "a%2Fb"),
    *("*", "?", "[a]", "\u00e9", "e\u0301", "\u5e97", "\U0001f6d2", "NUL", "a.", "k" * 1000),
)


class Outage(Protocol):
    """The server behind a store, to be switched off and on."""

    async def stop(self) -> None:
        """Make every operation fail from now on."""
        ...

    async def start(self) -> None:
        """Let operations succeed again, at the latest after some seconds."""
        ...


def new_key() -> str:
    """Draw a key that no other test uses."""
    return f"contract-{uuid.uuid4().hex}"


def new_entry(payload: str = "payload", keep_for: float = 60.0) -> Entry:
    """Make an entry with a version of its own."""
    return Entry(uuid.uuid4().hex, payload, keep_for)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _version(store: TokenStore, key: str) -> str | None:
    entry = await store.load(key)
    return None if entry is None else entry.version


class StoreContract:
    """What every store must do."""

    async def test_nothing_is_stored_at_first(self, store: TokenStore) -> None:
        """An unknown key gives None."""
        assert await store.load(new_key()) is None

    async def test_what_was_created_is_loaded(self, store: TokenStore) -> None:
        """Version, payload and keep_for come back as they were given."""
        key, entry = new_key(), new_entry(keep_for=12.3456789)

        assert await store.swap(key, entry, expected=None)

        loaded = await store.load(key)

        assert loaded is not None
        assert (entry.version, entry.payload) == (loaded.version, loaded.payload)
        assert entry.keep_for == loaded.keep_for

    async def test_the_age_is_the_time_since_the_last_write(self, store: TokenStore) -> None:
        """An age, where there is one, is counted from the write and not from the create."""
        key, first, second = new_key(), new_entry(), new_entry()
        await store.swap(key, first, expected=None)
        await asyncio.sleep(0.3)
        before = _now()
        await store.swap(key, second, expected=first)
        between = _now()
        await asyncio.sleep(0.2)
        least = _now() - between
        loaded = await store.load(key)

        assert loaded is not None
        if loaded.age is not None:
            assert least - SLACK <= loaded.age <= _now() - before + SLACK

    async def test_a_second_create_fails(self, store: TokenStore) -> None:
        """What is there is not overwritten by somebody who thinks that nothing is."""
        key, entry = new_key(), new_entry()
        await store.swap(key, entry, expected=None)

        assert not await store.swap(key, new_entry(), expected=None)
        assert entry.version == await _version(store, key)

    async def test_a_replacement_names_what_it_replaces(self, store: TokenStore) -> None:
        """An entry is replaced by who has written it and by who has loaded it."""
        key, first, second, third = new_key(), new_entry("1"), new_entry("2"), new_entry("3")
        await store.swap(key, first, expected=None)

        assert await store.swap(key, second, expected=first)

        loaded = await store.load(key)

        assert await store.swap(key, third, expected=loaded)
        assert third.version == await _version(store, key)

    async def test_a_stale_swap_changes_nothing(self, store: TokenStore) -> None:
        """Whoever read before the last write loses, whatever the order of the versions."""
        key = new_key()
        old, current = Entry("f" * 32, "old", 60.0), Entry("0" * 32, "current", 60.0)
        await store.swap(key, old, expected=None)
        await store.swap(key, current, expected=old)

        assert not await store.swap(key, new_entry(), expected=old)
        assert current.version == await _version(store, key)

    async def test_nothing_is_not_replaced(self, store: TokenStore) -> None:
        """A swap that expects an entry fails where there is none, and creates none."""
        key = new_key()

        assert not await store.swap(key, new_entry(), expected=new_entry())
        assert await store.load(key) is None

    async def test_one_of_many_creates_wins(self, store: TokenStore) -> None:
        """Of 50 creates at once one succeeds, and its entry is what is stored."""
        key, entries = new_key(), [new_entry(str(number)) for number in range(50)]
        won = await asyncio.gather(*(store.swap(key, one, expected=None) for one in entries))

        assert won.count(True) == 1
        assert entries[won.index(True)].version == await _version(store, key)

    async def test_one_of_many_replacements_wins(self, store: TokenStore) -> None:
        """Of 50 swaps at once of the same entry one succeeds, and its entry is what is stored."""
        key, first = new_key(), new_entry()
        entries = [new_entry(str(number)) for number in range(50)]
        await store.swap(key, first, expected=None)
        won = await asyncio.gather(*(store.swap(key, one, expected=first) for one in entries))

        assert won.count(True) == 1
        assert entries[won.index(True)].version == await _version(store, key)

    async def test_an_entry_is_kept_and_never_hidden(self, store: TokenStore) -> None:
        """It is there for `keep_for` at least; None is loaded exactly when a create succeeds."""
        key, before = new_key(), _now()
        await store.swap(key, new_entry(keep_for=1.0), expected=None)
        while (loaded := await store.load(key)) is not None and _now() - before < 1.3:
            await asyncio.sleep(0.02)

        assert loaded is not None or _now() - before >= 1.0
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

        async with asyncio.timeout(5):
            # What was cancelled may still be under way, so this too may be too late at first.
            while not await store.swap(key, new_entry(), expected=await store.load(key)):
                pass

    async def test_closing_twice_is_fine(self, store: TokenStore) -> None:
        """A session that is closed twice closes its store twice."""
        await store.load(new_key())
        await store.aclose()
        await store.aclose()


class SharedStoreContract(StoreContract):
    """What a store must do that processes or hosts share."""

    async def test_both_see_the_same(self, store: TokenStore, second: TokenStore) -> None:
        """What one handle writes, the other loads, replaces, and finds replaced."""
        key, theirs, ours = new_key(), new_entry("theirs"), new_entry("ours")
        await second.swap(key, theirs, expected=None)

        assert not await store.swap(key, ours, expected=None)
        assert await store.swap(key, ours, expected=await store.load(key))
        assert ours.version == await _version(second, key)
        assert not await second.swap(key, new_entry(), expected=theirs)

    async def test_one_of_two_sides_wins(self, store: TokenStore, second: TokenStore) -> None:
        """Of many creates through two handles one succeeds."""
        key = new_key()
        won = await asyncio.gather(
            *(side.swap(key, new_entry(), expected=None) for side in (store, second) * 20)
        )

        assert won.count(True) == 1

    async def test_processes_lose_no_write(self, store: TokenStore, store_url: str) -> None:
        """8 processes create the same 20 keys, once each, and count to 160 together."""
        key = new_key()
        await store.swap(key, new_entry("0"), expected=None)
        created = await asyncio.to_thread(compete, store_url, key)
        counted = await store.load(key)

        assert [f"{key}-{number}" for number in range(20)] == sorted(
            created, key=lambda name: int(name.rpartition("-")[2])
        )
        assert counted is not None
        assert counted.payload == "160"


class ExpiryContract:
    """What a store must do that forgets by itself."""

    async def test_it_forgets(self, store: TokenStore) -> None:
        """An entry is gone soon after `keep_for`, for loads, creates and replacements alike."""
        key, entry = new_key(), new_entry(keep_for=1.0)
        await store.swap(key, entry, expected=None)
        async with asyncio.timeout(5):
            while await store.load(key) is not None:
                await asyncio.sleep(0.02)

        assert not await store.swap(key, new_entry(), expected=entry)
        assert await store.swap(key, new_entry(), expected=None)

    async def test_the_last_write_counts(self, store: TokenStore) -> None:
        """A replacement is kept for its own time, not for that of the entry that it replaced."""
        key, short, long = new_key(), new_entry(keep_for=1.0), new_entry()
        await store.swap(key, short, expected=None)
        await store.swap(key, long, expected=short)
        await asyncio.sleep(1.2)

        assert long.version == await _version(store, key)


class LoopsContract:
    """What a store must do that several event loops use, in turn and at once."""

    async def test_other_loops_use_it(self, store: TokenStore) -> None:
        """Loops that come and go in other threads find it usable, while this one goes on."""
        key, entry = new_key(), new_entry("0")
        await store.swap(key, entry, expected=None)

        async def count() -> None:
            while True:
                found = await store.load(key)
                number = int(found.payload) if found else 0
                if await store.swap(key, new_entry(str(number + 1)), expected=found):
                    return

        def elsewhere() -> None:
            for _ in range(3):
                asyncio.run(count())

        await asyncio.gather(*(asyncio.to_thread(elsewhere) for _ in range(3)), count())
        counted = await store.load(key)

        assert counted is not None
        assert counted.payload == "10"


class OutageContract:
    """What a store must do whose server can be away."""

    async def test_an_outage_passes(self, store: TokenStore, outage: Outage) -> None:
        """Without its server every operation is StoreUnavailable; after that the store works on."""
        key, entry = new_key(), new_entry()
        await store.swap(key, entry, expected=None)
        await outage.stop()
        async with asyncio.timeout(10):
            assert not await _available(store, key, entry)
            await outage.start()
            while not await _available(store, key, entry):
                await asyncio.sleep(0.02)


async def _available(store: TokenStore, key: str, entry: Entry) -> bool:
    """Tell whether both operations work; anything but StoreUnavailable is a fault."""
    failures = 0
    for operation in (store.load(key), store.swap(key, new_entry(), expected=entry)):
        try:
            await operation
        except StoreUnavailable:
            failures += 1
    return failures == 0
