"""What the refresher works with, and what its flights bring."""

from typing import Protocol

from attrs import field, frozen

from flexiti_async.clock import Clock, now
from flexiti_async.errors import FlexitiError, SessionClosed, TokenError
from flexiti_async.events.types import Listeners
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.tokens.record import StoredToken, TokenKey
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import RefreshTokens

__all__ = ["Failed", "Issued", "Issuer", "Obtained", "RefreshContext", "TokenOptions"]


@frozen
class Issued:
    """
    A token fresh from the token endpoint.

    Attributes:
        token: The access token.
        refresh_token: What may be spent, once, to refresh it.
    """

    token: Token
    refresh_token: Secret | None = field(repr=False)


class Issuer(Protocol):
    """Asks the token endpoint, once per call."""

    async def issue(
        self, scope: Scope, refresh_token: Secret | None = None
    ) -> Issued | TokenError | SessionClosed:
        """Get a token; a failure is returned, classified, because it is for many waiters."""
        ...


@frozen
class TokenOptions:
    """
    The part of the configuration that tokens depend on. Durations are in seconds.

    Attributes:
        fingerprint: Of the credentials.
        token_timeout: How long getting a token may take.
        refresh_ahead: Replaces the default of the policy; None keeps it.
        leeway: Replaces the default of the policy; None keeps it.
        degrade: Without the store, get a token for this process alone; otherwise raise.
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
    """What all flights of one token key share."""

    key: TokenKey
    record: RecordStore
    endpoint: Issuer
    refresh_tokens: RefreshTokens
    options: TokenOptions
    clock: Clock
    events: Listeners

    def take(self, token: StoredToken, life: float) -> Token:
        """Make a token of mine of a stored one that has `life` seconds left now."""
        return token.as_token(self.key.scope, life=life, at=now(self.clock))


@frozen
class Obtained:
    """
    A token that a flight brought.

    Attributes:
        token: The token.
        minted: This flight minted it, so it is as young as a token can be.
        private: It is not in the store: nobody else has it.
    """

    token: Token
    minted: bool = False
    private: bool = False


@frozen
class Failed:
    """
    A flight that brought no token.

    Attributes:
        error: What to tell the callers.
        back_off: Seconds during which no other flight should start.
        for_all: False: only the renewal in the background failed; whoever needs a token now may
            still get one.
    """

    error: FlexitiError
    back_off: float
    for_all: bool = True
