"""Sends the requests of a verification one by one, and records them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from attrs import define, evolve, field, frozen

from flexiti_async import FlexitiConfig, Scope
from flexiti_async.api.endpoints import OAUTH_TOKEN
from flexiti_async.cli.verify.exchange import Exchange, exchange_of
from flexiti_async.config.options import ClientAuth
from flexiti_async.errors import ApiError, FlexitiError
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.echoes import Echoes
from flexiti_async.protocol.oauth import Granted, read_grant
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.secret import Secret
from flexiti_async.transport.pool import Transport
from flexiti_async.transport.reference_id import new_reference_id

__all__ = ["OTHER_VERSION", "Grant", "Prober"]

T = TypeVar("T")

OTHER_VERSION: Final[Mapping[str, str]] = {"v2.5": "v2.5.1", "v2.5.1": "v2.5"}
"""The version at which a call is made that was answered 404: a 404 did not run."""
_NOT_FOUND: Final = 404
_USED_UP: Final = 0.5
"""Share of its life after which a token is not used for another step."""


@frozen
class Grant:
    """
    A token, and when it was requested.

    Attributes:
        granted: The token.
        at: By the event loop's clock.
    """

    granted: Granted
    at: float

    def left(self) -> float:
        """Return the seconds until it expires."""
        return self.at + self.granted.lifetime - asyncio.get_running_loop().time()


@define
class Prober:
    """
    Sends requests and records them. Nothing is repeated, and no token is shared or refreshed.

    Attributes:
        config: The configuration.
        transport: Sends the requests.
        progress: Called with the name of each step.
        exchanges: The requests with their answers, by step.
    """

    config: FlexitiConfig
    transport: Transport
    progress: Callable[[str], None]
    exchanges: dict[str, Exchange] = field(factory=dict[str, Exchange])
    reference_id: str = field(factory=new_reference_id)
    _tokens: dict[Scope, Grant] = field(factory=dict[Scope, Grant], repr=False)

    def builder(self, *, basic: bool | None = None) -> RequestBuilder:
        """Return a builder of requests, by default with the configured client authentication."""
        if basic is None:
            basic = self.config.client_auth is ClientAuth.BASIC
        return RequestBuilder(
            self.config.api_url,
            self.config.client_id,
            versions=self.config.api_versions,
            basic_auth=basic,
        )

    async def grant(
        self,
        step: str,
        scope: Scope,
        refresh_token: Secret | None = None,
        *,
        basic: bool | None = None,
        reference_id: str | None = None,
        omit: str = "",
    ) -> Grant | None:
        """
        Request a token; None if it was refused.

        Args:
            step: Name of the step.
            scope: The scope.
            refresh_token: The refresh token to spend.
            basic: Whether client id and secret are sent as HTTP Basic.
            reference_id: The `x-reference-id`, if another than the run's.
            omit: A parameter of the form to leave out.
        """
        reference_id = reference_id or self.reference_id
        request = self.builder(basic=basic).grant(
            self.config.client_secret, scope, reference_id, refresh_token
        )
        if omit:
            form = [pair for pair in parse_qsl((request.body or b"").decode()) if pair[0] != omit]
            request = evolve(request, body=urlencode(form).encode())
        at = asyncio.get_running_loop().time()
        self.progress(step)
        answer = await self.transport.attempt(request)
        result: Granted | FlexitiError = (
            read_grant(
                answer,
                reference_id=reference_id,
                scope=scope,
                refreshing=refresh_token is not None,
                sent=(self.config.client_secret, refresh_token),
            )
            if isinstance(answer, HttpResponse)
            else answer
        )
        version = self.config.api_versions.get(OAUTH_TOKEN, "v2.5")
        sent = Echoes(None, self.config.client_secret, refresh_token)
        path = f"{version}/{OAUTH_TOKEN}"
        self.exchanges[step] = exchange_of(
            step, request, path, answer=answer, result=result, sent=sent
        )
        return Grant(result, at) if isinstance(result, Granted) else None

    async def token(self, scope: Scope) -> Secret | None:
        """Return the run's token of a scope, or a new one if it is used up; None if refused."""
        known = self._tokens.get(scope)
        if known is None or known.left() < known.granted.lifetime * _USED_UP:
            known = await self.grant(f"token ({scope.value})", scope)
            if known is None:
                return None
            self._tokens[scope] = known
        return known.granted.access_token

    async def call(
        self,
        step: str,
        call: BaseCall[T],
        token: Secret | None = None,
        *,
        authorization: str | None = None,
        other_version: bool = True,
    ) -> T | None:
        """
        Make a call and return its result, or None.

        Args:
            step: Name of the step.
            call: The call.
            token: Its token; by default the run's of its scope.
            authorization: Sent in place of the bearer token; an empty one is not sent.
            other_version: Make it again at the other version if it is answered 404.
        """
        token = token or await self.token(call.scope)
        if token is None:
            return None
        request = self.builder().call(call, token, self.reference_id)
        if authorization is not None:
            headers = {k: v for k, v in request.headers.items() if k != "authorization"}
            more = {"authorization": authorization} if authorization else {}
            request = evolve(request, headers={**headers, **more})
        self.progress(step)
        answer = await self.transport.attempt(request, once=True)
        result: T | FlexitiError = (
            read_answer(call, answer, self.reference_id, token)
            if isinstance(answer, HttpResponse)
            else answer
        )
        version = self._version(call)
        path = f"{version}/{call.path}"
        sent = Echoes(call, token)
        self.exchanges[step] = exchange_of(
            step, request, path, answer=answer, result=result, sent=sent
        )
        if not isinstance(result, FlexitiError):
            return result
        other = OTHER_VERSION.get(version)
        missing = isinstance(result, ApiError) and result.status == _NOT_FOUND
        if missing and other_version and other is not None:
            return await self.call(
                f"{step} at {other}", call.at_version(other), token, other_version=False
            )
        return None

    def _version(self, call: BaseCall[object]) -> str:
        if call.fixed_version:
            return call.version
        return self.config.api_versions.get(call.endpoint, call.version)
