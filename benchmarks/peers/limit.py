"""The limit: ready bytes on a bare asyncio protocol; no HTTP library, no check, no token."""

import asyncio
import json
from collections import deque
from typing import cast
from urllib.parse import urlsplit

from benchmarks.harness.target import BODY, Target

__all__ = ["Adapter"]

_END = b"\r\n\r\n"


class _Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[bytes] | None = None
        self._size = 0
        self._got: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is of no class of asyncio

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request, and return the future of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        data = self._got + data
        if not self._size:
            # All answers of this server are equally long.
            head = data.find(_END)
            length = data.lower().find(b"content-length:")
            if head < 0 or length < 0:
                self._got = data
                return
            self._size = head + len(_END) + int(data[length + 15 : data.find(b"\r", length)])
        if len(data) < self._size:
            self._got = data
            return
        self._got = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(data)


class Adapter:
    """A pool of bare connections."""

    async def open(self, target: Target) -> None:
        """Encode the request."""
        parts = urlsplit(target.widget_url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        body = json.dumps(BODY).encode()
        self._request = (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            "authorization: Bearer fixed\r\nx-reference-id: 0123456789abcdef0123456789abcdef\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body
        self._free: deque[_Wire] = deque()

    async def token(self) -> str:
        """Return the token in the bytes."""
        return "fixed"

    async def init_widget(self) -> str:
        """Send the bytes, and return the URL in the answer."""
        wire = self._free.pop() if self._free else await self._connect()
        answer = await wire.ask(self._request)
        self._free.append(wire)
        begin = answer.index(b'"redirection_url":"') + 19
        return answer[begin : answer.index(b'"', begin)].decode("ascii")

    def expire(self) -> None:
        """Do nothing."""

    def age(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Close the connections."""
        for wire in self._free:
            wire.transport.close()

    async def _connect(self) -> _Wire:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(_Wire, self._host, self._port)
        return wire
