"""The cost of starting: the import, the first session, the first checkout, the command line."""

import asyncio
import json
import os
import resource
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
"""Lazy (PEP 562): the classes are loaded when they are used."""
_SESSION: Final = "first session made, imports included"
_AIOHTTP: Final = "import aiohttp"
_OTHERS: Final = "import attrs, cattrs, msgspec, aiohttp"
_NOTHING: Final = "pass"
_STATEMENTS: Final = {
    **{statement: statement for statement in (_OURS, _AIOHTTP, _OTHERS, _NOTHING)},
    _SESSION: """
from flexiti_async import FlexitiConfig, FlexitiSession
FlexitiSession(FlexitiConfig(client_id='one', client_secret='s', base_url='http://127.0.0.1:9'))
""",
}
"""Measured statements by their names."""
_VERSION: Final = "flexiti-async --version"
_HELP: Final = "flexiti-async --help"
_CLASS: Final = "from flexiti_async import FlexitiSession"
_COMMANDS: Final = {
    _VERSION: ("-m", "flexiti_async", "--version"),
    _HELP: ("-m", "flexiti_async", "--help"),
    _CLASS: ("-c", _CLASS),
}
"""Measured as whole processes: a command costs the start of Python, too."""
_ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 60.0
# If this variable is set, every import compiles, and compiling would be measured.
_WITH_BYTECODE: Final = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
# `time` is always loaded; any other import before the statement would be missing in the figure.
_SCRIPT: Final = """
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
    taken: dict[str, list[list[float]]] = defaultdict(list)
    for name in _STATEMENTS:  # the first run compiles
        await _run(name)
    for name in interleaved(list(_STATEMENTS), size.imports):
        taken[name].append(await _run(name))
    commands: dict[str, list[float]] = defaultdict(list)
    for name in interleaved(list(_COMMANDS), size.imports):
        commands[name].append(await _process(name))
    async with running_server() as target:
        first = await _first_checkouts(target, size)
    return _report(taken, commands, first, size)


async def _run(name: str) -> list[float]:
    """Return seconds of CPU, seconds, and bytes of memory afterwards, in a new interpreter."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SCRIPT.format(statement=_STATEMENTS[name])),
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        env=_WITH_BYTECODE,
    )
    async with asyncio.timeout(_PATIENCE):
        out, _ = await process.communicate()
    if process.returncode:
        raise ChildFailedError(f"{name}: ended with {process.returncode}")
    taken: list[float] = json.loads(out)
    return taken


async def _process(name: str) -> float:
    """Return the seconds of CPU of a whole process."""
    before = _cpu_of_children()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *_COMMANDS[name]),
        stdout=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env=_WITH_BYTECODE,
    )
    async with asyncio.timeout(_PATIENCE):
        await process.wait()
    if process.returncode:
        raise ChildFailedError(f"{name}: ended with {process.returncode}")
    return _cpu_of_children() - before


def _cpu_of_children() -> float:
    """Return the seconds of CPU of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def _first_checkouts(target: Target, size: _Size) -> dict[str, list[float]]:
    """Return the seconds from the start of a process to the answer of its first call."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for peer in interleaved((OURS, BASELINE), size.checkouts):
        async with AsyncExitStack() as stack:
            began = time.perf_counter()
            child = await stack.enter_async_context(await Child.start("harness.cold", peer))
            await child.ask("checkout", target=target.to_json())
            seconds[peer].append(time.perf_counter() - began)
    return seconds


def _report(
    taken: dict[str, list[list[float]]],
    commands: dict[str, list[float]],
    first: dict[str, list[float]],
    size: _Size,
) -> Report:
    base = [run[0] for run in taken[_AIOHTTP]]
    ratio = ratios([run[0] for run in taken[_OURS]], base)
    empty = Spread.of([run[2] for run in taken.pop(_NOTHING)]).median
    cpu = {name: Spread.of([run[0] * 1000 for run in runs]) for name, runs in taken.items()}
    rows = [
        (
            *(name, cpu[name], ratios([run[0] for run in runs], base)),
            Spread.of([run[1] * 1000 for run in runs]),
            Spread.of([(run[2] - empty) / 1024**2 for run in runs]),
        )
        for name, runs in taken.items()
    ]
    whole = [
        (f"`{name}`", Spread.of(seconds).scaled(1000), ratios(seconds, commands[_CLASS]))
        for name, seconds in commands.items()
    ]
    processes = [(WHAT[peer], Spread.of(seconds).scaled(1000)) for peer, seconds in first.items()]
    return Report(
        name="start",
        title="import, first session, first checkout and command line of a new process",
        tables=[
            Table(
                "Imports and the first session, each in a new interpreter",
                ("", "CPU ms", f"/ `{_AIOHTTP}`", "ms", "MiB"),
                rows,
            ),
            Table(
                "The command line, as whole processes",
                ("", "CPU ms", f"/ `{_CLASS}`"),
                whole,
            ),
            Table(
                "From a new process to its first widget (by hand: without a token)",
                ("", "ms"),
                processes,
            ),
        ],
        goals=[
            Goal(f"CPU of `{_OURS}` / `{_AIOHTTP}`", ratio, 1.25, main=True),
            Goal(
                f"CPU of `{_VERSION}` / `{_CLASS}`",
                ratios(commands[_VERSION], commands[_CLASS]),
                0.5,
            ),
        ],
        charts=[
            bars(
                "CPU time of an import, and of the first session",
                cpu,
                unit="ms of CPU time, less is better",
                ours=(_OURS, _SESSION),
            )
        ],
        parameters={"imports of each": size.imports, "processes of each": size.checkouts},
    )
