"""
The engine `http="httptools"`: exchanges over connections of our own, without aiohttp.

asyncio and aiohappyeyeballs connect, llhttp reads (`httptools_messages`). A connection makes one
exchange at a time; a byte before the request or after the answer ends it. Requests that must not
run twice, and repeats, get a new connection, on which it is certain whether a byte was written.

Errors are returned, and a cancellation is replaced by a new one, as in `exchange`, whose interface
this has.
"""

import asyncio
import ipaddress
import socket
import ssl
from contextlib import suppress
from types import FunctionType
from typing import Final, cast

import aiohappyeyeballs
import aiohttp
from yarl import URL

from flexiti_async.errors import BadHttp, SessionClosed, TransportError
from flexiti_async.protocol import points
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport.exchange import raised_by_itself, renewed
from flexiti_async.transport.faults import (
    Progress,
    connect_error,
    error_of,
    failure,
    unconnected,
)
from flexiti_async.transport.httptools_messages import (
    AnswerReader,
    NotHttpError,
    Outcome,
    TooLargeError,
    request_bytes,
)
from flexiti_async.transport.limits import time_limit
from flexiti_async.transport.wire import Wire

__all__ = ["HttptoolsEngine", "is_replaced"]

_METHODS: Final = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
"""Methods whose answers have a body like any other; HEAD is not one."""
_MOST_SENT: Final = 64 * 1024
"""Bytes of a body that are written at once; aiohttp writes larger ones as the server reads them."""
_READ: Final = 64 * 1024
"""Bytes that are read at once."""
_REQUESTING: Final = ("__init__", "request", "_request")
"""Functions that mocks and tracing agents replace; aiohttp need not have the last one for ever."""
_AIOHTTPS: Final = cast("object", vars(aiohttp.client))
_EYEBALLS_DELAY: Final = 0.25  # seconds, as aiohttp (RFC 8305 section 5)
_RESOLVED_FOR: Final = 10.0  # seconds, as aiohttp's cache of DNS

_Addresses = list[tuple[int, int, int, str, tuple[object, ...]]]
"""As `getaddrinfo` returns them."""


def is_replaced(client_session: type[object]) -> bool:
    """
    Whether something has put itself into the place of aiohttp's client session, or into it.

    Mocks and tracing agents do, and must see every request. A wrapper may pretend to have any
    attribute of what it wraps, but not its type.
    """
    for name in _REQUESTING:
        function = getattr(client_session, name, None)
        if type(function) is not FunctionType or function.__globals__ is not _AIOHTTPS:
            return True
    return False


class _UnwritableError(Exception):
    """A request cannot be written; nothing was."""


class _Connection(asyncio.BufferedProtocol):
    """
    One connection, and the exchange on it.

    Args:
        buffer: Where the event loop puts what it reads. All connections share it: it is read at
            once, in the same callback. For a `Protocol`, asyncio itself allocates 256 KiB for each
            read, which are three system calls: that took a fifth to a quarter of the CPU time of a
            call. uvloop does not.

    Attributes:
        since: When it became idle, by the loop's clock.
    """

    __slots__ = ("_buffer", "_reader", "_transport", "_usable", "_waiter", "since")

    def __init__(self, buffer: memoryview) -> None:
        self.since = 0.0
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._usable = False
        self._waiter: asyncio.Future[Outcome] | None = None
        self._reader: AnswerReader | None = None

    def ask(self, request: HttpRequest, progress: Progress | None) -> asyncio.Future[Outcome]:
        """
        Write a request, and return the future of its outcome.

        Args:
            request: The request.
            progress: As for `HttptoolsEngine.exchange`.
        """
        transport, usable = self._transport, self.is_usable()
        self._usable = False
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        data = request_bytes(request, last=progress is not None)
        if data is None:
            self._pass_on(_UnwritableError())
        elif transport is None or not usable:
            self._pass_on(aiohttp.ClientConnectionResetError("closing"))  # `faults` looks for it
        else:
            if progress is not None:
                progress.connected = True
            transport.write(data)
        return waiter

    def is_usable(self) -> bool:
        """Whether a request may be written: neither side has begun to close the connection."""
        return self._usable and self._transport is not None and not self._transport.is_closing()

    def end(self) -> None:
        """End the connection at once, and forget what has been read."""
        self._usable = False
        self._waiter = self._reader = None
        if self._transport is not None:
            with suppress(RuntimeError):  # its loop is closed, and it with the loop
                self._transport.abort()

    def _pass_on(self, outcome: Outcome) -> None:
        """Pass on an outcome; the connection stays if its answer allows that."""
        waiter, reader = self._waiter, self._reader
        self._waiter = self._reader = None
        self._usable = reader is not None and reader.keeps_connection
        if not self._usable:
            self.end()
        if waiter is not None and not waiter.done():
            waiter.set_result(outcome)

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._usable = True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Return the place of the next bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read a piece of an answer."""
        if self._waiter is None:  # an answer that nobody waits for
            self.end()
            return
        if self._reader is None:
            self._reader = AnswerReader()
        outcome = self._reader.feed(self._buffer[:nbytes])
        if outcome is not None:
            self._pass_on(outcome)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that no more will come."""
        if exc is not None:
            self._reader = None
            args = exc.args if isinstance(exc, OSError) else ()
            self._pass_on(aiohttp.ClientOSError(*args))
        elif self._reader is None:
            self._pass_on(aiohttp.ServerDisconnectedError())
        else:
            self._pass_on(self._reader.end())


class HttptoolsEngine:
    """
    The connections of one event loop.

    Args:
        wire: How connections are made and kept.

    Attributes:
        closed: Nothing is sent any more.
    """

    def __init__(self, wire: Wire) -> None:
        self.closed = False
        self._loop: Final = asyncio.get_running_loop()
        self._tls: Final = wire.tls
        self._connect_timeout: Final = wire.connect_timeout
        self._longest_idle = wire.keepalive_timeout
        self._buffer: Final = memoryview(bytearray(_READ))
        self._idle: list[_Connection] = []
        """The connections that wait for a request, in the order in which they became idle."""
        self._reaper: asyncio.TimerHandle | None = None
        self._addresses: _Addresses = []
        self._resolved_until = 0.0

    def accepts(self, request: HttpRequest) -> bool:
        """Whether a request can be sent by this engine; any other is sent by aiohttp."""
        return (
            request.method in _METHODS
            and len(request.body or b"") <= _MOST_SENT
            and not is_replaced(aiohttp.ClientSession)
        )

    async def exchange(
        self, request: HttpRequest, limits: aiohttp.ClientTimeout, *, progress: Progress | None
    ) -> HttpResponse | TransportError | SessionClosed:
        """
        Send a request and read the whole answer; errors are returned.

        Args:
            request: The request.
            limits: `sock_connect` is the time for making a connection.
            progress: Records how far the request came; with it, the connection is a new one.

        Raises:
            CancelledError: The task was cancelled.
        """
        if self.closed:
            return SessionClosed("the client session is closed")
        made: _Connection | TransportError | None = None
        try:
            made = (self._take() if progress is None else None) or (
                await self._connect(request, limits, progress)
            )
            if isinstance(made, TransportError):
                return made
            outcome = await made.ask(request, progress)
            if isinstance(outcome, HttpResponse):
                self._keep(made, last=progress is not None)
                return outcome
            return _error(request, outcome, progress)
        except BaseException as error:  # noqa: BLE001 - cancelled, or the process ends
            if isinstance(made, _Connection):
                made.end()
            if isinstance(error, Exception) or raised_by_itself(error):
                return error_of(request, error, progress=progress)
            ended = renewed(error)
        # The frames of this coroutine and of its callers are in the traceback.
        request.forget()
        del request, progress, made
        raise ended

    def keep_idle(self, seconds: float) -> None:
        """Use no connection that has been idle for longer."""
        self._longest_idle = seconds

    def _take(self) -> _Connection | None:
        """Return the connection that has been idle for the shortest time, if it may be used."""
        oldest = self._loop.time() - self._longest_idle
        while self._idle:
            connection = self._idle.pop()
            if connection.since > oldest and connection.is_usable():
                return connection
            connection.end()
        return None

    def _keep(self, connection: _Connection, *, last: bool) -> None:
        """Keep a connection for another request, unless this was the last."""
        if last or self.closed or not connection.is_usable():
            connection.end()
            return
        connection.since = self._loop.time()
        self._idle.append(connection)
        if self._reaper is None:
            self._reaper = self._loop.call_later(self._longest_idle, self._reap)

    def _reap(self) -> None:
        """End connections that have been idle for too long, or that the server has closed."""
        oldest = self._loop.time() - self._longest_idle
        kept = [each for each in self._idle if each.since > oldest and each.is_usable()]
        for connection in set(self._idle).difference(kept):
            connection.end()
        self._idle = kept
        self._reaper = self._loop.call_later(self._longest_idle, self._reap) if kept else None

    async def _connect(
        self, request: HttpRequest, limits: aiohttp.ClientTimeout, progress: Progress | None
    ) -> _Connection | TransportError:
        """Make a connection, and stop a request that is too late for it."""
        url, seconds = request.url, limits.sock_connect
        try:
            async with time_limit(self._connect_timeout if seconds is None else seconds):
                connection = await self._connected(url)
        except (OSError, UnicodeError) as error:  # those of TLS and of names, too
            self._resolved_until = 0.0
            if isinstance(error, TimeoutError) and error.errno is None:
                return error_of(request, aiohttp.ConnectionTimeoutError())
            return unconnected(
                request,
                error,
                host=url.host,
                port=url.port,
                name=type(error).__name__,
                of_dns=isinstance(error, socket.gaierror | UnicodeError),
                of_tls=isinstance(error, ssl.SSLError),
            )
        if progress is None or not await _is_late(connection, progress):
            return connection
        return error_of(request, aiohttp.ConnectionTimeoutError())

    async def _connected(self, url: URL) -> _Connection:
        sock: socket.socket | None = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType]
            await self._resolve(url), happy_eyeballs_delay=_EYEBALLS_DELAY, interleave=1
        )
        # Never plain HTTP for want of a context: True is asyncio's, which verifies as well.
        tls = (self._tls or True) if url.scheme == "https" else None
        try:
            _, connection = await self._loop.create_connection(
                lambda: _Connection(self._buffer),
                sock=sock,
                ssl=tls,
                server_hostname=None if tls is None else (url.raw_host or "").rstrip("."),
            )
            sock = None
        finally:
            if sock is not None:  # the loop may not have taken it yet
                sock.close()
        return connection

    async def _resolve(self, url: URL) -> _Addresses:
        """Return the addresses of the API, all of whose requests have one origin."""
        if self._resolved_until < self._loop.time():
            host, port = url.raw_host or "", url.port or 0
            try:
                version = ipaddress.ip_address(host).version
            except ValueError:
                self._addresses = list(
                    await self._loop.getaddrinfo(
                        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
                    )
                )
            else:  # without a thread
                family = socket.AF_INET if version == 4 else socket.AF_INET6
                address = (host, port) if version == 4 else (host, port, 0, 0)
                self._addresses = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]
            self._resolved_until = self._loop.time() + _RESOLVED_FOR
        return list(self._addresses)

    def close(self) -> None:
        """End all idle connections, and refuse requests; those under way end their own."""
        self.closed = True
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        while self._idle:
            self._idle.pop().end()

    def give_up(self) -> None:
        """Count as closed without touching any socket; whoever holds this keeps them open."""
        self.closed = True


async def _is_late(connection: _Connection, progress: Progress) -> bool:
    """Whether a request may not be written any more; its connection is ended then."""
    late = True
    try:
        if points.hook is not None:
            await points.hook("call connected")
        # A busy loop finds the connection and the timer at the same moment.
        late = progress.over()
    finally:
        if late:
            connection.end()
    return late


def _error(request: HttpRequest, outcome: Exception, progress: Progress | None) -> TransportError:
    """Return the error of a request that has no answer."""
    if isinstance(outcome, TooLargeError):
        return failure(BadHttp, request, "the answer is too large")
    if isinstance(outcome, NotHttpError):
        return failure(BadHttp, request, f"the answer is not HTTP ({outcome})")
    if isinstance(outcome, _UnwritableError):
        text = "the request cannot be sent (a control character, or not ASCII, in its head)"
        return connect_error(request, text, reason="request")
    return error_of(request, outcome, progress=progress)
