"""Clients for a location: one server, the primary that sentinels name, or a cluster."""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import redis
from attrs import define, frozen
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from flexiti_async.protocol.secret import Secret
from flexiti_stores._loops import Turns
from flexiti_stores.redis.connections import ByName, BySentinel, BySocket
from flexiti_stores.redis.location import Location

__all__ = ["Client", "Opened", "open_client"]

Client: TypeAlias = Redis | RedisCluster


@frozen
class _Made:
    client: Client
    closers: tuple[Callable[[], Awaitable[None]], ...]


@define(eq=False)
class Opened:
    """A client of one event loop; `turns` closes it."""

    turns: Turns
    _client: Client

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Client]:
        """
        Lend the client to as many callers at once as there may be connections.

        redis-py's blocking pool does this for one server only: the pools of Sentinel and Cluster
        raise when they are exhausted.

        A connection is open when the client is lent, so what fails before that was not sent.
        """
        async with self.turns.turn():
            await self._connect()
            yield self._client

    async def drop_connections(self) -> None:
        """Close the connections that are not in use."""
        if isinstance(self._client, RedisCluster):
            for node in self._client.get_nodes():
                await node.disconnect_free_connections()
        else:
            await self._client.connection_pool.disconnect(inuse_connections=False)

    async def _connect(self) -> None:
        if isinstance(self._client, RedisCluster):
            _ = await self._client.initialize()
            return
        # The pool lends the one that was returned last.
        pool: Any = self._client.connection_pool
        await pool.release(await pool.get_connection())


async def open_client(
    location: Location, tls: ssl.SSLContext | None, closed: Callable[[Opened], object]
) -> Opened:
    """
    Return a client for the running loop; connections are made when they are needed.

    Args:
        location: Where and how to connect.
        tls: The TLS settings; None for plain connections.
        closed: Called when it is closed, also by the end of the loop.
    """
    made = _make(location, tls)

    async def close() -> None:
        closed(opened)
        async with AsyncExitStack() as stack:
            for closer in made.closers:
                stack.push_async_callback(closer)

    opened = Opened(await Turns.begin(location.connections, close), made.client)
    return opened


def _make(location: Location, tls: ssl.SSLContext | None) -> _Made:
    if location.scheme == "redis+sentinel":
        return _sentinel(location, tls)
    if location.scheme == "redis+cluster":
        client: Client = _cluster(location, tls)
    else:
        client = _server(location, tls)
    return _Made(client, (client.aclose,))


def _server(location: Location, tls: ssl.SSLContext | None) -> Redis:
    options: dict[str, Any] = {**_options(location), "db": location.db}
    if location.path:
        return _refit(Redis(unix_socket_path=location.path, **options), BySocket)
    host, port = location.nodes[0]
    return _refit(Redis(host=host, port=port, **options), ByName, tls=tls)


def _sentinel(location: Location, tls: ssl.SSLContext | None) -> _Made:
    options: dict[str, Any] = {
        **_common(),
        "username": location.sentinel_username,
        "password": _reveal(location.sentinel_password),
        "socket_connect_timeout": _share(location),
        "socket_timeout": _share(location),
    }
    sentinel = Sentinel(location.nodes, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
    asked: list[Redis] = [_refit(one, ByName, tls=tls) for one in sentinel.sentinels]
    client = sentinel.master_for(  # pyright: ignore[reportUnknownMemberType]
        location.service, db=location.db, **_options(location)
    )
    return _Made(_refit(client, BySentinel, tls=tls), (client.aclose, *(it.aclose for it in asked)))


def _cluster(location: Location, tls: ssl.SSLContext | None) -> RedisCluster:
    options: dict[str, Any] = {**_options(location), "socket_connect_timeout": _share(location)}
    nodes = [ClusterNode(host, port) for host, port in location.nodes]
    client = RedisCluster(startup_nodes=nodes, **options)
    manager: Any = client.nodes_manager
    # The arguments of nodes that are found later.
    manager.connection_kwargs.update(connection_class=ByName, tls=tls)
    for node in manager.startup_nodes.values():
        node.connection_class = ByName
        node.connection_kwargs["tls"] = tls
    return client


def _refit(client: Redis, kind: type[AbstractConnection], **options: object) -> Redis:
    """Return the client with connections of our kind, for which redis-py has no argument."""
    pool = client.connection_pool
    pool.connection_class = kind
    pool.connection_kwargs.update(options)
    return client


def _share(location: Location) -> float:
    # They are asked one after the other, always in the same order: a dead first one must leave
    # time for the others within one operation, or no operation ever gets past it.
    return min(location.connect_timeout, location.timeout / (len(location.nodes) + 2))


def _options(location: Location) -> dict[str, Any]:
    return {
        **_common(),
        "username": location.username,
        "password": _reveal(location.password),
        "socket_timeout": location.timeout,
        "socket_connect_timeout": location.connect_timeout,
        "max_connections": location.connections,
    }


def _common() -> dict[str, Any]:
    return {
        # A client that repeats a swap whose answer was lost says "not written" of what it wrote.
        "retry": Retry(NoBackoff(), 0),
        # The handshake of RESP2 is AUTH and SELECT: it needs no more rights than that.
        "protocol": 2,
        **_introduction(),
    }


def _introduction() -> dict[str, Any]:
    # redis-py 7 and later look their own version up on the disk, in the event loop, for every
    # connection without it.
    try:
        from redis.driver_info import DriverInfo
    except ImportError:
        return {}
    return {"driver_info": DriverInfo(lib_version=redis.__version__)}


def _reveal(password: Secret | None) -> str | None:
    return None if password is None else password.reveal()
