"""Sends an answer as a fault wants it: cut off, dripping, endless, or not at all."""

import asyncio
import socket
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from flexiti_async.sandbox.faults.kinds import (
    Drip,
    Drop,
    Endless,
    Fault,
    GzipBomb,
    Hang,
    Malformed,
    Reset,
    Truncate,
)
from flexiti_async.sandbox.faults.replies import Reply
from flexiti_async.sandbox.wire.request import JSON_TYPE

__all__ = ["response_of"]

# A C struct of two numbers: ints, but on Windows shorts.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_CHUNK = 2**16
_MEBI = 2**20
_POLL = 0.05  # seconds: aiohttp does not notify a handler whose client has disconnected


def response_of(reply: Reply | None, fault: Fault | None) -> web.StreamResponse:
    """
    Build the response that aiohttp sends, as the fault wants it.

    A fault acts on the connection while aiohttp sends the response: only then does aiohttp treat a
    `ConnectionError` as a disconnected client, close the connection, and log nothing.

    Args:
        reply: The result of `reply_of`.
        fault: The fault that the request meets, if any.
    """
    end = _END.get(type(fault))
    if isinstance(fault, Malformed) and fault.shape == "no-http":
        end = _send_garbage
    if reply is None or end is not None:
        return _Broken(end or _drop)
    match fault:
        case Truncate():
            return _Streamed(reply, _cut(reply.body, fault.keep), len(reply.body))
        case Drip():
            return _Streamed(reply, _dripping(reply.body, fault.seconds), len(reply.body))
        case Endless():
            return _Streamed(reply, _blanks_for_ever())
        case GzipBomb():
            return _Streamed(reply, _bomb(fault.size))
        case _:
            response = web.Response(status=reply.status, body=reply.body, content_type=JSON_TYPE)
            response.headers.update(reply.headers)
            return response


class _Broken(web.StreamResponse):
    """A response that is never sent as HTTP; the connection ends instead."""

    def __init__(self, act: Callable[[asyncio.Transport], Awaitable[None]]) -> None:
        super().__init__()
        self._act = act

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Act on the connection, which aiohttp then closes."""
        transport = request.transport
        if transport is not None:
            await self._act(transport)
        raise ConnectionResetError


class _Streamed(web.StreamResponse):
    """A response whose body is sent in parts: in chunks, unless it declares a length."""

    def __init__(
        self, reply: Reply, parts: AsyncIterator[bytes], length: int | None = None
    ) -> None:
        super().__init__(status=reply.status)
        self.content_type = JSON_TYPE
        self.headers.update(reply.headers)
        if length is None:
            self.enable_chunked_encoding()
        else:
            self.content_length = length
        self._parts = parts

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the parts, then the end of the body if they do not raise."""
        async for part in self._parts:
            await self.write(part)
        await super().write_eof(data)


async def _drop(_: asyncio.Transport) -> None:
    """Do nothing: aiohttp closes the connection properly."""


async def _reset(transport: asyncio.Transport) -> None:
    """Close without lingering: the system sends RST instead of FIN."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


async def _hang(transport: asyncio.Transport) -> None:
    while not transport.is_closing():  # noqa: ASYNC110 - aiohttp sets no event for us
        await asyncio.sleep(_POLL)


async def _send_garbage(transport: asyncio.Transport) -> None:
    transport.write(b"This is not even HTTP.\r\n\r\n")


async def _cut(body: bytes, keep: int) -> AsyncIterator[bytes]:
    yield body[: min(keep, len(body) - 1)]
    raise ConnectionResetError


async def _dripping(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    for at in range(len(body)):
        await asyncio.sleep(seconds)
        yield body[at : at + 1]


async def _blanks_for_ever() -> AsyncIterator[bytes]:
    chunk = b" " * _CHUNK
    while True:
        yield chunk
        await asyncio.sleep(0)  # a fast reader must not block the loop


async def _bomb(size: int) -> AsyncIterator[bytes]:
    """
    Yield a gzip stream (RFC 1952) without compressing all of it.

    A full flush resets the compressor, so one compressed MiB of blanks can be sent any number of
    times; only the checksum has to be computed for all of them.
    """
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    blanks = b" " * _MEBI
    yield b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + compressor.compress(b"{}")
    yield compressor.flush(zlib.Z_FULL_FLUSH)
    packed = compressor.compress(blanks) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum, unpacked = zlib.crc32(b"{}"), 2
    while unpacked < size:
        yield packed
        checksum, unpacked = zlib.crc32(blanks, checksum), unpacked + _MEBI
        await asyncio.sleep(0)
    yield compressor.flush(zlib.Z_FINISH)
    yield struct.pack("<II", checksum, unpacked)


_END: Mapping[type[Fault | None], Callable[[asyncio.Transport], Awaitable[None]]] = {
    Drop: _drop,
    Reset: _reset,
    Hang: _hang,
}
"""Faults that end the connection without an answer."""
