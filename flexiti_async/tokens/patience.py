"""`Patience`: how long a process lets the shared record keep it from a token."""

from typing import Final

from attrs import define

from flexiti_async.tokens.policy import LEASE

__all__ = ["LONGEST_WAIT", "Patience"]

_LEASES: Final = 2
"""After one, a single process that is killed would make a herd of all that wait for it."""

LONGEST_WAIT: Final = _LEASES * LEASE + 1
"""
The longest wait of a caller as a multiple of `token_timeout`: two leases, then a request alone.

A caller that gave up earlier would never see the token that its process then goes on for alone.
"""


@define
class Patience:
    """
    Seconds for which claims and failures of other processes have kept this one from a token.

    They count together, over all refreshes, until this process obtains a token or has made a
    request of its own. So nobody who can only put old records back stops it for ever.

    Attributes:
        since: When it was kept first, by the boot-time clock; None if it was not.
    """

    since: float | None = None

    def left(self, now: float, *, lease: float) -> float:
        """Return the seconds that it still waits; counts from the first call."""
        if self.since is None:
            self.since = now
        return self.since + _LEASES * lease - now

    def reset(self) -> None:
        """Start anew."""
        self.since = None
