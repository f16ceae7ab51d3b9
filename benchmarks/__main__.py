"""`python -m benchmarks`: all benchmarks, or those named."""

import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, cast

from attrs import define, field
from cyclopts import App, Parameter
from rich.console import Console

from benchmarks.harness.children import ChildFailedError
from benchmarks.report.cells import cell_text
from benchmarks.report.output import publish
from benchmarks.report.report import Report
from benchmarks.report.summary import write_summary

NAMES: Final = (
    "call",
    "engines",
    "token",
    "stampede",
    "processes",
    "scale",
    "start",
    "stores",
    "operations",
    "load",
)
ON_REQUEST: Final = ("instructions",)
"""Needs valgrind, so it runs only if it is named."""
OUT: Final = Path("build", "benchmarks")
_SMOKE_AT_ONCE: Final = 3
"""Benchmarks at a time in a smoke run, where times do not matter and most of it is waiting."""
_LONGEST: Final = 600.0
"""Seconds after which a benchmark counts as hanging."""

app = App(name="python -m benchmarks", help_flags=["--help", "-h"], version_flags=[])


@app.default
def main(
    *names: str,
    smoke: Annotated[bool, Parameter(negative=())] = False,
    out: Path = OUT,
) -> None:
    """
    Run benchmarks: print tables, and write JSON, PNG and HTML to a folder.

    A run of all of them also writes `summary.md`: goals and figures.

    Args:
        names: call, engines, token, stampede, processes, scale, start, stores, operations, load;
            all of them by default. One more, instructions, needs valgrind, and runs only if it
            is named.
        smoke: Run each as briefly as possible, and fail if a count (requests, callers blocked or
            harmed, store operations) misses its goal. Times are not checked.
        out: The folder.
    """
    known = (*NAMES, *ON_REQUEST)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"unknown benchmark {unknown[0]!r}; choose from: {', '.join(known)}")
    run = _Run(Console(width=None if sys.stdout.isatty() else 120), out, smoke=smoke)
    asyncio.run(run.all(names or NAMES))
    if len(run.reports) == len(NAMES) and not smoke:
        run.console.print(f"wrote {write_summary(run.reports, run.seconds, out)}")
    if run.failed:
        sys.exit("failed:\n" + "\n".join(run.failed))


@define
class _Run:
    """A run of several benchmarks, and its results."""

    console: Console
    out: Path
    smoke: bool
    reports: list[Report] = field(factory=list[Report])
    seconds: dict[str, float] = field(factory=dict[str, float])
    failed: list[str] = field(factory=list[str])

    async def all(self, names: Sequence[str]) -> None:
        """Run them one after the other, in a smoke run some at a time."""
        slots = asyncio.Semaphore(_SMOKE_AT_ONCE if self.smoke else 1)

        async def one(name: str) -> None:
            async with slots:
                await self._one(name)

        await asyncio.gather(*map(one, names))

    async def _one(self, name: str) -> None:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(_LONGEST):
                report = await _measure(name, smoke=self.smoke)
        except (ChildFailedError, TimeoutError) as error:
            self.failed.append(f"{name}: {str(error) or f'not done within {_LONGEST:g} s'}")
            return
        self.seconds[name] = time.perf_counter() - began
        self.reports.append(report)
        publish(report, self.console, self.out)
        self.console.print(f"{name} took {self.seconds[name]:.0f} s")
        self.failed += [
            f"{name}: {goal.figure}: {cell_text(goal.value)}, not {goal.relation} {goal.wanted:g}"
            for goal in report.goals
            if goal.counted and not goal.met
        ]


async def _measure(name: str, *, smoke: bool) -> Report:
    home = "load.command" if name == "load" else f"suites.{name}"
    module = importlib.import_module(f"benchmarks.{home}")
    measure = cast("Callable[..., Awaitable[Report]]", module.measure)
    return await measure(smoke=smoke)


if __name__ == "__main__":
    app()
