"""A load test: customers in several processes, faults in the middle."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.harness.children import Child
from benchmarks.load.report import report_of
from benchmarks.load.results import Results
from benchmarks.load.target import SANDBOX, LoadTarget, load_target
from benchmarks.report.report import Report
from flexiti_async.cli.driver import APPLICATION, CHECKOUT, RESUME, WIDGET
from flexiti_async.sandbox.faults.codec import rule_from_text, rule_to_json

__all__ = ["FAULTS", "MIX", "Load"]

MIX: Final = {WIDGET: 6.0, CHECKOUT: 2.0, RESUME: 1.0, APPLICATION: 1.0}
FAULTS: Final = (
    "widget/init:status=503,times=null,probability=0.05,seed=1",
    "widget/init:delay,seconds=0.2,times=null,probability=0.1,seed=2",
    "oauth/token:status=503,times=null,probability=0.5,seed=3",
)
_FAULTS_FROM, _FAULTS_TO = 0.5, 0.7
"""Shares of the duration between which faults are on."""
_TOGETHER: Final = 0.5
"""Seconds until all start: the processes need a moment to read their orders."""
_GRACE: Final = 2.0
"""Seconds after the faults that still count as theirs: retries take a moment."""
_LAST_ONES: Final = 300.0
"""Seconds in which all remaining customers have to be served: an open loop may have a backlog."""
_STEP: Final = 0.25


@frozen(kw_only=True)
class Load:
    """
    A load test.

    Attributes:
        processes: Number of client processes.
        concurrency: How many customers are served at a time, in all processes together.
        rate: Customers per second in all processes together; 0 for a closed loop.
        duration: Seconds for which customers come.
        store: URL of the token store.
        target: `sandbox`, which is started, or an API base URL.
        mix: Weight of each flow.
        faults: Faults in the middle, in the sandbox's short text.
        expires_in: Life of the sandbox's tokens in seconds.
        token_latency: Seconds that its token endpoint takes.
        seed: Of the random numbers: with the same one, the same customers come at the same times.
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
                await stack.enter_async_context(await Child.start("load.shopper"))
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
            faults = asyncio.ensure_future(self._inject_faults(target, start, results))
            stack.callback(faults.cancel)
            await self._watch(shoppers, start)
            finishing = (shopper.ask("finish", within=_LAST_ONES) for shopper in shoppers)
            for report in await asyncio.gather(*finishing):
                results.add(report, start)
            await faults
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
            "checkouts/s": self.rate or "as many as possible (closed loop)",
            "seconds": self.duration,
            "store": urlsplit(self.store).scheme,  # the rest may hold a password
            "target": self.target,
            "mix": ", ".join(f"{flow} {weight:g}" for flow, weight in self.mix.items()),
            "faults": "; ".join(self.faults) or "none",
        }

    async def _inject_faults(self, target: LoadTarget, start: float, results: Results) -> None:
        """Switch the faults on in the middle, and off again."""
        if not (self.faults and target.control_url):
            return
        begin, end = (start + self.duration * share for share in (_FAULTS_FROM, _FAULTS_TO))
        await asyncio.sleep(begin - time.monotonic())
        begin = time.monotonic()
        for text in self.faults:
            await target.control("POST", "faults", rule_to_json(rule_from_text(text)))
        await asyncio.sleep(end - time.monotonic())
        await target.control("DELETE", "faults")
        results.faults.append((begin - start, time.monotonic() - start + _GRACE))

    async def _watch(self, shoppers: Sequence[Child], start: float) -> None:
        """Show the progress, if stderr is a terminal."""
        columns = TextColumn("{task.fields[served]:,} checkouts"), BarColumn(), TimeElapsedColumn()
        console = Console(stderr=True)
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=self.duration, served=0)
            while (now := time.monotonic()) < start + self.duration:
                answers = await asyncio.gather(*(shopper.ask("progress") for shopper in shoppers))
                served = sum(answer["served"] for answer in answers)
                bar.update(task, completed=max(now - start, 0.0), served=served)
                await asyncio.sleep(_STEP)
