"""What a token is, whose it is, and how much of its life is left."""

import enum
import hashlib
import json

from attrs import Factory, evolve, field, frozen

from flexiti_async.sansio.secret import Secret

__all__ = ["Instant", "Scope", "Token", "TokenKey"]


class Scope(enum.StrEnum):
    """What a token may be used for (spec section 2.3)."""

    CUSTOMER = "customer"
    """Customer-facing calls. Only such a token ever reaches a browser."""
    MERCHANT = "merchant"
    """Everything, the back office included."""


@frozen
class Instant:
    """
    One moment, read from two clocks.

    Attributes:
        wall: Seconds since the epoch. It jumps when somebody sets the clock.
        boot: Seconds since boot, time spent suspended included. It never jumps backwards.
    """

    wall: float
    boot: float

    def since(self, earlier: "Instant") -> float:
        """
        Tell the seconds that have passed since `earlier`, at least 0.

        The clock that says *more* is believed. Life of a token is a thing to lose: a suspended
        machine, or a wall clock set back, must not stretch it (design section 3, Freshness).
        """
        return max(self.wall - earlier.wall, self.boot - earlier.boot, 0.0)


@frozen
class TokenKey:
    """
    Whose tokens: an API base URL, a client id and a scope.

    Attributes:
        base_url: API base URL without a trailing slash.
        client_id: The client id that the tokens are issued to.
        scope: The scope of the tokens.
        store_key: Key of the record in a token store: a hash, because not every store allows
            every character, and because a client id need not be shown in a store's key list.
    """

    base_url: str
    client_id: str
    scope: Scope
    store_key: str = field(
        init=False,
        default=Factory(
            lambda key: store_key("token", key.base_url, key.client_id, key.scope.value),
            takes_self=True,
        ),
    )


def store_key(kind: str, *parts: str) -> str:
    """Make the store key of a record of some kind: `flexiti-KIND-` and 40 hex digits."""
    text = json.dumps([kind, *parts]).encode()
    return f"flexiti-{kind}-{hashlib.sha256(text).hexdigest()[:40]}"


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
        promised: Handed out for a while (`min_ttl`), so it is never refreshed: a refresh may
            revoke it while it stands in a customer's browser (design section 3).
    """

    token_id: str
    access_token: Secret
    scope: Scope
    lifetime: float
    life: float
    counted_from: Instant
    promised: bool = False

    def remaining(self, now: Instant) -> float:
        """Tell the seconds of life left; negative when it is over."""
        return self.life - now.since(self.counted_from)

    def age(self, now: Instant) -> float:
        """Tell the seconds since the token was granted."""
        return self.lifetime - self.remaining(now)

    def as_promised(self) -> "Token":
        """Give the same token, marked as promised."""
        return evolve(self, promised=True)
