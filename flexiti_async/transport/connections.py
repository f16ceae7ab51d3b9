"""
`Pool`: the connections of one event loop, which end with it.

Two client sessions of aiohttp share a pool's slots: one keeps its connections for the next call,
the other makes a new one for each request. A server may close an idle connection at any moment
without saying so (RFC 9112 section 9.6), and a request that is written at that moment may or may
not have been read. So calls that must not be repeated, token requests and every repeat go over a
new connection.
"""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import aiohttp
from attrs import define

from flexiti_async.protocol import points
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport.faults import Progress
from flexiti_async.transport.limits import Deadlines
from flexiti_async.transport.slots import Slots
from flexiti_async.transport.wire import Wire

if TYPE_CHECKING:
    from flexiti_async.transport.httptools_engine import HttptoolsEngine

__all__ = ["Pool", "lent_pool", "open_pool"]

_RESERVED: Final = 4
"""Connections beyond the pool's size, for token requests, which wait behind no call."""
_IDLE_MARGIN: Final = 1.0
"""Seconds before the end that a server announces, from which on a connection is not used."""
_LEAST_IDLE: Final = 0.05
_ANNOUNCED: Final = re.compile(r"\btimeout\s*=\s*(\d{1,6})\b", re.ASCII | re.IGNORECASE)


class _Connector(aiohttp.TCPConnector):
    """A connector whose idle limit follows the server, and that can be given up."""

    def keep_idle(self, seconds: float) -> None:
        """Use no connection that has been idle for longer."""
        self._keepalive_timeout = seconds

    def give_up(self) -> None:
        """Count as closed without touching any socket."""
        self._closed = True


@define(eq=False)
class Pool:
    """
    The connections of one event loop.

    Attributes:
        kept: Keeps its connections.
        fresh: Makes a new connection for each request.
        slots: As many as calls at a time, first come, first served. In aiohttp's own queue a
            caller that comes back at once overtakes waiting callers, until they time out.
        waits: Times out callers that wait for the next attempt.
        calls: Times out calls.
        tokens: Times out requests of a token flight.
        wire: How connections are made and kept.
        engine: Sends calls in the place of the two sessions, if the option `http` says so.
    """

    kept: aiohttp.ClientSession
    fresh: aiohttp.ClientSession
    slots: Slots
    waits: Deadlines
    calls: Deadlines
    tokens: Deadlines
    wire: Wire
    lent: bool = False
    engine: "HttptoolsEngine | None" = None
    _end: AsyncGenerator[None] | None = None
    _given_up: bool = False

    def end_with_loop(self, forget: Callable[[], object]) -> None:
        """
        Close with the running event loop; `forget` is called then.

        `asyncio.run` and its like close every asynchronous generator that was begun in their loop.
        """
        self._end = self._until_loop_ends(forget)
        with suppress(StopIteration):  # so ends a step that yields
            self._end.__anext__().send(None)

    async def _until_loop_ends(self, forget: Callable[[], object]) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            forget()
            await self._close()

    def heed(self, answer: object) -> None:
        """Use no connection for longer than the server keeps it (`Keep-Alive: timeout=5`)."""
        if not isinstance(answer, HttpResponse) or "keep-alive" not in answer.headers:
            return
        announced = _ANNOUNCED.search(answer.headers["keep-alive"])
        connector = self.kept.connector
        if announced is not None and isinstance(connector, _Connector):
            usable = max(float(announced[1]) - _IDLE_MARGIN, _LEAST_IDLE)
            connector.keep_idle(min(self.wire.keepalive_timeout, usable))
            if self.engine is not None:
                self.engine.keep_idle(min(self.wire.keepalive_timeout, usable))

    def stop_calls(self) -> None:
        """End all calls and waits at once; a token request may go on."""
        self.slots.end_waits()
        self.waits.expire_all()
        self.calls.expire_all()

    async def aclose(self) -> None:
        """End everything, and close all connections; a session that was lent stays open."""
        self.stop_calls()
        self.tokens.expire_all()
        try:
            await self._close()
        finally:
            if self._end is not None:
                await self._end.aclose()

    async def _close(self) -> None:
        if self._given_up or self.lent:
            return
        if self.engine is not None:
            self.engine.close()
        try:
            await self.kept.close()
        finally:
            await self.fresh.close()

    def give_up(self) -> object:
        """
        Forget the connections without closing them: the loop is closed, or they are a parent's.

        Returns what holds them. In a forked child it has to be kept.

        Closing them in a forked child would take them out of the epoll object that both share.
        """
        self._given_up = True
        connectors = [] if self.lent else [self.kept.connector, self.fresh.connector]
        for connector in connectors:
            if isinstance(connector, _Connector):
                connector.give_up()
        if self.engine is not None:
            self.engine.give_up()
        if not self.lent:
            self.kept.detach()
            self.fresh.detach()
        if self._end is not None:
            with suppress(StopIteration, RuntimeError):
                self._end.aclose().send(None)
        return connectors, self.engine


def open_pool(wire: Wire) -> Pool:
    """Open a pool in the running event loop."""
    limit = wire.connections + _RESERVED
    tls = True if wire.tls is None else wire.tls
    return Pool(
        _session(_Connector(limit=limit, keepalive_timeout=wire.keepalive_timeout, ssl=tls), wire),
        _session(_Connector(limit=limit, force_close=True, ssl=tls), wire, _watched()),
        Slots(wire.connections),
        Deadlines(extend=False),
        Deadlines(),
        Deadlines(),
        wire,
        engine=_engine(wire),
    )


def _engine(wire: Wire) -> "HttptoolsEngine | None":
    """Return the engine beside aiohttp's, if it is wanted."""
    if wire.http == "aiohttp":
        return None
    from flexiti_async.transport.httptools_engine import HttptoolsEngine

    return HttptoolsEngine(wire)


def lent_pool(session: aiohttp.ClientSession, wire: Wire) -> Pool:
    """Use a session that was lent as the pool of the running event loop."""
    return Pool(
        session,
        session,
        Slots(wire.connections),
        Deadlines(extend=False),
        Deadlines(),
        Deadlines(),
        wire,
        lent=True,
    )


def _session(
    connector: _Connector, wire: Wire, *tracing: aiohttp.TraceConfig
) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=wire.proxy,
        trace_configs=list(tracing),
    )
    # Sentry, and OpenTelemetry's instrumentation, add their own to every session of the process.
    # They record URLs, and those of lookups and searches contain names and card numbers.
    session.trace_configs[:] = tracing
    return session


def _watched() -> aiohttp.TraceConfig:
    """Record in a request's `Progress` that it is about to be written, and stop a late one."""
    tracing = aiohttp.TraceConfig()

    async def before(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        progress: Progress | None = context.trace_request_ctx
        if progress is not None and progress.connected:
            # aiohttp sends methods that HTTP calls idempotent a second time.
            msg = "not sent a second time"
            raise aiohttp.ClientConnectionError(msg)

    async def write(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        # aiohttp calls this just before it writes; what is raised here closes the connection.
        progress: Progress | None = context.trace_request_ctx
        if progress is None:
            return
        if points.hook is not None:
            await points.hook("call connected")
        if progress.over():  # a busy loop finds the connection and the timer at the same moment
            raise aiohttp.ConnectionTimeoutError
        progress.connected = True

    tracing.on_connection_create_start.append(before)
    tracing.on_request_headers_sent.append(write)
    return tracing
