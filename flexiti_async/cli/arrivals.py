"""
Customers who come to a driver, at a rate or one after the other.

With a rate it is an open loop: customers come at random moments (a Poisson process), whether or not
those before them have been served, and the time of each is counted from when they came. A server
that stalls is charged with every waiting customer; coordinated omission leaves that out.
Without a rate it is a closed loop: a number of customers, each coming again once they are served.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from itertools import count

from flexiti_async.cli.driver import Driver

__all__ = ["Arrivals"]


class Arrivals:
    """
    Customers of a mix of flows.

    Args:
        driver: Serves them.
        mix: Weight of each flow.
        seed: Of the random numbers: with the same one, the same customers come at the same times.
    """

    def __init__(self, driver: Driver, mix: Mapping[str, float], seed: int) -> None:
        self._driver = driver
        self._mix = mix
        self._random = random.Random(seed)  # noqa: S311 - customers, not keys
        self._numbers = count()

    async def run(self, *, start: float, seconds: float, rate: float, concurrency: int) -> None:
        """
        Serve customers until the last one is served.

        Args:
            start: The first moment, by `time.monotonic`.
            seconds: For how long customers come.
            rate: Customers per second; 0 for a closed loop.
            concurrency: How many are served at a time.
        """
        if rate:
            await self._open_loop(start, start + seconds, rate, concurrency)
        else:
            await self._closed_loop(start, start + seconds, concurrency)

    async def _open_loop(self, start: float, end: float, rate: float, concurrency: int) -> None:
        slots = asyncio.Semaphore(concurrency)

        async def serve_in_turn(came: float) -> None:
            async with slots:
                await self._serve(came)

        customers: set[asyncio.Task[None]] = set()
        due = start + self._random.expovariate(rate)
        while due < end:
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            customer = asyncio.ensure_future(serve_in_turn(due))
            customers.add(customer)
            customer.add_done_callback(customers.discard)
            due += self._random.expovariate(rate)
        await asyncio.gather(*customers)

    async def _closed_loop(self, start: float, end: float, customers: int) -> None:
        async def again() -> None:
            while (now := time.monotonic()) < end:
                await self._serve(now)
                # Going on at once would take the connection that was just freed from under the
                # callers that wait for one (aiohttp wakes them later).
                await asyncio.sleep(0)

        await asyncio.sleep(max(start - time.monotonic(), 0.0))
        await asyncio.gather(*(again() for _ in range(customers)))

    async def _serve(self, came: float) -> None:
        (flow,) = self._random.choices(list(self._mix), list(self._mix.values()))
        await self._driver.serve(flow, next(self._numbers), came)
