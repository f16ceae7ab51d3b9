"""gcloud-aio-auth's `BaseToken`, with a token request of ours in it."""

import aiohttp
from gcloud.aio.auth.token import BaseToken, TokenResponse

from benchmarks.harness.target import Target
from benchmarks.peers._token_request import request_token

__all__ = ["Adapter"]


class _Token(BaseToken):
    """A token from the target."""

    def __init__(self, session: aiohttp.ClientSession, target: Target) -> None:
        super().__init__(session=session)  # type: ignore[arg-type]  # requests' types, on paper
        self._http = session
        self._target = target

    async def refresh(self, *, timeout: int) -> TokenResponse:  # noqa: ARG002, ASYNC109 - its name
        """Request a new one."""
        grant = await request_token(self._http, self._target)
        return TokenResponse(value=grant.access_token, expires_in=grant.expires_in)


class Adapter:
    """`BaseToken.get()`."""

    async def open(self, target: Target) -> None:
        """Create the token."""
        self._session = aiohttp.ClientSession()
        self._token = _Token(self._session, target)

    async def token(self) -> str:
        """Return the token."""
        return str(await self._token.get())

    def expire(self) -> None:
        """Set its expiry to long ago."""
        self._token.access_token_refresh_after = 1

    def age(self) -> None:
        """Set the middle of its life to long ago."""
        self._token.access_token_preempt_after = 1

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()
