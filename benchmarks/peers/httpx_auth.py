"""httpx-auth's `OAuth2ClientCredentials`: an `auth=` for httpx."""

import time
import uuid

import httpx
from httpx_auth import OAuth2, OAuth2ClientCredentials

from benchmarks.harness.target import BODY, Target

__all__ = ["Adapter"]


class Adapter:
    """`httpx.AsyncClient(auth=OAuth2ClientCredentials(…))`."""

    async def open(self, target: Target) -> None:
        """Create the client."""
        OAuth2.token_cache.clear()  # it belongs to the process, not to the client
        self._url = target.widget_url
        self._auth = OAuth2ClientCredentials(
            target.token_url, target.client_id, target.client_secret
        )
        self._client = httpx.AsyncClient(auth=self._auth)
        self._request = httpx.Request("POST", self._url)

    async def token(self) -> str:
        """Return the token as the client gets it; its token request is synchronous."""
        signed = await anext(self._auth.async_auth_flow(self._request))
        return signed.headers["Authorization"].removeprefix("Bearer ")

    async def init_widget(self) -> str:
        """Post."""
        response = await self._client.post(
            self._url, json=BODY, headers={"x-reference-id": uuid.uuid4().hex}
        )
        response.raise_for_status()
        return str(response.json()["redirection_url"])

    def expire(self) -> None:
        """Set its expiry to long ago."""
        self._end_at(1.0)

    def age(self) -> None:
        """Set its expiry into the `early_expiry` of 30 s."""
        self._end_at(time.time() + 20)

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()

    @staticmethod
    def _end_at(moment: float) -> None:
        tokens: dict[str, tuple[str, float, str | None]] = OAuth2.token_cache.tokens  # pyright: ignore[reportUnknownMemberType]
        for key, (token, _, refresh_token) in list(tokens.items()):
            tokens[key] = token, moment, refresh_token
