"""`TokenEndpoint`: one token request, then merchants/login with its token where configured."""

import asyncio
import random
import secrets
from typing import Final

from flexiti_async.api.merchants import merchants_login
from flexiti_async.clock import Clock, Instant, now
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import (
    ApiError,
    BadHttp,
    ClockError,
    ConnectionLost,
    FlexitiError,
    SessionClosed,
    TokenError,
    TransportError,
)
from flexiti_async.events.listeners import Listeners
from flexiti_async.events.odd_fields import OddFields
from flexiti_async.events.types import ClockSkewed, TokenIssued, TokenRefreshed
from flexiti_async.protocol.echoes import Echoes
from flexiti_async.protocol.oauth import ENDPOINT, Granted, classify, read_grant
from flexiti_async.protocol.request import HttpRequest, RequestBuilder
from flexiti_async.protocol.response import (
    HttpResponse,
    read_answer,
    retry_after,
    seconds_of_http_date,
)
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.tokens.context import Issued, Outcome, token_error_of
from flexiti_async.transport.pool import Transport
from flexiti_async.transport.reference_id import new_reference_id

__all__ = ["TokenEndpoint"]


_PAUSES: Final = (0.25, 0.5)
"""Seconds before the second and the third attempt."""
_GATEWAY: Final = frozenset({502, 503})
_MOST_SKEW: Final = 30.0
"""Seconds by which the clocks may differ before a warning."""


class TokenEndpoint:
    """
    Make token requests (RFC 6749 section 3.2).

    Args:
        config: Client id and secret, merchant credentials.
        builder: Builds the requests.
        transport: Sends them.
        clock: The life of a token counts from just before its request was sent.
        events: Notified of issued tokens, and when the clocks differ.
    """

    def __init__(
        self,
        config: FlexitiConfig,
        builder: RequestBuilder,
        transport: Transport,
        clock: Clock,
        events: Listeners,
    ) -> None:
        self._config = config
        self._builder = builder
        self._transport = transport
        self._clock = clock
        self._events = events
        self._odd_fields = OddFields(events)
        self._skewed = False

    async def request_token(
        self, scope: Scope, refresh_token: Secret | None, reference_id: str | None
    ) -> Outcome:
        """
        Request a token by `refresh_token` if one is given, by `client_credentials` otherwise.

        It carries the reference id of the flow that needs the token, or one of its own.

        A connection that breaks, a 502 or a 503 says nothing of the outcome. A refresh token is
        sent once, so a refresh falls back to `client_credentials`. That may be requested as often
        as need be: up to three times, within the time limit of the caller.

        A failure is returned, classified, and not raised, because many waiters will raise it.
        """
        reference_id = reference_id or new_reference_id()
        sent = now(self._clock)
        granted = await self._grant(scope, refresh_token, reference_id, sent)
        if granted is None:
            return await self.request_token(scope, None, reference_id)
        if not isinstance(granted, Granted):
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
                f"a token with a lifetime of {granted.lifetime:g} s arrived already expired",
                reference_id=reference_id,
            )
        failure = await self._log_in(token, reference_id)
        if failure is not None:
            return failure
        kind = TokenIssued if refresh_token is None else TokenRefreshed
        self._events.notify(
            kind(
                scope=scope,
                token_id=token.token_id,
                lifetime=granted.lifetime,
                seconds=now(self._clock).since(sent),
                reference_id=reference_id,
            )
        )
        return Issued(token, granted.refresh_token)

    async def _grant(
        self, scope: Scope, refresh_token: Secret | None, reference_id: str, sent: Instant
    ) -> Granted | TokenError | TransportError | SessionClosed | None:
        """Make the token request and read its answer; None for a refresh of unknown outcome."""
        request = self._builder.grant(
            self._config.client_secret, scope, reference_id, refresh_token
        )
        answer = await self._send(request, repeat=refresh_token is None)
        if refresh_token is not None and (isinstance(answer, BadHttp) or _may_pass(answer)):
            return None
        if isinstance(answer, FlexitiError):
            return _unavailable(answer)
        self._compare_clocks(answer, sent)
        odd: list[str] = []
        granted = read_grant(
            answer,
            reference_id=reference_id,
            scope=scope,
            refreshing=refresh_token is not None,
            sent=(self._config.client_secret, refresh_token),
            odd=odd,
        )
        self._odd_fields.report(ENDPOINT, reference_id, odd)
        return granted

    async def _send(
        self, request: HttpRequest, *, repeat: bool = True
    ) -> HttpResponse | TransportError | SessionClosed:
        """
        Send a request over a new connection; a fault that may pass is repeated, with back-off.

        The first repeat after a broken connection is sent at once.
        """
        with self._events.around_call():
            return await self._attempts(request, repeat=repeat)

    async def _attempts(
        self, request: HttpRequest, *, repeat: bool
    ) -> HttpResponse | TransportError | SessionClosed:
        answer = await self._transport.attempt(request)
        for pause in _PAUSES if repeat else ():
            if not _may_pass(answer):
                break
            if pause != _PAUSES[0] or not isinstance(answer, ConnectionLost):
                await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311
            answer = await self._transport.attempt(request)
        return answer

    def _compare_clocks(self, answer: HttpResponse, sent: Instant) -> None:
        """
        Report that this machine's clock and the API's differ, once until they agree again.

        Half of the round trip, and the one second of `Date`'s precision, are subtracted.
        """
        date = seconds_of_http_date(answer.headers.get("date", ""))
        if date is None:
            return
        seconds = now(self._clock).since(sent)
        ahead = sent.wall + seconds / 2 - date
        skewed = abs(ahead) - seconds / 2 - 1.0 > _MOST_SKEW
        if skewed and not self._skewed:
            self._events.notify(ClockSkewed(seconds=ahead))
        self._skewed = skewed

    async def _log_in(
        self, token: Token, reference_id: str
    ) -> TokenError | TransportError | SessionClosed | None:
        """Call merchants/login with a new token, if it is configured."""
        login = self._config.login
        if login is None:
            return None
        call = merchants_login(login.username, login.password)
        request = self._builder.call(call, token.access_token, reference_id)
        # Part of the flight: it carries a password, and waits behind no call.
        request.private = True
        answer = await self._send(request)
        if isinstance(answer, FlexitiError):
            return _unavailable(answer)
        odd: list[str] = []
        result = read_answer(call, answer, reference_id, token.access_token, odd)
        self._odd_fields.report(call.endpoint, reference_id, odd)
        if isinstance(result, ApiError):
            sent = Echoes(call, token.access_token)
            return classify(result, refreshing=False, headers=answer.headers, sent=sent)
        return None


def _may_pass(answer: HttpResponse | TransportError | SessionClosed) -> bool:
    """
    Whether an attempt met a fault that may be over at once.

    A connection that broke, also amid the answer, or a gateway without a server behind it that does
    not say when to come back.
    """
    if isinstance(answer, HttpResponse):
        return answer.status in _GATEWAY and retry_after(answer.headers) is None
    return isinstance(answer, ConnectionLost)


def _unavailable(
    error: TransportError | SessionClosed,
) -> TokenError | TransportError | SessionClosed:
    if isinstance(error, SessionClosed) or type(error) is TransportError:
        return error
    return token_error_of(error)
