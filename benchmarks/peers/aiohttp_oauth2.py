"""aiohttp-oauth2-client's middleware for aiohttp."""

import time
import uuid
from http import HTTPStatus

import aiohttp
from aiohttp_oauth2_client.grant.client_credentials import ClientCredentialsGrant
from aiohttp_oauth2_client.middleware import OAuth2Middleware

from benchmarks.harness.target import BODY, Target

__all__ = ["Adapter"]


class Adapter:
    """`aiohttp.ClientSession(middlewares=(OAuth2Middleware(grant),))`."""

    async def open(self, target: Target) -> None:
        """Open a session."""
        self._url = target.widget_url
        self._grant = ClientCredentialsGrant(
            target.token_url, target.client_id, target.client_secret
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=target.connections),
            middlewares=(OAuth2Middleware(self._grant),),
        )

    async def token(self) -> str:
        """Return the token as the middleware gets it."""
        headers = await self._grant.prepare_headers()
        return headers["Authorization"].removeprefix("Bearer ")

    async def init_widget(self) -> str:
        """Post."""
        headers = {"x-reference-id": uuid.uuid4().hex}
        async with self._session.post(self._url, json=BODY, headers=headers) as response:
            if response.status != HTTPStatus.OK:
                response.raise_for_status()
            answer = await response.json()
            return str(answer["redirection_url"])

    def expire(self) -> None:
        """Set its expiry to long ago."""
        self._end_at(1)

    def age(self) -> None:
        """Set its expiry into the early expiry of 30 s."""
        self._end_at(int(time.time()) + 20)

    async def aclose(self) -> None:
        """Close both sessions."""
        await self._session.close()
        await self._grant.close()

    def _end_at(self, moment: int) -> None:
        if self._grant.token is not None:
            self._grant.token.expires_at = moment
