"""What a token is, whose it is, and how much of its life is left."""

import enum

from attrs import evolve, frozen

from flexiti_async.clock import Instant
from flexiti_async.protocol.secret import Secret

__all__ = ["Scope", "Token"]


class Scope(enum.StrEnum):
    """What a token may be used for (spec section 2.3)."""

    CUSTOMER = "customer"
    """Customer-facing calls. Only such a token ever reaches a browser."""
    MERCHANT = "merchant"
    """Everything, the back office included."""


@frozen
class Token:
    """
    An access token and how long it lives.

    Attributes:
        token_id: Random name of this token, ours; the API knows nothing of it. It is what a 401
            rejects and what other processes recognise the token by.
        access_token: The bearer token itself.
        scope: What it may be used for.
        lifetime: Seconds that it was granted for (`expires_in`), L in the design.
        life: Seconds that were left at `counted_from`.
        counted_from: When `life` was counted: just before the token request was sent, or when the
            token was loaded from the store.
        pinned: Handed out for a while (`min_ttl`), so it is never refreshed: a refresh may
            revoke it while it stands in a customer's browser (design section 3).
    """

    token_id: str
    access_token: Secret
    scope: Scope
    lifetime: float
    life: float
    counted_from: Instant
    pinned: bool = False

    def remaining(self, now: Instant) -> float:
        """Tell the seconds of life left; negative when it is over."""
        return self.life - now.since(self.counted_from)

    def age(self, now: Instant) -> float:
        """Tell the seconds since the token was granted."""
        return self.lifetime - self.remaining(now)

    def as_pinned(self) -> "Token":
        """Give the same token, marked as pinned."""
        return evolve(self, pinned=True)
