"""An event loop that stalls where a test says: time passes only while it does."""

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Final

__all__ = ["StallingLoop"]

_QUIET: Final = 20.0
"""Real seconds without anything to read or write, after which the next timer is due: enough for a
server in another thread."""
_ARRIVES: Final = 0.005
"""Real seconds that a stall takes, so that what was sent is answered meanwhile."""


class _Stalling(selectors.DefaultSelector):
    """Counts turns, stalls at one of them, and leaps to the next timer when all is quiet."""

    def __init__(self, quiet: float) -> None:
        super().__init__()
        self.quiet = quiet
        self.passed = 0.0
        self.turns_left = 0
        self.stall = 0.0
        self.before: Callable[[], object] = int

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.turns_left:
            self.turns_left -= 1
            if not self.turns_left:
                self.before()
                time.sleep(_ARRIVES)
                self.passed += self.stall
                return super().select(0)
        ready = super().select(0 if timeout == 0 else self.quiet)
        if not ready and timeout is not None:
            self.passed += timeout
        return ready


class StallingLoop(asyncio.SelectorEventLoop):
    """
    Does real I/O on a clock that stands still, but for one stall.

    A stall is the end of a turn that took long: what has arrived is read afterwards, and timers
    are late. It is also a `Clock` of the library: both clocks are the loop's time.

    Args:
        quiet: Real seconds without anything to read or write, after which the next timer is due.
            Where the server runs in this loop too, what was sent has arrived at once.
    """

    def __init__(self, *, quiet: float = _QUIET) -> None:
        self._stalling = _Stalling(quiet)
        super().__init__(self._stalling)

    def stall_at(self, turn: int, seconds: float, before: Callable[[], object] = int) -> None:
        """Stall at the end of a turn, counted from 1, and call a function just before."""
        self._stalling.turns_left = turn
        self._stalling.stall = seconds
        self._stalling.before = before

    def jump(self, seconds: float) -> None:
        """Let time pass at once, as a callback does that takes long."""
        self._stalling.passed += seconds

    def stalled(self) -> bool:
        """Whether the stall is over; one that was not reached is withdrawn."""
        over = not self._stalling.turns_left
        self._stalling.turns_left = 0
        return over

    def time(self) -> float:
        """Return the seconds of all stalls and idle waits, after a start that is not zero."""
        return 1_000.0 + self._stalling.passed

    def wall(self) -> float:
        """Return the loop's time, as seconds since the epoch."""
        return self.time()

    def boot(self) -> float:
        """Return the loop's time, as seconds since boot."""
        return self.time()
