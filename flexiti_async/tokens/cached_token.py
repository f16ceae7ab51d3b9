"""`CachedToken`: the token this process holds, with its refresh windows."""

from collections.abc import Container
from typing import Final

from attrs import field, frozen

from flexiti_async.clock import Clock, Instant, now
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.policy import (
    POLICY,
    Decision,
    Windows,
    can_satisfy,
    freshness,
    min_ttl_of,
    refresh_ahead_of,
)

__all__ = ["CachedToken", "TokenIds"]

_REMEMBERED: Final = 256
_MIN_TTLS: Final = 16


@frozen
class CachedToken:
    """
    A token with its refresh windows.

    Attributes:
        token: The token.
        windows: The spare life at which it becomes stale, and due.
    """

    token: Token
    windows: Windows
    _fresh_until: dict[float | None, Instant] = field(
        factory=dict["float | None", Instant], init=False, repr=False, eq=False
    )

    def fresh_until(self, min_ttl: float | None) -> Instant:
        """
        Return the instant until which the token is fresh for a `min_ttl`; both clocks count.

        A shop uses few different values, so the result is kept for each.
        """
        known = self._fresh_until.get(min_ttl)
        if known is not None:
            return known
        lifetime, counted = self.token.lifetime, self.token.counted_from
        ttl = min_ttl_of(min_ttl, lifetime)
        spare = self.token.life - ttl - refresh_ahead_of(self.windows, lifetime, ttl)
        until = Instant(wall=counted.wall + spare, boot=counted.boot + spare)
        if len(self._fresh_until) < _MIN_TTLS:
            self._fresh_until[min_ttl] = until
        return until

    def spare(self, min_ttl: float | None, clock: Clock) -> float:
        """Return the seconds of life beyond `min_ttl`."""
        return self.token.remaining(now(clock)) - min_ttl_of(min_ttl, self.token.lifetime)

    def decision(self, min_ttl: float | None, clock: Clock) -> Decision:
        """Return the row of the policy table for a `min_ttl` now."""
        ttl = min_ttl_of(min_ttl, self.token.lifetime)
        ahead = refresh_ahead_of(self.windows, self.token.lifetime, ttl)
        windows = Windows(refresh_ahead=ahead, leeway=self.windows.leeway)
        return POLICY[freshness(self.spare(min_ttl, clock), windows)]

    def can_satisfy(self, min_ttl: float | None) -> bool:
        """Whether any token of this lifetime could satisfy a `min_ttl`."""
        lifetime = self.token.lifetime
        return can_satisfy(min_ttl_of(min_ttl, lifetime), lifetime, self.windows)

    def lives_longer_than(self, other: Token, clock: Clock) -> bool:
        """Whether this token outlives another one; False for the same token."""
        if self.token.token_id == other.token_id:
            return False
        at = now(clock)
        return self.token.remaining(at) > other.remaining(at)


class TokenIds(Container[str]):
    """Ids of tokens, such as those that the API has rejected; the oldest are forgotten."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def __contains__(self, token_id: object) -> bool:
        return token_id in self._ids

    def add(self, token_id: str) -> None:
        """Remember a token."""
        self._ids[token_id] = None
        if len(self._ids) > _REMEMBERED:
            del self._ids[next(iter(self._ids))]
