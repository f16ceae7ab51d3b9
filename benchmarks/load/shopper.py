"""
A process full of customers, for the load test.

With a rate it is an open loop: customers come at random moments (a Poisson process), whether or not
those before them have been served, and the time of each is counted from when they came. A server
that stalls is charged with every waiting customer; coordinated omission leaves that out.
Without a rate it is a closed loop: a number of customers, each coming again once they are served.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

from attrs import astuple

from benchmarks.harness.children import obey, run
from flexiti_async import FlexitiConfig
from flexiti_async.cli.driver import Driver


class _Shopper:
    """The orders that it takes."""

    async def open(self, options: dict[str, Any], mix: dict[str, float], seed: int) -> None:
        """Open a session; for a real target, the environment has what the options lack."""
        configure = FlexitiConfig if "client_id" in options else FlexitiConfig.load
        self._driver = Driver(configure(**options))
        self._random = random.Random(seed)  # noqa: S311 - customers, not keys
        self._mix = mix
        self._numbers = count()

    async def begin(self, at: float, seconds: float, rate: float, concurrency: int) -> None:
        """Start serving at a moment of the monotonic clock; a rate of 0 means a closed loop."""
        self._start = at
        self._slots = asyncio.Semaphore(concurrency)
        self._cpu = time.process_time()
        end = at + seconds
        loop = self._open_loop(end, rate) if rate else self._closed_loop(end, concurrency)
        self._running = asyncio.ensure_future(loop)

    async def progress(self) -> dict[str, int]:
        """Return how many customers were served."""
        return {"served": len(self._driver.served)}

    async def finish(self) -> dict[str, object]:
        """Wait until the last customer is served, and return what was measured."""
        await self._running
        cpu = time.process_time() - self._cpu
        driver = self._driver
        await driver.session.aclose()
        return {
            "cpu": cpu,
            "served": [astuple(one) for one in driver.served],
            "refreshes": driver.refreshes,
            "tokens": {
                "shared": len(driver.refreshes),
                "dedicated": driver.dedicated,
                "failed": driver.failed_tokens,
            },
        }

    async def _open_loop(self, end: float, rate: float) -> None:
        customers: set[asyncio.Task[None]] = set()
        due = self._start + self._random.expovariate(rate)
        while due < end:
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            customer = asyncio.ensure_future(self._serve_in_turn(due))
            customers.add(customer)
            customer.add_done_callback(customers.discard)
            due += self._random.expovariate(rate)
        await asyncio.gather(*customers)

    async def _closed_loop(self, end: float, customers: int) -> None:
        async def again() -> None:
            while (now := time.monotonic()) < end:
                await self._serve(now)

        await asyncio.sleep(max(self._start - time.monotonic(), 0.0))
        await asyncio.gather(*(again() for _ in range(customers)))

    async def _serve_in_turn(self, due: float) -> None:
        async with self._slots:
            await self._serve(due)

    async def _serve(self, came: float) -> None:
        (flow,) = self._random.choices(list(self._mix), list(self._mix.values()))
        await self._driver.serve(flow, next(self._numbers), came)


async def _main() -> None:
    # Failures are counted; thousands of log lines would hide the figures.
    logging.lastResort = logging.NullHandler()
    shopper = _Shopper()
    verbs: dict[str, Callable[..., Awaitable[Mapping[str, object] | None]]] = {
        "open": shopper.open,
        "begin": shopper.begin,
        "progress": shopper.progress,
        "finish": shopper.finish,
    }
    await obey(verbs)


if __name__ == "__main__":
    run(_main(), "asyncio")
