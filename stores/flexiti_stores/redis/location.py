"""
The URL of a Redis store, read without ever repeating what stands in it.

A password that was not percent-encoded ends up anywhere in a URL: in the port, the path, the name
of a parameter. So errors name the part that is wrong, and quote only what can be no secret.
"""

import math
import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import field, frozen

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import nearest

__all__ = ["Location", "Tls", "parse_location"]

_PORTS: Final = {"redis+sentinel": 26379}
_PORT: Final = 6379
_NAME: Final = re.compile(r"[a-z_]{1,32}")


@frozen
class Tls:
    """
    How to encrypt, and whom to trust. Certificates and host names are always verified.

    Attributes:
        ca: Path of certificates to trust; redis-py adds them to the system's.
        cert: Path of our own certificate, for servers that ask for one.
        key: Path of its key; None if it is in the same file.
        password: Of the key.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    password: Secret | None = None


@frozen
class Location:
    """
    Where and how to connect.

    Attributes:
        scheme: `redis`, `rediss`, `unix`, `redis+sentinel` or `redis+cluster`.
        nodes: Hosts and ports: of the server, the sentinels, or some nodes of the cluster.
        path: Of the unix socket.
        service: The name that the sentinels know the master by.
        db: Number of the database.
        username: Of the ACL; None for `default`.
        password: None if the server asks for none.
        sentinel_username: As `username`, for the sentinels.
        sentinel_password: As `password`, for the sentinels.
        tls: None for a plain connection.
        prefix: What every key begins with.
        timeout: Seconds for one operation, everything included.
        connect_timeout: Seconds for one connection to be made.
        connections: How many connections one event loop may hold at once. Few: an operation takes
            well under a millisecond, and many TLS handshakes at once would outlast the time-out.
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
    tls: Tls | None = None
    prefix: str = "flexiti:"
    timeout: float = 0.5
    connect_timeout: float = 0.3
    connections: int = 8

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
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(authority) :] or "#" in rest:
        raise _wrong("has an @, / or # that must be percent-encoded")
    userinfo, _, hosts = authority.rpartition("@")
    username, _, password = (unquote(part) for part in userinfo.partition(":"))
    parts = urlsplit("//" + rest[len(authority) :])
    query = _Query(parts.query)
    path = unquote(parts.path)
    unix = scheme == "unix"
    service, db = _service_and_db(scheme, path)
    location = Location(
        scheme=scheme,
        nodes=() if unix else _nodes(hosts, _PORTS.get(scheme, _PORT)),
        path=path if unix else "",
        service=service,
        db=0 if scheme == "redis+cluster" else query.whole("db", db, least=0),
        username=username or None,
        password=Secret(password) if password else None,
        sentinel_username=query.text("sentinel_username") if service else None,
        sentinel_password=query.secret("sentinel_password") if service else None,
        tls=_tls(scheme, query),
        prefix=query.text("prefix", "flexiti:") or "",
        timeout=query.seconds("timeout", 0.5),
        connect_timeout=query.seconds("connect_timeout", 0.3),
        connections=query.whole("connections", 8, least=1),
    )
    query.refuse_rest()
    _check(location, hosts)
    return location


def _check(location: Location, hosts: str) -> None:
    """Refuse what is well-formed and makes no sense."""
    if location.scheme == "unix" and (hosts or not location.path.strip("/")):
        raise _wrong("names no absolute path: unix:///path/to/socket")
    if location.scheme in {"redis", "rediss"} and len(location.nodes) > 1:
        raise _wrong("has several hosts, which are for redis+sentinel:// and redis+cluster://")


def _service_and_db(scheme: str, path: str) -> tuple[str, int]:
    words = [] if scheme == "unix" else path.strip("/").split("/")
    service = words.pop(0) if scheme == "redis+sentinel" and words else ""
    if scheme == "redis+sentinel" and not service:
        raise _wrong("names no service: redis+sentinel://host,host,host/service")
    if not (number := "/".join(words)):
        return service, 0
    if scheme == "redis+cluster":
        raise _wrong("has a path; a cluster has only one database")
    if not (number.isascii() and number.isdigit()):
        raise _wrong("has a database that is no number")
    return service, int(number)


def _nodes(hosts: str, port: int) -> tuple[tuple[str, int], ...]:
    return tuple(_node(one, port) for one in hosts.split(",")) if hosts else (("localhost", port),)


def _node(text: str, default: int) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:@]+)(?::(\d{1,5}))?", unquote(text))
    if found is None or (port := int(found[2] or default)) > 65535:
        raise _wrong("has a host or port that cannot be read")
    return found[1].strip("[]"), port


def _tls(scheme: str, query: "_Query") -> Tls | None:
    if scheme in {"redis", "unix"}:
        return None
    wanted = scheme == "rediss" or query.flag("ssl")
    tls = Tls(
        ca=query.text("ssl_ca_certs"),
        cert=query.text("ssl_certfile"),
        key=query.text("ssl_keyfile"),
        password=query.secret("ssl_password"),
    )
    if not wanted and tls != Tls():
        raise _wrong("has certificates, but not ssl=true")
    return tls if wanted else None


class _Query:
    """The parameters of a URL; those that nobody asks for are wrong."""

    def __init__(self, text: str) -> None:
        self._given = dict(parse_qsl(text, keep_blank_values=True))
        self._known: set[str] = set()

    def text(self, name: str, default: str | None = None) -> str | None:
        self._known.add(name)
        return self._given.pop(name, default)

    def secret(self, name: str) -> Secret | None:
        value = self.text(name)
        return Secret(value) if value else None

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "false").lower()
        if value not in {"true", "false"}:
            raise _wrong(f"has {name} neither true nor false")
        return value == "true"

    def whole(self, name: str, default: int, *, least: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and int(value) >= least):
            raise _wrong(f"has {name} that is no whole number from {least}")
        return int(value)

    def seconds(self, name: str, default: float) -> float:
        value = self.text(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            raise _wrong(f"has {name} that is no number of seconds")
        return number

    def refuse_rest(self) -> None:
        for name in self._given:
            shown = f" {name}" if _NAME.fullmatch(name) else ""
            hint = nearest(name, self._known)
            meant = f"; did you mean {hint}?" if hint else ""
            raise _wrong(f"has an unknown parameter{shown}{meant}", hint or None)


def _wrong(what: str, suggestion: str | None = None) -> ConfigError:
    return ConfigError(f"the store URL {what}", option="store", suggestion=suggestion)
