"""
Instructions of a whole widget/init, counted by valgrind: other load does not change the figure.

The kernel's work for a call is not counted; it is much the same for all clients, so ratios of CPU
time are nearer to 1. The suite is for changes to the path of a call.
"""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.harness.children import Child, ChildFailedError
from benchmarks.harness.server import running_server
from benchmarks.harness.target import Target
from benchmarks.peers import BASELINE, HTTPTOOLS, OURS, WHAT
from benchmarks.report.report import Report, Table

__all__ = ["measure"]

_PEERS: Final = (BASELINE, "expert", OURS, HTTPTOOLS, "aiohttp_oauth2", "limit")
_IN_FLIGHT: Final = (1, 64)
_FEW: Final = 640
"""Calls of the shorter run; its instructions are subtracted, start-up included."""
_PATIENCE: Final = 300.0
_REFERENCES: Final = re.compile(r"I\s+refs:\s+([\d,]+)")


async def measure(*, smoke: bool) -> Report:
    """
    Run the suite.

    Raises:
        ChildFailedError: valgrind is not installed, or a client failed.
    """
    if shutil.which("valgrind") is None:
        raise ChildFailedError("valgrind is not installed")
    more = _FEW if smoke else 2 * _FEW
    tables: list[Table] = []
    async with running_server() as target:
        for in_flight in _IN_FLIGHT:
            found = {peer: await _count(peer, in_flight, more, target) for peer in _PEERS}
            rows = [
                (WHAT[peer], number, number / found[BASELINE]) for peer, number in found.items()
            ]
            columns = ("client", "instructions", "/ by hand")
            tables.append(Table(f"Instructions of one call, {in_flight} in flight", columns, rows))
    return Report(
        name="instructions",
        title="Instructions of a whole widget/init",
        tables=tables,
        goals=[],
        charts=[],
        parameters={"calls": more},
    )


async def _count(peer: str, in_flight: int, more: int, target: Target) -> float:
    """Count the instructions of one call of a peer."""
    few, many = await asyncio.gather(
        *(_run(peer, in_flight, number, target) for number in (_FEW, _FEW + more))
    )
    return (many - few) / more


async def _run(peer: str, in_flight: int, number: int, target: Target) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        tool = ("valgrind", "--tool=cachegrind", "--cache-sim=no", f"--log-file={log}")
        out = "--cachegrind-out-file=/dev/null"
        async with await Child.start(
            "harness.client", peer, "asyncio", under=(*tool, out), within=_PATIENCE
        ) as child:
            await child.ask("open", within=_PATIENCE, target=target.to_json())
            await child.ask("repeat", within=_PATIENCE, number=number, in_flight=in_flight)
            await child.ask("close")
        return _counted(log)


def _counted(log: Path) -> int:
    found = _REFERENCES.search(log.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise ChildFailedError("valgrind reported no count of instructions")
    return int(found[1].replace(",", ""))
