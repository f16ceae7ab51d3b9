"""The flights of one refresher: started or joined, watched until they land, ended on closing."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final

from flexiti_async.tokens.context import Failed, Obtained
from flexiti_async.tokens.self_wait import fetching
from flexiti_async.tokens.single_flight import SingleFlight

__all__ = ["FlightTask", "Launchpad"]

_CLOSE_WITHIN: Final = 5.0
"""Seconds that closing waits for a running flight before it cancels it."""

FlightTask = asyncio.Task[Obtained | Failed]

_flights: Final[SingleFlight[Obtained | Failed]] = SingleFlight()
"""All flights of this process: sessions with the same key share them."""


class Launchpad:
    """
    Start flights, one at a time for each purpose.

    Args:
        key: Callers with the same key share a flight.
        landed: Told what each flight brought that this refresher started or joined.
    """

    def __init__(self, key: Hashable, landed: Callable[[Obtained | Failed], None]) -> None:
        self._key = key
        self._notify = landed
        self._own: set[FlightTask] = set()
        self._watched: set[FlightTask] = set()

    @property
    def tasks(self) -> frozenset[FlightTask]:
        """The flights that were started here and have not landed."""
        return frozenset(self._own)

    def launch(
        self,
        purpose: str,
        work: Callable[[], Coroutine[Any, Any, Obtained | Failed]],
        *,
        started: Callable[[], None],
    ) -> FlightTask:
        """Find the flight for a purpose, or start one and say so by `started`."""
        key = (purpose, self._key)
        task = _flights.get(key)
        if task is None:

            async def marked() -> Obtained | Failed:
                with fetching(self._key):
                    return await work()

            started()
            task = _flights.start(key, marked, name=f"flexiti-async {purpose}")
            self._own.add(task)
            task.add_done_callback(self._own.discard)
        if task not in self._watched:
            self._watched.add(task)
            task.add_done_callback(self._landed)
        return task

    def _landed(self, task: FlightTask) -> None:
        self._watched.discard(task)
        if not task.cancelled() and task.exception() is None:
            self._notify(task.result())

    async def aclose(self) -> None:
        """Wait for the flights that were started here, for a while; cancel what is left."""
        loop = asyncio.get_running_loop()
        tasks = [task for task in self.tasks if task.get_loop() is loop]
        if not tasks:
            return
        _, pending = await asyncio.wait(tasks, timeout=_CLOSE_WITHIN)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
