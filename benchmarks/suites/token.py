"""`token()` with a cached token, which every call pays first, and a refresh in the background."""

from contextlib import AsyncExitStack
from typing import Final

from attrs import define, evolve, field, frozen

from benchmarks.harness.children import Child
from benchmarks.harness.client import start_clients
from benchmarks.harness.measure import Spread, interleaved, ratios
from benchmarks.harness.server import running_server
from benchmarks.harness.target import Target
from benchmarks.peers import BASELINE, HOLDERS, OURS, WHAT
from benchmarks.report.charts import bars
from benchmarks.report.report import Goal, Report, Table

__all__ = ["measure"]

_MICRO: Final = 1e6
_LIMIT: Final = "an async def that returns (the limit)"


@frozen
class _Size:
    rounds: int
    round_seconds: float
    refreshes: int


_FULL: Final = _Size(15, 0.1, 500)
_SMOKE: Final = _Size(2, 0.005, 3)


@define
class _Subject:
    peer: str
    child: Child
    number: int = 100
    seconds: list[float] = field(factory=list[float])

    @property
    def name(self) -> str:
        return _LIMIT if self.peer == BASELINE else WHAT[self.peer]

    async def play(self) -> float:
        taken = await self.child.ask("tokens", number=self.number)
        seconds: float = taken["cpu"] / self.number
        return seconds


async def measure(*, smoke: bool) -> Report:
    """Run the suite."""
    size = _SMOKE if smoke else _FULL
    subjects: list[_Subject] = []
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(running_server())
        clients, missing = await start_clients(stack, (*HOLDERS, BASELINE))
        for (peer, _), child in clients.items():
            await child.ask("open", target=target.to_json())
            subject = _Subject(peer, child)
            subject.number = max(round(size.round_seconds / await subject.play()), 10)
            subjects.append(subject)
        for subject in interleaved(subjects, size.rounds):
            subject.seconds.append(await subject.play())
        refreshes = await _refreshes(target, size)
    return _report(subjects, refreshes, size, missing)


async def _refreshes(target: Target, size: _Size) -> list[float]:
    """Return the CPU seconds of refreshes, with a store in memory and nothing else to do."""
    async with AsyncExitStack() as stack:
        clients, _ = await start_clients(stack, (OURS,))
        (child,) = clients.values()
        await child.ask("open", target=evolve(target, moving=True).to_json())
        taken = await child.ask("refreshes", number=size.refreshes)
        seconds: list[float] = taken["cpu"]
        return seconds


def _report(
    subjects: list[_Subject], refreshes: list[float], size: _Size, missing: list[str]
) -> Report:
    found = {subject.name: Spread.of(subject.seconds).scaled(_MICRO) for subject in subjects}
    ours = next(subject for subject in subjects if subject.peer == OURS)
    others = [s for s in subjects if s.peer not in {OURS, "flexiti_flow", BASELINE}]
    goals = [Goal("a cached token(), CPU µs", found[ours.name], 1.0, main=True)]
    if others:
        nearest = min(others, key=lambda subject: found[subject.name].median)
        goals.append(
            Goal(
                f"the fastest peer ({nearest.name}) / token()",
                ratios(nearest.seconds, ours.seconds),
                1.0,
                "≥",
                main=True,
            )
        )
    rows = [
        (s.name, found[s.name], ratios(s.seconds, ours.seconds))
        for s in sorted(subjects, key=lambda subject: found[subject.name].median)
    ]
    return Report(
        name="token",
        title="the cached path of token()",
        tables=[
            Table("A cached token", ("client", "CPU µs", "/ ours"), rows),
            _refreshes_table(refreshes),
        ],
        goals=goals,
        charts=[
            bars(
                "A cached token",
                found,
                unit="µs of CPU time, less is better",
                ours=WHAT[OURS],
                log=True,
            )
        ],
        parameters={
            "rounds": size.rounds,
            "seconds per round": size.round_seconds,
            "refreshes": size.refreshes,
        },
        missing=missing,
    )


def _refreshes_table(seconds: list[float]) -> Table:
    """Show for how long a refresh keeps the event loop; no caller waits for it (`stampede`)."""
    ordered = sorted(seconds)
    p99 = ordered[len(ordered) * 99 // 100]
    row = (Spread.of(seconds).scaled(_MICRO), p99 * _MICRO, ordered[-1] * _MICRO)
    title = "A refresh in the background, flexiti-async, store in memory: time of the event loop"
    return Table(title, ("CPU µs", "p99", "most"), [row])
