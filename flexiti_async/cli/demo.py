"""`flexiti-async demo`: many checkouts against a local sandbox, without an account."""

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexiti_async import FlexitiConfig
from flexiti_async.cli.load import APPLICATION, CHECKOUT, DONE, WIDGET, Driver, Served
from flexiti_async.cli.options import Flag, Whole, without_password
from flexiti_async.cli.output import (
    FAILED,
    WRONG,
    CommandError,
    mask_store,
    print_facts,
    print_json,
    print_line,
)
from flexiti_async.cli.shop import ShopOptions, run_shop
from flexiti_async.sandbox import Sandbox

__all__ = ["Outcome", "demo"]

_AT_LEAST_ONE: Final = validators.Number(gte=1)
_NOT_WITH_SHOP: Final = "--checkouts, --concurrency and --json cannot be combined with --shop"
_ONLY_WITH_SHOP: Final = "--workers and --port require --shop"
_STORE: Final = "DEMO_STORE"
"""Not FLEXITI_STORE: a demo must not use the store of the shop by accident."""
_PATIENCE: Final = 300.0
"""Time-outs of the demo, seconds: a slow machine makes it slow, not wrong."""


@frozen
class Outcome:
    """
    Result of a demo.

    Attributes:
        served: The customers.
        seconds: How long the demo took.
        shared: Token requests that the sandbox saw for tokens shared by checkouts.
        dedicated: Token requests that it saw for one application each.
        failure: Text of the first error.
        samples: Masked redirection URLs.
    """

    served: Sequence[Served]
    seconds: float = 0.0
    shared: int = 0
    dedicated: int = 0
    failure: str = ""
    samples: Sequence[str] = ()

    @property
    def applications(self) -> int:
        """Number of applications."""
        return sum(one.flow == APPLICATION for one in self.served)

    @property
    def failures(self) -> Counter[str]:
        """Numbers of checkouts that failed, by the class name of the error."""
        return Counter(one.outcome for one in self.served if one.outcome != DONE)

    @property
    def latencies(self) -> list[float]:
        """Seconds that each successful checkout took, in ascending order."""
        return sorted(one.took for one in self.served if one.outcome == DONE)

    def percentile(self, percent: float) -> float | None:
        """Return the milliseconds within which this many percent succeeded; None if none did."""
        latencies = self.latencies
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

    A sandbox runs in this process, on a free loopback port: no account is needed, and nothing
    leaves the machine. One checkout in ten is an application, which uses a token of its own.

    Args:
        checkouts: Number of checkouts; 1000 by default.
        concurrency: Number of checkouts in flight; 200 by default.
        store: URL of the token store; by default that of DEMO_STORE, or memory://. One with a
            password is an error: the process list would show it.
        json: Print one JSON object instead of the summary.
    """
    opening = shop or ShopOptions()
    url = os.environ.get(_STORE, "memory://") if store is None else without_password(store, _STORE)
    if opening.shop:
        if checkouts is not None or concurrency is not None or json:
            raise CommandError(_NOT_WITH_SHOP, status=WRONG)
        await run_shop(opening, url)
        return
    if opening.workers is not None or opening.port is not None:
        raise CommandError(_ONLY_WITH_SHOP, status=WRONG)
    await _run_load(checkouts or 1000, concurrency or 200, url, json=json)


async def _run_load(checkouts: int, concurrency: int, store: str, *, json: bool) -> None:
    with _progress(checkouts) as progress:
        outcome = await _check_out(checkouts, concurrency, store, progress)
    shown = mask_store(store)
    if json:
        print_json(_as_json(outcome, concurrency, shown))
    else:
        print_line(f"{checkouts:,} checkouts through one FlexitiSession, {concurrency:,} at a time")
        print_line()
        print_facts(_as_facts(outcome, shown))
    if failed := outcome.failures.total():
        kinds = ", ".join(f"{number} {kind}" for kind, number in outcome.failures.most_common())
        msg = f"{failed} of {checkouts} checkouts failed ({kinds}): {outcome.failure}"
        raise CommandError(msg, status=FAILED)


async def _check_out(
    checkouts: int, concurrency: int, store: str, progress: Callable[[], object]
) -> Outcome:
    """Run checkouts through one session, against a new sandbox."""
    # Another client id each time: no store has a token of an earlier sandbox for it.
    async with Sandbox(client_id=f"demo-{secrets.token_hex(8)}") as sandbox:
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
        begin = loop.time()
        driver = Driver(config)
        async with driver.session:
            numbers = iter(range(checkouts))
            at_once = min(concurrency, checkouts)
            await asyncio.gather(*(_shop(driver, numbers, progress) for _ in range(at_once)))
        return Outcome(
            served=driver.served,
            seconds=loop.time() - begin,
            shared=sandbox.count("oauth/token") - driver.dedicated,
            dedicated=driver.dedicated,
            failure=driver.failure,
            samples=driver.samples,
        )


async def _shop(driver: Driver, numbers: Iterator[int], progress: Callable[[], object]) -> None:
    """Serve one customer after the other, until none is left."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        await driver.serve(_flow(number), number, loop.time())
        progress()
        # Going on at once would take the connection that was just freed from under the callers
        # that wait for one (aiohttp wakes them later): some would wait until the end.
        await asyncio.sleep(0)


def _flow(number: int) -> str:
    """Return a customer's flow: one in ten applies, most others buy in two steps."""
    if number % 10 == 9:
        return APPLICATION
    return WIDGET if number % 5 == 0 else CHECKOUT


@contextmanager
def _progress(total: int) -> Generator[Callable[[], object], None, None]:
    """Show a progress bar if stderr is a terminal; yield the function that counts a checkout."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    columns = TextColumn("checkouts"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _as_json(outcome: Outcome, concurrency: int, store: str) -> dict[str, object]:
    return {
        "checkouts": len(outcome.served),
        "succeeded": len(outcome.latencies),
        "failed": outcome.failures.total(),
        "failures": dict(outcome.failures),
        "purchases": len(outcome.served) - outcome.applications,
        "applications": outcome.applications,
        "shared_token_requests": outcome.shared,
        "dedicated_token_requests": outcome.dedicated,
        "concurrency": concurrency,
        "seconds": round(outcome.seconds, 3),
        "latency_ms": {"p50": outcome.percentile(50), "p99": outcome.percentile(99)},
        "store": store,
        "sample_urls": outcome.samples,
    }


def _as_facts(outcome: Outcome, store: str) -> dict[str, str]:
    p50, p99 = outcome.percentile(50), outcome.percentile(99)
    done, failed = len(outcome.latencies), outcome.failures.total()
    purchases, applications = done + failed - outcome.applications, outcome.applications
    rate = done / outcome.seconds if outcome.seconds else 0.0
    return {
        "checkouts": f"{done:,} succeeded, {failed:,} failed "
        f"({purchases:,} purchases, {applications:,} applications)",
        "token requests": f"{outcome.shared:,} for the shared token\n"
        f"{outcome.dedicated:,} for applications, one dedicated token each",
        "wall time": f"{outcome.seconds:.2f} s, {rate:,.0f} checkouts/s",
        "latency": "-" if p50 is None or p99 is None else f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        "store": store,
        "sample URLs": "\n".join(outcome.samples) or "-",
    }
