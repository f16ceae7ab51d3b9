"""`python -m benchmarks`: all benchmarks, or those that are named."""

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, cast

from cyclopts import App, Parameter
from rich.console import Console

from benchmarks.report import Report

NAMES: Final = ("call", "token", "stampede", "processes", "scale", "start", "load")
OUT: Final = Path("build", "benchmarks")

app = App(name="python -m benchmarks", help_flags=["--help", "-h"], version_flags=[])


@app.default
def main(
    *names: str,
    smoke: Annotated[bool, Parameter(negative=())] = False,
    out: Path = OUT,
) -> None:
    """
    Run benchmarks: tables here, and JSON, PNG and HTML in a folder.

    Args:
        names: call, token, stampede, processes, scale, start, load; all of them by default.
        smoke: Run each as briefly as can be, and fail if a count (requests, callers blocked or
            harmed, store operations) is not what it has to be. Times are not looked at.
        out: The folder.
    """
    if unknown := [name for name in names if name not in NAMES]:
        sys.exit(f"no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}")
    console = Console(width=None if sys.stdout.isatty() else 120)
    failed: list[str] = []
    for name in names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        measure = cast("Callable[..., Awaitable[Report]]", module.measure)
        report = asyncio.run(_finish(measure(smoke=smoke)))
        report.show(console)
        for path in report.write(out):
            console.print(f"wrote {path}")
        sys.stdout.flush()  # the next one takes minutes
        failed += [
            f"{name}: {goal.figure}" for goal in report.goals if goal.counted and not goal.met
        ]
    if failed:
        sys.exit("these counts are not what they have to be:\n" + "\n".join(failed))


async def _finish(measuring: Awaitable[Report]) -> Report:
    return await measuring


if __name__ == "__main__":
    app()
