"""azure-core's bearer token policy, with a token request of ours as its credential."""

import time
from types import TracebackType
from typing import Self

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from benchmarks.harness.target import Target
from benchmarks.peers._token_request import request_token

__all__ = ["Adapter"]


class _Credential:
    """A credential whose tokens come from the target."""

    def __init__(self, session: aiohttp.ClientSession, target: Target) -> None:
        self._session = session
        self._target = target

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:  # noqa: ARG002 - its name
        """Request a new one."""
        grant = await request_token(self._session, self._target)
        return AccessToken(grant.access_token, int(time.time()) + grant.expires_in)

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class Adapter:
    """`AsyncBearerTokenCredentialPolicy.on_request()`."""

    async def open(self, target: Target) -> None:
        """Create the policy."""
        self._credential = _Credential(aiohttp.ClientSession(), target)
        self._policy = AsyncBearerTokenCredentialPolicy[HttpRequest, AsyncHttpResponse](
            self._credential, "bench"
        )
        self._url = target.widget_url

    async def token(self) -> str:
        """Return the token of a request that it signed."""
        # enforce_https: a loopback server has no certificate.
        context = PipelineContext(None, enforce_https=False)
        http_request = HttpRequest("POST", self._url)
        await self._policy.on_request(PipelineRequest(http_request, context))
        return http_request.headers["Authorization"].removeprefix("Bearer ")

    def expire(self) -> None:
        """Set its expiry to long ago."""
        self._end_at(1)

    def age(self) -> None:
        """Set its expiry into the window of five minutes."""
        self._end_at(int(time.time()) + 120)

    async def aclose(self) -> None:
        """Close the credential."""
        await self._credential.close()

    def _end_at(self, moment: int) -> None:
        # No public way.
        token = self._policy._token  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if token is not None:
            fresh = AccessToken(token.token, moment)
            self._policy._token = fresh  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
