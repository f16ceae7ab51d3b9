"""The token in hand: what one process may do with it right now, by the policy table."""

from collections.abc import Container
from typing import Final

from attrs import frozen

from flexiti_async.clock import Clock, now
from flexiti_async.sansio.policy import (
    POLICY,
    Action,
    Windows,
    ahead_for,
    can_satisfy,
    freshness,
    min_ttl_of,
)
from flexiti_async.sansio.token import Token

__all__ = ["InHand", "Rejected"]

_REMEMBERED: Final = 256


@frozen
class InHand:
    """
    A token with its marks.

    Attributes:
        token: The token.
        marks: When it is renewed and when it is due.
        fresh_wall: Until when it is fresh for a plain call, by the wall clock.
        fresh_boot: The same by the boot clock; both must agree.
    """

    token: Token
    marks: Windows
    fresh_wall: float
    fresh_boot: float

    @classmethod
    def of(cls, token: Token, marks: Windows) -> "InHand":
        """Take a token in hand."""
        spare = token.life - ahead_for(marks, token.lifetime, 0.0)
        counted = token.counted_from
        return cls(token, marks, counted.wall + spare, counted.boot + spare)

    def spare(self, min_ttl: float | None, clock: Clock) -> float:
        """Tell the seconds of life beyond what an ask needs."""
        needed = min_ttl_of(min_ttl, self.token.lifetime)
        return self.token.remaining(now(clock)) - needed

    def action(self, min_ttl: float | None, clock: Clock) -> Action:
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
