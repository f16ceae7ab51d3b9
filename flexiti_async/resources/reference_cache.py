"""
Reference answers of the API, kept: form values, messages, terms and conditions.

They are shown on every page of a checkout and change seldom. So they are kept in an aiocache cache,
in this process's memory or in one that the shop hands over, by everything that the call says: the
endpoint, the language, the key.

* One request however many ask: callers of one process in one event loop share it.
* An answer is fresh for `ttl` seconds. It is kept for longer, and served old while the API is down,
  with a warning in the log; the API is then left alone for some seconds.
* A cache that fails is as good as an empty one: the API is asked, and the log has a warning.

The time of an answer is written beside it, because the time to live that a cache promises is not to
be had everywhere: aiocache's memory forgets by a timer of the event loop that wrote, and in the
next loop never.
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
    FlexitiError,
    MalformedAnswer,
    ServerError,
    Throttled,
    TokenThrottled,
    TokenUnavailable,
    TransportError,
)
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.json_codec import UnfitError, decode, encode
from flexiti_async.tokens.single_flight import SingleFlight, join

if TYPE_CHECKING:
    from aiocache.base import BaseCache

__all__ = ["ReferenceCache"]

_log = logging.getLogger("flexiti_async.cache")

Fetch = Callable[[Call[ReferenceData]], Awaitable[ReferenceData]]

# A page about maintenance is a malformed answer.
_DOWN: Final = (
    TransportError,
    ServerError,
    Throttled,
    MalformedAnswer,
    TokenUnavailable,
    TokenThrottled,
)
_RESPITE: Final = 30.0
_KEPT_AT_LEAST: Final = 86_400.0
_KEPT_AT_MOST: Final = 30 * 86_400.0  # memcached takes a longer one for a date
_FORM: Final = 1


@frozen
class _Kept:
    content: object
    age: float


class ReferenceCache:
    """
    Answers of calls that give `ReferenceData`, by what the calls say.

    Args:
        cache: An aiocache cache to borrow: its namespace and serializer are used, and it is never
            closed. None for one of its own in memory.
        place: Sets one API and client apart from others in a shared cache.
        ttl: Seconds for which an answer is fresh.
        timeout: Seconds that the cache may take.
        clock: Where the time comes from.
    """

    def __init__(
        self,
        cache: Cache | None = None,
        *,
        place: str,
        ttl: float,
        timeout: float = 1.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._cache = cache
        # Memory of its own holds some texts, and its timers would outlive their event loop.
        self._keep = None if cache is None else min(max(24 * ttl, _KEPT_AT_LEAST), _KEPT_AT_MOST)
        self._place = place
        self._ttl = ttl
        self._timeout = timeout
        self._clock = clock
        self._flights: SingleFlight[ReferenceData] = SingleFlight(object())
        self._down_until: dict[str, float] = {}

    async def answer(self, call: Call[ReferenceData], fetch: Fetch) -> ReferenceData:
        """
        Give the answer of a call, from the cache if it is fresh.

        Args:
            call: One whose answer does not depend on when and how often it is made.
            fetch: Makes the call.

        Raises:
            FlexitiError: Nothing is kept, and `fetch` raised it.
        """
        key = self._key(call)
        while True:
            purpose = f"{call.endpoint} {key}"
            task = self._flights.run(purpose, lambda: self._answer(key, call, fetch))
            answer = await join(task)
            if answer is not None:
                return answer

    async def _answer(self, key: str, call: Call[ReferenceData], fetch: Fetch) -> ReferenceData:
        kept = await self._load(key)
        if kept is not None and (kept.age < self._ttl or self._respite(key)):
            return ReferenceData(kept.content)
        try:
            answer = await fetch(call)
        except _DOWN as error:
            if kept is None:
                raise
            self._down_until[key] = self._clock.boot() + min(_RESPITE, self._ttl)
            _warn_of_old(call, kept, error)
            return ReferenceData(kept.content)
        self._down_until.pop(key, None)
        await self._save(key, answer)
        return answer

    def _respite(self, key: str) -> bool:
        return self._clock.boot() < self._down_until.get(key, 0.0)

    def _key(self, call: Call[ReferenceData]) -> str:
        said = [
            self._place,
            call.endpoint,
            call.method,
            call.path,
            call.version,
            sorted(call.path_values.items()),
            sorted(call.query.items()),
            sorted((call.body or {}).items()),
        ]
        # Short and without blanks: memcached wants both.
        return f"flexiti:reference:{hashlib.blake2b(encode(said), digest_size=16).hexdigest()}"

    async def _load(self, key: str) -> _Kept | None:
        try:
            async with asyncio.timeout(self._timeout):
                stored = await self._opened().get(key)
        except Exception as error:  # noqa: BLE001 - caches and their clients raise what they like
            _log.warning("the reference cache cannot be read: %s", type(error).__name__)
            return None
        return self._read(stored)

    def _read(self, stored: object) -> _Kept | None:
        """Read what was kept; anything that this release did not write counts as nothing."""
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
        # A clock that was set back, or another host's, must not make it last for ever.
        age = self._clock.wall() - parts[1]
        return _Kept(parts[2], age if age >= 0 else self._ttl)

    async def _save(self, key: str, answer: ReferenceData) -> None:
        text = encode([_FORM, int(self._clock.wall()), answer.content]).decode()
        try:
            async with asyncio.timeout(self._timeout):
                await self._opened().set(key, text, ttl=self._keep)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("the reference cache cannot be written: %s", type(error).__name__)

    def _opened(self) -> "Cache | BaseCache":
        if self._cache is None:
            # Imported here: a shop that shows no form values does without it.
            from aiocache import SimpleMemoryCache

            self._cache = SimpleMemoryCache()
        return self._cache


def _warn_of_old(call: Call[ReferenceData], kept: _Kept, error: FlexitiError) -> None:
    _log.warning(
        "%s: the API is down (%s); an answer of %.0f s ago is served",
        call.endpoint,
        type(error).__name__,
        kept.age,
    )
