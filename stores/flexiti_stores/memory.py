"""`memory://`: tokens shared by everything in one process, and gone with it."""

import threading
import time
from collections.abc import Callable
from typing import Final

from attrs import evolve, frozen

from flexiti_async.store.interface import Entry

__all__ = ["MemoryStore"]


@frozen
class _Kept:
    entry: Entry
    written_at: float

    def over(self, now: float) -> bool:
        return now - self.written_at >= self.entry.keep_for


class MemoryStore:
    """
    A dict under a lock: for one process, with any number of threads and event loops.

    `MemoryStore.from_url("memory://")` gives the same store to everybody in the process, as a
    Redis URL would; a name sets several apart (`memory://shop-a`). `MemoryStore()` is one of its
    own.

    Args:
        clock: Seconds from some moment, never backwards.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._next_sweep = _FIRST_SWEEP

    @classmethod
    def from_url(cls, url: str) -> "MemoryStore":
        """Open the store of this process that has the URL's name."""
        with _shared_lock:
            return _shared.setdefault(url.rstrip("/"), cls())

    async def load(self, key: str) -> Entry | None:
        """Get the entry under a key, None if there is none."""
        with self._lock:
            now = self._clock()
            kept = self._kept.get(key)
        return None if kept is None else evolve(kept.entry, age=now - kept.written_at)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Write `entry` if what is stored is still `expected`."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            kept = self._kept.get(key)
            stored = None if kept is None else kept.entry.version
            if stored != (None if expected is None else expected.version):
                return False
            self._kept[key] = _Kept(evolve(entry, age=None), now)
            return True

    async def aclose(self) -> None:
        """Do nothing: the store belongs to the process."""

    def _forget(self, now: float) -> None:
        """Drop what need not be kept any more, so that ended checkouts do not pile up."""
        if len(self._kept) < self._next_sweep:
            return
        self._kept = {key: kept for key, kept in self._kept.items() if not kept.over(now)}
        # Sweep again when twice as much is there: constant cost per write in the long run.
        self._next_sweep = max(_FIRST_SWEEP, 2 * len(self._kept))


_FIRST_SWEEP: Final = 64
_shared: Final[dict[str, MemoryStore]] = {}
_shared_lock: Final = threading.Lock()
