"""
redis-py's connections, with two differences.

- One that was unused for a while is replaced: a firewall may have forgotten it. redis-py would ask
  by PING, for which the user may lack the right.
- The TLS settings are loaded once for all connections. redis-py loads the system's authorities for
  each, which stops the event loop for 50 ms.
"""

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final, cast

from redis.asyncio import Connection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection

if TYPE_CHECKING:
    from redis.asyncio import Connection as _AnyKind
else:
    _AnyKind = object

__all__ = ["ByName", "BySentinel", "BySocket"]

IDLE: Final = 30.0
"""Seconds after which an unused connection is replaced."""


class _Replaced(_AnyKind):
    _used_at = 0.0

    async def _connect(self) -> None:
        self._use()  # before: some connections shake hands in there
        await super()._connect()  # type: ignore[no-untyped-call]

    # Pools call this for every connection that they lend.
    async def connect(self) -> None:
        await self._drop_if_idle()
        await super().connect()  # type: ignore[no-untyped-call]

    # Nodes of a cluster lend connections without `connect`.
    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        await self._drop_if_idle()
        await super().send_packed_command(*args, **options)
        self._use()

    async def _drop_if_idle(self) -> None:
        if self.is_connected and asyncio.get_running_loop().time() - self._used_at > IDLE:
            await self.disconnect()

    def _use(self) -> None:
        self._used_at = asyncio.get_running_loop().time()


class _Encrypted(Connection):
    def __init__(self, *, tls: ssl.SSLContext | None = None, **options: Any) -> None:
        self._tls = tls
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]

    def _connection_arguments(self) -> dict[str, Any]:
        arguments = cast("Any", super())._connection_arguments()  # noqa: SLF001 - it is overridden
        return {**arguments, "ssl": self._tls}


class ByName(_Replaced, _Encrypted):
    """A connection to a host."""


class BySentinel(_Replaced, SentinelManagedConnection, _Encrypted):
    """A connection to the primary that sentinels name."""


class BySocket(_Replaced, UnixDomainSocketConnection):
    """A connection to a unix socket."""
