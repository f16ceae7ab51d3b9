"""
The one module of the client that talks aiohttp.

A request goes in, a whole answer comes out, or a `TransportError` that says whether anything was
sent. No aiohttp exception gets out, not even chained: some of them hold the request's headers,
and their tracebacks hold frames whose locals do.
"""

import asyncio
from typing import Final

import aiohttp
from attrs import frozen
from yarl import URL

from flexiti_async.errors import (
    BadHttp,
    ConnectError,
    ConnectionLost,
    FlexitiError,
    RequestTimeout,
    SessionClosed,
    TransportError,
)
from flexiti_async.sansio.call import HttpRequest, HttpResponse

__all__ = ["ClientSession", "Transport"]

ClientSession = aiohttp.ClientSession
"""What a shop may lend; named here so that nothing else of the core has to know aiohttp."""

_MOST_BYTES: Final = 4 * 1024 * 1024


_RESERVED: Final = 4
"""Connections beyond the pool's size, for token requests: they wait behind no call."""
_WAITING_SHARE: Final = 0.9
"""Share of a request's time that it may spend waiting for a connection of a busy pool."""


@frozen
class _Pool:
    """
    The connections of one event loop.

    Attributes:
        session: aiohttp's pool.
        gate: Lets in as many calls as there are connections, first come, first served. aiohttp's
            own queue lets a caller that comes back at once overtake those that wait, until they
            time out.
    """

    session: ClientSession
    gate: asyncio.Semaphore


class Transport:
    """
    Send requests to one origin over a pool of connections.

    The bearer token never goes anywhere else: redirects are not followed, and a request to another
    origin is refused. Each event loop has a pool of its own.

    Args:
        base_url: API base URL; its origin is the only one that is talked to.
        timeout: Seconds for a whole request.
        connect_timeout: Seconds for making a connection.
        connections: Size of a pool that this transport opens itself.
        client_session: A session to borrow; it is used as it is and never closed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float,
        connect_timeout: float,
        connections: int,
        client_session: ClientSession | None = None,
    ) -> None:
        self._origin = URL(base_url).origin()
        self._waiting = timeout * _WAITING_SHARE
        self._timeout = aiohttp.ClientTimeout(
            total=timeout, connect=self._waiting, sock_connect=connect_timeout
        )
        self._connections = connections
        self._borrowed = client_session
        self._own: dict[asyncio.AbstractEventLoop, _Pool] = {}

    async def send(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request and read the whole answer.

        Raises:
            ConnectError: Nothing was sent.
            RequestTimeout: No answer in time.
            ConnectionLost: The connection broke off in the middle.
            BadHttp: The answer is no HTTP, or too large.
            SessionClosed: The borrowed client session is closed.
        """
        outcome = await self.attempt(request)
        if isinstance(outcome, FlexitiError):
            raise outcome
        return outcome

    async def attempt(self, request: HttpRequest) -> HttpResponse | TransportError | SessionClosed:
        """Do what `send` does, but return the error: nothing of aiohttp's is its context."""
        if request.url.origin() != self._origin:
            return self._error(TransportError, request, f"would leave {self._origin}: refused")
        if self._borrowed is not None:
            if self._borrowed.closed:
                return SessionClosed("the aiohttp.ClientSession that was borrowed is closed")
            return await self._exchange(self._borrowed, request)
        pool = self._pool()
        if request.private:
            return await self._exchange(pool.session, request)
        if pool.gate.locked():
            try:
                async with asyncio.timeout(self._waiting):
                    await pool.gate.acquire()
            except TimeoutError:
                text = f"no connection of the pool was free within {self._waiting:g} s"
                return self._error(ConnectError, request, text)
        else:
            await pool.gate.acquire()
        try:
            return await self._exchange(pool.session, request)
        finally:
            pool.gate.release()

    async def aclose(self) -> None:
        """Close the pool that was opened for the running event loop."""
        pool = self._own.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.session.close()

    async def _exchange(
        self, session: ClientSession, request: HttpRequest
    ) -> HttpResponse | TransportError:
        try:
            # A token request never passes the shop's middlewares: one that asks for a token itself
            # would wait for its own answer, and none of them should see the client secret.
            async with session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                raise_for_status=False,
                timeout=self._timeout,
                middlewares=() if request.private else None,
            ) as response:
                body = await _read(response)
                if body is None:
                    return self._error(BadHttp, request, "the answer is too large")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return HttpResponse(response.status, headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return self._failure(request, error)

    def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        pool = self._own.get(loop)
        if pool is None:
            self._own = {known: own for known, own in self._own.items() if not known.is_closed()}
            session = ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections + _RESERVED),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            pool = self._own[loop] = _Pool(session, asyncio.Semaphore(self._connections))
        return pool

    def _failure(self, request: HttpRequest, error: Exception) -> TransportError:
        """Say what an exception of aiohttp means: was anything sent?"""
        name = type(error).__name__
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return self._error(ConnectError, request, f"no connection to {self._origin} ({name})")
        if isinstance(error, TimeoutError):
            return self._error(
                RequestTimeout, request, f"no answer within {self._timeout.total:g} s"
            )
        broken = aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | OSError
        if isinstance(error, broken):
            return self._error(ConnectionLost, request, f"the connection broke off ({name})")
        return self._error(BadHttp, request, f"the answer is not HTTP ({name})")

    @staticmethod
    def _error(kind: type[TransportError], request: HttpRequest, text: str) -> TransportError:
        return kind(
            f"{request.endpoint}: {text} (reference id {request.reference_id})",
            reference_id=request.reference_id,
            endpoint=request.endpoint,
        )


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """Read a body of bounded size; None if it is larger."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > _MOST_BYTES:
            response.close()
            return None
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
