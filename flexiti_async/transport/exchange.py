"""
One request and its whole answer over aiohttp, or a `TransportError` that says what went wrong.

No exception of aiohttp leaves this module, not even chained: some of them hold the request's
headers, and their tracebacks hold frames whose locals do.
"""

from typing import Final

import aiohttp

from flexiti_async.errors import (
    BadHttp,
    ConnectError,
    ConnectionLost,
    RequestTimeout,
    TransportError,
)
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse

__all__ = ["exchange", "failure"]

_MOST_BYTES: Final = 4 * 1024 * 1024
"""Size of the largest body that is read, after decompression."""


async def exchange(
    session: aiohttp.ClientSession, request: HttpRequest, limits: aiohttp.ClientTimeout
) -> HttpResponse | TransportError:
    """
    Send a request and read the whole answer; errors are returned.

    Args:
        session: The client session.
        request: The request. Redirects are not followed, so its bearer token goes nowhere else.
        limits: Its time limits.
    """
    try:
        # A token request never passes the shop's middlewares: one that requests a token itself
        # would wait for its own answer, and none of them should see the client secret.
        response = await session.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=limits,
            middlewares=() if request.private else None,
        )
        try:
            content = response.content
            # Nearly always the answer has come as a whole by now.
            body = content.read_nowait() if content.is_eof() else await _read(content)
        finally:
            if not response.closed:  # a whole answer has given its connection back already
                response.release()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return _failure_of(request, error, limits.total)
    if len(body) > _MOST_BYTES:
        return failure(BadHttp, request, "the answer is too large")
    return HttpResponse(response.status, response.headers, body)


def failure(kind: type[TransportError], request: HttpRequest, text: str) -> TransportError:
    """Build the error of a request that failed."""
    return kind(
        f"{request.endpoint}: {text} (reference id {request.reference_id})",
        reference_id=request.reference_id,
        endpoint=request.endpoint,
    )


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Read a body; of one that is too large, only enough to find that out."""
    parts: list[bytes] = []
    size = 0
    while size <= _MOST_BYTES:
        part = await content.readany()
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _failure_of(request: HttpRequest, error: Exception, total: float | None) -> TransportError:
    """Map an exception of aiohttp to an error that says whether anything was sent."""
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return failure(ConnectError, request, f"no connection to {request.url.origin()} ({name})")
    if isinstance(error, TimeoutError):
        return failure(RequestTimeout, request, f"no answer within {total or 0:.3g} s")
    broken = aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | OSError
    if isinstance(error, broken):
        return failure(ConnectionLost, request, f"the connection broke ({name})")
    return failure(BadHttp, request, f"the answer is not HTTP ({name})")
