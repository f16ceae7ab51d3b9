"""`flexiti-async demo`: many checkouts against a local sandbox, without an account."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Final

from attrs import evolve, frozen
from cyclopts import Parameter, validators

from flexiti_async import FlexitiConfig
from flexiti_async.cli.driver import CHECKOUT, DONE, UNSHARED, WIDGET, Driver, Served
from flexiti_async.cli.options import Flag, Whole, without_password
from flexiti_async.cli.output import (
    FAILED,
    WRONG,
    CommandError,
    mask_store,
    print_facts,
    print_json,
    print_line,
    print_text,
)
from flexiti_async.cli.progress import progress_bar
from flexiti_async.cli.sandbox_process import SandboxProcess, sandbox_process
from flexiti_async.cli.shop import ShopOptions, run_shop

__all__ = ["STORE", "Outcome", "demo", "percentile"]

_AT_LEAST_ONE: Final = validators.Number(gte=1)
_NOT_WITH_SHOP: Final = "--checkouts, --concurrency and --json cannot be combined with --shop"
_ONLY_WITH_SHOP: Final = "--workers and --port require --shop"
STORE: Final = "DEMO_STORE"
"""Variable with the store. Not FLEXITI_STORE: a demo must not use that of the shop by accident."""
_PATIENCE: Final = 300.0
"""Time-outs of the demo, seconds: a slow machine makes it slow, not wrong."""
_SAMPLE: Final = 50
"""Checkouts that are made one at a time, and again without sharing."""


@frozen
class Outcome:
    """
    Result of a demo.

    Attributes:
        served: The customers who came together.
        seconds: How long they took.
        cpu: Seconds of CPU of this process for them.
        alone: Customers who came one at a time.
        requests: Token requests that the sandbox saw for all of these.
        unshared: Customers whose checkouts shared no token.
        unshared_requests: Token requests that the sandbox saw for them.
        failure: Text of the first error.
        samples: Masked redirection URLs.
    """

    served: Sequence[Served]
    seconds: float = 0.0
    cpu: float = 0.0
    alone: Sequence[Served] = ()
    requests: int = 0
    unshared: Sequence[Served] = ()
    unshared_requests: int = 0
    failure: str = ""
    samples: Sequence[str] = ()

    @property
    def failures(self) -> Counter[str]:
        """Numbers of all checkouts that failed, by the class name of the error."""
        everybody = (*self.served, *self.alone, *self.unshared)
        return Counter(one.outcome for one in everybody if one.outcome != DONE)

    @property
    def succeeded(self) -> int:
        """Number of the customers who came together and were served."""
        return sum(one.outcome == DONE for one in self.served)

    @property
    def without_sharing(self) -> int | None:
        """Token requests that as many checkouts need without sharing; None if none could tell."""
        made = sum(one.outcome == DONE for one in self.unshared)
        return round(self.unshared_requests / made * self.succeeded) if made else None


def percentile(served: Sequence[Served], percent: float) -> float | None:
    """Return the milliseconds within which this many percent succeeded; None if none did."""
    latencies = sorted(one.took for one in served if one.outcome == DONE)
    if not latencies:
        return None
    rank = min(int(len(latencies) * percent / 100), len(latencies) - 1)
    return round(latencies[rank] * 1000, 3)


async def demo(
    *,
    checkouts: Annotated[int | None, Whole, Parameter(validator=_AT_LEAST_ONE)] = None,
    concurrency: Annotated[int | None, Whole, Parameter(validator=_AT_LEAST_ONE)] = None,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    json: Flag = False,
    shop: ShopOptions | None = None,
) -> None:
    """
    Run many checkouts at once and see how few tokens they need, or open a demo shop.

    A sandbox runs in a process of its own, on a free loopback port: no account is needed, and
    nothing leaves the machine. The same session first serves 50 customers one at a time, for their
    latency; 50 more share no token, for comparison. The exit status is 1 if a checkout failed.

    Args:
        checkouts: Number of checkouts; 1000 by default.
        concurrency: Number of checkouts in flight; 200 by default.
        store: URL of the token store; by default that of DEMO_STORE, or memory://. One with a
            password is an error: the process list would show it.
        json: Print one JSON object instead of the summary, and show no progress bar.
    """
    opening = shop or ShopOptions()
    url = os.environ.get(STORE, "memory://") if store is None else without_password(store, STORE)
    if opening.shop:
        if checkouts is not None or concurrency is not None or json:
            raise CommandError(_NOT_WITH_SHOP, status=WRONG)
        await run_shop(opening, url)
        return
    if opening.workers is not None or opening.port is not None:
        raise CommandError(_ONLY_WITH_SHOP, status=WRONG)
    await _run_load(checkouts or 1000, concurrency or 200, url, json=json)


async def _run_load(checkouts: int, concurrency: int, store: str, *, json: bool) -> None:
    with progress_bar(checkouts, "checkouts", hidden=json) as progress:
        async with sandbox_process() as sandbox:
            outcome = await _check_out(sandbox, checkouts, concurrency, store, progress)
    shown = mask_store(store)
    if json:
        print_json(_as_json(outcome, concurrency, shown))
    else:
        print_text(f"{checkouts:,} checkouts through one FlexitiSession, {concurrency:,} at a time")
        print_line()
        print_facts(_as_facts(outcome, concurrency, shown))
    if failed := outcome.failures.total():
        kinds = ", ".join(f"{number} {kind}" for kind, number in outcome.failures.most_common())
        msg = f"{failed} checkouts failed ({kinds}): {outcome.failure}"
        raise CommandError(msg, status=FAILED)
    if not json:
        print_line()
        _print_next()


async def _check_out(
    sandbox: SandboxProcess,
    checkouts: int,
    concurrency: int,
    store: str,
    progress: Callable[[float, int], object],
) -> Outcome:
    """Run checkouts through one session: some one at a time, then all, then some unshared."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        # Nothing is paid here, so any store of tokens will do.
        journal="memory://",
        # Degraded mode would look like success with the store.
        on_store_failure="raise",
        token_timeout=_PATIENCE,
        request_timeout=_PATIENCE,
        connect_timeout=_PATIENCE,
    )
    loop = asyncio.get_running_loop()
    sample = min(_SAMPLE, checkouts)
    driver = Driver(config)
    async with driver.session:
        for number in range(sample):
            await driver.serve(CHECKOUT, number, loop.time())
        begin, cpu = loop.time(), time.process_time()
        numbers = iter(range(checkouts))

        async def shop() -> None:
            """Serve one customer after the other, until none is left."""
            for number in numbers:
                await driver.serve(_flow(number), number, loop.time())
                done = len(driver.served) - sample
                progress(done, done)
                # Going on at once would take the connection that was just freed from under the
                # callers that wait for one (aiohttp wakes them later).
                await asyncio.sleep(0)

        await asyncio.gather(*(shop() for _ in range(min(concurrency, checkouts))))
        outcome = Outcome(
            alone=driver.served[:sample],
            served=driver.served[sample:],
            seconds=loop.time() - begin,
            cpu=time.process_time() - cpu,
            requests=await sandbox.count("oauth/token"),
        )
        for number in range(sample):
            await driver.serve(UNSHARED, number, loop.time())
    return evolve(
        outcome,
        unshared=driver.served[sample + checkouts :],
        unshared_requests=await sandbox.count("oauth/token") - outcome.requests,
        failure=driver.failure,
        samples=driver.samples,
    )


def _flow(number: int) -> str:
    """Return a customer's flow: most buy in two steps."""
    return WIDGET if number % 5 == 0 else CHECKOUT


def _print_next() -> None:
    print_text("Next, a whole shop in your browser, backed by the sandbox (extra `shop`):")
    print_line()
    print_line("  flexiti-async demo --shop")
    print_line()
    print_text("or purchases that are authorized and captured, for half a minute:")
    print_line()
    print_line("  flexiti-async load")


def _as_json(outcome: Outcome, concurrency: int, store: str) -> dict[str, object]:
    served = outcome.served
    return {
        "checkouts": len(served),
        "succeeded": outcome.succeeded,
        "failed": outcome.failures.total(),
        "failures": dict(outcome.failures),
        "token_requests": outcome.requests,
        "token_requests_without_sharing": outcome.without_sharing,
        "measured_without_sharing": {
            "checkouts": len(outcome.unshared),
            "token_requests": outcome.unshared_requests,
        },
        "concurrency": concurrency,
        "seconds": round(outcome.seconds, 3),
        "cpu_ms_per_checkout": round(outcome.cpu / len(served) * 1000, 3),
        "latency_ms": {"p50": percentile(served, 50), "p99": percentile(served, 99)},
        "latency_ms_one_at_a_time": {
            "p50": percentile(outcome.alone, 50),
            "p99": percentile(outcome.alone, 99),
        },
        "store": store,
        "sample_urls": outcome.samples,
    }


def _as_facts(outcome: Outcome, concurrency: int, store: str) -> dict[str, str]:
    served, sample = outcome.served, len(outcome.unshared)
    requests = "request" if outcome.requests == 1 else "requests"
    without = outcome.without_sharing
    unshared = "not known" if without is None else f"{without:,}"
    rate = outcome.succeeded / outcome.seconds if outcome.seconds else 0.0
    return {
        "tokens": f"{outcome.requests:,} token {requests}; without sharing: {unshared}\n"
        f"({sample:,} more checkouts without sharing made {outcome.unshared_requests:,})",
        "checkouts": f"{outcome.succeeded:,} succeeded, {len(served) - outcome.succeeded:,} failed",
        "wall time": f"{outcome.seconds:.2f} s, {rate:,.0f} checkouts/s",
        "CPU": f"{outcome.cpu / len(served) * 1000:.2f} ms per checkout, without the sandbox",
        "latency": f"one at a time: {_latency(outcome.alone)}\n"
        f"{min(concurrency, len(served)):,} at once: {_latency(served)}",
        "store": store,
        "sample URLs": "\n".join(outcome.samples) or "-",
    }


def _latency(served: Sequence[Served]) -> str:
    p50, p99 = percentile(served, 50), percentile(served, 99)
    return "-" if p50 is None or p99 is None else f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
