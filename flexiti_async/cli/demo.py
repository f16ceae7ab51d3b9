"""`flexiti-async demo`: many checkouts against a local sandbox, without an account."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated, Final

from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexiti_async.api.widget_requests import Flow
from flexiti_async.cli.load import Outcome, run_checkouts
from flexiti_async.cli.options import Flag, Whole
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

__all__ = ["demo"]

_AT_LEAST_ONE: Final = validators.Number(gte=1)
_NOT_WITH_SHOP: Final = "--checkouts, --concurrency and --json cannot be combined with --shop"
_ONLY_WITH_SHOP: Final = "--workers and --port require --shop"


async def demo(
    *,
    checkouts: Annotated[int | None, Whole, Parameter(validator=_AT_LEAST_ONE)] = None,
    concurrency: Annotated[int | None, Whole, Parameter(validator=_AT_LEAST_ONE)] = None,
    store: Annotated[str, Parameter(metavar="URL")] = "memory://",
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
        store: URL of the token store.
        json: Print one JSON object instead of the summary.
    """
    opening = shop or ShopOptions()
    if opening.shop:
        if checkouts is not None or concurrency is not None or json:
            raise CommandError(_NOT_WITH_SHOP, status=WRONG)
        await run_shop(opening, store)
        return
    if opening.workers is not None or opening.port is not None:
        raise CommandError(_ONLY_WITH_SHOP, status=WRONG)
    await _run_load(checkouts or 1000, concurrency or 200, store, json=json)


async def _run_load(checkouts: int, concurrency: int, store: str, *, json: bool) -> None:
    with _progress(checkouts) as progress:
        outcome = await run_checkouts(
            checkouts, concurrency=concurrency, store=store, progress=progress
        )
    shown = mask_store(store)
    if json:
        print_json(_as_json(outcome, concurrency, shown))
    else:
        print_line(f"{checkouts:,} checkouts through one FlexitiSession, {concurrency:,} at a time")
        print_line()
        print_facts(_as_facts(outcome, shown))
    if outcome.failed:
        kinds = ", ".join(f"{number} {kind}" for kind, number in outcome.failures.most_common())
        msg = f"{outcome.failed} of {checkouts} checkouts failed ({kinds}): {outcome.first_failure}"
        raise CommandError(msg, status=FAILED)


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
        "checkouts": outcome.started.total(),
        "succeeded": len(outcome.latencies),
        "failed": outcome.failed,
        "failures": dict(outcome.failures),
        "purchases": outcome.started[Flow.PURCHASE],
        "applications": outcome.started[Flow.APPLY],
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
    rate = len(outcome.latencies) / outcome.seconds if outcome.seconds else 0.0
    return {
        "checkouts": f"{len(outcome.latencies):,} succeeded, {outcome.failed:,} failed "
        f"({outcome.started[Flow.PURCHASE]:,} purchases, {outcome.started[Flow.APPLY]:,} "
        "applications)",
        "token requests": f"{outcome.shared:,} for the shared token\n"
        f"{outcome.dedicated:,} for applications, one dedicated token each",
        "wall time": f"{outcome.seconds:.2f} s, {rate:,.0f} checkouts/s",
        "latency": "-" if p50 is None or p99 is None else f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        "store": store,
        "sample URLs": "\n".join(outcome.samples) or "-",
    }
