"""
When a token is used, renewed, or waited for.

Theory of operation
===================

A token lives L seconds (`expires_in`, 1200) and may be refreshed only *before* it ends (spec
section 2.4). Somebody who asks for a token says how long it must still live at least, `min_ttl`:
0 for one call, some minutes for a checkout whose customer has to reach the end of the widget with
it. What counts is therefore not the life that is left but what is left beyond that:

    spare = remaining life - min_ttl

Two marks divide it. Above `refresh_ahead` a token is **fresh**: it is used, and nothing else
happens. Between `leeway` and `refresh_ahead` it is **renewing**: it is used at once as well, and
one background task gets its successor, so that nobody ever waits for a renewal in normal
operation. At or below `leeway` it is **due**: it might end on its way to the server, so callers
wait for the single flight.

    L                                          refresh_ahead          leeway       0   spare
    |--------------- fresh -------------------------|------ renewing ----|-- due --|

Both marks are shares of L with caps, so a token of 5 seconds (a test) behaves like one of 1200:

    refresh_ahead = 10 % of L, at least 60 s, at most L/2; opened earlier by a process's jitter
    leeway        = 30 s, at most L/10

For an ask with a `min_ttl` the upper mark is also at most half of what a new token has to spare
(`ahead_for`). A `min_ttl` that no token can ever satisfy (`min_ttl + leeway >= L`) is an error,
never a loop. `POLICY` is the table; `freshness` finds the row.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

__all__ = [
    "DEFAULT_LIFETIME",
    "POLICY",
    "Decision",
    "Freshness",
    "Windows",
    "ahead_for",
    "can_satisfy",
    "freshness",
    "min_ttl_of",
    "scaled",
    "windows",
]

DEFAULT_LIFETIME: Final = 1200.0
"""Life of a token in seconds until the server has told: the documented 20 minutes (spec 2.2)."""


class Freshness(enum.Enum):
    """How fit a token is for one ask."""

    FRESH = "fresh"
    STALE = "stale"
    DUE = "due"


@frozen
class Decision:
    """
    What `token(min_ttl)` does.

    Attributes:
        serve: The held token is handed out at once: no wait, no lock, no store.
        renew: A flight for a successor is wanted.
    """

    serve: bool
    renew: bool


POLICY: Final[Mapping[Freshness, Decision]] = MappingProxyType(
    {
        Freshness.FRESH: Decision(serve=True, renew=False),
        Freshness.STALE: Decision(serve=True, renew=True),
        Freshness.DUE: Decision(serve=False, renew=True),
    }
)


@frozen
class Windows:
    """
    The two marks on a token's life, in seconds of spare life.

    Attributes:
        refresh_ahead: At or below it a successor is fetched in the background.
        leeway: At or below it callers wait.
    """

    refresh_ahead: float
    leeway: float


def windows(
    lifetime: float,
    *,
    refresh_ahead: float | None = None,
    leeway: float | None = None,
    early: float = 0.0,
) -> Windows:
    """
    Lay the marks for a token of some lifetime.

    Args:
        lifetime: L, seconds.
        refresh_ahead: Seconds that replace the default share; the cap L/2 still holds.
        leeway: Seconds that replace the default; the cap L/10 still holds.
        early: Share by which this process renews earlier than others (its jitter), at least 0.
    """
    ahead = max(lifetime * 0.10, 60.0) if refresh_ahead is None else refresh_ahead
    ahead = min(ahead * (1.0 + early), lifetime / 2)
    margin = min(30.0 if leeway is None else leeway, lifetime / 10)
    return Windows(refresh_ahead=ahead, leeway=min(margin, ahead))


def ahead_for(marks: Windows, lifetime: float, min_ttl: float) -> float:
    """
    Lay the upper mark for one ask: at most half of the spare life that a new token has.

    Without it a large `min_ttl` would find every token, a new one too, in its renewing window,
    and renew without end.
    """
    return max(min(marks.refresh_ahead, (lifetime - min_ttl) / 2), marks.leeway)


def freshness(spare: float, marks: Windows) -> Freshness:
    """Find the row of the policy table for some spare life in seconds."""
    if spare > marks.refresh_ahead:
        return Freshness.FRESH
    if spare > marks.leeway:
        return Freshness.STALE
    return Freshness.DUE


def can_satisfy(min_ttl: float, lifetime: float, marks: Windows) -> bool:
    """Tell whether a token just minted would satisfy an ask, so that waiting for one ends."""
    return min_ttl + marks.leeway < lifetime


def min_ttl_of(ask: float | None, lifetime: float) -> float:
    """Resolve an ask: None asks for half of whatever the lifetime turns out to be."""
    return lifetime / 2 if ask is None else ask


def scaled(seconds: float, lifetime: float, share: float) -> float:
    """Cap a duration of the protocol (lease, poll, back-off) at a share of the lifetime."""
    return min(seconds, lifetime * share)
