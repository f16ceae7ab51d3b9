"""A token store whose every fault a test can order."""

import asyncio
from collections.abc import Callable
from typing import Literal

from attrs import evolve

from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry

__all__ = ["FaultyStore", "Trouble"]

Trouble = Literal["written but unknown", "not written but unknown", "written but denied", "late"]
"""What may become of a swap that would be won, and what the caller is told of it."""


class FaultyStore:
    """
    Keep entries in memory like any store, and fail as told.

    Give it to a session as `FlexitiConfig(store=FaultyStore())`, and turn its knobs while that
    runs. Nothing is forgotten by time.

    Args:
        clock: Seconds from some moment, never backwards; for ages.

    Attributes:
        down: Every operation raises StoreUnavailable.
        silent: Every operation hangs, for a time-out to end it.
        ageless: `load` cannot tell ages.
        read_only: Every swap is denied, or fails, and nothing is written.
        trouble: What becomes of the next swaps that would be won, in order.
        operations: Verbs in the order in which they were used.
    """

    def __init__(self, clock: Callable[[], float] = SYSTEM_CLOCK.boot) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[Entry, float]] = {}
        self._before: dict[str, tuple[Entry, float]] | None = None
        self._delayed: list[tuple[str, Entry, Entry | None]] = []
        self.down = False
        self.silent = False
        self.ageless = False
        self.read_only: Literal["denied", "failing"] | None = None
        self.trouble: list[Trouble] = []
        self.operations: list[str] = []

    async def load(self, key: str) -> Entry | None:
        """Give what is stored, without its age if ages cannot be told; raises StoreUnavailable."""
        await self._enter("load")
        if key not in self._kept:
            return None
        entry, written_at = self._kept[key]
        return evolve(entry, age=None if self.ageless else self._clock() - written_at)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Compare and swap, and meet the next trouble if it would be won; raises as `load`."""
        await self._enter("swap")
        if self.read_only == "failing":
            msg = "the store is read-only"
            raise StoreUnavailable(msg)
        if self.read_only == "denied":
            return False
        if not self._matches(key, expected):
            return False
        match self.trouble.pop(0) if self.trouble else None:
            case None:
                return await self._swap(key, entry, expected)
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
        self._kept = {}

    def snapshot(self) -> None:
        """Remember what is stored, for `roll_back`."""
        self._before = dict(self._kept)

    def roll_back(self) -> None:
        """Be a replica, or a backup, that has not seen the newest writes."""
        if self._before is not None:
            self._kept, self._before = self._before, None

    def _matches(self, key: str, expected: Entry | None) -> bool:
        stored = self._kept[key][0].version if key in self._kept else None
        return stored == (expected and expected.version)

    async def _swap(self, key: str, entry: Entry, expected: Entry | None) -> bool:
        won = self._matches(key, expected)
        if won:
            self._kept[key] = (evolve(entry, age=None), self._clock())
        await asyncio.sleep(0)  # written, and the answer on its way
        return won

    async def _enter(self, verb: str) -> None:
        self.operations.append(verb)
        if self.silent:
            await asyncio.Event().wait()
        if self.down:
            raise StoreUnavailable("the store is down")
        await asyncio.sleep(0)  # as with any real store, others run between ask and answer
