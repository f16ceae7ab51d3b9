"""
A cache of reference answers: form values, messages, terms and conditions.

Every page of a checkout shows them, and they change rarely. So they are cached with aiocache, in
this process's memory or in the shop's own cache, keyed by the whole call: the endpoint, the
language, the key.

* Concurrent callers of one process and event loop share one request.
* An answer is fresh for `ttl` seconds. It is kept longer, and served stale while the API is down,
  with a warning in the log; no request is sent during the back-off of some seconds.
* A cache that fails counts as empty: the API is called, and the log has a warning.

The time of an answer is stored beside it, because not every cache keeps to its time to live:
aiocache's memory cache expires entries with a timer of the event loop that wrote them, and so never
in the next loop.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, cast

from attrs import frozen

from flexiti_async.api.reference import ReferenceData
from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.config.options import Cache
from flexiti_async.errors import (
    MalformedAnswer,
    ServerError,
    Throttled,
    TokenThrottled,
    TokenUnavailable,
    TransportError,
)
from flexiti_async.errors.base import facts_of
from flexiti_async.events.listeners import Listeners
from flexiti_async.events.log import EventLog, attributes
from flexiti_async.events.states import Line, State
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.json_codec import UnfitError, decode, encode
from flexiti_async.tokens.single_flight import SingleFlight, join

if TYPE_CHECKING:
    from aiocache.base import BaseCache

__all__ = ["ReferenceCache"]

_log = logging.getLogger("flexiti_async.cache")

Fetch = Callable[[Call[ReferenceData]], Awaitable[ReferenceData]]

# A maintenance page is a malformed answer.
_DOWN: Final = (
    TransportError,
    ServerError,
    Throttled,
    MalformedAnswer,
    TokenUnavailable,
    TokenThrottled,
)
_BACK_OFF: Final = 30.0
_KEPT_AT_LEAST: Final = 86_400.0
_KEPT_AT_MOST: Final = 30 * 86_400.0  # memcached treats a longer one as a date
_FORM: Final = 1


@frozen
class _Cached:
    content: object
    age: float


class ReferenceCache:
    """
    Caches the answers of calls for `ReferenceData`, keyed by the call.

    Args:
        cache: The shop's aiocache cache: its namespace and serializer are used, and it is never
            closed. None for a cache of its own in memory.
        place: Separates APIs and clients in a shared cache.
        ttl: Seconds for which an answer is fresh.
        timeout: Seconds that one access to the cache may take.
        clock: The clock.
        events: The session's log.
    """

    def __init__(
        self,
        cache: Cache | None = None,
        *,
        place: str,
        ttl: float,
        timeout: float = 1.0,
        clock: Clock = SYSTEM_CLOCK,
        events: Listeners | None = None,
    ) -> None:
        self._cache = cache
        # The memory cache holds few texts, and its timers would outlive their event loop.
        self._keep = None if cache is None else min(max(24 * ttl, _KEPT_AT_LEAST), _KEPT_AT_MOST)
        self._place = place
        self._ttl = ttl
        self._timeout = timeout
        self._clock = clock
        self._events = events or Listeners(log=EventLog(clock))
        self._flights: SingleFlight[ReferenceData] = SingleFlight(object())
        self._down_until: dict[str, float] = {}

    async def answer(self, call: Call[ReferenceData], fetch: Fetch) -> ReferenceData:
        """
        Return the answer of a call, from the cache if it is fresh.

        Args:
            call: A call whose answer does not depend on when or how often it is sent.
            fetch: Sends the call.

        Raises:
            FlexitiError: From `fetch`, if nothing is cached.
        """
        key = self._key(call)
        while True:
            purpose = f"{call.endpoint} {key}"
            task = self._flights.run(purpose, lambda: self._answer(key, call, fetch))
            answer = await join(task)
            if answer is not None:
                return answer

    async def _answer(self, key: str, call: Call[ReferenceData], fetch: Fetch) -> ReferenceData:
        cached = await self._load(key)
        if cached is not None and (cached.age < self._ttl or self._backing_off(key)):
            return ReferenceData(cached.content)
        try:
            answer = await fetch(call)
        except _DOWN as error:
            if cached is None:
                raise
            self._down_until[key] = self._clock.boot() + min(_BACK_OFF, self._ttl)
            text = "%s: the API is down (%s), serving an answer from %.0f s ago"
            kind = type(error).__name__
            extra = attributes(**{**facts_of(error), "endpoint": call.endpoint})
            self._warn(text, call.endpoint, kind, cached.age, **extra)
            return ReferenceData(cached.content)
        self._down_until.pop(key, None)
        await self._save(key, answer)
        return answer

    def _backing_off(self, key: str) -> bool:
        return self._clock.boot() < self._down_until.get(key, 0.0)

    def _key(self, call: Call[ReferenceData]) -> str:
        parts = [
            self._place,
            call.endpoint,
            call.method,
            call.path,
            call.version,
            sorted(call.path_values.items()),
            sorted(call.query.items()),
            sorted((call.body or {}).items()),
        ]
        # Short and without blanks, as memcached requires.
        return f"flexiti:reference:{hashlib.blake2b(encode(parts), digest_size=16).hexdigest()}"

    async def _load(self, key: str) -> _Cached | None:
        try:
            async with asyncio.timeout(self._timeout):
                stored = await self._opened().get(key)
        except Exception as error:  # noqa: BLE001 - caches and their clients may raise anything
            kind = type(error).__name__
            self._warn("could not read the reference cache: %s", kind, flexiti_error=kind)
            return None
        return self._read(stored)

    def _read(self, stored: object) -> _Cached | None:
        """Decode a cached answer; data that this release did not write count as missing."""
        if isinstance(stored, str):
            stored = stored.encode()
        if not isinstance(stored, bytes):
            return None
        try:
            data = decode(stored)
        except UnfitError:
            return None
        parts = cast("list[object]", data) if isinstance(data, list) else []
        if len(parts) != 3 or parts[0] != _FORM or not isinstance(parts[1], int):
            return None
        # A clock that was set back, or another host's, must not keep it fresh for ever.
        age = self._clock.wall() - parts[1]
        return _Cached(parts[2], age if age >= 0 else self._ttl)

    async def _save(self, key: str, answer: ReferenceData) -> None:
        text = encode([_FORM, int(self._clock.wall()), answer.content]).decode()
        try:
            async with asyncio.timeout(self._timeout):
                await self._opened().set(key, text, ttl=self._keep)
        except Exception as error:  # noqa: BLE001 - as above
            kind = type(error).__name__
            self._warn("could not write the reference cache: %s", kind, flexiti_error=kind)

    def _warn(self, text: str, *args: object, **extra: object) -> None:
        self._events.warn(State.CACHE, Line(_log, logging.WARNING, text, args, extra))

    def _opened(self) -> "Cache | BaseCache":
        if self._cache is None:
            # Imported here, because shops without form values do not need it.
            from aiocache import SimpleMemoryCache

            self._cache = SimpleMemoryCache()
        return self._cache
