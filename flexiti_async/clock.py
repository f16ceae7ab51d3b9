"""Where the time comes from: the only module of the core that reads a clock."""

import datetime
import functools
import time
from typing import Final, Protocol

from attrs import frozen

__all__ = ["SYSTEM_CLOCK", "Clock", "Instant", "SystemClock", "now", "today"]


@frozen
class Instant:
    """
    One moment, read from two clocks.

    Attributes:
        wall: Seconds since the epoch. It jumps when somebody sets the clock.
        boot: Seconds since boot, time spent suspended included. It never jumps backwards.
    """

    wall: float
    boot: float

    def since(self, earlier: "Instant") -> float:
        """
        Tell the seconds that have passed since `earlier`, at least 0.

        The clock that says *more* is believed. Life of a token is a thing to lose: a suspended
        machine, or a wall clock set back, must not stretch it (design section 3, Freshness).
        """
        return max(self.wall - earlier.wall, self.boot - earlier.boot, 0.0)


_FIRST_IN_CANADA: Final = datetime.timezone(-datetime.timedelta(hours=2, minutes=30))


class Clock(Protocol):
    """Two clocks; see `Instant` for why two. Tests pass one that they move by hand."""

    def wall(self) -> float:
        """Seconds since the epoch; may jump."""
        ...

    def boot(self) -> float:
        """Seconds since some moment in the past, time spent suspended included; never back."""
        ...


def now(clock: Clock) -> Instant:
    """Read both clocks."""
    return Instant(wall=clock.wall(), boot=clock.boot())


def today(clock: Clock) -> datetime.date:
    """
    Tell which day it is in Newfoundland's summer, where Canada's days begin.

    Who is not of age there today is not of age anywhere in the country.
    """
    return datetime.datetime.fromtimestamp(clock.wall(), _FIRST_IN_CANADA).date()


class SystemClock:
    """
    The machine's clocks.

    Where the system has no clock that counts suspension (macOS, Windows), `boot` is the monotonic
    clock, and the wall clock is what notices that the machine has slept.
    """

    wall = staticmethod(time.time)
    if hasattr(time, "CLOCK_BOOTTIME"):
        boot = staticmethod(functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME))
    else:  # pragma: no cover - no such system among ours
        boot = staticmethod(time.monotonic)


SYSTEM_CLOCK: Final[Clock] = SystemClock()
