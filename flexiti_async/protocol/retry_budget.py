"""
`RetryBudget`: how many repeats a session may make, so that they do not prolong an outage.

A server that fails because it has too much to do gets up to three times as many requests if every
call is repeated twice, and stays down for it after the cause is gone (a metastable failure). So the
repeats of a minute are limited to a share of its calls. Some are always allowed: single faults of a
session with little to do are repeated, as often as `retries` says.

A connection that is kept for the next call may have been ended by the server meanwhile, which says
nothing of an outage. So the first repeat after a broken connection is not counted, once for each
connection that can have been kept: only an answer leaves one.
"""

from collections import deque
from typing import Final

from attrs import define, field

__all__ = ["RetryBudget"]

_SECONDS: Final = 60
_SHARE: Final = 0.1
"""Repeats of a minute, as a share of its calls."""
_ALWAYS: Final = 10
"""Repeats that every minute may have."""


@define
class _Second:
    """
    One second.

    Attributes:
        at: Which, by the caller's clock.
        calls: Calls that were begun in it.
        repeats: Repeats that were allowed in it.
    """

    at: int
    calls: int = 0
    repeats: int = 0


@define
class RetryBudget:
    """
    Counts the calls and the repeats of the last minute.

    Threads may use it at once: a count that is lost moves the limit by one.

    Attributes:
        connections: Connections that are kept at most.
    """

    connections: int
    _kept: int = 0
    _seconds: deque[_Second] = field(factory=deque[_Second])

    def note_call(self, now: float) -> None:
        """Count a call that is begun; `now` in seconds, never backwards."""
        self._second(now).calls += 1

    def note_kept(self) -> None:
        """Count an answer that leaves its connection for another call."""
        if self._kept < self.connections:
            self._kept += 1

    def take(self, now: float, *, kept: bool = False) -> bool:
        """
        Whether another repeat is allowed now; counts it if it is.

        Args:
            now: Seconds, as for `note_call`.
            kept: A connection broke that may have been kept from an earlier call.
        """
        if kept and self._kept:
            self._kept -= 1
            return True
        second = self._second(now)
        # The oldest second is over in part: its repeats count, its calls do not.
        calls = sum(one.calls for one in self._seconds if one.at > second.at - _SECONDS)
        repeats = sum(one.repeats for one in self._seconds)
        if repeats >= max(_ALWAYS, int(_SHARE * calls)):
            return False
        second.repeats += 1
        return True

    def _second(self, now: float) -> _Second:
        """Return the second that is running, and drop those that are over a minute old."""
        seconds, at = self._seconds, int(now)
        if not seconds or seconds[-1].at != at:
            seconds.append(_Second(at))
            while seconds[0].at < at - _SECONDS:
                seconds.popleft()
        return seconds[-1]
