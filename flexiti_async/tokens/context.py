"""The parts that every refresh of one token key shares, and the two ways in which one ends."""

from collections.abc import Awaitable, Callable

from attrs import field, frozen

from flexiti_async.clock import Clock, now
from flexiti_async.errors import (
    ConnectError,
    FlexitiError,
    SessionClosed,
    TokenError,
    TokenUnavailable,
    TransportError,
)
from flexiti_async.events.listeners import Listeners
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.tokens.record import StoredToken, TokenKey
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import RefreshTokens

__all__ = [
    "Failed",
    "Issued",
    "Obtained",
    "Outcome",
    "RefreshContext",
    "RequestToken",
    "TokenOptions",
    "token_error_of",
]


@frozen
class Issued:
    """
    A token pair from the token endpoint.

    Attributes:
        token: The access token.
        refresh_token: Refreshes the access token, once; None if the server sent none.
    """

    token: Token
    refresh_token: Secret | None = field(repr=False)


Outcome = Issued | TokenError | TransportError | SessionClosed
"""
The outcome of a token request.

A TransportError is one that concerns no other session: a callback of a lent client session raised.
"""

RequestToken = Callable[[Scope, Secret | None, str | None], Awaitable[Outcome]]
"""
Makes one token request: by `refresh_token` if one is given, by `client_credentials` otherwise.

The third argument is the reference id of the flow that needs the token, None without one.

A failure is returned, classified, and not raised, because many waiters will raise it.
"""


def token_error_of(outcome: TokenError | TransportError) -> TokenError:
    """Return the error that a failed token request is for its callers."""
    if isinstance(outcome, TokenError):
        return outcome
    error = TokenUnavailable(str(outcome), reference_id=outcome.reference_id, errno=outcome.errno)
    if isinstance(outcome, ConnectError):
        error.reason, error.verify_code = outcome.reason, outcome.verify_code
    return error


@frozen
class TokenOptions:
    """
    The part of the configuration that tokens depend on. Durations are in seconds.

    Attributes:
        fingerprint: Fingerprint of the credentials.
        token_timeout: How long obtaining a token may take.
        refresh_ahead: Overrides the policy's default; None keeps it.
        leeway: Overrides the policy's default; None keeps it.
        degrade: While the store is down, obtain private tokens; otherwise raise.
        refresh_is_harmless: A refresh is known not to revoke the previous access token.
    """

    fingerprint: str
    token_timeout: float
    refresh_ahead: float | None
    leeway: float | None
    degrade: bool
    refresh_is_harmless: bool


@frozen
class RefreshContext:
    """The parts that every refresh of one token key shares."""

    key: TokenKey
    record: RecordStore
    request_token: RequestToken
    refresh_tokens: RefreshTokens
    options: TokenOptions
    clock: Clock
    events: Listeners

    def token_of(self, stored: StoredToken, life: float) -> Token:
        """Build a token from a stored one that has `life` seconds left now."""
        return stored.as_token(self.key.scope, life=life, at=now(self.clock))


@frozen
class Obtained:
    """
    A refresh that ended with a token.

    Attributes:
        token: The token.
        minted: Requested by this refresh, so no token can be younger.
        private: Not in the store, so unknown to other processes.
    """

    token: Token
    minted: bool = False
    private: bool = False


@frozen
class Failed:
    """
    A refresh that ended without a token.

    Attributes:
        error: The error for its waiters.
        back_off: Seconds during which no other refresh should start.
        for_all: Whether it also fails callers that need a token now; False for a refresh in the
            background.
    """

    error: FlexitiError
    back_off: float
    for_all: bool = True
