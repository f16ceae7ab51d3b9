"""
A store on any aiocache cache that can compare and swap; the only store module on aiocache.

What holds (aiocache 0.12.3, with redis-py, on Redis and Valkey; the tests try it anew):

- `cache.add(key, text)` creates: one SET NX. `cache.set(key, text, _cas_token=old)` replaces: one
  Lua script on one key. Each is one round trip without a window in which anything can slip in.
- The token is the exact stored text and never None. It need not be kept: version, time and payload
  of an entry give the text back to the byte.

What does not, and is therefore not used:

- `OptimisticLock` on an absent key has the token None, and `cas` is then an unconditional SET.
  Around a separate read it lets a delete and a create pass in between.
- `RedLock` is a lock that lapses. `clear()` is KEYS or FLUSHDB.
- A TTL of 0 is an error on Redis and "for ever" in memory; fractions are cut off, not rounded up.
- `SimpleMemoryCache` forgets by a timer of the loop that wrote: in the next loop it never does.
- Memcached compares by a number that only a second read gives, so this store refuses its cache.
- With AIOCACHE_DISABLE=1 every write "succeeds" and nothing is stored: refused.
"""

import asyncio
import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from aiocache.base import BaseCache
from attrs import evolve

from flexiti_async.errors import ConfigError, RecordUnreadable, StoreUnavailable
from flexiti_async.store.interface import Entry

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

__all__ = ["AiocacheStore", "BaseCache", "CacheStore", "redis_cache"]

_T = TypeVar("_T")

SHORTEST: Final = 1.0
"""Seconds that a cache keeps an entry at least, however short its own time."""


class CacheStore(ABC):
    """
    Entries in a cache that is lent for each operation.

    Args:
        timeout: Seconds after which an operation fails; its outcome is then unknown.

    Raises:
        ConfigError: AIOCACHE_DISABLE is set.
    """

    def __init__(self, *, timeout: float) -> None:
        _refuse_disabled()
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._place()}>"

    async def load(self, key: str) -> Entry | None:
        """Get the entry under a key; raises RecordUnreadable for a text that is not one of ours."""
        text, left = await self._bounded("load", lambda cache: self._read(cache, key))
        if text is None:
            return None
        entry = _unwrap(text)
        if entry is None:
            msg = f"a key of {self._place()} holds a text that this library did not write"
            raise RecordUnreadable(msg)
        # A server whose clock was set back may say that more is left than there ever was.
        return entry if left is None else evolve(entry, age=max(0.0, _ttl(entry) - left))

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Write `entry` if the stored text is still exactly that of `expected`."""
        return await self._bounded("swap", lambda cache: _swap(cache, key, entry, expected))

    async def aclose(self) -> None:  # noqa: B027 - to borrow is the rule
        """Do nothing: what is borrowed is the caller's."""

    @abstractmethod
    def _place(self) -> str:
        """Name the store for people, without secrets."""

    @abstractmethod
    def _lend(self) -> AbstractAsyncContextManager[BaseCache]:
        """Give the cache for one operation."""

    async def _read(self, cache: BaseCache, key: str) -> tuple[str | None, float | None]:
        """Get the stored text, and the seconds for which it will still be kept, if known."""
        return await cache.get(key, loads_fn=_text), None

    async def _bounded(self, verb: str, operation: Callable[[BaseCache], Awaitable[_T]]) -> _T:
        _refuse_disabled()
        try:
            async with asyncio.timeout(self._timeout), self._lend() as cache:
                return await operation(cache)
        except Exception as error:  # noqa: BLE001 - caches and clients raise what they like
            # Their texts may quote addresses, user names and keys: only the kind is told.
            kind = type(error).__name__
        raise StoreUnavailable(f"{self._place()} failed to {verb}: {kind}")


class AiocacheStore(CacheStore):
    """
    Entries in a cache of aiocache that can compare and swap.

    The cache stays yours: its namespace is used, its serializer is not, and it is never closed.
    Ages are unknown, so a claim is watched by the reader's own clock.

    Args:
        cache: The cache; memory serves one event loop only.
        timeout: Seconds after which an operation fails; its outcome is then unknown.

    Raises:
        ConfigError: AIOCACHE_DISABLE is set, or the cache cannot compare and swap.
    """

    def __init__(self, cache: BaseCache, *, timeout: float = 0.5) -> None:
        super().__init__(timeout=timeout)
        if getattr(cache, "NAME", None) == "memcached":
            msg = "aiocache's memcached cache cannot compare and swap a text"
            raise ConfigError(msg, option="store")
        self._cache = cache

    def _place(self) -> str:
        return type(self._cache).__name__

    @asynccontextmanager
    async def _lend(self) -> AsyncGenerator[BaseCache]:
        yield self._cache


def redis_cache(client: "Redis | RedisCluster", prefix: str) -> BaseCache:
    """
    Make a cache of a client that is already there.

    RedisBackend's own `__init__` would build a pool for another client; aiocache's `timeout` is
    off because the store has one around everything.
    """
    from aiocache.backends.redis import RedisBackend

    cache = RedisBackend.__new__(RedisBackend)
    BaseCache.__init__(cache, namespace=prefix, timeout=None)
    cache.client = client
    return cache


async def _swap(cache: BaseCache, key: str, entry: Entry, expected: Entry | None) -> bool:
    ttl, text = _ttl(entry), _wrap(entry)
    if expected is not None:
        token = _wrap(expected)
        return bool(await cache.set(key, text, ttl=ttl, dumps_fn=str, _cas_token=token))
    try:
        return await cache.add(key, text, ttl=ttl, dumps_fn=str)
    except UnicodeError:
        raise
    except ValueError:  # aiocache's word for "exists already"
        return False


def _refuse_disabled() -> None:
    if os.environ.get("AIOCACHE_DISABLE") == "1":
        msg = "AIOCACHE_DISABLE=1 makes every write of a token store succeed and store nothing"
        raise ConfigError(msg, option="store")


def _ttl(entry: Entry) -> float:
    # Rounded up to the millisecond; the half keeps aiocache's int(ttl * 1000) on it.
    return (math.ceil(max(entry.keep_for, SHORTEST) * 1000) + 0.5) / 1000


def _wrap(entry: Entry) -> str:
    # A line of JSON, and the payload as it is.
    header = json.dumps(["flexiti1", entry.version, float(entry.keep_for)])
    return f"{header}\n{entry.payload}"


def _unwrap(text: str) -> Entry | None:
    header, newline, payload = text.partition("\n")
    try:
        fields: object = json.loads(header)
    except ValueError:
        return None
    match fields:
        case ["flexiti1", str(version), float(keep_for)] if newline:
            return Entry(version, payload, keep_for)
        case _:
            return None


def _text(stored: str | bytes | None) -> str | None:
    # A cache whose serializer has no encoding (pickle) gives bytes.
    return stored.decode() if isinstance(stored, bytes) else stored
