"""A store whose every fault a test can order: a real memory store with trouble in front of it."""

import asyncio
from collections.abc import Callable
from typing import Literal

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store import Entry
from flexiti_stores.memory import MemoryStore

Trouble = Literal["written but unknown", "not written but unknown", "written but denied", "late"]


class FaultyStore:
    """
    Keep entries like MemoryStore, and fail as told.

    Attributes:
        down: Every operation fails.
        silent: Every operation hangs, for a time-out to end it.
        ageless: `load` cannot tell ages.
        read_only: Every swap is denied, or fails, and nothing is written.
        trouble: What becomes of the next swaps that would be won, in order.
        operations: Verbs in the order in which they were used.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._memory = MemoryStore(clock=clock)
        self._before: MemoryStore | None = None
        self._delayed: list[tuple[str, Entry, Entry | None]] = []
        self.down = False
        self.silent = False
        self.ageless = False
        self.read_only: Literal["denied", "failing"] | None = None
        self.trouble: list[Trouble] = []
        self.operations: list[str] = []

    async def load(self, key: str) -> Entry | None:
        """Give what is stored, without its age if ages cannot be told."""
        await self._enter("load")
        entry = await self._memory.load(key)
        if entry is None or not self.ageless:
            return entry
        return Entry(entry.version, entry.payload, entry.keep_for)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Compare and swap, and meet the next trouble if the swap would be won."""
        await self._enter("swap")
        if self.read_only == "failing":
            msg = "the store is read-only"
            raise StoreUnavailable(msg)
        if self.read_only == "denied":
            return False
        stored = await self._memory.load(key)
        matches = (stored and stored.version) == (expected and expected.version)
        if not matches or not self.trouble:
            return await self._swap(key, entry, expected)
        match self.trouble.pop(0):
            case "written but unknown":
                await self._swap(key, entry, expected)
                raise StoreUnavailable("time-out after the write")
            case "not written but unknown":
                raise StoreUnavailable("time-out before the write")
            case "written but denied":
                await self._swap(key, entry, expected)
                return False
            case "late":
                self._delayed.append((key, entry, expected))
                raise StoreUnavailable("time-out, the write is on its way")

    async def aclose(self) -> None:
        """Nothing to let go of."""

    async def deliver(self) -> None:
        """Let the delayed writes arrive."""
        delayed, self._delayed = self._delayed, []
        for key, entry, expected in delayed:
            await self._swap(key, entry, expected)

    def evict(self) -> None:
        """Forget everything."""
        self._memory = MemoryStore(clock=self._clock)

    def snapshot(self) -> None:
        """Remember what is stored, for `roll_back`."""
        self._before = self._copy()

    def roll_back(self) -> None:
        """Be a replica, or a backup, that has not seen the newest writes."""
        if self._before is not None:
            self._memory, self._before = self._before, None

    def _copy(self) -> MemoryStore:
        copied = MemoryStore(clock=self._clock)
        copied._kept = dict(self._memory._kept)
        return copied

    async def _swap(self, key: str, entry: Entry, expected: Entry | None) -> bool:
        won = await self._memory.swap(key, entry, expected=expected)
        await asyncio.sleep(0)  # written, and the answer on its way
        return won

    async def _enter(self, verb: str) -> None:
        self.operations.append(verb)
        if self.silent:
            await asyncio.Event().wait()
        if self.down:
            raise StoreUnavailable("the store is down")
        await asyncio.sleep(0)  # as with any real store, others run between ask and answer
