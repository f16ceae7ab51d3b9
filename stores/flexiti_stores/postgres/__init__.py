"""
`postgresql://`: tokens and journals shared by processes and hosts, in a table of PostgreSQL.

The durable choice for shops that have a database: one table, one statement per verb, and a write
that is acknowledged is on the disk, whatever the role or a pooler is set to.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar, cast

import asyncpg

from flexiti_async.errors import ConfigError, StoreUnavailable
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.store.interface import MARKER_KEY, Entry, Life
from flexiti_stores._arguments import check_kind
from flexiti_stores._loops import PerLoop
from flexiti_stores.postgres.connections import Connection, Connections
from flexiti_stores.postgres.location import Location, parse_location
from flexiti_stores.postgres.statements import SWEEP_AFTER, Statements, schema

__all__ = ["PostgresStore"]

_log: Final = logging.getLogger("flexiti_async.store.postgres")
_T = TypeVar("_T")

PAGE: Final = 500
"""Keys of one round trip."""

SWEEP: Final = 200
"""Rows that one sweep deletes at most, and writes after which it is run again."""

_NOT_WRITTEN: Final = frozenset({"40001", "40P01"})
"""
Serialization failures and deadlocks: another write was first, and this one was not made. The
statement is run again: an earlier try of the same swap may have been that other write.
"""

_REJECTED: Final = frozenset({"22", "23", "25", "28", "3D", "3F", "42", "54"})
"""Classes of errors with which a statement is rejected; after any other it may have committed."""

_ADVICE: Final = {
    "42P01": "its table is missing: run `flexiti-async journal init`, or what `journal sql` prints",
    "42501": "its user lacks a right: it needs select, insert, update and delete on the table",
    "3F000": "the schema of its table is missing: create it",
}

_READ_ONLY: Final = "is a standby, or read-only"
_REVOKED: Final = (
    "the functions that name cluster and timeline are revoked (pg_control_system, "
    "pg_walfile_name): a failover that loses writes is only noticed if the marker is lost too"
)


class PostgresStore:
    """
    Entries in a table of PostgreSQL.

    `PostgresStore.from_url(url)` opens its own connections, for every event loop that uses it, and
    closes them in `aclose` or with the loop.

    Args:
        location: Where and how to connect.

    Raises:
        ConfigError: It is no location, or the certificates cannot be loaded.
    """

    def __init__(self, location: Location) -> None:
        is_one = isinstance(location, Location)  # pyright: ignore[reportUnnecessaryIsInstance]
        check_kind("location", good=is_one, wanted="a Location: use PostgresStore.from_url(url)")
        self._location = location
        self._tls = location.tls.context()
        self._opened: PerLoop[Connections] = PerLoop()
        self._sql = self._statements(readable=True)
        self._writes = 0

    def __repr__(self) -> str:
        return f"<PostgresStore on {self._location}>"

    @classmethod
    @sensitive_arguments
    def from_url(cls, url: str) -> "PostgresStore":
        """
        Return a store that connects by itself; see `stores/README.md` for the forms of the URL.

        Raises:
            ConfigError: The URL is wrong, or names certificates that cannot be loaded.
        """
        return cls(parse_location(url))

    async def load(self, key: str) -> Entry | None:
        """Return the entry under a key; raises StoreUnavailable, also for a standby."""
        row = await self._run(
            "load", lambda connection: connection.asyncpg.fetchrow(self._sql.load, key)
        )
        if row is None or row["read_only"]:
            raise StoreUnavailable(f"{self._location} {_READ_ONLY}", sent=False)
        if row["version"] is None:
            return None
        payload = cast("bytes", row["payload"]).decode()
        return Entry(row["version"], payload, row["keep_for"], row["age"])

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write `entry` if what is stored is still `expected`; it is on the disk then."""
        values: list[object] = [key, entry.version, None, entry.keep_for, None, None, None]
        if life is not None:
            if life.marker is None:
                return False
            values[4:] = life.marker, life.accepted, life.fingerprint
        if expected is not None:
            values.append(expected.version)
        statement = self._sql.create if expected is None else self._sql.replace

        async def write(connections: Connections, connection: Connection) -> bool:
            values[2] = entry.payload.encode()
            won = await _until_decided(lambda: connection.asyncpg.fetchval(statement, *values))
            if connection.unsynced:
                msg = f"{self._location} wrote without its synchronous standby"
                raise StoreUnavailable(msg)
            if won and entry.keep_for is not None:
                self._sweep_now_and_then(connections)
            return won

        return await self._run_on("swap", write)

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`, in the order of their bytes."""
        statement = self._sql.endless if endless else self._sql.keys
        last = ""
        while True:
            page = await self._page(statement, prefix, last)
            for key in page:
                yield key
            if len(page) < PAGE:
                return
            last = page[-1]

    async def life(self) -> Life:
        """
        Return marker and fingerprint; raises StoreUnavailable.

        Raises:
            ConfigError: Acknowledged writes are not on a disk, or not on the synchronous standby
                that the URL promises.
        """
        row = await self._read_life()
        if row is None:
            # A hoster has revoked the functions that name the cluster; the marker is left.
            row = await self._read_life(readable=False)
        if row is None:
            msg = f"{self._location} answered nothing"
            raise StoreUnavailable(msg)
        if row["read_only"]:
            raise StoreUnavailable(f"{self._location} {_READ_ONLY}", sent=False)
        self._check(row)
        marker = None
        if row["marker"] is not None:
            marker = Entry(row["marker"], cast("bytes", row["accepted"]).decode(), None)
        revoked = self._sql != self._statements(readable=True)
        return Life.of(marker, row["print"], warnings=(_REVOKED,) if revoked else ())

    def schema(self) -> str:
        """Return the statements that create the table."""
        return schema(self._location.table)

    async def create_schema(self) -> None:
        """
        Create the table if it is missing; raises StoreUnavailable.

        Raises:
            ConfigError: It is missing, and the user may not create it.
        """
        table = self._location.table

        async def create(connection: Connection) -> bool:
            try:
                await connection.asyncpg.execute(self.schema())
            except asyncpg.InsufficientPrivilegeError:
                # PostgreSQL asks for the right before it looks: a migration may have created it.
                found: object = await connection.asyncpg.fetchval("select to_regclass($1)", table)
                return found is not None
            return True

        if not await self._run("create its table", create):
            schema = table.rpartition(".")[0] or "public"
            msg = (
                f"the user of {self._location} may not create the table {table}: run what "
                f"`flexiti-async journal sql` prints as its owner and `grant select, insert, "
                f"update, delete on {table}`, or `grant create on schema {schema}` to the user"
            )
            raise ConfigError(msg, option="journal")

    async def aclose(self) -> None:
        """Close the connections of this event loop; others are closed with their own loops."""
        opened = self._opened.get()
        if opened is not None:
            self._opened.drop(opened)
            await opened.aclose()

    async def _page(self, statement: str, prefix: str, last: str) -> list[str]:
        rows = await self._run("list", lambda it: it.asyncpg.fetch(statement, prefix, last, PAGE))
        return [row["key"] for row in rows]

    async def _read_life(self, *, readable: bool = True) -> "asyncpg.Record | None":
        """Read the life; None if the functions that it needs are revoked."""
        sql = self._statements(readable=readable)

        async def read(connection: Connection) -> "asyncpg.Record | None":
            try:
                return await connection.asyncpg.fetchrow(sql.life)
            except asyncpg.InsufficientPrivilegeError:
                if readable:
                    return None
                raise

        row = await self._run("read the life", read)
        if row is not None:
            if not readable and self._sql != sql:
                _log.warning("%s: %s", self._location, _REVOKED)
            self._sql = sql
        return row

    def _check(self, row: "asyncpg.Record") -> None:
        """Refuse settings under which acknowledged writes are not on a disk."""
        if row["persistence"] != "p":
            problem = f"the table {self._location.table} is not an ordinary, logged table"
        elif not row["fsync"]:
            problem = "fsync is off, so a crash loses what was acknowledged"
        elif self._location.synchronous and not row["standbys"]:
            problem = "durable=synchronous, but synchronous_standby_names is empty"
        else:
            return
        raise ConfigError(f"{self._location} cannot keep a journal: {problem}", option="journal")

    def _statements(self, *, readable: bool) -> Statements:
        return Statements.on(
            self._location.table,
            marker_key=MARKER_KEY,
            synchronous=self._location.synchronous,
            readable=readable,
        )

    async def _run(self, verb: str, work: Callable[[Connection], Awaitable[_T]]) -> _T:
        return await self._run_on(verb, lambda _, connection: work(connection))

    async def _run_on(
        self, verb: str, work: Callable[[Connections, Connection], Awaitable[_T]]
    ) -> _T:
        sent = False
        try:
            async with asyncio.timeout(self._location.timeout):
                connections = await self._connections()
                async with connections.turn() as connection:
                    sent = True
                    return await work(connections, connection)
        except StoreUnavailable:
            raise
        except asyncpg.PostgresError as error:
            kind = type(error).__name__
            state = str(error.sqlstate)
            why = _ADVICE.get(state, "")
            sent = state[:2] not in _REJECTED
        except UnicodeError as error:
            kind, why, sent = type(error).__name__, "", False
        except Exception as error:  # noqa: BLE001 - asyncpg raises errors of many kinds
            # Their texts may quote addresses, users and rows: only the kind is named.
            kind, why = type(error).__name__, ""
        text = f"{self._location} failed to {verb}: {kind}"
        raise StoreUnavailable(f"{text} ({why})" if why else text, sent=sent)

    async def _connections(self) -> Connections:
        """Return the connections of the running loop; no other task runs in between."""
        opened = self._opened.get()
        if opened is None:
            opened = await Connections(self._location, self._tls, self._opened.drop).open()
            self._opened.put(opened)
        return opened

    def _sweep_now_and_then(self, connections: Connections) -> None:
        """Sweep after many writes, on these connections: the store may be closed by then."""
        self._writes += 1
        if self._writes < SWEEP:
            return
        self._writes = 0
        sweep = self._sql.sweep
        connections.in_background(lambda it: it.asyncpg.execute(sweep, SWEEP_AFTER, SWEEP))


async def _until_decided(statement: Callable[[], Awaitable[object]]) -> bool:
    """Run a swap until the server says whether it was made, or the time is over."""
    while True:
        try:
            return bool(await statement())
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _NOT_WRITTEN:
                raise
