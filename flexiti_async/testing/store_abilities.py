"""Requirements of stores that are shared, forget by themselves, or have a server: more tests."""
# ruff: noqa: ASYNC110, S101 - these are tests, and a store notifies nobody when it forgets

import asyncio
from typing import ClassVar, Protocol

import pytest

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.testing.store_contract import (
    StoreContract,
    new_entry,
    new_key,
    version_of,
)
from flexiti_async.testing.store_histories import impossible_histories, trouble_on
from flexiti_async.testing.store_wire import Wire
from flexiti_async.testing.store_workers import compete

__all__ = [
    "AgesContract",
    "ExpiryContract",
    "LoopsContract",
    "Outage",
    "OutageContract",
    "SharedStoreContract",
    "WireContract",
]


class Outage(Protocol):
    """The server behind a store, to be switched off and on."""

    async def stop(self) -> None:
        """Make every operation fail from now on."""
        ...

    async def start(self) -> None:
        """Let operations succeed again, at the latest after some seconds."""
        ...


class SharedStoreContract(StoreContract):
    """Requirements of stores that processes or hosts share."""

    async def test_both_see_the_same(self, store: TokenStore, second: TokenStore) -> None:
        """An entry that one handle writes is loaded and replaced by the other one."""
        key, theirs, ours = new_key(), new_entry("theirs"), new_entry("ours")
        await second.swap(key, theirs, expected=None)

        assert not await store.swap(key, ours, expected=None)
        assert await store.swap(key, ours, expected=await store.load(key))
        assert ours.version == await version_of(second, key)
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

    async def test_shared_histories_are_linearizable(
        self, store: TokenStore, second: TokenStore
    ) -> None:
        """Loads and swaps through two handles, some cancelled, have happened in some order."""
        assert await impossible_histories(store, second, number=self.histories) == []


class AgesContract:
    """Requirements of stores that know ages; other stores return None, always."""

    async def test_an_age_is_known(self, store: TokenStore) -> None:
        """An entry has an age from the start, and it grows."""
        key = new_key()
        await store.swap(key, new_entry(), expected=None)
        young = await store.load(key)
        await asyncio.sleep(0.1)
        old = await store.load(key)

        assert young is not None
        assert old is not None
        assert young.age is not None
        assert old.age is not None
        assert 0 <= young.age < old.age


class ExpiryContract:
    """Requirements of stores that forget by themselves."""

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
        for seconds in (1.0, 5.0, 25.0):  # a busy machine may replace the first one too late
            key, short, long = new_key(), new_entry(keep_for=seconds), new_entry()
            await store.swap(key, short, expected=None)
            if await store.swap(key, long, expected=short):
                break
        else:
            pytest.fail("an entry was not replaced in time")
        await asyncio.sleep(1.2 * seconds)

        assert long.version == await version_of(store, key)


class LoopsContract:
    """Requirements of stores that several event loops use, in turn and at once."""

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
    """Requirements of stores whose server can be down."""

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
    """Return whether both operations work; anything but StoreUnavailable is a fault."""
    failures = 0
    for operation in (store.load(key), store.swap(key, new_entry(), expected=entry)):
        try:
            await operation
        except StoreUnavailable:
            failures += 1
    return failures == 0


class WireContract:
    """
    Requirements of stores that are reached over TCP.

    Attributes:
        histories: As of `StoreContract`.
    """

    histories: ClassVar[int] = 100

    async def test_a_swap_that_lands_late_lands_once(
        self, store: TokenStore, through: TokenStore, wire: Wire
    ) -> None:
        """
        A held-back swap is unknown, and is in the record when it lands.

        The same swap again is True, and no other that expected the old entry is written any more.
        """
        key, first, late = new_key(), new_entry("first"), new_entry("late")
        await _warm_up(through)
        await store.swap(key, first, expected=None)
        wire.hold()
        with pytest.raises(StoreUnavailable) as caught:
            await through.swap(key, late, expected=first)

        assert caught.value.sent
        assert first.version == await version_of(store, key)

        wire.release()
        async with asyncio.timeout(60):
            while first.version == await version_of(store, key):
                await asyncio.sleep(0.02)

        assert late.version == await version_of(store, key)
        assert await store.swap(key, late, expected=first)
        assert not await store.swap(key, new_entry(), expected=first)

    async def test_a_late_swap_that_was_overtaken_changes_nothing(
        self, store: TokenStore, through: TokenStore, wire: Wire
    ) -> None:
        """Of two swaps of one entry the second one to land loses, however late it is."""
        key, first, late, other = new_key(), new_entry(), new_entry(), new_entry()
        await _warm_up(through)
        await store.swap(key, first, expected=None)
        wire.hold()
        with pytest.raises(StoreUnavailable):
            await through.swap(key, late, expected=first)
        assert await store.swap(key, other, expected=first)

        wire.release()
        await _warm_up(through)

        assert other.version == await version_of(store, key)
        assert not await store.swap(key, late, expected=first)

    async def test_histories_with_cuts_are_linearizable(
        self, store: TokenStore, through: TokenStore, wire: Wire
    ) -> None:
        """Operations over a wire that breaks, loses answers and is late have happened in order."""
        await _warm_up(through)
        async with trouble_on(wire):
            found = await impossible_histories(store, through, number=self.histories)

        assert found == []


async def _warm_up(store: TokenStore) -> None:
    """Swap once more, so that connection and statements are prepared."""
    key, first = new_key(), new_entry()
    async with asyncio.timeout(60):
        while True:
            try:
                await store.swap(key, first, expected=None)
                await store.swap(key, new_entry(), expected=first)
            except StoreUnavailable:
                await asyncio.sleep(0.02)
            else:
                return
