"""`memory://`: tokens shared by everything in one process, and gone with it."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from attrs import evolve, frozen

from flexiti_async.store.interface import MARKER_KEY, Entry, Life
from flexiti_stores._arguments import check_kind
from flexiti_stores._forks import ForkSafeLock

__all__ = ["MemoryStore"]


@frozen
class _Kept:
    entry: Entry
    written_at: float

    def is_over(self, now: float) -> bool:
        keep_for = self.entry.keep_for
        return keep_for is not None and now - self.written_at >= keep_for


class MemoryStore:
    """
    A dict under a lock: for one process, with any number of threads and event loops.

    `MemoryStore.from_url("memory://")` returns the same store everywhere in the process, as a Redis
    URL would; a name sets several apart (`memory://shop-a`). `MemoryStore()` is separate. A forked
    child goes on with a copy, which is another life.

    Args:
        clock: Seconds from some moment, never backwards.

    Raises:
        ConfigError: `clock` is no function.
    """

    of_one_process: Final = True

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        check_kind("clock", good=callable(clock), wanted="a function that returns seconds")
        self._clock = clock
        self._lock = ForkSafeLock()
        self._kept: dict[str, _Kept] = {}
        self._next_sweep = _FIRST_SWEEP
        self._id = secrets.token_hex(8)

    @classmethod
    def from_url(cls, url: str) -> "MemoryStore":
        """Open the store of this process that has the URL's name."""
        with _shared_lock:
            return _shared.setdefault(url.rstrip("/"), cls())

    async def load(self, key: str) -> Entry | None:
        """Return the entry under a key, None if nothing is stored."""
        with self._lock:
            now = self._clock()
            kept = self._kept.get(key)
        return None if kept is None else evolve(kept.entry, age=now - kept.written_at)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write `entry` if what is stored is still `expected`, or `entry` already."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            if life is not None and self._life() != life:
                return False
            kept = self._kept.get(key)
            stored = None if kept is None else kept.entry.version
            if stored not in {entry.version, None if expected is None else expected.version}:
                return False
            self._kept[key] = _Kept(evolve(entry, age=None), now)
            return True

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`."""
        with self._lock:
            found = [
                key
                for key, kept in self._kept.items()
                if key.startswith(prefix) and not (endless and kept.entry.keep_for is not None)
            ]
        for key in found:
            yield key

    async def life(self) -> Life:
        """Return the life of this store in this process."""
        with self._lock:
            return self._life()

    async def aclose(self) -> None:
        """Do nothing: the store belongs to the process."""

    def _life(self) -> Life:
        kept = self._kept.get(MARKER_KEY)
        fingerprint = f"memory store={self._id} process={os.getpid()}"
        life = Life.of(None if kept is None else kept.entry, fingerprint)
        return evolve(life, outlives_process=False)

    def _sweep(self, now: float) -> None:
        """Drop what need not be kept any more, so that ended checkouts do not pile up."""
        if len(self._kept) < self._next_sweep:
            return
        self._kept = {key: kept for key, kept in self._kept.items() if not kept.is_over(now)}
        # Sweep again when twice as much is there: constant cost per write in the long run.
        self._next_sweep = max(_FIRST_SWEEP, 2 * len(self._kept))


_FIRST_SWEEP: Final = 64
_shared: Final[dict[str, MemoryStore]] = {}
_shared_lock: Final = ForkSafeLock()
