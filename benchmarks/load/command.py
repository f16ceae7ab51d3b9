"""
The load test that a shop would run: `python -m benchmarks.load`.

Customers in several processes, an open or a closed loop, a mix of flows, faults in the middle.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from cyclopts import App, Parameter, validators
from rich.console import Console

from benchmarks.harness.stores import store_urls
from benchmarks.load.run import FAULTS, MIX, Load
from benchmarks.load.target import SANDBOX
from benchmarks.report.output import publish
from benchmarks.report.report import Report
from flexiti_async.config.parsing import is_loopback
from flexiti_async.sandbox.faults.codec import rule_from_text

__all__ = ["measure"]

_AT_LEAST_ONE: Final = Parameter(validator=validators.Number(gte=1))
_NOT_NEGATIVE: Final = Parameter(validator=validators.Number(gte=0))


async def measure(*, smoke: bool) -> Report:
    """Run one that takes a minute, with a Redis server of its own."""
    async with store_urls() as urls:
        if smoke:
            load = Load(rate=40, duration=5, expires_in=6, concurrency=50, store=urls["redis"])
        else:
            load = Load(
                rate=200,
                duration=50,
                store=urls["redis"],
                concurrency=500,
                # Refreshed every four seconds, for more than one: enough customers come during a
                # refresh for a 99th percentile.
                expires_in=12,
                token_latency=1.2,
            )
        return await load.run()


def _faults(texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        try:
            rule_from_text(text)
        except ValueError as error:
            sys.exit(f"--fault {text}: {error}")
    return texts


def _mix(text: str) -> dict[str, float]:
    mix: dict[str, float] = {}
    for part in text.split(","):
        flow, _, weight = part.partition("=")
        if flow not in MIX or not weight.replace(".", "", 1).isdecimal():
            sys.exit(f"--mix {text}: must be FLOW=WEIGHT,…; flows: {', '.join(MIX)}")
        mix[flow] = float(weight)
    return mix


app = App(name="python -m benchmarks.load", help_flags=["--help", "-h"], version_flags=[])


@app.default
def main(
    *,
    processes: Annotated[int, _AT_LEAST_ONE] = 2,
    concurrency: Annotated[int, _AT_LEAST_ONE] = 200,
    rate: Annotated[float, _NOT_NEGATIVE] = 0.0,
    duration: Annotated[float, _AT_LEAST_ONE] = 30.0,
    store: str = "memory://",
    target: str = SANDBOX,
    mix: str = ",".join(f"{flow}={weight:g}" for flow, weight in MIX.items()),
    fault: Annotated[list[str] | None, Parameter(negative=(), json_list=False)] = None,
    faults: bool = True,
    expires_in: Annotated[int, _AT_LEAST_ONE] = 20,
    token_latency: Annotated[float, _NOT_NEGATIVE] = 0.1,
    allow_remote: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 1,
    out: Path = Path("build", "benchmarks"),
) -> None:
    """
    Put a shop's load on the sandbox, or on a test environment of Flexiti, and report the results.

    If the target is a URL, the credentials come from FLEXITI_* variables, as everywhere.

    Args:
        processes: Number of client processes.
        concurrency: How many customers are served at a time, in all processes together.
        rate: Customers per second: an open loop. Without it, a closed loop.
        duration: Seconds for which customers come.
        store: URL of the token store; memory:// is not shared by the processes.
        target: sandbox, or an API base URL.
        mix: Weights of the flows.
        fault: A fault in the middle, as for `flexiti-async sandbox`; repeatable.
        faults: Whether the sandbox injects faults.
        expires_in: Life of the sandbox's tokens in seconds.
        token_latency: Seconds that its token endpoint takes.
        allow_remote: Allow a target that is not this machine. Ask its owner first.
        seed: With the same seed, the same customers come at the same times.
        out: The folder for JSON, PNG and HTML.
    """
    if target != SANDBOX and not (is_loopback(urlsplit(target).hostname or "") or allow_remote):
        sys.exit("the target is not this machine: pass --allow-remote if its owner has agreed")
    load = Load(
        processes=processes,
        concurrency=concurrency,
        rate=rate,
        duration=duration,
        store=store,
        target=target,
        mix=_mix(mix),
        faults=_faults(fault or FAULTS) if faults else (),
        expires_in=expires_in,
        token_latency=token_latency,
        seed=seed,
    )
    console = Console(width=None if sys.stdout.isatty() else 120)
    publish(asyncio.run(load.run()), console, out)
