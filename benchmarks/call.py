"""A whole widget/init: flexiti-async beside the same call by hand, by every peer, and the limit."""

from contextlib import AsyncExitStack
from typing import Final

from attrs import define, field, frozen

from benchmarks.charts import bars, lines
from benchmarks.children import LOOPS, Child
from benchmarks.client import start_clients
from benchmarks.latency import Latencies
from benchmarks.measure import Spread, interleaved, ratios
from benchmarks.peers import BASELINE, CALLERS, OURS, WHAT
from benchmarks.report import Chart, Goal, Report, Table
from benchmarks.server import running_server

__all__ = ["measure"]

_MICRO: Final = 1e6
_TIMES_FASTER: Final = {"authlib_httpx": 10.0, "authlib_httpx2": 5.0}
_FIRST_CALLS: Final = 100
"""Calls, at least, that tell how many fill a round."""
_PERCENTILES: Final = (50, 90, 99, 99.9)


@frozen
class _Size:
    rounds: int
    round_seconds: float
    in_flight: tuple[int, ...]
    loops: tuple[str, ...]


_FULL: Final = _Size(11, 0.2, (1, 64), LOOPS)
_SMOKE: Final = _Size(2, 0.02, (8,), LOOPS[:1])


@define
class _Subject:
    """One peer on one event loop, and what it has shown at one number of calls in flight."""

    peer: str
    loop: str
    child: Child
    number: int = 0
    cpu: list[float] = field(factory=list[float])
    rate: list[float] = field(factory=list[float])
    latencies: Latencies = field(factory=Latencies)

    @property
    def name(self) -> str:
        return WHAT[self.peer] + ("" if self.loop == LOOPS[0] else f", {self.loop}")

    async def calibrate(self, in_flight: int, seconds: float) -> None:
        """Find how many calls fill a round."""
        number = max(_FIRST_CALLS, 4 * in_flight)
        taken = await self.child.ask("calls", number=number, in_flight=in_flight)
        self.number = max(round(number / taken["wall"] * seconds), 4 * in_flight)

    async def play(self, in_flight: int) -> None:
        """Play one round."""
        taken = await self.child.ask("calls", number=self.number, in_flight=in_flight)
        self.cpu.append(taken["cpu"] / self.number)
        self.rate.append(self.number / taken["wall"])
        self.latencies.add(Latencies.decode(taken["latencies"]))


async def measure(*, smoke: bool) -> Report:
    """Measure it."""
    size = _SMOKE if smoke else _FULL
    results: dict[int, list[_Subject]] = {}
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(running_server())
        clients, missing = await start_clients(stack, CALLERS, size.loops)
        for child in clients.values():
            await child.ask("open", target=target.to_json())
        for in_flight in size.in_flight:
            results[in_flight] = [
                _Subject(peer, loop, child) for (peer, loop), child in clients.items()
            ]
            for subject in results[in_flight]:
                await subject.calibrate(in_flight, size.round_seconds)
            for subject in interleaved(results[in_flight], size.rounds):
                await subject.play(in_flight)
    most = max(size.in_flight)
    return Report(
        name="call",
        title="CPU time and throughput of a whole widget/init",
        tables=[_table(in_flight, found) for in_flight, found in results.items()],
        goals=[goal for in_flight, found in results.items() for goal in _goals(in_flight, found)],
        charts=[
            *(_chart(most, results[most], loop) for loop in size.loops),
            _distribution(most, results[most]),
        ],
        parameters={"rounds": size.rounds, "seconds per round": size.round_seconds},
        missing=missing,
    )


def _of(found: list[_Subject]) -> dict[tuple[str, str], _Subject]:
    return {(subject.peer, subject.loop): subject for subject in found}


def _table(in_flight: int, found: list[_Subject]) -> Table:
    known = _of(found)
    rows = [
        (
            subject.name,
            Spread.of(subject.cpu).scaled(_MICRO),
            ratios(subject.cpu, known[BASELINE, subject.loop].cpu),
            Spread.of(subject.rate),
            *(subject.latencies.milliseconds(percent) for percent in (50, 99)),
        )
        for subject in found
    ]
    columns = ("client", "CPU µs", "CPU / by hand", "calls/s", "p50 ms", "p99 ms")
    return Table(f"One widget/init, {in_flight} in flight", columns, rows)


def _goals(in_flight: int, found: list[_Subject]) -> list[Goal]:
    known = _of(found)
    goals: list[Goal] = []
    for loop in dict.fromkeys(subject.loop for subject in found):
        ours, main = known[OURS, loop], loop == LOOPS[0]
        where = f"{in_flight} in flight, {loop}"
        cpu = ratios(ours.cpu, known[BASELINE, loop].cpu)
        figure = f"CPU of init_widget() / {WHAT[BASELINE]}, {where}"
        goals.append(Goal(figure, cpu, 1.0, main=main))
        for peer, times in _TIMES_FASTER.items():
            if in_flight > 1 and (peer, loop) in known:
                rate = ratios(ours.rate, known[peer, loop].rate)
                figure = f"throughput / {WHAT[peer]}, {where}"
                goals.append(Goal(figure, rate, times, "≥", main=main))
    return goals


def _chart(in_flight: int, found: list[_Subject], loop: str) -> Chart:
    rows = {
        WHAT[subject.peer]: Spread.of(subject.cpu).scaled(_MICRO)
        for subject in found
        if subject.loop == loop
    }
    title = f"One widget/init, {in_flight} in flight, on {loop}: CPU time of the client"
    return bars(title, rows, unit="µs of CPU time for one call, less is better", ours=WHAT[OURS])


def _distribution(in_flight: int, found: list[_Subject]) -> Chart:
    x, y = "one call of so many takes as long", "latency in ms"
    values = [
        {x: 100 / (100 - percent), y: at, "client": WHAT[subject.peer]}
        for subject in found
        if subject.loop == LOOPS[0]
        for percent in _PERCENTILES
        if (at := subject.latencies.milliseconds(percent)) is not None
    ]
    title = f"One widget/init, {in_flight} in flight, on {LOOPS[0]}: latency"
    return lines(title, values, x=x, y=y, series="client", log_x=True, log_y=True)
