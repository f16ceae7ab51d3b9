"""authlib's `AsyncOAuth2Client` on httpx2, which it prefers."""

import time
import uuid

from authlib.integrations.httpx_client import AsyncOAuth2Client

from benchmarks.harness.target import BODY, Target

__all__ = ["Adapter"]


class Adapter:
    """authlib with the client that it found when it was imported, with its own pool."""

    async def open(self, target: Target) -> None:
        """Create the client."""
        self._url = target.widget_url
        self._client = AsyncOAuth2Client(
            target.client_id,
            target.client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            token_endpoint=target.token_url,
            grant_type="client_credentials",
            # With an expired one it requests the first token too under its lock.
            token={"access_token": "", "token_type": "bearer", "expires_at": 1},
        )

    async def token(self) -> str:
        """Return the token as its `request()` gets it."""
        await self._client.ensure_active_token(self._client.token)
        return str(self._client.token["access_token"])

    async def init_widget(self) -> str:
        """Post."""
        response = await self._client.post(
            self._url, json=BODY, headers={"x-reference-id": uuid.uuid4().hex}
        )
        response.raise_for_status()
        return str(response.json()["redirection_url"])

    def expire(self) -> None:
        """Set its expiry to long ago."""
        self._client.token["expires_at"] = 1

    def age(self) -> None:
        """Set its expiry into the leeway of 60 s."""
        self._client.token["expires_at"] = int(time.time()) + 45

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()
