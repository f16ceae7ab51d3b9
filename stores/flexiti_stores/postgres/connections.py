"""
The connections of one event loop: bounded, and closed with the loop at the latest.

Not asyncpg's pool: releasing a connection to it costs one more round trip, and after a time-out one
more time-out.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from attrs import define, field

from flexiti_async.errors import StoreUnavailable
from flexiti_stores._loops import Turns
from flexiti_stores.postgres.location import Location

__all__ = ["Connection", "Connections"]

IDLE: Final = 30.0
"""Seconds after which an unused connection is replaced: a firewall may have forgotten it."""

CLOSING: Final = 1.0
"""Seconds for a connection to say goodbye."""

_TAKES_WRITES: Final = SessionAttribute("read-write")
_UNSYNCED: Final = ("SyncRepWaitForLSN", "canceling wait for synchronous replication")
"""The function of the server that warns, whatever its language; a pooler may leave it out."""


@define(eq=False)
class Connection:
    """
    A connection, and the warning that matters.

    Attributes:
        asyncpg: The connection itself.
        used_at: When it was used last, by the loop's clock.
        unsynced: A commit was not confirmed by the synchronous standby.
    """

    asyncpg: "asyncpg.Connection[asyncpg.Record]"
    used_at: float = 0.0
    unsynced: bool = False

    def listen(self) -> None:
        """Notice the one warning that turns success into an unknown outcome."""

        def notice(_: object, message: object) -> None:
            source = getattr(message, "server_source_function", None)
            if source == _UNSYNCED[0] or _UNSYNCED[1] in str(getattr(message, "message", "")):
                self.unsynced = True

        self.asyncpg.add_log_listener(notice)


@define(eq=False)
class Connections:
    """
    Connections of one event loop; `turns` closes them.

    Args:
        location: Where and how to connect.
        tls: The TLS settings; None for plain connections.
        closed: Called when they are closed, also by the end of the loop.
    """

    _location: Location
    _tls: ssl.SSLContext | None
    _closed: Callable[["Connections"], object]
    _idle: list[Connection] = field(factory=list[Connection])
    _turns: Turns = field(init=False)
    _background: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]])

    async def open(self) -> "Connections":
        """Belong to the running loop; no other task runs meanwhile."""
        self._turns = await Turns.begin(self._location.connections, self._close)
        return self

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Connection]:
        """
        Lend a connection to so many callers at once as there may be connections.

        One that failed, was cancelled, or is in the middle of something is not used again.

        Raises:
            StoreUnavailable: No connection; nothing was sent.
        """
        async with self._turns.turn():
            connection = await self._connect()
            connection.unsynced = False
            try:
                yield connection
            except asyncpg.PostgresError:  # an answer: the connection is as good as before
                self._return(connection)
                raise
            except BaseException:
                connection.asyncpg.terminate()
                raise
            self._return(connection)

    def in_background(self, work: Callable[[Connection], Awaitable[object]]) -> None:
        """Run something that may fail or be cut off by `aclose`; nobody waits for it."""
        if self._turns.closed:
            return

        async def run() -> None:
            with suppress(Exception):
                async with asyncio.timeout(self._location.timeout), self.turn() as connection:
                    await work(connection)

        task = asyncio.create_task(run())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def aclose(self) -> None:
        """Close everything when the operations in progress have ended, also if cancelled."""
        for task in tuple(self._background):
            task.cancel()
        await self._turns.aclose()

    async def _close(self) -> None:
        self._closed(self)
        try:
            for connection in self._idle:
                with suppress(Exception):
                    await connection.asyncpg.close(timeout=CLOSING)
        finally:
            for connection in self._idle:  # those that are left, if this was cancelled
                connection.asyncpg.terminate()
            self._idle.clear()

    async def _connect(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.asyncpg.is_closed():
                continue
            if asyncio.get_running_loop().time() - connection.used_at < IDLE:
                return connection
            connection.asyncpg.terminate()
        try:
            opened = await _open(self._location, self._tls)
        except Exception as error:  # noqa: BLE001 - asyncpg raises errors of many kinds here
            kind = type(error).__name__
        else:
            connection = Connection(opened)
            connection.listen()
            return connection
        raise StoreUnavailable(f"no connection to {self._location}: {kind}", sent=False)

    def _return(self, connection: Connection) -> None:
        if connection.asyncpg.is_closed():
            return
        connection.used_at = asyncio.get_running_loop().time()
        self._idle.append(connection)


async def _open(
    location: Location, tls: ssl.SSLContext | None
) -> "asyncpg.Connection[asyncpg.Record]":
    nodes = location.nodes
    opened: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        host=location.folder or [host for host, _ in nodes],
        port=nodes[0][1] if location.folder else [port for _, port in nodes],
        user=location.username,
        # Not None: asyncpg would look for ~/.pgpass, in the event loop.
        password="" if location.password is None else location.password.reveal(),
        database=location.database,
        ssl=tls or False,
        timeout=location.connect_timeout,
        # A pooler in transaction mode prepares a statement on one server and runs it on another.
        statement_cache_size=0 if location.pgbouncer else 100,
        server_settings={"application_name": "flexiti-async"},
        # Of several hosts the one that takes writes; one host is asked by every load.
        target_session_attrs=_TAKES_WRITES if len(nodes) > 1 else None,
    )
    return opened
