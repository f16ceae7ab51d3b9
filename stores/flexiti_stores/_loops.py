"""Resources that a store opens for each event loop: closed with the loop at the latest."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from attrs import define, field

from flexiti_async.errors import StoreUnavailable

__all__ = ["PerLoop", "Turns"]

_T = TypeVar("_T")


class PerLoop(Generic[_T]):
    """
    One value for each event loop.

    Connections refer to their loop, so no weak reference to it would ever end: the values of closed
    loops are dropped when another loop comes.

    Loops of several threads use it without a lock: each step on the dict is atomic, and the value
    of a loop that is not closed is changed by that loop alone.
    """

    def __init__(self) -> None:
        self._values: dict[asyncio.AbstractEventLoop, _T] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self) -> _T | None:
        """Return the value of the running loop."""
        return self._values.get(asyncio.get_running_loop())

    def put(self, value: _T) -> None:
        """Keep the value of the running loop."""
        for loop in list(self._values):
            if loop.is_closed():
                self._values.pop(loop, None)
        self._values[asyncio.get_running_loop()] = value

    def drop(self, value: _T) -> None:
        """Forget a value of the running loop, unless it has another one by now."""
        loop = asyncio.get_running_loop()
        if self._values.get(loop) is value:
            del self._values[loop]


@define(eq=False)
class Turns:
    """
    Turns at the connections of one event loop: so many at once, and none after the close.

    A suspended async generator is what a loop closes when it ends (`shutdown_asyncgens`, which
    `asyncio.run` calls), so one of them closes the connections.

    Attributes:
        closed: No turn begins any more.
    """

    _limit: int
    _close: Callable[[], Awaitable[object]]
    _gate: asyncio.Semaphore = field(init=False)
    _keeper: AsyncGenerator[None] = field(init=False)
    _closing: asyncio.Task[None] | None = None
    _ended: bool = False
    closed: bool = False

    @classmethod
    async def begin(cls, limit: int, close: Callable[[], Awaitable[object]]) -> "Turns":
        """
        Return turns in the running loop; no other task runs meanwhile.

        Args:
            limit: How many at once.
            close: Closes the connections that are not in use.
        """
        turns = cls(limit, close)
        turns._gate = asyncio.Semaphore(limit)
        turns._keeper = turns._keep()
        await anext(turns._keeper)
        return turns

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for a turn; raises StoreUnavailable after the close."""
        async with self._gate:
            if self.closed:
                raise StoreUnavailable("the store was closed", sent=False)
            try:
                yield
            finally:
                if self._ended:  # the loop has closed the others meanwhile
                    await self._close()

    async def aclose(self) -> None:
        """
        Close the connections when the operations in progress have ended.

        A caller that is cancelled stops waiting; the connections are closed all the same.
        """
        self.closed = True
        if self._closing is None:
            self._closing = asyncio.create_task(self._end())
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        for _ in range(self._limit):
            await self._gate.acquire()
        await self._keeper.aclose()
        for _ in range(self._limit):
            self._gate.release()

    async def _keep(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self.closed = self._ended = True
            await self._close()
