"""A token store whose every fault a test can inject."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Literal

from attrs import evolve

from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import MARKER_KEY, Entry, Life
from flexiti_async.testing.arguments import check

__all__ = ["FaultyStore", "Trouble"]

Trouble = Literal["written but unknown", "not written but unknown", "written but denied", "late"]
"""How a swap that would succeed fails, and what its caller sees."""


class FaultyStore:
    """
    Keep entries in memory like any store, and fail on demand.

    Pass it to a session as `FlexitiConfig(store=FaultyStore())`, and set its attributes while that
    runs. Nothing is forgotten by time. It can keep a journal as well.

    Args:
        clock: Seconds from some moment, never backwards; for ages.

    Attributes:
        down: Every operation raises StoreUnavailable.
        refusing: As `down`, with `sent=False`: no connection is made.
        silent: Every operation hangs until a time-out ends it.
        ageless: `load` returns no ages.
        read_only: Every swap is denied, or fails, and nothing is written.
        trouble: How the next swaps that would succeed fail, in order.
        operations: Verbs in the order in which they were used.
        fingerprint: The physical fingerprint in its life; assign another one to be another server.

    Raises:
        ValidationError: The clock cannot be called.
    """

    def __init__(self, clock: Callable[[], float] = SYSTEM_CLOCK.boot) -> None:
        check("clock", clock, "must be a function that returns seconds", good=callable(clock))
        self._clock = clock
        self._kept: dict[str, tuple[Entry, float]] = {}
        self._before: dict[str, tuple[Entry, float]] | None = None
        self._delayed: list[tuple[str, Entry, Entry | None, Life | None]] = []
        self.down = False
        self.refusing = False
        self.silent = False
        self.ageless = False
        self.read_only: Literal["denied", "failing"] | None = None
        self.trouble: list[Trouble] = []
        self.operations: list[str] = []
        self.fingerprint = "faulty"

    async def load(self, key: str) -> Entry | None:
        """Return what is stored, without its age if `ageless`; raises StoreUnavailable."""
        await self._enter("load")
        if key not in self._kept:
            return None
        entry, written_at = self._kept[key]
        return evolve(entry, age=None if self.ageless else self._clock() - written_at)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Compare and swap, with the next trouble if it would succeed; raises as `load`."""
        await self._enter("swap")
        if self.read_only == "failing":
            msg = "the store is read-only"
            raise StoreUnavailable(msg, sent=False)
        if self.read_only == "denied":
            return False
        if not self._matches(key, entry, expected, life):
            return False
        match self.trouble.pop(0) if self.trouble else None:
            case None:
                return await self._swap(key, entry, expected, life)
            case "written but unknown":
                await self._swap(key, entry, expected, life)
                raise StoreUnavailable("time-out after the write")
            case "not written but unknown":
                raise StoreUnavailable("time-out before the write")
            case "written but denied":
                await self._swap(key, entry, expected, life)
                return False
            case "late":
                self._delayed.append((key, entry, expected, life))
                raise StoreUnavailable("time-out, the write is on its way")

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`; raises as `load`."""
        await self._enter("keys")
        kept = {key: entry for key, (entry, _) in self._kept.items() if key.startswith(prefix)}
        for key in [key for key, entry in kept.items() if not endless or entry.keep_for is None]:
            yield key

    async def life(self) -> Life:
        """Return the marker and `fingerprint`; raises as `load`."""
        await self._enter("life")
        return self._life()

    async def aclose(self) -> None:
        """Do nothing."""

    async def deliver(self) -> None:
        """Let the delayed writes arrive."""
        delayed, self._delayed = self._delayed, []
        for key, entry, expected, life in delayed:
            await self._swap(key, entry, expected, life)

    def evict(self) -> None:
        """Forget everything, the marker included."""
        self._kept = {}

    def snapshot(self) -> None:
        """Remember what is stored, for `roll_back`."""
        self._before = dict(self._kept)

    def roll_back(self) -> None:
        """Return to the snapshot, as a replica or backup that has missed the newest writes."""
        if self._before is not None:
            self._kept, self._before = self._before, None

    def _life(self) -> Life:
        marker = self._kept[MARKER_KEY][0] if MARKER_KEY in self._kept else None
        return Life.of(marker, self.fingerprint)

    def _matches(self, key: str, entry: Entry, expected: Entry | None, life: Life | None) -> bool:
        if life is not None and life != self._life():
            return False
        stored = self._kept[key][0].version if key in self._kept else None
        return stored in {entry.version, expected and expected.version}

    async def _swap(
        self, key: str, entry: Entry, expected: Entry | None, life: Life | None
    ) -> bool:
        won = self._matches(key, entry, expected, life)
        if won:
            self._kept[key] = (evolve(entry, age=None), self._clock())
        await asyncio.sleep(0)  # written, and the answer on its way
        return won

    async def _enter(self, verb: str) -> None:
        self.operations.append(verb)
        if self.silent:
            await asyncio.Event().wait()
        if self.down or self.refusing:
            raise StoreUnavailable("the store is down", sent=not self.refusing)
        await asyncio.sleep(0)  # as with any real store, others run between request and answer
