"""What it costs to begin: importing the library, and the first checkout of a new process."""

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks.harness.children import Child, ChildFailedError
from benchmarks.harness.measure import Spread, interleaved, ratios
from benchmarks.harness.server import running_server
from benchmarks.harness.target import Target
from benchmarks.peers import BASELINE, OURS, WHAT
from benchmarks.report.charts import bars
from benchmarks.report.report import Goal, Report, Table

__all__ = ["measure"]

_OURS: Final = "import flexiti_async"
"""Lazy (PEP 562): it loads what is used, when it is used, so by itself it says little."""
_USED: Final = "from flexiti_async import FlexitiConfig, FlexitiSession"
"""What a shop writes."""
_AIOHTTP: Final = "import aiohttp"
_OTHERS: Final = "import attrs, cattrs, msgspec, aiohttp"
_NOTHING: Final = "pass"
_IMPORTS: Final = (_OURS, _USED, _AIOHTTP, _OTHERS, _NOTHING)
_ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 60.0
# Where this variable is set, every import compiles, and that is what would be measured.
_WITH_BYTECODE: Final = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
# `time` is there anyway; whatever else came first would be missing in the figure.
_IMPORT: Final = """
import time
cpu, wall = time.process_time(), time.perf_counter()
{statement}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
import json
from benchmarks.harness.memory import resident
print(json.dumps([cpu, wall, resident()]))
"""


@frozen
class _Size:
    imports: int
    checkouts: int


_FULL: Final = _Size(11, 7)
_SMOKE: Final = _Size(1, 1)


async def measure(*, smoke: bool) -> Report:
    """Measure it."""
    size = _SMOKE if smoke else _FULL
    imports: dict[str, list[list[float]]] = defaultdict(list)
    for statement in _IMPORTS:  # the first import of all compiles
        await _import(statement)
    for statement in interleaved(_IMPORTS, size.imports):
        imports[statement].append(await _import(statement))
    async with running_server() as target:
        first = await _first_checkouts(target, size)
    return _report(imports, first, size)


async def _import(statement: str) -> list[float]:
    """Import in a new interpreter: seconds of CPU, seconds, bytes of memory afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IMPORT.format(statement=statement)),
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        env=_WITH_BYTECODE,
    )
    async with asyncio.timeout(_PATIENCE):
        out, _ = await process.communicate()
    if process.returncode:
        raise ChildFailedError(f"{statement}: ended with {process.returncode}")
    taken: list[float] = json.loads(out)
    return taken


async def _first_checkouts(target: Target, size: _Size) -> dict[str, list[float]]:
    """Start a process for each, and stop the time until its first call has been answered."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for peer in interleaved((OURS, BASELINE), size.checkouts):
        async with AsyncExitStack() as stack:
            began = time.perf_counter()
            child = await stack.enter_async_context(await Child.start("harness.cold", peer))
            await child.ask("checkout", target=target.to_json())
            seconds[peer].append(time.perf_counter() - began)
    return seconds


def _report(
    imports: dict[str, list[list[float]]], first: dict[str, list[float]], size: _Size
) -> Report:
    base = [taken[0] for taken in imports[_AIOHTTP]]
    goals = [
        Goal(
            f"CPU of `{name}` / `{_AIOHTTP}`",
            ratios([t[0] for t in imports[name]], base),
            1.25,
            main=True,
        )
        for name in (_OURS, _USED)
    ]
    empty = Spread.of([taken[2] for taken in imports.pop(_NOTHING)]).median
    cpu = {name: Spread.of([t[0] * 1000 for t in taken]) for name, taken in imports.items()}
    rows = [
        (
            *(name, cpu[name], ratios([t[0] for t in taken], base)),
            Spread.of([t[1] * 1000 for t in taken]),
            Spread.of([(t[2] - empty) / 1024**2 for t in taken]),
        )
        for name, taken in imports.items()
    ]
    processes = [(WHAT[peer], Spread.of(taken).scaled(1000)) for peer, taken in first.items()]
    return Report(
        name="start",
        title="importing the library, and the first checkout of a new process",
        tables=[
            Table(
                "Imports, each in a new interpreter",
                ("", "CPU ms", "/ of aiohttp", "ms", "MiB"),
                rows,
            ),
            Table(
                "From a new process to its first widget (by hand: without a token)",
                ("", "ms"),
                processes,
            ),
        ],
        goals=goals,
        charts=[
            bars(
                "CPU time of an import",
                cpu,
                unit="ms of CPU time, less is better",
                ours=(_OURS, _USED),
            )
        ],
        parameters={"imports of each": size.imports, "processes of each": size.checkouts},
    )
