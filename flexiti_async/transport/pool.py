"""
How requests get to the API: connections for each event loop, in turn, and in time.

A request goes in, a whole answer comes out, or a `TransportError` that says whether anything was
sent. This module and `exchange.py`, the exchange itself, are the client's only ones that know
aiohttp.
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
from flexiti_async.transport.turnstile import Turnstile

__all__ = ["ClientSession", "Transport"]

ClientSession = aiohttp.ClientSession
"""What a shop may lend; named here so that nothing else of the core has to know aiohttp."""

_RESERVED: Final = 4
"""Connections beyond the pool's size, for token requests: they wait behind no call."""
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
        turnstile: Lets in as many calls as there are connections, first come, first served.
            aiohttp's own queue lets a caller that comes back at once overtake those that wait,
            until they time out.
        patience: Ends the wait for a place of who has spent most of their time with it.
        deadlines: Ends those that take a whole request's time.
    """

    session: ClientSession
    turnstile: Turnstile
    patience: Deadlines
    deadlines: Deadlines

    async def aclose(self) -> None:
        """Close all connections."""
        self.patience.close()
        self.deadlines.close()
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

        Errors are returned, not raised: so nothing of aiohttp's is in their context.

        Args:
            request: What to send.
            within: Seconds that are left for it, if fewer than a request has anyway.

        Returns:
            The answer, or one of: ConnectError, nothing was sent; RequestTimeout, no answer in
            time; ConnectionLost, the connection broke off in the middle; BadHttp, the answer is
            no HTTP, or too large; SessionClosed, the client session that was lent is closed, or
            of another event loop.
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
        if not pool.turnstile.enter_at_once():
            waited = await _enter(pool, seconds * _WAITING_SHARE)
            if waited is None:
                text = f"no connection of the pool was free within {seconds * _WAITING_SHARE:g} s"
                return failure(ConnectError, request, text)
            if within is not None:  # one deadline for both
                seconds = min(within - waited, self._longest)
        watch = pool.deadlines.watch(seconds)
        try:
            # The turnstile lets nobody wait in aiohttp's queue, and the deadline is watched here.
            return await exchange(pool.session, request, self._untimed)
        except asyncio.CancelledError:
            if not watch.is_the_reason():
                raise
        finally:
            watch.end()
            pool.turnstile.leave()
        return failure(RequestTimeout, request, f"no answer within {seconds:.3g} s")

    async def _apart(
        self, request: HttpRequest, seconds: float
    ) -> HttpResponse | TransportError | SessionClosed:
        """Exchange over a session that was lent, or over the connections for token requests."""
        session = self._borrowed
        if session is None:
            session = self._pool().session
        elif unfit := _unfit(session):
            return unfit
        # aiohttp watches the time, the wait in its queue too: what ends there was never sent.
        limits = aiohttp.ClientTimeout(
            total=seconds,
            connect=seconds * _WAITING_SHARE,
            sock_connect=min(seconds, self._connect_timeout),
        )
        return await exchange(session, request, limits)

    async def aclose(self) -> None:
        """Close the pools of all event loops that run; a session that was lent stays open."""
        here = asyncio.get_running_loop()
        for loop, pool in list(self._own.items()):
            if loop is here:
                await pool.aclose()
            elif loop.is_running():  # in another thread
                closing = asyncio.run_coroutine_threadsafe(pool.aclose(), loop)
                await asyncio.wait([asyncio.wrap_future(closing)], timeout=_CLOSE_WITHIN)
            self._own.pop(loop, None)

    def leave_to_the_parent(self) -> object:
        """
        Let go of all pools, in a forked child, without closing anything.

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
                session, Turnstile(self._connections), Deadlines(), Deadlines()
            )
        return pool


_transports: Final[WeakSet[Transport]] = WeakSet()
_of_the_parent: Final[list[object]] = []
"""What a forked child must neither use nor close; here it is never collected."""


def _in_child() -> None:
    _of_the_parent.extend(transport.leave_to_the_parent() for transport in list(_transports))


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has none
    os.register_at_fork(after_in_child=_in_child)


def _unfit(session: ClientSession) -> SessionClosed | None:
    """Say why a session that was lent cannot be used here."""
    if session.closed:
        return SessionClosed("the aiohttp.ClientSession that was borrowed is closed")
    # The public property that tells this is deprecated; without it aiohttp fails obscurely,
    # or hangs.
    loop = getattr(session, "_loop", None)
    if loop is not None and loop is not asyncio.get_running_loop():
        return WrongLoop("the aiohttp.ClientSession that was borrowed is of another event loop")
    return None


async def _enter(pool: _Pool, patience: float) -> float | None:
    """Wait for a place: seconds; None if there was none in time."""
    time = asyncio.get_running_loop().time
    began = time()
    watch = pool.patience.watch(patience)
    try:
        await pool.turnstile.enter()
    except asyncio.CancelledError:
        if not watch.is_the_reason():
            raise
        return None
    finally:
        watch.end()
    return time() - began
