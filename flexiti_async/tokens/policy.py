"""
When a token is served, refreshed in the background, or waited for.

Theory of operation
===================

A token lives L seconds (`expires_in`, 1200) and may be refreshed only *before* it ends (spec
section 2.4). Every caller says how long the token must live at least, `min_ttl`: 0 for one call,
some minutes for a checkout whose customer has to finish the widget with it. So the measure is the
life left beyond that:

    spare = remaining life - min_ttl

Two thresholds divide it. Above `refresh_ahead` a token is **fresh**: it is served. Between `leeway`
and `refresh_ahead` it is **stale**: it is served as well, and one background task obtains its
successor (stale-while-revalidate), so that no caller waits for a refresh in normal operation. At or
below `leeway` it is **due**: it might expire on its way to the server, so callers wait for the
single flight.

    L                                          refresh_ahead          leeway       0   spare
    |--------------- fresh -------------------------|------- stale ------|-- due --|

Both are shares of L with caps, so a token of 5 seconds (a test) behaves like one of 1200:

    refresh_ahead = 10 % of L, at least 60 s, at most L/2; earlier by a process's jitter
    leeway        = 30 s, at most L/10

For a `min_ttl` above 0 `refresh_ahead` is also at most half of the spare life of a new token
(`refresh_ahead_of`). A `min_ttl` that no token can ever satisfy (`min_ttl + leeway >= L`) is an
error, never a loop. `POLICY` is the table; `freshness` finds the row.
"""

import enum
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.validators import INVALID

__all__ = [
    "DEFAULT_LIFETIME",
    "LEASE",
    "POLICY",
    "Decision",
    "Freshness",
    "Windows",
    "can_satisfy",
    "checked_ttl",
    "freshness",
    "min_ttl_of",
    "refresh_ahead_of",
    "scaled",
    "windows_of",
]

DEFAULT_LIFETIME: Final = 1200.0
"""Assumed life of a token, in seconds, before the server has sent one: 20 minutes (spec 2.2)."""

_LONGEST: Final = 1e9
"""Seconds; more than any token lives, and few enough to count with."""

LEASE: Final = 1.25
"""
Lease of a claim as a multiple of the time limit of its refresh, `token_timeout` at most.

So a refresh ends before its claim lapses.
"""


class Freshness(enum.Enum):
    """State of a token for one `min_ttl`."""

    FRESH = "fresh"
    STALE = "stale"
    DUE = "due"


@frozen
class Decision:
    """
    The action of `token(min_ttl)`.

    Attributes:
        serve: The cached token is returned at once: no wait, no lock, no store.
        refresh: A successor is needed.
    """

    serve: bool
    refresh: bool


POLICY: Final[Mapping[Freshness, Decision]] = MappingProxyType(
    {
        Freshness.FRESH: Decision(serve=True, refresh=False),
        Freshness.STALE: Decision(serve=True, refresh=True),
        Freshness.DUE: Decision(serve=False, refresh=True),
    }
)


@frozen
class Windows:
    """
    The two refresh windows of a token, in seconds of spare life.

    botocore calls them advisory and mandatory.

    Attributes:
        refresh_ahead: At or below it a successor is obtained in the background.
        leeway: At or below it callers wait for the successor.
    """

    refresh_ahead: float
    leeway: float


def windows_of(
    lifetime: float,
    *,
    refresh_ahead: float | None = None,
    leeway: float | None = None,
    early: float = 0.0,
) -> Windows:
    """
    Compute the windows of a token with some lifetime.

    Args:
        lifetime: L, seconds.
        refresh_ahead: Overrides the default, seconds; the cap L/2 still holds.
        leeway: Overrides the default, seconds; the cap L/10 still holds.
        early: Share by which this process refreshes earlier than others (its jitter), at least 0.
    """
    ahead = max(lifetime * 0.10, 60.0) if refresh_ahead is None else refresh_ahead
    ahead = min(ahead * (1.0 + early), lifetime / 2)
    margin = min(30.0 if leeway is None else leeway, lifetime / 10)
    return Windows(refresh_ahead=ahead, leeway=min(margin, ahead))


def refresh_ahead_of(windows: Windows, lifetime: float, min_ttl: float) -> float:
    """
    Return `refresh_ahead` for one `min_ttl`: at most half of the spare life of a new token.

    Otherwise even a new token would be stale for a large `min_ttl`, and be refreshed endlessly.
    """
    return max(min(windows.refresh_ahead, (lifetime - min_ttl) / 2), windows.leeway)


def freshness(spare: float, windows: Windows) -> Freshness:
    """Return the row of the policy table for some spare life in seconds."""
    if spare > windows.refresh_ahead:
        return Freshness.FRESH
    if spare > windows.leeway:
        return Freshness.STALE
    return Freshness.DUE


def can_satisfy(min_ttl: float, lifetime: float, windows: Windows) -> bool:
    """Whether a new token would satisfy a `min_ttl`, so that waiting for one can end."""
    return min_ttl + windows.leeway < lifetime


def min_ttl_of(min_ttl: float | None, lifetime: float) -> float:
    """Resolve a `min_ttl`: None means half of the token's lifetime."""
    return lifetime / 2 if min_ttl is None else min_ttl


def checked_ttl(value: object, name: str, *, above: float = -math.inf) -> float | None:
    """
    Return a `min_ttl` or `flow_ttl` of one call, before anything that others share depends on it.

    Args:
        value: A finite number of at least 0; None stays None.
        name: The name of the argument.
        above: The number must be greater than this.

    Raises:
        ValidationError: It is something else; a text and a bool are no numbers.
    """
    if value is None:
        return None
    if isinstance(value, float | int) and not isinstance(value, bool):
        number = float(value) if abs(value) <= _LONGEST else math.nan
        if number >= 0 and number > above:
            return number
    least = "0 or more" if above < 0 else f"more than {above:g}"
    hint = f"must be a number of seconds, {least}, not {type(value).__name__}"
    if isinstance(value, float | int):
        hint = f"must be a finite number of seconds, {least}"
    del value
    raise ValidationError(field_errors=[FieldError(name, INVALID, None, hint)])


def scaled(seconds: float, lifetime: float, share: float) -> float:
    """Cap a duration of the protocol (lease, poll, back-off) at a share of the lifetime."""
    return min(seconds, lifetime * share)
