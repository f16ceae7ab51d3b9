"""Clients for a location: one server, the master that sentinels name, or a cluster."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeAlias

import redis
from attrs import define, field, frozen
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_stores.redis.location import Location, Tls

__all__ = ["Client", "Opened", "check_certificates", "open_client"]

Client: TypeAlias = Redis | RedisCluster


@frozen
class _Made:
    client: Client
    closers: tuple[Callable[[], Awaitable[None]], ...]


IDLE: Final = 30.0
"""Seconds after which unused connections are replaced: a firewall may have forgotten them."""


@define(eq=False)
class Opened:
    """
    A client of one event loop, closed with the loop at the latest.

    A connection belongs to the loop that made it. A suspended async generator is what a loop
    closes when it ends (`shutdown_asyncgens`, which `asyncio.run` calls), so one of them holds the
    client.

    Attributes:
        client: The client.
        closed: No operation may begin any more.
    """

    client: Client
    _keeper: AsyncGenerator[None] = field(repr=False)
    _connections: int
    _gate: asyncio.Semaphore = field(init=False, repr=False)
    closed: bool = False
    _used_at: float = 0.0

    def __attrs_post_init__(self) -> None:
        self._gate = asyncio.Semaphore(self._connections)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Client]:
        """
        Lend the client to as many callers at once as there may be connections.

        redis-py's blocking pool does this for one server only: the pools of Sentinel and Cluster
        raise when they are exhausted.

        A connection is open when the client is lent, so what fails before that was not sent.
        """
        async with self._gate:
            if self.closed:
                msg = "the store was closed"
                raise ConnectionError(msg)
            now = asyncio.get_running_loop().time()
            if now - self._used_at > IDLE:
                await self.drop_connections()
            self._used_at = now
            await self._connect()
            yield self.client

    async def drop_connections(self) -> None:
        """Close the connections that are not in use."""
        if isinstance(self.client, RedisCluster):
            for node in self.client.get_nodes():
                await node.disconnect_free_connections()
        else:
            await self.client.connection_pool.disconnect(inuse_connections=False)

    async def _connect(self) -> None:
        if isinstance(self.client, RedisCluster):
            _ = await self.client.initialize()
            return
        # The pool lends the one that was returned last.
        pool: Any = self.client.connection_pool
        await pool.release(await pool.get_connection())

    async def aclose(self) -> None:
        """Close the client when the operations in progress have ended: redis-py would reconnect."""
        self.closed = True
        for _ in range(self._connections):
            await self._gate.acquire()
        await self._keeper.aclose()
        for _ in range(self._connections):
            self._gate.release()


async def open_client(location: Location, closed: Callable[[], object]) -> Opened:
    """
    Return a client for the running loop; connections are made when they are needed.

    Args:
        location: Where and how to connect.
        closed: Called when the client is closed, also by the end of the loop.
    """
    made = _make(location)
    keeper = _keep(made, closed)
    await anext(keeper)
    return Opened(made.client, keeper, location.connections)


async def _keep(made: _Made, closed: Callable[[], object]) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        stack.callback(closed)
        for close in made.closers:
            stack.push_async_callback(close)
        yield


def _make(location: Location) -> _Made:
    if location.scheme == "redis+sentinel":
        return _sentinel(location)
    client = _cluster(location) if location.scheme == "redis+cluster" else _server(location)
    return _Made(client, (client.aclose,))


def _server(location: Location) -> Redis:
    if location.path:
        return Redis(unix_socket_path=location.path, db=location.db, **_options(location))
    host, port = location.nodes[0]
    return Redis(host=host, port=port, db=location.db, **_options(location))


def _sentinel(location: Location) -> _Made:
    options = _common(location)
    options["username"] = location.sentinel_username
    options["password"] = _reveal(location.sentinel_password)
    options["socket_connect_timeout"] = options["socket_timeout"] = _share(location)
    sentinel = Sentinel(location.nodes, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
    client = sentinel.master_for(  # pyright: ignore[reportUnknownMemberType]
        location.service, db=location.db, **_options(location)
    )
    asked: list[Redis] = sentinel.sentinels
    return _Made(client, (client.aclose, *(one.aclose for one in asked)))


def _cluster(location: Location) -> RedisCluster:
    options = _options(location)
    options["socket_connect_timeout"] = _share(location)
    nodes = [ClusterNode(host, port) for host, port in location.nodes]
    return RedisCluster(startup_nodes=nodes, **options)


def _share(location: Location) -> float:
    # They are asked one after the other, always in the same order: a dead first one must leave
    # time for the others within one operation, or no operation ever gets past it.
    return min(location.connect_timeout, location.timeout / (len(location.nodes) + 2))


def _options(location: Location) -> dict[str, Any]:
    return {
        "username": location.username,
        "password": _reveal(location.password),
        "socket_timeout": location.timeout,
        "socket_connect_timeout": location.connect_timeout,
        "max_connections": location.connections,
        **_common(location),
    }


def _common(location: Location) -> dict[str, Any]:
    return {
        # A client that repeats a swap whose answer was lost says "not written" of what it wrote.
        "retry": Retry(NoBackoff(), 0),
        # The handshake of RESP2 is AUTH and SELECT: it needs no more rights than that.
        "protocol": 2,
        **_introduction(),
        **(_tls_options(location.tls) if location.tls else {}),
    }


def _introduction() -> dict[str, Any]:
    # redis-py 7 and later look their own version up on the disk, in the event loop, for every
    # connection without it.
    try:
        from redis.driver_info import DriverInfo
    except ImportError:
        return {}
    return {"driver_info": DriverInfo(lib_version=redis.__version__)}


def _tls_options(tls: Tls) -> dict[str, Any]:
    return {
        "ssl": True,
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": tls.ca,
        "ssl_certfile": tls.cert,
        # Also if it is in the same file: redis-py before 8 loads no certificate without it.
        "ssl_keyfile": tls.key or tls.cert,
        **({} if tls.password is None else {"ssl_password": tls.password.reveal()}),
    }


def _reveal(password: Secret | None) -> str | None:
    return None if password is None else password.reveal()


def check_certificates(tls: Tls) -> None:
    """Load the files of certificates once, so that a wrong path fails at start-up."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert:
            # A password, if only an empty one: OpenSSL would ask for it on the terminal.
            context.load_cert_chain(tls.cert, tls.key, _reveal(tls.password) or "")
    except OSError as error:  # ssl.SSLError is one
        kind = type(error).__name__
    else:
        return
    msg = f"the certificates of the store URL cannot be loaded: {kind}"
    raise ConfigError(msg, option="store")
