"""A lock that a forked child gets anew: a thread that held it is not there to release it."""

import os
import threading
from types import TracebackType
from typing import Final
from weakref import WeakSet

__all__ = ["ForkSafeLock"]


class ForkSafeLock:
    """A `threading.Lock` for `with` that is free in a forked child, whoever held it before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Replace the lock; for a child, in which one thread runs."""
        self._lock = threading.Lock()


_locks: Final[WeakSet[ForkSafeLock]] = WeakSet()


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_renew_all)
