"""
`Transport`: sends requests over a pool of connections per event loop, in order and in time.

It returns a whole answer, or a `TransportError` that says whether anything was sent. The modules of
this folder are the only ones of the client that use aiohttp.
"""

import asyncio
import math
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import Final
from weakref import WeakSet

import aiohttp
from yarl import URL

from flexiti_async.errors import (
    ConfigError,
    ConnectError,
    ConnectionLost,
    RequestTimeout,
    SessionClosed,
    TransportError,
)
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.protocol.secret import Secret
from flexiti_async.transport.connections import Pool, lent_pool, open_pool
from flexiti_async.transport.exchange import exchange
from flexiti_async.transport.faults import Progress, connect_error, error_of, failure
from flexiti_async.transport.lent import check_kind, check_tls, unfit
from flexiti_async.transport.wire import Wire, default_tls, proxy_of, tls_context

__all__ = ["ClientSession", "Reply", "Transport"]

ClientSession = aiohttp.ClientSession
"""The session that a shop may lend; named here so that no other module has to import aiohttp."""

_WAITING_SHARE: Final = 0.9
"""Share of a request's time that it may spend waiting for a connection of a busy pool."""
_CLOSE_WITHIN: Final = 1.0
"""Seconds that another thread's event loop gets to close its pool."""

Reply = HttpResponse | TransportError | SessionClosed


class Transport:
    """
    Send requests to one origin over a pool of connections.

    The bearer token never goes anywhere else: redirects are not followed, and a request to another
    origin is refused. Each event loop has a pool of its own, which ends with the loop, and a forked
    child opens new ones.

    Args:
        base_url: API base URL; its origin is the only one that requests are sent to.
        timeout: Seconds for a whole request.
        connect_timeout: Seconds for making a connection.
        connections: Calls at a time in a pool that this transport opens itself.
        client_session: A session to borrow; it is used as it is and never closed.
        keepalive_timeout: Seconds that a connection may be idle and still be used.
        proxy: URL of a proxy.
        trust_env: Use the proxy that the environment names, if none is given.
        ca_file: Certificates to trust instead of the system's.
        client_cert: Certificate to show.
        client_key: Its key, if that is in another file.
        http: The engine, `aiohttp` or `httptools`.

    Raises:
        ConfigError: A file of certificates cannot be used, or a session was lent that does not
            verify TLS, or together with one of the options of a connection, or httptools is not
            installed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float,
        connect_timeout: float,
        connections: int,
        client_session: ClientSession | None = None,
        keepalive_timeout: float = 4.0,
        proxy: Secret | None = None,
        trust_env: bool = False,
        ca_file: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        http: str = "aiohttp",
    ) -> None:
        url = URL(base_url)
        self._scheme, self._authority = url.scheme, url.raw_authority
        self._longest = timeout
        connect_timeout = min(timeout, connect_timeout)
        self._untimed = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_connect=connect_timeout
        )
        if client_session is not None:
            check_kind(client_session)
            given = {"proxy": proxy, "ca_file": ca_file, "client_cert": client_cert}
            for option, value in given.items():
                if value is not None:
                    msg = f"{option}: a client session that is lent is used as it is; set it there"
                    raise ConfigError(msg, option=option)
            if url.scheme == "https":
                check_tls(client_session)
        tls = tls_context(ca_file, client_cert, client_key)
        if http != "aiohttp":
            _require_httptools()
            # Read before traffic, because that takes time.
            tls = tls or (default_tls() if url.scheme == "https" else None)
        through = None
        if client_session is None:
            through = proxy_of(url, proxy.reveal() if proxy else None, trust_env=trust_env)
        self._wire = Wire(
            connections=connections,
            connect_timeout=connect_timeout,
            keepalive_timeout=keepalive_timeout,
            proxy=through,
            tls=tls,
            http=http if client_session is None and through is None else "aiohttp",
        )
        self._borrowed = client_session
        self._own: dict[asyncio.AbstractEventLoop, Pool] = {}
        self._stopped = self._closed = False
        _transports.add(self)

    async def attempt(
        self,
        request: HttpRequest,
        *,
        within: float | None = None,
        longest: float | None = None,
        once: bool = False,
        fresh: bool = False,
        progress: Progress | None = None,
        life: Callable[[], float] | None = None,
    ) -> Reply:
        """
        Send a request and read the whole answer.

        Errors are returned, not raised, so that no exception of aiohttp is in their context.

        Args:
            request: The request.
            within: Seconds left for it, if fewer than a request has anyway.
            longest: Seconds that it has anyway, if another time than the transport's.
            once: It must not run twice: it goes over a new connection.
            fresh: Use a new connection, because the last attempt failed.
            progress: Records how far the request came, with `once` or `fresh`.
            life: Returns the seconds of life left of the request's token; it is not sent after
                that, however long it waits for a connection.

        Returns:
            The answer, or one of: ConnectError, nothing was sent; RequestTimeout, no answer in
            time; ConnectionLost, the connection broke; BadHttp, the answer is not HTTP, or too
            large; TransportError, a callback of a lent session raised; SessionClosed, this
            transport or the client session that was lent is closed, or the latter belongs to
            another event loop.
        """
        longest = self._longest if longest is None else longest
        seconds = longest if within is None else min(within, longest)
        refusal = self._refusal(request, seconds)
        if refusal is not None:
            return refusal
        if self._borrowed is not None or request.private:
            return await self._apart(request, seconds, once=once, progress=progress, life=life)
        pool = self._pool()
        if not pool.slots.take():
            waited = await _wait_for_slot(pool, request, seconds * _WAITING_SHARE)
            if waited is None:
                return self._no_slot(request, seconds)
            if within is not None:  # one deadline for both
                seconds = min(within - waited, longest)
        limits = _while_alive(self._untimed, life)
        del life  # one object less for each call in flight
        if limits is None or seconds <= 0:  # the loop was busy, and the slot came late
            pool.slots.release()
            return _token_ended(request) if limits is None else _no_time(request)
        progress = (progress or Progress()) if once or fresh else None
        deadline = pool.calls.start(seconds, progress if once else None)
        try:
            # With a slot no request waits in aiohttp's queue, and its deadline is the one above.
            answer = await self._exchange(pool, request, limits, progress)
        except asyncio.CancelledError:
            if not deadline.caused_cancellation():
                raise
        else:
            pool.heed(answer)
            return answer
        finally:
            deadline.end()
            pool.slots.release()
        return self._expired(request, seconds, progress, once=once)

    def _exchange(
        self,
        pool: Pool,
        request: HttpRequest,
        limits: aiohttp.ClientTimeout,
        progress: Progress | None,
    ) -> Coroutine[object, None, Reply]:
        """Send a request by the engine that the session uses, as long as it can."""
        engine = pool.engine
        if engine is not None and engine.accepts(request):
            return engine.exchange(request, limits, progress=progress)
        session = pool.kept if progress is None else pool.fresh
        return exchange(session, request, limits, proxy=self._wire.proxy, progress=progress)

    def _refusal(self, request: HttpRequest, seconds: float) -> ConnectError | SessionClosed | None:
        """Return the error of a request that may not be sent at all."""
        url = request.url
        if url.raw_authority != self._authority or url.scheme != self._scheme:
            home = f"{self._scheme}://{self._authority}"
            return connect_error(request, f"would leave {home}: refused", reason="request")
        if self._stopped and (self._closed or not request.private):
            return _closed()
        return _no_time(request) if seconds <= 0 else None

    def _no_slot(self, request: HttpRequest, seconds: float) -> ConnectError | SessionClosed:
        """Return the error of a request that waited in vain for a connection."""
        if self._stopped:
            return _closed()
        text = f"no connection of the pool was free within {seconds * _WAITING_SHARE:g} s"
        return connect_error(request, text, reason="pool")

    async def _apart(
        self,
        request: HttpRequest,
        seconds: float,
        *,
        once: bool,
        progress: Progress | None,
        life: Callable[[], float] | None,
    ) -> Reply:
        """Send over a session that was lent, or over the reserved connections."""
        pool = self._pool()
        if pool.lent and (error := unfit(pool.fresh)):
            return error
        progress = progress or Progress()
        if pool.lent:  # its connections are not watched: from here on it may have been sent
            progress.connected = True
            progress = None
        # A wait in aiohttp's queue that takes too long ends there: nothing was sent.
        limits = aiohttp.ClientTimeout(
            total=None,
            connect=seconds * _WAITING_SHARE,
            sock_connect=min(seconds, self._wire.connect_timeout),
        )
        alive = _while_alive(limits, life)
        if alive is None:
            return _token_ended(request)
        deadline = (pool.tokens if request.private else pool.calls).start(seconds)
        try:
            return await exchange(
                pool.fresh, request, alive, proxy=self._wire.proxy, progress=progress
            )
        except asyncio.CancelledError:
            if not deadline.caused_cancellation():
                raise
        finally:
            deadline.end()
        return self._expired(request, seconds, progress, once=once)

    def _expired(
        self, request: HttpRequest, seconds: float, progress: Progress | None, *, once: bool
    ) -> TransportError | SessionClosed:
        """Return the error of a request that this transport has cancelled."""
        unsent = progress is not None and not progress.connected
        if self._stopped and (self._closed or not request.private):
            if once and not unsent:
                return failure(ConnectionLost, request, "the session was closed amid the call")
            return _closed()
        if not unsent:
            return failure(RequestTimeout, request, f"no answer within {seconds:.3g} s")
        return error_of(request, aiohttp.ConnectionTimeoutError(), proxy=self._wire.proxy)

    @property
    def busy(self) -> bool:
        """Whether a call would have to wait for a connection; over a lent session nobody knows."""
        pool = self._own.get(asyncio.get_running_loop())
        return pool is not None and not pool.lent and pool.slots.taken

    @property
    def http(self) -> str:
        """The engine of the next call with a small body, `aiohttp` or `httptools`."""
        if self._wire.http == "aiohttp":
            return "aiohttp"
        from flexiti_async.transport.httptools_engine import is_replaced

        return "aiohttp" if is_replaced(aiohttp.ClientSession) else self._wire.http

    def wait(self, within: float, longest: float | None) -> Coroutine[object, None, float]:
        """
        Wait for a connection before there is a request; the caller's turn to use it is at once.

        Args:
            within: Seconds left for the call.
            longest: As for `attempt`.

        Returns:
            When the wait began, by the loop's clock.
        """
        seconds = min(within, self._longest if longest is None else longest)
        return self._pool().slots.wait(seconds * _WAITING_SHARE)

    async def pause(self, seconds: float) -> SessionClosed | None:
        """Wait before the next attempt; return early, with the error, when this is closed."""
        if not self._stopped:
            deadline = self._pool().waits.start(seconds + 1)
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                if not deadline.caused_cancellation():
                    raise
            finally:
                deadline.end()
        return _closed() if self._stopped else None

    def stop_calls(self) -> None:
        """Refuse calls from now on, and end those under way; token requests may go on."""
        self._stopped = True
        here = asyncio.get_running_loop()
        for loop, pool in list(self._own.items()):
            if loop is here:
                pool.stop_calls()
            elif loop.is_running():  # in another thread
                with suppress(RuntimeError):  # it was closed meanwhile
                    loop.call_soon_threadsafe(pool.stop_calls)

    async def aclose(self) -> None:
        """
        Close the pools of all running event loops; a session that was lent stays open.

        The pool of a loop that does not run now is closed when that loop ends.
        """
        self._stopped = self._closed = True
        here = asyncio.get_running_loop()
        for loop, pool in list(self._own.items()):
            if loop is here:
                await pool.aclose()
            elif loop.is_running():  # in another thread
                await _close_elsewhere(pool, loop)
            elif loop.is_closed():
                pool.give_up()
            else:
                _left_to_their_loops[loop] = pool
            self._own.pop(loop, None)

    def detach(self) -> object:
        """Give up all pools in a forked child, without closing them, and return them."""
        pools, self._own = self._own, {}
        return pools, [pool.give_up() for pool in pools.values()]

    def _pool(self) -> Pool:
        loop = asyncio.get_running_loop()
        pool = self._own.get(loop)
        if pool is None:
            for known in [known for known in self._own if known.is_closed()]:
                self._own.pop(known).give_up()
            if self._borrowed is None:
                pool = open_pool(self._wire)
            else:
                pool = lent_pool(self._borrowed, self._wire)
            self._own[loop] = pool
            pool.end_with_loop(partial(self._forget, loop))
        return pool

    def _forget(self, loop: asyncio.AbstractEventLoop) -> None:
        self._own.pop(loop, None)
        _left_to_their_loops.pop(loop, None)


_transports: Final[WeakSet[Transport]] = WeakSet()
_left_to_their_loops: Final[dict[asyncio.AbstractEventLoop, Pool]] = {}
"""Pools of closed sessions until their loops end: collected, they would not be closed."""
_of_the_parent: Final[list[object]] = []
"""Pools that a forked child must neither use nor close; kept here, they are never collected."""


def _in_child() -> None:
    _of_the_parent.extend(transport.detach() for transport in list(_transports))


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has none
    os.register_at_fork(after_in_child=_in_child)


async def _close_elsewhere(pool: Pool, loop: asyncio.AbstractEventLoop) -> None:
    """Close a pool in another thread's event loop."""
    work = pool.aclose()
    try:
        closing = asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError:  # the loop was closed meanwhile
        work.close()
        pool.give_up()
        return
    await asyncio.wait([asyncio.wrap_future(closing)], timeout=_CLOSE_WITHIN)


def _while_alive(
    limits: aiohttp.ClientTimeout, life: Callable[[], float] | None
) -> aiohttp.ClientTimeout | None:
    """Let the wait for a connection end with the token at the latest; None if it has ended."""
    left = math.inf if life is None else life()
    if left <= 0:
        return None
    if limits.connect is None or left >= limits.connect:
        return limits
    return aiohttp.ClientTimeout(
        total=None,
        connect=left,
        sock_connect=left,
        ceil_threshold=math.inf,  # aiohttp rounds longer ones up to whole seconds
    )


def _require_httptools() -> None:
    if find_spec("httptools") is None:
        msg = "http: httptools needs the extra `fast`: install flexiti-async[fast]"
        raise ConfigError(msg, option="http")


def _token_ended(request: HttpRequest) -> ConnectError:
    """Return the error of a request whose token has ended before it could be sent."""
    return connect_error(request, "its token has ended; nothing was sent", reason="token")


def _closed() -> SessionClosed:
    return SessionClosed("the session is closed")


def _no_time(request: HttpRequest) -> ConnectError:
    return connect_error(request, "no time was left to send it", reason="timeout")


async def _wait_for_slot(pool: Pool, request: HttpRequest, at_most: float) -> float | None:
    """Take a slot, and return the seconds waited for it; None if none was free in time."""
    try:
        began = await pool.slots.wait(at_most)
    except asyncio.CancelledError:
        request.forget()  # the caller's frame is in the traceback
        raise
    return asyncio.get_running_loop().time() - began if pool.slots.take() else None
