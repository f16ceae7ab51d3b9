"""The URL of a PostgreSQL store: what libpq's own URLs say, and the parameters of the store."""

import re
import ssl
from typing import Final

from attrs import evolve, field, frozen

from flexiti_async.protocol.secret import Secret
from flexiti_stores._certificates import Certificates, tls_context
from flexiti_stores._url import Query, nodes_of, split_url, wrong

__all__ = ["Location", "Tls", "parse_location"]

_PORT: Final = 5432
_TABLE: Final = re.compile(r"(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,50}")
_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class Tls:
    """
    How to encrypt; libpq's words.

    Attributes:
        mode: `disable`, `require` (encrypted, not verified unless there is a `ca`), `verify-ca` or
            `verify-full`. Not `prefer`, which goes on in plain text if somebody asks for it.
        files: The certificates; those to trust are the system's for None and for `system`.
    """

    mode: str = "disable"
    files: Certificates = field(factory=Certificates)

    def context(self) -> ssl.SSLContext | None:
        """
        Load the certificates; None for a plain connection.

        Raises:
            ConfigError: The certificates cannot be loaded.
        """
        if self.mode == "disable":
            return None
        files = evolve(self.files, ca=None) if self.files.ca == "system" else self.files
        context = tls_context(files, trust_system=False)
        context.check_hostname = self.mode == "verify-full"
        if self.mode == "require" and self.files.ca is None:
            context.verify_mode = ssl.CERT_NONE
        return context


@frozen
class Location:
    """
    Where and how to connect.

    Attributes:
        nodes: Hosts and ports; of several the one that takes writes is used.
        folder: Folder of the unix socket, instead of hosts.
        database: Name of the database.
        username: Of the role.
        password: None if the server asks for none.
        tls: How to encrypt.
        table: Table of the records, with or without its schema.
        timeout: Seconds for one operation, everything included.
        connect_timeout: Seconds to connect.
        connections: Connections of one event loop at most.
        pgbouncer: A pooler in transaction mode is between: no prepared statements.
        synchronous: Every commit waits for a synchronous standby, so a failover to one loses
            nothing, and the timeline is not part of the life.
    """

    nodes: tuple[tuple[str, int], ...] = ()
    folder: str | None = None
    database: str | None = None
    username: str | None = None
    password: Secret | None = None
    tls: Tls = field(factory=Tls)
    table: str = "flexiti_records"
    timeout: float = 0.5
    connect_timeout: float = 0.3
    connections: int = 4
    pgbouncer: bool = False
    synchronous: bool = False

    def __str__(self) -> str:
        """Name the place for people: no user, no password, no parameters."""
        where = self.folder or ",".join(f"{host}:{port}" for host, port in self.nodes)
        return f"postgresql://{where}/{self.database or ''}"


def parse_location(url: str) -> Location:
    """
    Read a URL: `postgresql://[user[:password]@]host[:5432][,host…]/database[?…]`.

    Raises:
        ConfigError: The URL cannot be read, or has an unknown parameter.
    """
    parts = split_url(url)
    hosts, query = parts.hosts, parts.query
    port = query.whole("port", _PORT, least=1)
    host = query.text("host")
    folder = host if host and host.startswith("/") else None
    if host and hosts:
        raise wrong("has a host in its parameters and another one before the path")
    nodes = nodes_of(hosts or ("" if folder else host or ""), port)
    location = Location(
        nodes=nodes,
        folder=folder,
        database=parts.path.strip("/") or None,
        username=parts.username or query.text("user") or None,
        password=parts.password or query.secret("password"),
        tls=_tls(query, local=bool(folder) or {host for host, _ in nodes} <= _LOOPBACK),
        table=query.text("table", "flexiti_records") or "",
        timeout=query.seconds("timeout", 0.5),
        connect_timeout=query.seconds("connect_timeout", 0.3),
        connections=query.whole("connections", 4, least=1),
        pgbouncer=query.flag("pgbouncer"),
        synchronous=query.choice("durable", "", "synchronous", default="") == "synchronous",
    )
    query.refuse_rest()
    if not _TABLE.fullmatch(location.table):
        raise wrong("has a table that is not a plain lower-case name: table or schema.table")
    return location


def _tls(query: Query, *, local: bool) -> Tls:
    files = Certificates(
        ca=query.text("sslrootcert"),
        cert=query.text("sslcert"),
        key=query.text("sslkey"),
        password=query.secret("sslpassword"),
    )
    named = bool(files.ca or files.cert or files.key)
    default = "disable" if local and not named else "verify-full"
    mode = query.choice("sslmode", *_MODES, default=default)
    if mode == "disable" and named:
        raise wrong("has certificates, but sslmode=disable")
    return Tls(mode, files)
