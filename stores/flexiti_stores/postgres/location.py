"""The URL of a PostgreSQL store: what libpq's own URLs say, and the parameters of the store."""

import re
import ssl
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_stores._url import Query, authority_of, nodes_of, wrong

__all__ = ["Location", "Tls", "parse_location", "tls_context"]

_PORT: Final = 5432
_TABLE: Final = re.compile(r"(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,50}")
_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class Tls:
    """
    How to encrypt; libpq's words.

    Attributes:
        mode: `disable`, `require` (encrypted, not verified unless `ca` is set), `verify-ca` or
            `verify-full`. Not `prefer`, which goes on in plain text if somebody asks for it.
        ca: Path of the certificates to trust; the system's by default.
        cert: Path of our own certificate, for servers that ask for one.
        key: Path of its key; None if it is in the same file.
        password: Of the key.
    """

    mode: str = "disable"
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    password: Secret | None = None


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
    authority, rest = authority_of(url.partition("://")[2])
    userinfo, _, hosts = authority.rpartition("@")
    username, _, password = (unquote(part) for part in userinfo.partition(":"))
    parts = urlsplit("//" + rest)
    query = Query(parts.query)
    port = query.whole("port", _PORT, least=1)
    host = query.text("host")
    folder = host if host and host.startswith("/") else None
    if host and hosts:
        raise wrong("has a host in its parameters and another one before the path")
    nodes = nodes_of(hosts or ("" if folder else host or ""), port)
    location = Location(
        nodes=nodes,
        folder=folder,
        database=unquote(parts.path).strip("/") or None,
        username=username or query.text("user") or None,
        password=Secret(password) if password else query.secret("password"),
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
    certificates = {
        "ca": query.text("sslrootcert"),
        "cert": query.text("sslcert"),
        "key": query.text("sslkey"),
    }
    default = "disable" if local and not any(certificates.values()) else "verify-full"
    mode = query.choice("sslmode", *_MODES, default=default)
    if mode == "disable" and any(certificates.values()):
        raise wrong("has certificates, but sslmode=disable")
    return Tls(mode=mode, password=query.secret("sslpassword"), **certificates)


def tls_context(tls: Tls) -> ssl.SSLContext | None:
    """
    Load the certificates; None for a plain connection.

    Raises:
        ConfigError: The certificates cannot be loaded.
    """
    if tls.mode == "disable":
        return None
    try:
        context = ssl.create_default_context(cafile=None if tls.ca == "system" else tls.ca)
        if tls.cert:
            # A password, if only an empty one: OpenSSL would ask for it on the terminal.
            password = "" if tls.password is None else tls.password.reveal()
            context.load_cert_chain(tls.cert, tls.key, password)
    except OSError as error:  # ssl.SSLError is one
        kind = type(error).__name__
    else:
        context.check_hostname = tls.mode == "verify-full"
        if tls.mode == "require" and tls.ca is None:
            context.verify_mode = ssl.CERT_NONE
        return context
    msg = f"the certificates of the store URL cannot be loaded: {kind}"
    raise ConfigError(msg, option="store")
