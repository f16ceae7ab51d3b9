"""The call by hand with aiohttp, by somebody who knows where its time goes, with a fixed token."""

import uuid
from http import HTTPStatus

import aiohttp
import msgspec
from yarl import URL

from benchmarks.harness.target import BODY, Target

__all__ = ["Adapter"]

_TOKEN = "fixed-token-of-the-hand-written-client"  # noqa: S105 - it opens nothing
_NO_LIMITS = aiohttp.ClientTimeout(total=None)


class _Answer(msgspec.Struct):
    redirection_url: str


class Adapter:
    """A parsed URL, ready bytes, no cookies, no timer, and JSON by msgspec."""

    async def open(self, target: Target) -> None:
        """Open a session."""
        self._url = URL(target.widget_url)
        self._headers = {
            "Authorization": f"Bearer {_TOKEN}",
            "Content-Type": "application/json",
        }
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(_Answer).decode
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=target.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_LIMITS,
        )

    async def token(self) -> str:
        """Return the fixed token."""
        return _TOKEN

    async def init_widget(self) -> str:
        """Post, and read the answer."""
        async with self._session.post(
            self._url,
            data=self._encode(BODY),
            headers={**self._headers, "x-reference-id": uuid.uuid4().hex},
        ) as response:
            if response.status != HTTPStatus.OK:
                response.raise_for_status()
            return self._decode(await response.read()).redirection_url

    def expire(self) -> None:
        """Do nothing: the token never expires."""

    def age(self) -> None:
        """Do nothing: the token never expires."""

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()
