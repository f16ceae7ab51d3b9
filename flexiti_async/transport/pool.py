"""
`Transport`: sends requests over a pool of connections per event loop, in order and in time.

It returns a whole answer, or a `TransportError` that says whether anything was sent. This module
and `exchange.py` are the only ones of the client that use aiohttp.
"""

import asyncio
import os
from typing import Final
from weakref import WeakSet

import aiohttp
from attrs import frozen
from yarl import URL

from flexiti_async.errors import (
    ConnectError,
    RequestTimeout,
    SessionClosed,
    TransportError,
    WrongLoop,
)
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport.exchange import exchange, failure
from flexiti_async.transport.limits import Deadlines

__all__ = ["ClientSession", "Transport"]

ClientSession = aiohttp.ClientSession
"""The session that a shop may lend; named here so that no other module has to import aiohttp."""

_RESERVED: Final = 4
"""Connections beyond the pool's size, for token requests, which wait behind no call."""
_WAITING_SHARE: Final = 0.9
"""Share of a request's time that it may spend waiting for a connection of a busy pool."""
_CLOSE_WITHIN: Final = 1.0
"""Seconds that another thread's event loop gets to close its pool."""


@frozen
class _Pool:
    """
    The connections of one event loop.

    Attributes:
        session: aiohttp's pool.
        slots: As many as there are connections, first come, first served. In aiohttp's own queue
            a caller that comes back at once overtakes waiting callers, until they time out.
        waits: Times out callers that have spent most of their request time waiting for a slot.
        requests: Times out requests.
    """

    session: ClientSession
    slots: asyncio.Semaphore
    waits: Deadlines
    requests: Deadlines

    async def aclose(self) -> None:
        """Close all connections."""
        self.waits.close()
        self.requests.close()
        await self.session.close()


class Transport:
    """
    Send requests to one origin over a pool of connections.

    The bearer token never goes anywhere else: redirects are not followed, and a request to another
    origin is refused. Each event loop has a pool of its own, and a forked child opens new ones.

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
        url = URL(base_url)
        self._scheme, self._authority = url.scheme, url.raw_authority
        self._longest = timeout
        self._connect_timeout = connect_timeout
        self._untimed = aiohttp.ClientTimeout(
            total=None, sock_connect=min(timeout, connect_timeout)
        )
        self._connections = connections
        self._borrowed = client_session
        self._own: dict[asyncio.AbstractEventLoop, _Pool] = {}
        _transports.add(self)

    async def attempt(
        self, request: HttpRequest, *, within: float | None = None
    ) -> HttpResponse | TransportError | SessionClosed:
        """
        Send a request and read the whole answer.

        Errors are returned, not raised, so that no exception of aiohttp is in their context.

        Args:
            request: The request.
            within: Seconds left for it, if fewer than a request has anyway.

        Returns:
            The answer, or one of: ConnectError, nothing was sent; RequestTimeout, no answer in
            time; ConnectionLost, the connection broke; BadHttp, the answer is not HTTP, or too
            large; SessionClosed, the client session that was lent is closed, or belongs to another
            event loop.
        """
        url = request.url
        if url.raw_authority != self._authority or url.scheme != self._scheme:
            home = f"{self._scheme}://{self._authority}"
            return failure(TransportError, request, f"would leave {home}: refused")
        seconds = self._longest if within is None else min(within, self._longest)
        if seconds <= 0:
            return failure(ConnectError, request, "no time was left to send it")
        if self._borrowed is not None or request.private:
            return await self._apart(request, seconds)
        pool = self._pool()
        if not pool.slots.locked():
            await pool.slots.acquire()  # at once: a free slot is never waited for
        else:
            waited = await _wait_for_slot(pool, seconds * _WAITING_SHARE)
            if waited is None:
                text = f"no connection of the pool was free within {seconds * _WAITING_SHARE:g} s"
                return failure(ConnectError, request, text)
            if within is not None:  # one deadline for both
                seconds = min(within - waited, self._longest)
        deadline = pool.requests.start(seconds)
        try:
            # With a slot no request waits in aiohttp's queue, and its deadline is the one above.
            return await exchange(pool.session, request, self._untimed)
        except asyncio.CancelledError:
            if not deadline.caused_cancellation():
                raise
        finally:
            deadline.end()
            pool.slots.release()
        return failure(RequestTimeout, request, f"no answer within {seconds:.3g} s")

    async def _apart(
        self, request: HttpRequest, seconds: float
    ) -> HttpResponse | TransportError | SessionClosed:
        """Send over a session that was lent, or over the reserved connections."""
        session = self._borrowed
        if session is None:
            session = self._pool().session
        elif unfit := _unfit(session):
            return unfit
        # aiohttp applies the limits, to the wait in its queue too: a request that ends there was
        # never sent.
        limits = aiohttp.ClientTimeout(
            total=seconds,
            connect=seconds * _WAITING_SHARE,
            sock_connect=min(seconds, self._connect_timeout),
        )
        return await exchange(session, request, limits)

    async def aclose(self) -> None:
        """Close the pools of all running event loops; a session that was lent stays open."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._own.items()):
            if loop is here:
                await pool.aclose()
            elif loop.is_running():  # in another thread
                closing = asyncio.run_coroutine_threadsafe(pool.aclose(), loop)
                await asyncio.wait([asyncio.wrap_future(closing)], timeout=_CLOSE_WITHIN)
            self._own.pop(loop, None)

    def detach(self) -> object:
        """
        Give up all pools in a forked child, without closing them, and return them.

        Closing them would take the parent's sockets out of the epoll object that both share.
        """
        pools, self._own = self._own, {}
        return pools

    def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        pool = self._own.get(loop)
        if pool is None:
            self._own = {known: own for known, own in self._own.items() if not known.is_closed()}
            session = ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections + _RESERVED),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            pool = self._own[loop] = _Pool(
                session, asyncio.Semaphore(self._connections), Deadlines(), Deadlines()
            )
        return pool


_transports: Final[WeakSet[Transport]] = WeakSet()
_of_the_parent: Final[list[object]] = []
"""Pools that a forked child must neither use nor close; kept here, they are never collected."""


def _in_child() -> None:
    _of_the_parent.extend(transport.detach() for transport in list(_transports))


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has none
    os.register_at_fork(after_in_child=_in_child)


def _unfit(session: ClientSession) -> SessionClosed | None:
    """Return the error if a session that was lent cannot be used here."""
    if session.closed:
        return SessionClosed("the aiohttp.ClientSession that was lent is closed")
    # The public property is deprecated; without this check aiohttp fails obscurely, or hangs.
    loop = getattr(session, "_loop", None)
    if loop is not None and loop is not asyncio.get_running_loop():
        return WrongLoop("the aiohttp.ClientSession that was lent belongs to another event loop")
    return None


async def _wait_for_slot(pool: _Pool, at_most: float) -> float | None:
    """Take a slot, and return the seconds waited for it; None if none was free in time."""
    time = asyncio.get_running_loop().time
    began = time()
    deadline = pool.waits.start(at_most)
    try:
        await pool.slots.acquire()
    except asyncio.CancelledError:
        if not deadline.caused_cancellation():
            raise
        return None
    finally:
        deadline.end()
    return time() - began
