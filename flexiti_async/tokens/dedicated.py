"""`DedicatedQueue`: the token requests for single checkouts, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakKeyDictionary

from attrs import define, field

from flexiti_async.errors import TokenUnavailable
from flexiti_async.tokens.context import Failed, Obtained

__all__ = ["DedicatedQueue"]

_AT_A_TIME: Final = 2
"""Fewer than the connections that are reserved for token requests: no call waits behind them."""
_MOST_WAITING: Final = 256


@define(eq=False)
class _Places:
    """
    The places of one event loop.

    Attributes:
        running: Of requests under way.
        probing: Of the one that may prove the others.
        taken: Number of callers, waiting or not.
    """

    running: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(_AT_A_TIME))
    probing: asyncio.Lock = field(factory=asyncio.Lock)
    taken: int = 0


class DedicatedQueue:
    """
    Make token requests that no caller shares, at most two at a time.

    The first request, and each after a failure, is a probe: the others wait for its result. If it
    fails, they fail with it, and send nothing.

    Args:
        request: Makes one token request, with the reference id of its flow.
        known_failure: Returns a failure that still backs off; None if there is none.
    """

    def __init__(
        self,
        request: Callable[[str | None], Awaitable[Obtained | Failed]],
        known_failure: Callable[[], Failed | None],
    ) -> None:
        self._request = request
        self._known_failure = known_failure
        self._proven = False
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, _Places] = WeakKeyDictionary()

    async def run(self, reference_id: str | None = None) -> Obtained | Failed:
        """Make a token request in turn, unless a failure is known or the queue is full."""
        failed = self._known_failure()
        if failed is not None:
            return failed
        places = self._places.setdefault(asyncio.get_running_loop(), _Places())
        if places.taken >= _MOST_WAITING:
            text = f"{places.taken} callers are waiting for a dedicated token"
            return Failed(TokenUnavailable(text), 0.0)
        places.taken += 1
        try:
            async with places.running:
                if self._proven:
                    return await self._unless_failed(reference_id)
                async with places.probing:
                    return await self._unless_failed(reference_id)
        finally:
            places.taken -= 1

    async def _unless_failed(self, reference_id: str | None) -> Obtained | Failed:
        failed = self._known_failure()
        if failed is not None:
            return failed
        result = await self._request(reference_id)
        self._proven = isinstance(result, Obtained)
        return result
