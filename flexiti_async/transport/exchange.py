"""
One request and its whole answer over aiohttp, or a `TransportError` that says what went wrong.

No exception object that has been through aiohttp leaves this module, not even chained, and no
cancellation either: some hold the request's headers, and their tracebacks hold frames whose locals
do. Each is replaced by a new one of the same kind.
"""

import asyncio
import copy
from typing import Final, cast

import aiohttp
from yarl import URL

from flexiti_async.errors import BadHttp, FlexitiError, SessionClosed, TransportError
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport.faults import Progress, error_of, failure

__all__ = ["exchange", "raised_by_itself", "renewed"]

_MOST_BYTES: Final = 4 * 1024 * 1024
"""Size of the largest body that is read, after decompression."""
_NO_CONTENT_TYPE: Final = ("Content-Type",)
"""Not sent without a body; aiohttp would send `application/octet-stream`."""


async def exchange(
    session: aiohttp.ClientSession,
    request: HttpRequest,
    limits: aiohttp.ClientTimeout,
    *,
    proxy: URL | None = None,
    progress: Progress | None = None,
) -> HttpResponse | TransportError | SessionClosed:
    """
    Send a request and read the whole answer; errors are returned.

    Args:
        session: The client session.
        request: The request. Redirects are not followed, so its bearer token goes nowhere else.
        limits: Its time limits.
        proxy: The session's proxy, for the text of errors.
        progress: Records how far the request came; only for a session that watches for it.

    Raises:
        CancelledError: The task was cancelled; a new exception, without aiohttp's frames.
    """
    ended: BaseException
    if session.closed:  # no other task runs before aiohttp looks, too
        return SessionClosed("the client session is closed")
    try:
        # A token request never passes the shop's middlewares: one that requests a token itself
        # would wait for its own answer, and none of them should see the client secret.
        response = await session.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            skip_auto_headers=_NO_CONTENT_TYPE if request.body is None else None,
            allow_redirects=False,
            raise_for_status=False,
            timeout=limits,
            middlewares=() if request.private else None,
            trace_request_ctx=progress,
        )
        try:
            content = response.content
            # Nearly always the answer has come as a whole by now.
            body = content.read_nowait() if content.is_eof() else await _read(content)
        finally:
            if not response.closed:  # a whole answer has given its connection back already
                response.release()
        if len(body) <= _MOST_BYTES:
            return HttpResponse(response.status, response.headers, body)
        return failure(BadHttp, request, "the answer is too large")
    except FlexitiError as error:  # of a callback, about this library itself
        ended = copy.copy(error)
    except BaseException as error:  # noqa: BLE001 - a callback of a lent session may raise anything
        if isinstance(error, Exception) or raised_by_itself(error):
            return error_of(request, error, proxy=proxy, progress=progress)
        ended = renewed(error)  # cancelled, or the process ends
    # The frames of this coroutine and of its callers are in the traceback. A proxy's URL shows its
    # password.
    request.forget()
    del session, request, progress, proxy
    raise ended


def raised_by_itself(error: BaseException) -> bool:
    """Whether a callback raised it as a cancellation: nobody has cancelled this task."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and not task.cancelling()


def renewed(error: BaseException) -> BaseException:
    """Return a new exception of the same kind, with those of its arguments that are plain."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return BaseExceptionGroup(group.message, [renewed(each) for each in group.exceptions])
    plain = [each for each in error.args if each is None or isinstance(each, str | int)]
    try:
        return type(error)(*plain)
    except TypeError:  # a kind that takes other arguments
        return asyncio.CancelledError()


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
