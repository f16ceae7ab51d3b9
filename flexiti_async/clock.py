"""The clocks: the only module of the core that reads the time."""

import datetime
import functools
import time
from typing import Final, Protocol

from attrs import frozen

__all__ = ["SYSTEM_CLOCK", "Clock", "Instant", "SystemClock", "now", "seconds_since", "today"]


@frozen
class Instant:
    """
    One moment, read from two clocks.

    Attributes:
        wall: Seconds since the epoch. It jumps when the clock is set.
        boot: Seconds since boot, including suspended time. It never goes backwards.
    """

    wall: float
    boot: float

    def since(self, earlier: "Instant") -> float:
        """
        Return the seconds since `earlier`, at least 0.

        The clock that shows *more* counts: a suspended machine, or a wall clock that is set back,
        must not extend the life of a token.
        """
        return _elapsed(earlier, self.wall, self.boot)


def _elapsed(earlier: Instant, wall: float, boot: float) -> float:
    return max(wall - earlier.wall, boot - earlier.boot, 0.0)


_FIRST_IN_CANADA: Final = datetime.timezone(-datetime.timedelta(hours=2, minutes=30))


class Clock(Protocol):
    """The two clocks of `Instant`. Tests pass one that they move by hand."""

    def wall(self) -> float:
        """Seconds since the epoch; may jump."""
        ...

    def boot(self) -> float:
        """Seconds since some moment in the past, including suspended time; never goes backwards."""
        ...


def now(clock: Clock) -> Instant:
    """Read both clocks."""
    return Instant(wall=clock.wall(), boot=clock.boot())


def seconds_since(earlier: Instant, clock: Clock) -> float:
    """Return `now(clock).since(earlier)`, without an `Instant` for now."""
    return _elapsed(earlier, clock.wall(), clock.boot())


def today(clock: Clock) -> datetime.date:
    """
    Return today's date in Newfoundland's summer time, where a day begins first in Canada.

    A person who is not of age there is not of age anywhere in the country.
    """
    return datetime.datetime.fromtimestamp(clock.wall(), _FIRST_IN_CANADA).date()


class SystemClock:
    """
    The machine's clocks.

    On systems without a clock that counts suspended time (macOS, Windows), `boot` is the monotonic
    clock, and only the wall clock shows that the machine was suspended.
    """

    wall = staticmethod(time.time)
    if hasattr(time, "CLOCK_BOOTTIME"):
        boot = staticmethod(functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME))
    else:  # pragma: no cover - not among our systems
        boot = staticmethod(time.monotonic)


SYSTEM_CLOCK: Final[Clock] = SystemClock()
