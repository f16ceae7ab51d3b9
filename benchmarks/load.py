"""
The load test that a shop would run: `python -m benchmarks.load`.

Customers in several processes, an open or a closed loop, a mix of flows, faults in the middle.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from attrs import field, frozen
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.children import Child
from benchmarks.load_report import report_of
from benchmarks.load_results import Results
from benchmarks.load_target import SANDBOX, LoadTarget, load_target
from benchmarks.report import Report
from benchmarks.stores import store_urls
from flexiti_async.sandbox.fault_codec import rule_from_text, rule_to_json
from flexiti_async.sansio.base_url import is_loopback

__all__ = ["Load", "measure"]

MIX: Final = {"widget": 6.0, "checkout": 2.0, "resume": 1.0, "application": 1.0}
FAULTS: Final = (
    "widget/init:status=503,times=null,probability=0.05,seed=1",
    "widget/init:delay,seconds=0.2,times=null,probability=0.1,seed=2",
    "oauth/token:status=503,times=null,probability=0.5,seed=3",
)
_FAULTS_FROM, _FAULTS_TO = 0.5, 0.7
"""Shares of the duration between which faults are on."""
_TOGETHER: Final = 0.5
_GRACE: Final = 2.0
"""Seconds after the faults that still belong to them: repeats take a moment."""
_STEP: Final = 0.25


@frozen(kw_only=True)
class Load:
    """
    A load test.

    Attributes:
        processes: How many processes customers come in.
        concurrency: How many customers are served at a time, in all processes together.
        rate: Customers per second in all processes together; 0 for a closed loop.
        duration: Seconds for which they come.
        store: URL of the token store.
        target: `sandbox` for one that is started, or an API base URL.
        mix: Weight of each flow.
        faults: What goes wrong in the middle, in the sandbox's short text.
        expires_in: Life of the sandbox's tokens in seconds.
        token_latency: Seconds that its token endpoint takes.
        seed: Starts the random numbers: the same customers come at the same times again.
    """

    processes: int = 2
    concurrency: int = 200
    rate: float = 0.0
    duration: float = 30.0
    store: str = field(default="memory://", repr=False)
    target: str = SANDBOX
    mix: dict[str, float] = field(factory=lambda: dict(MIX))
    faults: Sequence[str] = FAULTS
    expires_in: int = 20
    token_latency: float = 0.1
    seed: int = 1

    async def run(self) -> Report:
        """Run it."""
        results = Results()
        async with AsyncExitStack() as stack:
            target = await stack.enter_async_context(
                load_target(
                    self.target, expires_in=self.expires_in, token_latency=self.token_latency
                )
            )
            shoppers = [
                await stack.enter_async_context(await Child.start("shopper"))
                for _ in range(self.processes)
            ]
            share = max(self.concurrency // self.processes, 1)
            options = {**target.options, "store": self.store, "connections": share}
            for number, shopper in enumerate(shoppers):
                await shopper.ask("open", options=options, mix=self.mix, seed=self.seed + number)
            start = time.monotonic() + _TOGETHER
            for shopper in shoppers:
                rate = self.rate / self.processes
                await shopper.ask(
                    "begin", at=start, seconds=self.duration, rate=rate, concurrency=share
                )
            troubling = asyncio.ensure_future(self._trouble(target, start, results))
            await self._watch(shoppers, start)
            for told in await asyncio.gather(*(shopper.ask("finish") for shopper in shoppers)):
                results.take(told)
            await troubling
            results.asked = await target.token_requests()
        lifetime = float(self.expires_in) if self.target == SANDBOX else None
        return report_of(
            results,
            seconds=self.duration,
            lifetime=lifetime,
            shared=self.processes == 1 or not self.store.startswith("memory:"),
            parameters=self._parameters(),
        )

    def _parameters(self) -> dict[str, str | int | float]:
        return {
            "processes": self.processes,
            "concurrency": self.concurrency,
            "checkouts/s": self.rate or "as many as can be (closed loop)",
            "seconds": self.duration,
            "store": urlsplit(self.store).scheme,  # the rest may hold a password
            "target": self.target,
            "mix": ", ".join(f"{flow} {weight:g}" for flow, weight in self.mix.items()),
            "faults": "; ".join(self.faults) or "none",
        }

    async def _trouble(self, target: LoadTarget, start: float, results: Results) -> None:
        """Switch the faults on in the middle, and off again."""
        if not (self.faults and target.control_url):
            return
        begin, end = (start + self.duration * share for share in (_FAULTS_FROM, _FAULTS_TO))
        await asyncio.sleep(begin - time.monotonic())
        begin = time.monotonic()
        for text in self.faults:
            await target.steer("POST", "faults", rule_to_json(rule_from_text(text)))
        await asyncio.sleep(end - time.monotonic())
        await target.steer("DELETE", "faults")
        results.faults.append((begin - start, time.monotonic() - start + _GRACE))

    async def _watch(self, shoppers: Sequence[Child], start: float) -> None:
        """Show how it goes, while somebody looks."""
        columns = TextColumn("{task.fields[served]:,} checkouts"), BarColumn(), TimeElapsedColumn()
        console = Console(stderr=True)
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=self.duration, served=0)
            while (now := time.monotonic()) < start + self.duration:
                told = await asyncio.gather(*(shopper.ask("progress") for shopper in shoppers))
                served = sum(each["served"] for each in told)
                bar.update(task, completed=max(now - start, 0.0), served=served)
                await asyncio.sleep(_STEP)


async def measure(*, smoke: bool) -> Report:
    """Run one that takes a minute, over a Redis server of its own."""
    async with store_urls() as urls:
        if smoke:
            load = Load(rate=40, duration=5, expires_in=6, concurrency=50, store=urls["redis"])
        else:
            load = Load(
                rate=250,
                duration=60,
                store=urls["redis"],
                concurrency=500,
                # Long enough for many customers to come meanwhile.
                token_latency=0.5,
            )
        return await load.run()


def _mix(text: str) -> dict[str, float]:
    mix = {name: float(weight or 1) for name, _, weight in map(_parted, text.split(","))}
    if unknown := mix.keys() - MIX.keys():
        sys.exit(f"no flow {unknown.pop()!r}; there are: {', '.join(MIX)}")
    return mix


def _parted(text: str) -> tuple[str, str, str]:
    return text.partition("=")


app = App(name="python -m benchmarks.load", help_flags=["--help", "-h"], version_flags=[])


@app.default
def main(
    *,
    processes: int = 2,
    concurrency: int = 200,
    rate: float = 0.0,
    duration: float = 30.0,
    store: str = "memory://",
    target: str = SANDBOX,
    mix: str = ",".join(f"{flow}={weight:g}" for flow, weight in MIX.items()),
    fault: Annotated[list[str] | None, Parameter(negative=(), json_list=False)] = None,
    faults: bool = True,
    expires_in: int = 20,
    token_latency: float = 0.1,
    allow_remote: Annotated[bool, Parameter(negative=())] = False,
    seed: int = 1,
    out: Path = Path("build", "benchmarks"),
) -> None:
    """
    Put a shop's load on the sandbox, or on a Flexiti for tests, and report what became of it.

    For a target that is a URL the credentials come from FLEXITI_* variables, as everywhere.

    Args:
        processes: How many processes customers come in.
        concurrency: How many are served at a time, in all processes together.
        rate: Customers per second: an open loop. Without it, a closed loop.
        duration: Seconds for which they come.
        store: URL of the token store; memory:// is not shared by the processes.
        target: sandbox, or an API base URL.
        mix: Weights of the flows.
        fault: What goes wrong in the middle, as for `flexiti-async sandbox`; more than once.
        faults: Whether anything goes wrong; only the sandbox can.
        expires_in: Life of the sandbox's tokens in seconds.
        token_latency: Seconds that its token endpoint takes.
        allow_remote: Allow a target that is not this machine. Ask its owner first.
        seed: The same customers come at the same times again.
        out: The folder for JSON, PNG and HTML.
    """
    if target != SANDBOX and not (is_loopback(urlsplit(target).hostname or "") or allow_remote):
        sys.exit("the target is not this machine: --allow-remote, if its owner has agreed")
    load = Load(
        processes=processes,
        concurrency=concurrency,
        rate=rate,
        duration=duration,
        store=store,
        target=target,
        mix=_mix(mix),
        faults=tuple(fault or FAULTS) if faults else (),
        expires_in=expires_in,
        token_latency=token_latency,
        seed=seed,
    )
    console = Console(width=None if sys.stdout.isatty() else 120)
    report = asyncio.run(load.run())
    report.show(console)
    for path in report.write(out):
        console.print(f"wrote {path}")


if __name__ == "__main__":
    app()
