"""
A store for tokens on any aiocache cache that can compare and swap.

Facts that it relies on (aiocache 0.12.3, with redis-py, on Redis and Valkey; tests try them anew):

- `cache.add(key, text)` creates: one SET NX. `cache.set(key, text, _cas_token=old)` replaces: one
  Lua script on one key. Each is one round trip, and nothing can slip in between.
- The token is the exact stored text and never None. It need not be kept: version, time and payload
  of an entry yield the text again, to the byte.

Traps, none of which is used:

- `OptimisticLock` on an absent key has the token None, and `cas` is then an unconditional SET.
  Around a separate read it lets a delete and a create pass in between.
- `RedLock` is a lock that lapses. `clear()` is KEYS or FLUSHDB.
- A TTL of 0 is an error on Redis and "for ever" in memory; fractions are cut off, not rounded up.
- `SimpleMemoryCache` forgets by a timer of the loop that wrote: in the next loop it never does.
- Memcached compares by a number that only a second read returns, so its cache is refused.
- With AIOCACHE_DISABLE=1 every write "succeeds" and nothing is stored: refused.

A cache cannot list its keys and does not know when it may have forgotten: not for a journal.
"""

import asyncio
import json
import math
import os
from collections.abc import Awaitable
from typing import Final, TypeVar

from aiocache.base import BaseCache

from flexiti_async.errors import ConfigError, RecordUnreadable, StoreUnavailable
from flexiti_async.store.interface import Entry
from flexiti_stores._arguments import check_kind, check_timeout

__all__ = ["AiocacheStore"]

_T = TypeVar("_T")

SHORTEST: Final = 1.0
"""Seconds for which a cache keeps an entry at least, however short its own time."""


class AiocacheStore:
    """
    Entries in a cache of aiocache that can compare and swap.

    The cache stays yours: its namespace is used, its serializer is not, and it is never closed.
    Ages are unknown, so a claim is watched by the reader's own clock.

    Args:
        cache: The cache; memory serves one event loop only.
        timeout: Seconds after which an operation fails; its outcome is then unknown.

    Raises:
        ConfigError: An argument is of another type, AIOCACHE_DISABLE is set, or the cache cannot
            compare and swap.
    """

    def __init__(self, cache: BaseCache, *, timeout: float = 0.5) -> None:
        _refuse_disabled()
        is_cache = isinstance(cache, BaseCache)  # pyright: ignore[reportUnnecessaryIsInstance]
        check_kind("cache", good=is_cache, wanted="a cache of aiocache")
        check_timeout(timeout)
        if getattr(cache, "NAME", None) == "memcached":
            msg = "aiocache's memcached cache cannot compare and swap a text"
            raise ConfigError(msg, option="store")
        self._cache = cache
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._place}>"

    async def load(self, key: str) -> Entry | None:
        """Return the entry under a key; raises RecordUnreadable for a text that is not ours."""
        _refuse_disabled()
        text = await self._bounded("load", self._cache.get(key, loads_fn=_text))
        if text is None:
            return None
        entry = _unwrap(text)
        if entry is None:
            msg = f"a key of {self._place} holds a text that this library did not write"
            raise RecordUnreadable(msg)
        return entry

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Write `entry` if the stored text is still exactly that of `expected`."""
        _refuse_disabled()
        return await self._bounded("swap", self._swap(key, entry, expected))

    async def aclose(self) -> None:
        """Do nothing: the cache is the caller's."""

    @property
    def _place(self) -> str:
        return type(self._cache).__name__

    async def _swap(self, key: str, entry: Entry, expected: Entry | None) -> bool:
        ttl, text = _ttl(entry), _wrap(entry)
        if expected is None:
            try:
                won = await self._cache.add(key, text, ttl=ttl, dumps_fn=str)
            except UnicodeError:
                raise
            except ValueError:  # aiocache's word for "exists already"
                won = False
        else:
            token = _wrap(expected)
            won = bool(await self._cache.set(key, text, ttl=ttl, dumps_fn=str, _cas_token=token))
        # The same swap again: what is stored is this very entry.
        return won or text == await self._cache.get(key, loads_fn=_text)

    async def _bounded(self, verb: str, operation: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(self._timeout):
                return await operation
        except Exception as error:  # noqa: BLE001 - caches and clients raise errors of many kinds
            # Their texts may quote addresses, user names and keys: only the kind is named.
            kind = type(error).__name__
        raise StoreUnavailable(f"{self._place} failed to {verb}: {kind}")


def _refuse_disabled() -> None:
    if os.environ.get("AIOCACHE_DISABLE") == "1":
        msg = "AIOCACHE_DISABLE=1 makes every write of a token store succeed and store nothing"
        raise ConfigError(msg, option="store")


def _ttl(entry: Entry) -> float | None:
    if entry.keep_for is None:
        return None
    # Rounded up to the millisecond; the half keeps aiocache's int(ttl * 1000) on it.
    return (math.ceil(max(entry.keep_for, SHORTEST) * 1000) + 0.5) / 1000


def _wrap(entry: Entry) -> str:
    # A line of JSON, and the payload as it is.
    keep_for = None if entry.keep_for is None else float(entry.keep_for)
    return f"{json.dumps(['flexiti1', entry.version, keep_for])}\n{entry.payload}"


def _unwrap(text: str) -> Entry | None:
    header, newline, payload = text.partition("\n")
    try:
        fields: object = json.loads(header)
    except ValueError:
        return None
    match fields:
        case ["flexiti1", str(version), float() | None as keep_for] if newline:
            return Entry(version, payload, keep_for)
        case _:
            return None


def _text(stored: str | bytes | None) -> str | None:
    # A cache whose serializer has no encoding (pickle) returns bytes.
    return stored.decode() if isinstance(stored, bytes) else stored
