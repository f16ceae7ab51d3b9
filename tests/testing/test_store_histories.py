"""The histories of the contract of stores find stores that break it."""

import asyncio

import pytest

from flexiti_async.store.interface import Entry
from flexiti_async.testing.store_histories import impossible_histories


class Slow:
    """A right store whose operations take some turns of the event loop."""

    def __init__(self) -> None:
        self.kept: dict[str, Entry] = {}

    async def load(self, key: str) -> Entry | None:
        """Load."""
        await asyncio.sleep(0.001)
        return self.kept.get(key)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Swap in one step."""
        await asyncio.sleep(0.001)
        return self.compare(key, entry, expected) and self.write(key, entry)

    async def aclose(self) -> None:
        """Do nothing."""

    def compare(self, key: str, entry: Entry, expected: Entry | None) -> bool:
        """Return whether the entry may be written."""
        kept = self.kept.get(key)
        return (kept and kept.version) in (entry.version, expected and expected.version)

    def write(self, key: str, entry: Entry) -> bool:
        """Write it."""
        self.kept[key] = entry
        return True


class TwoSteps(Slow):
    """Compares in one step, and writes in another."""

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Swap in two steps."""
        may = self.compare(key, entry, expected)
        await asyncio.sleep(0.001)
        return may and self.write(key, entry)


class Replica(Slow):
    """Loads from a replica that is late."""

    def write(self, key: str, entry: Entry) -> bool:
        """Write; loads see it later."""
        asyncio.get_running_loop().call_later(0.003, super().write, key, entry)
        return True


class Overwriting(Slow):
    """Creates over what is there."""

    def compare(self, key: str, entry: Entry, expected: Entry | None) -> bool:
        """Return whether the entry may be written."""
        return expected is None or super().compare(key, entry, expected)


class Doubtful(Slow):
    """Returns False for a swap that it has written, as after a retry inside of the driver."""

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Swap."""
        kept = self.kept.get(key)
        await super().swap(key, entry, expected=expected)
        return kept is None


async def test_histories_of_a_right_store_are_possible() -> None:
    """A store that swaps in one step is found right, through two handles, too."""
    store = Slow()

    assert [] == await impossible_histories(store, store, number=100)


@pytest.mark.parametrize("broken", [TwoSteps, Replica, Overwriting, Doubtful])
async def test_histories_find_a_broken_store(broken: type[Slow]) -> None:
    """100 histories, as many as the contract records by default, find each fault."""
    assert await impossible_histories(broken(), number=100)
