"""A process full of customers, for the load test: `Arrivals`, at its parent's orders."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import astuple

from benchmarks.harness.children import obey, run
from flexiti_async import FlexitiConfig
from flexiti_async.cli.arrivals import Arrivals
from flexiti_async.cli.driver import Driver


class _Shopper:
    """The orders that it takes."""

    async def open(self, options: dict[str, Any], mix: dict[str, float], seed: int) -> None:
        """Open a session; for a real target, the environment has what the options lack."""
        configure = FlexitiConfig if "client_id" in options else FlexitiConfig.load
        self._driver = Driver(configure(**options))
        self._arrivals = Arrivals(self._driver, mix, seed)

    async def begin(self, at: float, seconds: float, rate: float, concurrency: int) -> None:
        """Start serving at a moment of the monotonic clock; a rate of 0 means a closed loop."""
        self._cpu = time.process_time()
        arrivals = self._arrivals.run(start=at, seconds=seconds, rate=rate, concurrency=concurrency)
        self._running = asyncio.ensure_future(arrivals)

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
