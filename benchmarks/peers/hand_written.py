"""The call written by hand with aiohttp, with a fixed token: the baseline of all ratios."""

import uuid
from http import HTTPStatus

import aiohttp

from benchmarks.harness.target import BODY, Target

__all__ = ["Adapter"]

_TOKEN = "fixed-token-of-the-hand-written-client"  # noqa: S105 - it opens nothing


class Adapter:
    """`aiohttp.ClientSession.post(json=…)`."""

    async def open(self, target: Target) -> None:
        """Open a session."""
        self._url = target.widget_url
        self._headers = {"Authorization": f"Bearer {_TOKEN}"}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=target.connections)
        )

    async def token(self) -> str:
        """Return the fixed token."""
        return _TOKEN

    async def init_widget(self) -> str:
        """Post, and read the answer."""
        headers = {**self._headers, "x-reference-id": uuid.uuid4().hex}
        async with self._session.post(self._url, json=BODY, headers=headers) as response:
            if response.status != HTTPStatus.OK:
                response.raise_for_status()
            answer = await response.json()
            url: str = answer["redirection_url"]
            return url

    def expire(self) -> None:
        """Do nothing: the token never expires."""

    def age(self) -> None:
        """Do nothing: the token never expires."""

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()
