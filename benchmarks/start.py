"""What it costs to begin: importing the library, and the first checkout of a new process."""

import asyncio
import json
import sys
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks.charts import bars
from benchmarks.children import Child
from benchmarks.measure import Spread, interleaved, ratios
from benchmarks.peers import BASELINE, OURS, WHAT
from benchmarks.report import Goal, Report, Table
from benchmarks.server import running_server
from benchmarks.target import Target

__all__ = ["measure"]

_MODULES: Final = ("flexiti_async", "aiohttp", "attrs, cattrs, msgspec, aiohttp")
_ROOT: Final = Path(__file__).parents[1]
_IMPORT: Final = """
import json, time
from benchmarks.memory import resident
before, cpu, wall = resident(), time.process_time(), time.perf_counter()
import {modules}
wall, cpu, after = time.perf_counter() - wall, time.process_time() - cpu, resident()
print(json.dumps([cpu, wall, after - before]))
"""


@frozen
class _Size:
    imports: int
    checkouts: int


_FULL: Final = _Size(15, 7)
_SMOKE: Final = _Size(2, 1)


async def measure(*, smoke: bool) -> Report:
    """Measure it."""
    size = _SMOKE if smoke else _FULL
    imports: dict[str, list[list[float]]] = defaultdict(list)
    for modules in _MODULES:  # the first import of all compiles
        await _import(modules)
    for modules in interleaved(_MODULES, size.imports):
        imports[modules].append(await _import(modules))
    async with running_server() as target:
        first = await _first_checkouts(target, size)
    return _report(imports, first, size)


async def _import(modules: str) -> list[float]:
    """Import in a new interpreter: seconds of CPU, seconds, bytes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IMPORT.format(modules=modules)),
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    out, _ = await process.communicate()
    taken: list[float] = json.loads(out)
    return taken


async def _first_checkouts(target: Target, size: _Size) -> dict[str, list[float]]:
    """Start a process for each, and stop the time until its first call has been answered."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for peer in interleaved((OURS, BASELINE), size.checkouts):
        async with AsyncExitStack() as stack:
            began = time.perf_counter()
            child = await stack.enter_async_context(await Child.start("cold", peer))
            await child.ask("checkout", target=target.to_json())
            seconds[peer].append(time.perf_counter() - began)
    return seconds


def _report(
    imports: dict[str, list[list[float]]], first: dict[str, list[float]], size: _Size
) -> Report:
    ours, base = (imports[name] for name in _MODULES[:2])
    ratio = ratios([taken[0] for taken in ours], [taken[0] for taken in base])
    cpu, wall, memory = (
        {
            f"import {name}": Spread.of([taken[n] for taken in found]).scaled(unit)
            for name, found in imports.items()
        }
        for n, unit in enumerate((1000, 1000, 1 / 1024**2))
    )
    rows = [(name, cpu[name], wall[name], memory[name]) for name in cpu]
    processes = [(WHAT[peer], Spread.of(taken).scaled(1000)) for peer, taken in first.items()]
    return Report(
        name="start",
        title="importing the library, and the first checkout of a new process",
        tables=[
            Table("Imports, each in a new interpreter", ("", "CPU ms", "ms", "MiB"), rows),
            Table(
                "From a new process to its first widget (by hand: without a token)",
                ("", "ms"),
                processes,
            ),
        ],
        goals=[Goal("CPU of import flexiti_async / import aiohttp", ratio, 1.25)],
        charts=[
            bars(
                "CPU time of an import",
                cpu,
                unit="ms of CPU time, less is better",
                ours="import flexiti_async",
            )
        ],
        parameters={"imports of each": size.imports, "processes of each": size.checkouts},
    )
