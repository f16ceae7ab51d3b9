"""`TokenIssuer`: one token request, and merchants/login with the token it got if configured."""

import logging
import secrets
import uuid

from flexiti_async.api.merchants import merchants_login
from flexiti_async.builder import RequestBuilder
from flexiti_async.clock import Clock, now
from flexiti_async.config import FlexitiConfig
from flexiti_async.errors import (
    ApiError,
    ClockError,
    FlexitiError,
    SessionClosed,
    TokenError,
    TokenUnavailable,
)
from flexiti_async.sansio.grant import classify, read_grant
from flexiti_async.sansio.response import read_answer
from flexiti_async.sansio.secret import Secret
from flexiti_async.sansio.token import Scope, Token
from flexiti_async.token_source import Issued
from flexiti_async.transport import Transport

__all__ = ["TokenIssuer"]

_log = logging.getLogger("flexiti_async.token")


def new_reference_id() -> str:
    """Draw an `x-reference-id`: a GUID as 32 hex digits, the API's ASCII(32) (spec section 8)."""
    return uuid.uuid4().hex


class TokenIssuer:
    """
    Ask the token endpoint, once per call of `issue`.

    Args:
        config: Client id and secret, merchant credentials.
        builder: Makes the requests.
        transport: Sends them.
        clock: Dates the token: its life counts from just before the request was sent.
    """

    def __init__(
        self, config: FlexitiConfig, builder: RequestBuilder, transport: Transport, clock: Clock
    ) -> None:
        self._config = config
        self._builder = builder
        self._transport = transport
        self._clock = clock

    async def issue(
        self, scope: Scope, refresh_token: Secret | None = None
    ) -> Issued | TokenError | SessionClosed:
        """
        Get a token by `client_credentials`, or by `refresh_token` if one is given.

        Returns the failure, classified, instead of raising it: it is for many waiters.
        """
        reference_id = new_reference_id()
        request = self._builder.grant(
            self._config.client_secret, scope, reference_id, refresh_token
        )
        sent = now(self._clock)
        answer = await self._transport.attempt(request)
        if isinstance(answer, FlexitiError):
            return _unavailable(answer, reference_id)
        granted = read_grant(
            answer, reference_id=reference_id, scope=scope, refreshing=refresh_token is not None
        )
        if isinstance(granted, TokenError):
            return granted
        token = Token(
            token_id=secrets.token_hex(16),
            access_token=granted.access_token,
            scope=scope,
            lifetime=granted.lifetime,
            life=granted.lifetime,
            counted_from=sent,
        )
        if token.remaining(now(self._clock)) <= 0:
            return ClockError(
                f"a token of {granted.lifetime:g} s arrived when it was over",
                reference_id=reference_id,
            )
        failure = await self._log_in(token, reference_id)
        if failure is not None:
            return failure
        _log.info(
            "token %s issued: scope %s, grant %s, %g s, reference id %s",
            token.token_id[:8],
            scope.value,
            "client_credentials" if refresh_token is None else "refresh_token",
            granted.lifetime,
            reference_id,
        )
        return Issued(token, granted.refresh_token)

    async def _log_in(self, token: Token, reference_id: str) -> TokenError | SessionClosed | None:
        """Log a new token in, where the configuration has merchant credentials."""
        if self._config.merchant_username is None:
            return None
        call = merchants_login(self._config.merchant_username, self._config.merchant_password)
        request = self._builder.call(call, token.access_token, reference_id)
        answer = await self._transport.attempt(request)
        if isinstance(answer, FlexitiError):
            return _unavailable(answer, reference_id)
        result = read_answer(call, answer, reference_id)
        return classify(result, refreshing=False) if isinstance(result, ApiError) else None


def _unavailable(error: FlexitiError, reference_id: str) -> TokenError | SessionClosed:
    if isinstance(error, SessionClosed):
        return error
    return TokenUnavailable(str(error), reference_id=reference_id)
