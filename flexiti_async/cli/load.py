"""`flexiti-async load`: purchases for a while, from the widget to the capture, in a sandbox."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter, validators

from flexiti_async import FlexitiConfig
from flexiti_async.cli.arrivals import Arrivals
from flexiti_async.cli.demo import STORE, percentile
from flexiti_async.cli.driver import (
    APPLICATION,
    CHECKOUT,
    DONE,
    PURCHASE,
    RESUME,
    WIDGET,
    Driver,
    Served,
)
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
from flexiti_async.cli.sandbox_process import ACCOUNT, SandboxProcess, sandbox_process
from flexiti_async.protocol.redact import mask_text
from flexiti_async.sandbox.faults.codec import rule_from_text
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS
from flexiti_async.store.loading import open_store

__all__ = ["load"]

_FLOWS: Final = (PURCHASE, CHECKOUT, RESUME, WIDGET, APPLICATION)
_MIX: Final[Mapping[str, float]] = MappingProxyType(
    {PURCHASE: 6.0, CHECKOUT: 2.0, RESUME: 1.0, APPLICATION: 1.0}
)
_PERCENTILES: Final = (50, 95, 99)
_AT_LEAST_ONE: Final = validators.Number(gte=1)
_POSITIVE: Final = validators.Number(gt=0, lte=86_400)
_NOT_NEGATIVE: Final = validators.Number(gte=0, lte=100_000)
_STEP: Final = 0.25
"""Seconds between two looks at the progress."""


@frozen
class _Result:
    """
    Result of a load test.

    Attributes:
        served: The customers.
        seconds: From the first customer to the end of the last one.
        cpu: Seconds of CPU of this process.
        tokens: Token requests that the sandbox saw.
        captures: Captures that it saw.
        dedicated: Tokens for one application each, which are among them.
        failure: Text of the first error.
    """

    served: Sequence[Served]
    seconds: float
    cpu: float
    tokens: int
    captures: int
    dedicated: int
    failure: str

    @property
    def failures(self) -> Counter[str]:
        """Numbers of customers who were not served, by the class name of the error."""
        return Counter(one.outcome for one in self.served if one.outcome != DONE)


async def load(
    *,
    duration: Annotated[float, Parameter(metavar="SECONDS", validator=_POSITIVE)] = 30.0,
    concurrency: Annotated[int, Whole, Parameter(validator=_AT_LEAST_ONE)] = 50,
    rate: Annotated[float, Parameter(metavar="N", validator=_NOT_NEGATIVE)] = 0.0,
    mix: Annotated[str | None, Parameter(metavar="FLOW=WEIGHT,…")] = None,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    fault: Annotated[
        list[str] | None, Parameter(negative=(), metavar="ENDPOINT:FAULT", json_list=False)
    ] = None,
    latency: Annotated[float, Parameter(metavar="SECONDS", validator=_NOT_NEGATIVE)] = 0.0,
    expires_in: Annotated[int, Whole, Parameter(validator=_AT_LEAST_ONE)] = 20,
    seed: Annotated[int, Whole] = 1,
    json: Flag = False,
) -> None:
    """
    Put load on one session, from widgets to captures, and report latency, tokens and failures.

    A sandbox runs in a process of its own: no account is needed, and nothing leaves the machine.
    To load a shop instead, see the page "Try it under load" of the documentation.

    The flows are `purchase` (widget, authorization and capture), `checkout` (a widget, saved),
    `resume` (the same, then resumed), `widget` (one call) and `application` (a widget, with a token
    of its own). The exit status is 1 if a customer was not served, unless faults are injected.

    Args:
        duration: Seconds for which customers come.
        concurrency: Number of customers who are served at a time.
        rate: Customers per second, whether or not others are waiting; without it, each comes again
            once served.
        mix: Weights of the flows, such as purchase=6,application=1; by default purchase 6,
            checkout 2, resume 1 and application 1.
        store: URL of the store of tokens, checkouts and operations; by default that of DEMO_STORE,
            or memory://.
        fault: Fault to inject, as for `flexiti-async sandbox`; can be repeated. None by default.
        latency: Seconds that the sandbox takes for each call.
        expires_in: Lifetime of its tokens in seconds: short, so that refreshes happen under load.
        seed: With the same one, the same customers come at the same times.
        json: Print one JSON object instead of the summary, and show no progress bar.
    """
    url = os.environ.get(STORE, "memory://") if store is None else without_password(store, STORE)
    weights, faults = _mix(mix), _faults(fault or ())
    await open_store(url).aclose()  # a wrong URL is reported before anything starts
    delays = dict.fromkeys(ENDPOINTS, latency)
    with progress_bar(duration, "customers", hidden=json) as progress:
        async with sandbox_process(expires_in=expires_in, latency=delays, faults=faults) as sandbox:
            driver = Driver(_config(sandbox, url), account_number=ACCOUNT, play=sandbox.play)
            begin, cpu = time.monotonic(), time.process_time()
            async with driver.session, _watched(driver, begin, progress):
                await Arrivals(driver, weights, seed).run(
                    start=begin, seconds=duration, rate=rate, concurrency=concurrency
                )
            result = _Result(
                served=driver.served,
                seconds=time.monotonic() - begin,
                cpu=time.process_time() - cpu,
                tokens=await sandbox.count("oauth/token"),
                captures=await sandbox.count("authorization/capture"),
                dedicated=driver.dedicated,
                failure=driver.failure,
            )
    if json:
        print_json(_as_json(result, mask_store(url)))
    else:
        _print(result, mask_store(url))
    if (failed := result.failures.total()) and not faults:
        kinds = ", ".join(f"{number} {kind}" for kind, number in result.failures.most_common())
        msg = f"{failed} of {len(result.served)} customers failed ({kinds}): {result.failure}"
        raise CommandError(msg, status=FAILED)


def _mix(text: str | None) -> Mapping[str, float]:
    """Read the weights of the flows."""
    if text is None:
        return _MIX
    mix: dict[str, float] = {}
    for part in text.split(","):
        flow, _, weight = part.partition("=")
        if flow not in _FLOWS or not weight.replace(".", "", 1).isdecimal():
            msg = f"--mix must be FLOW=WEIGHT,…; the flows are {', '.join(_FLOWS)}"
            raise CommandError(msg, status=WRONG)
        mix[flow] = float(weight)
    if not any(mix.values()):
        msg = "--mix must have a weight that is above 0"
        raise CommandError(msg, status=WRONG)
    return mix


def _faults(texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        try:
            rule_from_text(text)
        except ValueError as error:
            msg = f"--fault {mask_text(text)}: {error}"
        else:
            continue
        raise CommandError(msg, status=WRONG)
    return texts


def _config(sandbox: SandboxProcess, store: str) -> FlexitiConfig:
    return FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        journal=store,
    )


@contextlib.asynccontextmanager
async def _watched(
    driver: Driver, begin: float, progress: Callable[[float, int], object]
) -> AsyncGenerator[None, None]:
    """Move the progress bar meanwhile."""

    async def watch() -> None:
        while True:
            progress(time.monotonic() - begin, len(driver.served))
            await asyncio.sleep(_STEP)

    watching = asyncio.ensure_future(watch())
    try:
        yield
    finally:
        watching.cancel()


def _percentiles(served: Sequence[Served]) -> dict[str, float | None]:
    return {f"p{percent}": percentile(served, percent) for percent in _PERCENTILES}


def _by_flow(result: _Result) -> dict[str, list[Served]]:
    flows = {flow: [one for one in result.served if one.flow == flow] for flow in _FLOWS}
    return {flow: served for flow, served in flows.items() if served}


def _as_json(result: _Result, store: str) -> dict[str, object]:
    customers = len(result.served)
    return {
        "customers": customers,
        "failed": result.failures.total(),
        "failures": dict(result.failures),
        "seconds": round(result.seconds, 3),
        "cpu_ms_per_customer": round(result.cpu / customers * 1000, 3) if customers else None,
        "captures": result.captures,
        "shared_token_requests": result.tokens - result.dedicated,
        "dedicated_token_requests": result.dedicated,
        "flows": {
            flow: {"customers": len(served), "latency_ms": _percentiles(served)}
            for flow, served in _by_flow(result).items()
        },
        "store": store,
    }


def _print(result: _Result, store: str) -> None:
    customers, failed = len(result.served), result.failures.total()
    per_customer = result.cpu / customers * 1000 if customers else 0.0
    print_text(f"{customers:,} customers in {result.seconds:.1f} s through one FlexitiSession")
    print_line()
    latencies = {
        flow: f"{len(served):,}: " + ", ".join(_milliseconds(_percentiles(served)))
        for flow, served in _by_flow(result).items()
    }
    print_facts(
        {
            "customers": f"{customers - failed:,} served, {failed:,} failed, "
            f"{(customers - failed) / result.seconds:,.0f} a second",
            **latencies,
            "captures": f"{result.captures:,} requests",
            "tokens": f"{result.tokens - result.dedicated:,} requests for shared ones, "
            f"{result.dedicated:,} for one application each",
            "CPU": f"{per_customer:.2f} ms per customer, without the sandbox",
            "store": store,
        }
    )


def _milliseconds(percentiles: Mapping[str, float | None]) -> list[str]:
    return [
        f"{name} -" if value is None else f"{name} {value:.1f} ms"
        for name, value in percentiles.items()
    ]
