"""Access tokens: their scope, and the seconds until they expire."""

import enum
from typing import Literal

from attrs import evolve, frozen

from flexiti_async.clock import Instant
from flexiti_async.protocol.secret import Secret

__all__ = ["Scope", "ScopeWord", "Token"]


class Scope(enum.StrEnum):
    """The calls that a token may be used for (spec section 2.3)."""

    CUSTOMER = "customer"
    """Customer-facing calls. Only tokens of this scope ever reach a browser."""
    MERCHANT = "merchant"
    """All calls, the back office included."""


ScopeWord = Literal["customer", "merchant"]
"""A `Scope` as text."""


@frozen
class Token:
    """
    An access token and its lifetime.

    Attributes:
        token_id: Random id of this token within the library, unknown to the API. A 401 rejects the
            token under it, and other processes recognise the token by it.
        access_token: The bearer token itself.
        scope: The calls that it may be used for.
        lifetime: Seconds that it was granted for (`expires_in`), L in the design.
        life: Seconds that were left at `counted_from`.
        counted_from: When `life` was measured: just before the token request was sent, or when
            the token was loaded from the store.
        pinned: Handed out with a minimum TTL (`min_ttl`), so it is never refreshed: a refresh may
            revoke it while a customer's browser still uses it.
    """

    token_id: str
    access_token: Secret
    scope: Scope
    lifetime: float
    life: float
    counted_from: Instant
    pinned: bool = False

    def remaining(self, now: Instant) -> float:
        """Return the seconds until it expires, negative after that."""
        return self.life - now.since(self.counted_from)

    def age(self, now: Instant) -> float:
        """Return the seconds since the token was granted."""
        return self.lifetime - self.remaining(now)

    def as_pinned(self) -> "Token":
        """Return the same token, marked as pinned."""
        return evolve(self, pinned=True)
