"""
One task at a time for one purpose, however many callers want its result.

The task belongs to nobody who waits for it: a waiter that is cancelled harms no other, and a task
that everybody has left runs to its end. Flights are kept by event loop, and by what they are for,
not by who started them: two sessions of one client in one loop share a flight.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["SingleFlight"]

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """A register of the running tasks of each event loop."""

    def __init__(self) -> None:
        self._flights: Final[
            WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[T]]]
        ] = WeakKeyDictionary()

    def get(self, key: Hashable) -> asyncio.Task[T] | None:
        """Find the running task for a purpose in this loop."""
        return self._of_loop().get(key)

    def start(
        self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]], *, name: str
    ) -> asyncio.Task[T]:
        """Start the task for a purpose; there must be none."""
        flights = self._of_loop()
        # An empty context: whatever the first caller's request left in its context variables (a
        # user, a trace) is not of everybody's flight.
        task = asyncio.get_running_loop().create_task(
            work(), name=name, context=contextvars.Context()
        )
        flights[key] = task
        task.add_done_callback(lambda _: flights.pop(key, None))
        return task

    def _of_loop(self) -> dict[Hashable, asyncio.Task[T]]:
        loop = asyncio.get_running_loop()
        flights = self._flights.get(loop)
        if flights is None:
            flights = self._flights.setdefault(loop, {})
        return flights


async def join(task: asyncio.Task[T]) -> T | None:
    """
    Wait for a task without owning it; None if somebody cancelled the task.

    The task's callbacks have run then, also for who came after its end: they take it off the
    register and note what it brought, and whoever asks again finds that, not the same task.
    """
    if task.done():
        # To wait for what is done yields to nobody, so asking again would block the loop for ever.
        await asyncio.sleep(0)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        me = asyncio.current_task()
        if task.cancelled() and not (me is not None and me.cancelling()):
            return None
        raise
