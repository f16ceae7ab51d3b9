"""The URL of a Redis store."""

from typing import Final

from attrs import field, frozen

from flexiti_async.protocol.secret import Secret
from flexiti_stores._certificates import Certificates
from flexiti_stores._url import Query, nodes_of, split_url, wrong

__all__ = ["Location", "parse_location"]

_PORTS: Final = {"redis+sentinel": 26379}
_PORT: Final = 6379


@frozen
class Location:
    """
    Where and how to connect.

    Attributes:
        scheme: `redis`, `rediss`, `unix`, `redis+sentinel` or `redis+cluster`.
        nodes: Hosts and ports: of the server, the sentinels, or some nodes of the cluster.
        path: Of the unix socket.
        service: The sentinels' name of the primary.
        db: Number of the database.
        username: Of the ACL; None for `default`.
        password: None if the server asks for none.
        sentinel_username: As `username`, for the sentinels.
        sentinel_password: As `password`, for the sentinels.
        tls: Its certificates, which are always verified; None for a plain connection.
        prefix: Of every key.
        timeout: Seconds for one operation, everything included.
        connect_timeout: Seconds for one connection to be made.
        connections: How many connections one event loop may hold at once. Few: an operation takes
            well under a millisecond, and many TLS handshakes at once would outlast the time-out.
        aof_always: The server flushes its append-only file before it answers, so a restart loses
            nothing.
    """

    scheme: str
    nodes: tuple[tuple[str, int], ...] = ()
    path: str = ""
    service: str = ""
    db: int = 0
    username: str | None = None
    password: Secret | None = None
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: Secret | None = None
    tls: Certificates | None = None
    prefix: str = "flexiti:"
    timeout: float = 0.5
    connect_timeout: float = 0.3
    connections: int = 8
    aof_always: bool = False

    def __str__(self) -> str:
        """Name the place for people: no user, no password, no parameters."""
        where = self.path or ",".join(f"{host}:{port}" for host, port in self.nodes)
        rest = f"/{self.service}" if self.service else ""
        return f"{self.scheme}://{where}{rest}"


def parse_location(url: str) -> Location:
    """
    Read a URL: `redis://[user:password@]host[:port][/db][?prefix=…]` and its relatives.

    Raises:
        ConfigError: The URL cannot be read, or has a parameter that its scheme does not know.
    """
    parts = split_url(url)
    scheme, path, query = parts.scheme, parts.path, parts.query
    unix = scheme == "unix"
    service, db = _service_and_db(scheme, path)
    location = Location(
        scheme=scheme,
        nodes=() if unix else nodes_of(parts.hosts, _PORTS.get(scheme, _PORT)),
        path=path if unix else "",
        service=service,
        db=0 if scheme == "redis+cluster" else query.whole("db", db, least=0),
        username=parts.username,
        password=parts.password,
        sentinel_username=query.text("sentinel_username") if service else None,
        sentinel_password=query.secret("sentinel_password") if service else None,
        tls=_tls(scheme, query),
        prefix=query.text("prefix", "flexiti:") or "",
        timeout=query.seconds("timeout", 0.5),
        connect_timeout=query.seconds("connect_timeout", 0.3),
        connections=query.whole("connections", 8, least=1),
        aof_always=query.choice("durable", "", "aof-always", default="") == "aof-always",
    )
    query.refuse_rest()
    _check(location, parts.hosts)
    return location


def _check(location: Location, hosts: str) -> None:
    """Refuse what is well-formed and makes no sense."""
    if location.scheme == "unix" and (hosts or not location.path.strip("/")):
        raise wrong("names no absolute path: unix:///path/to/socket")
    if location.scheme in {"redis+cluster", "redis+sentinel"} and location.aof_always:
        raise wrong(
            "has durable=aof-always, which is for one server: a failover loses what the new "
            "primary had not received"
        )
    if location.scheme in {"redis", "rediss"} and len(location.nodes) > 1:
        raise wrong("has several hosts, which are for redis+sentinel:// and redis+cluster://")


def _service_and_db(scheme: str, path: str) -> tuple[str, int]:
    words = [] if scheme == "unix" else path.strip("/").split("/")
    service = words.pop(0) if scheme == "redis+sentinel" and words else ""
    if scheme == "redis+sentinel" and not service:
        raise wrong("names no service: redis+sentinel://host,host,host/service")
    if not (number := "/".join(words)):
        return service, 0
    if scheme == "redis+cluster":
        raise wrong("has a path; a cluster has only one database")
    if not (number.isascii() and number.isdigit()):
        raise wrong("has a database that is not a number")
    return service, int(number)


def _tls(scheme: str, query: Query) -> Certificates | None:
    if scheme in {"redis", "unix"}:
        return None
    wanted = scheme == "rediss" or query.flag("ssl")
    tls = Certificates(
        ca=query.text("ssl_ca_certs"),
        cert=query.text("ssl_certfile"),
        key=query.text("ssl_keyfile"),
        password=query.secret("ssl_password"),
    )
    if not wanted and tls != Certificates():
        raise wrong("has certificates, but not ssl=true")
    return tls if wanted else None
