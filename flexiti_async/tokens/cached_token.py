"""The token in hand: what one process may do with it right now, by the policy table."""

from collections.abc import Container
from typing import Final

from attrs import field, frozen

from flexiti_async.clock import Clock, Instant, now
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.policy import (
    POLICY,
    Decision,
    Windows,
    ahead_for,
    can_satisfy,
    freshness,
    min_ttl_of,
)

__all__ = ["CachedToken", "Rejected"]

_REMEMBERED: Final = 256
_ASKS: Final = 16


@frozen
class CachedToken:
    """
    A token with its marks.

    Attributes:
        token: The token.
        marks: When it is renewed and when it is due.
    """

    token: Token
    marks: Windows
    _fresh_until: dict[float | None, Instant] = field(
        factory=dict["float | None", Instant], init=False, repr=False, eq=False
    )

    def fresh_until(self, min_ttl: float | None) -> Instant:
        """
        Tell until when the token is fresh for an ask; both clocks must agree.

        Nearly every ask of a shop is one of a few, so the table is looked up once for each.
        """
        known = self._fresh_until.get(min_ttl)
        if known is not None:
            return known
        lifetime, counted = self.token.lifetime, self.token.counted_from
        ttl = min_ttl_of(min_ttl, lifetime)
        spare = self.token.life - ttl - ahead_for(self.marks, lifetime, ttl)
        until = Instant(wall=counted.wall + spare, boot=counted.boot + spare)
        if len(self._fresh_until) < _ASKS:
            self._fresh_until[min_ttl] = until
        return until

    def spare(self, min_ttl: float | None, clock: Clock) -> float:
        """Tell the seconds of life beyond what an ask needs."""
        needed = min_ttl_of(min_ttl, self.token.lifetime)
        return self.token.remaining(now(clock)) - needed

    def action(self, min_ttl: float | None, clock: Clock) -> Decision:
        """Find what the policy table says for an ask."""
        ttl = min_ttl_of(min_ttl, self.token.lifetime)
        ahead = ahead_for(self.marks, self.token.lifetime, ttl)
        marks = Windows(refresh_ahead=ahead, leeway=self.marks.leeway)
        return POLICY[freshness(self.spare(min_ttl, clock), marks)]

    def can_satisfy(self, min_ttl: float | None) -> bool:
        """Tell whether any token of this lifetime could satisfy an ask."""
        lifetime = self.token.lifetime
        return can_satisfy(min_ttl_of(min_ttl, lifetime), lifetime, self.marks)

    def lives_longer_than(self, other: Token, clock: Clock) -> bool:
        """Compare with another token; with itself it does not."""
        at = now(clock)
        return self.token.token_id != other.token_id and self.token.remaining(at) > other.remaining(
            at
        )


class Rejected(Container[str]):
    """Names of the tokens that the API has refused; the oldest are forgotten."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Remember one."""
        self._names[name] = None
        if len(self._names) > _REMEMBERED:
            del self._names[next(iter(self._names))]
