"""
`redis://` and its relatives: tokens shared by processes and hosts, on Redis or Valkey.

Commands used: GET and PTTL (in one script), SET with NX and PX, EVAL, and what a connection needs.
No KEYS, no FLUSH, nothing that blocks; every key has a time to live.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, cast
from weakref import WeakKeyDictionary

from flexiti_stores._aiocache import BaseCache, CacheStore, redis_cache
from flexiti_stores.redis.clients import Client, Opened, check_certificates, open_client
from flexiti_stores.redis.location import Location, parse_location

__all__ = ["RedisStore"]

# One script, so that the time belongs to the text: with two commands another process's write may
# come in between, and an old token would look young.
_READ: Final = "return {redis.call('get', KEYS[1]), redis.call('pttl', KEYS[1])}"


class RedisStore(CacheStore):
    """
    Entries in Redis or Valkey.

    `RedisStore.from_url(url)` opens its own connections, for every event loop that uses it, and
    closes them in `aclose` or with the loop. `RedisStore(client)` uses a `redis.asyncio` client
    that stays yours: it is never closed, and its event loop, time-outs, pool and retries are what
    you made them.

    Args:
        client: The client to borrow.
        prefix: What every key begins with.
        timeout: Seconds after which an operation fails; its outcome is then unknown.
    """

    def __init__(
        self, client: Client | Location, *, prefix: str = "flexiti:", timeout: float = 0.5
    ) -> None:
        super().__init__(timeout=timeout)
        self._client = client
        self._prefix = prefix
        self._opened: WeakKeyDictionary[asyncio.AbstractEventLoop, Opened] = WeakKeyDictionary()
        self._guard = threading.Lock()

    @classmethod
    def from_url(cls, url: str) -> "RedisStore":
        """
        Make a store that connects by itself; see `stores/README.md` for the forms of the URL.

        Raises:
            ConfigError: The URL is wrong, or names certificates that cannot be loaded.
        """
        location = parse_location(url)
        if location.tls is not None:
            check_certificates(location.tls)
        return cls(location, prefix=location.prefix, timeout=location.timeout)

    async def aclose(self) -> None:
        """Close what was opened for this event loop; the rest is closed with its own loops."""
        opened = self._forget(asyncio.get_running_loop())
        if opened is not None:
            await opened.aclose()

    def _place(self) -> str:
        return str(self._client) if isinstance(self._client, Location) else "the borrowed client"

    @asynccontextmanager
    async def _lend(self) -> AsyncGenerator[BaseCache]:
        if not isinstance(self._client, Location):
            yield redis_cache(self._client, self._prefix)
            return
        opened = await self._open(self._client)
        async with opened.turn() as client:
            yield redis_cache(client, self._prefix)

    async def _open(self, location: Location) -> Opened:
        """Give the client of the running loop. Suspends nowhere, so no task can come between."""
        loop = asyncio.get_running_loop()
        with self._guard:
            opened = self._opened.get(loop)
        if opened is None:
            opened = await open_client(location, lambda: self._forget(loop))
            with self._guard:
                self._opened[loop] = opened
        return opened

    def _forget(self, loop: asyncio.AbstractEventLoop) -> Opened | None:
        with self._guard:
            return self._opened.pop(loop, None)

    async def _read(self, cache: BaseCache, key: str) -> tuple[str | None, float | None]:
        name = cache.build_key(key, cache.namespace)
        answer = await cache.raw("eval", _READ, 1, name)
        text, left = cast("tuple[str | bytes | None, int]", answer)
        # A client that decodes gives text; -1 is a key that somebody has made permanent.
        plain = text.decode() if isinstance(text, bytes) else text
        return plain, left / 1000 if left >= 0 else None
