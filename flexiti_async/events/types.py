"""
What happens in a session, told as typed values to whoever listens.

A listener is a callable of one argument. It is called at once, in the event loop in which the
event happened, and must not block it. One that raises is reported and harms nothing: telemetry
never breaks a checkout. Listeners hold no secret and no personal data; `token_id` is the library's
own name of a token, drawn at random.

```
TokenEvent                (scope)
├── RefreshStarted         a token is being got, and why
├── TokenIssued           the token endpoint gave one for the credentials
├── TokenRefreshed        the token endpoint gave one for a refresh token
├── TokenAdopted          one was found in the store: another process had got it
├── TokenWaited           a caller had to wait for one
├── TokenFailed           the token endpoint gave none
├── AccessTokenRejected          the API refused one (401)
├── ReusePrevented          one was found that must not be used again, or not be refreshed
├── StoreDegraded         the store is down: tokens are not shared
└── StoreRejoined         the store is back
ClockSkewed               this machine's clock and the API's differ
CallRetried               a call is made again
CallFinished              a call has ended
```

What several sessions of one process share, a token request above all, is told to the listeners of
the session that began it.
"""

import enum

from attrs import frozen

from flexiti_async.errors import FlexitiError, StoreError, TokenError
from flexiti_async.events.listeners import Event, Listener, Listeners
from flexiti_async.protocol.token import Scope

__all__ = [
    "AccessTokenRejected",
    "CallFinished",
    "CallRetried",
    "Cause",
    "ClockSkewed",
    "Event",
    "Listener",
    "Listeners",
    "RefreshStarted",
    "ReusePrevented",
    "StoreDegraded",
    "StoreRejoined",
    "TokenAdopted",
    "TokenEvent",
    "TokenFailed",
    "TokenIssued",
    "TokenRefreshed",
    "TokenWaited",
]


class Cause(enum.StrEnum):
    """Why a token is being got."""

    NO_TOKEN = "no_token"  # noqa: S105 - a reason, not a password
    """There is none yet, or the last one is over."""
    DUE = "due"
    """The one in hand does not live long enough for a caller."""
    STALE = "stale"
    """The one in hand is in its renewing window; nobody waits."""
    REJECTED = "rejected"
    """The API refused the last one."""
    PIN = "pin"
    """The one in hand is about to be handed out for a while, and has to be marked for it."""
    DEDICATED = "dedicated"
    """A checkout wants one of its own."""


@frozen(kw_only=True)
class TokenEvent(Event):
    """
    Something about the tokens of one scope.

    Attributes:
        scope: Of the token.
    """

    scope: Scope


@frozen(kw_only=True)
class RefreshStarted(TokenEvent):
    """
    A token is being got: from the store, from another process, or from the token endpoint.

    Attributes:
        cause: Why.
    """

    cause: Cause


@frozen(kw_only=True)
class TokenIssued(TokenEvent):
    """
    The token endpoint issued a token by `client_credentials`.

    Attributes:
        token_id: Name of the new token.
        lifetime: Seconds that it lives.
        seconds: How long getting it took, merchants/login included.
        reference_id: The `x-reference-id` of the request.
    """

    token_id: str
    lifetime: float
    seconds: float
    reference_id: str


@frozen(kw_only=True)
class TokenRefreshed(TokenIssued):
    """The token endpoint issued a token by `refresh_token`."""


@frozen(kw_only=True)
class TokenAdopted(TokenEvent):
    """
    A token was taken from the store, without a token request.

    Attributes:
        token_id: Its name.
        remaining: Seconds that it has left.
    """

    token_id: str
    remaining: float


@frozen(kw_only=True)
class TokenWaited(TokenEvent):
    """
    A caller had to wait for a token.

    Attributes:
        seconds: For how long.
        served: Whether it got one.
        waiters: How many callers of this process waited when this one began to, itself included.
    """

    seconds: float
    served: bool
    waiters: int


@frozen(kw_only=True)
class TokenFailed(TokenEvent):
    """
    The token endpoint gave no token.

    Attributes:
        error: The classified failure; it is not raised by this event.
        back_off: Seconds during which nobody tries again.
        seconds: How long the request took, a second one by another grant included.
    """

    error: TokenError
    back_off: float
    seconds: float


@frozen(kw_only=True)
class AccessTokenRejected(TokenEvent):
    """
    The API refused a token with a 401.

    Attributes:
        token_id: Its name.
        age: Seconds since it was requested.
    """

    token_id: str
    age: float


@frozen(kw_only=True)
class ReusePrevented(TokenEvent):
    """
    A token was left alone that must not be used, or not be refreshed, again.

    Attributes:
        token_id: Its name.
        reason: `refused`: the store still offers a token that the API has refused. `pinned`: it
            stands in customers' browsers, so it is not refreshed. `refresh_token`: the API took
            its refresh token for none of its own, or for a spent one.
    """

    token_id: str
    reason: str


@frozen(kw_only=True)
class StoreDegraded(TokenEvent):
    """
    The store is down; tokens are got for this process alone until it is back.

    Attributes:
        error: What the store said.
    """

    error: StoreError


@frozen(kw_only=True)
class StoreRejoined(TokenEvent):
    """
    The store is back, tokens are shared again.

    Attributes:
        seconds: How long it was away.
        private_tokens: How many tokens were got for this process alone meanwhile.
    """

    seconds: float
    private_tokens: int


@frozen(kw_only=True)
class ClockSkewed(Event):
    """
    This machine's clock and the token endpoint's `Date` differ by more than 30 s.

    Tokens do not depend on it (lives are counted, not compared); certificates, logs and the hosts
    of a store may.

    Attributes:
        seconds: By how much this machine is ahead; negative if it is behind.
    """

    seconds: float


@frozen(kw_only=True)
class CallRetried(Event):
    """
    A call failed and is made again.

    Attributes:
        endpoint: Its name in the API's words.
        reference_id: The `x-reference-id` of all attempts.
        attempt: How many attempts were made.
        seconds: Until the next one.
        error: Why the last one failed.
    """

    endpoint: str
    reference_id: str
    attempt: int
    seconds: float
    error: FlexitiError


@frozen(kw_only=True)
class CallFinished(Event):
    """
    A call has ended, well or not.

    Attributes:
        endpoint: Its name in the API's words.
        reference_id: Its `x-reference-id`.
        scope: Of the token that it carried.
        seconds: How long it took, all attempts and waits between them included.
        attempts: How many attempts were made.
        token_age: Age of the token at the end of the call, seconds.
        token_remaining: What the token had left then, seconds.
        outcome: `done`, `cancelled`, or the name of the error's class.
        status: HTTP status of an error that the API answered.
    """

    endpoint: str
    reference_id: str
    scope: Scope
    seconds: float
    attempts: int
    token_age: float
    token_remaining: float
    outcome: str
    status: int | None
