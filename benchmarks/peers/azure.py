"""azure-core's bearer token policy, with a token request of ours as its credential."""

import time

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.rest import HttpRequest

from benchmarks.peers._token_request import request_token
from benchmarks.target import Target

__all__ = ["Adapter"]


class _Credential:
    """A credential whose tokens come from the target."""

    def __init__(self, session: aiohttp.ClientSession, target: Target) -> None:
        self._session = session
        self._target = target

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:  # noqa: ARG002 - its name
        """Get another one."""
        grant = await request_token(self._session, self._target)
        return AccessToken(grant.access_token, int(time.time()) + grant.expires_in)

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def __aenter__(self) -> "_Credential":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Adapter:
    """`AsyncBearerTokenCredentialPolicy.on_request()`."""

    async def open(self, target: Target) -> None:
        """Make the policy."""
        self._credential = _Credential(aiohttp.ClientSession(), target)
        self._policy = AsyncBearerTokenCredentialPolicy[HttpRequest, object](
            self._credential, "bench"
        )
        self._url = target.widget_url

    async def token(self) -> str:
        """Let it sign a request."""
        # enforce_https: a loopback server has no certificate.
        context = PipelineContext(None, enforce_https=False)
        http_request = HttpRequest("POST", self._url)
        await self._policy.on_request(PipelineRequest(http_request, context))
        return http_request.headers["Authorization"].removeprefix("Bearer ")

    def expire(self) -> None:
        """Set its end to long ago."""
        self._end_at(1)

    def age(self) -> None:
        """Set its end into the window of five minutes."""
        self._end_at(int(time.time()) + 120)

    async def aclose(self) -> None:
        """Close the credential."""
        await self._credential.close()

    def _end_at(self, moment: int) -> None:
        token = self._policy._token  # noqa: SLF001 - the only way
        if token is not None:
            self._policy._token = AccessToken(token.token, moment)  # noqa: SLF001
