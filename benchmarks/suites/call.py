"""A whole widget/init: flexiti-async, the same call by hand, every peer, and the limit."""

from contextlib import AsyncExitStack
from typing import Final

from attrs import frozen

from benchmarks.harness.children import LOOPS, Child
from benchmarks.harness.client import start_clients
from benchmarks.harness.duel import Duel, Subject
from benchmarks.harness.measure import Spread, interleaved, ratios
from benchmarks.harness.server import running_server
from benchmarks.peers import BASELINE, CALLERS, OURS, WHAT
from benchmarks.report.charts import bars, lines
from benchmarks.report.report import Chart, Goal, Report, Table

__all__ = ["measure"]

_MICRO: Final = 1e6
_AT_MOST: Final = {BASELINE: 1.02}
"""CPU time of ours as a share of theirs, at most."""
_TIMES_CHEAPER: Final = {"authlib_httpx": 16.0, "authlib_httpx2": 6.5}
"""CPU time of theirs as a multiple of ours, at least."""
_BESIDE: Final = "expert"
"""Is compared with as well, and has no goal: it leaves out what the library is for."""
_PERCENTILES: Final = (50, 90, 99, 99.9)


@frozen
class _Size:
    rounds: int
    round_seconds: float
    turns: int
    turn_seconds: float
    in_flight: tuple[int, ...]
    loops: tuple[str, ...]


_FULL: Final = _Size(9, 0.2, 30, 0.1, (1, 64), LOOPS)
_SMOKE: Final = _Size(1, 0.02, 1, 0.02, (8,), LOOPS[:1])


async def measure(*, smoke: bool) -> Report:
    """Run the suite."""
    size = _SMOKE if smoke else _FULL
    results: dict[int, list[Subject]] = {}
    duels: list[Duel] = []
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(running_server())
        clients, missing = await start_clients(stack, CALLERS, size.loops)
        for child in clients.values():
            await child.ask("open", target=target.to_json())
        for in_flight in size.in_flight:
            results[in_flight] = [
                Subject(peer, loop, child) for (peer, loop), child in clients.items()
            ]
            for subject in results[in_flight]:
                await subject.calibrate(in_flight, size.round_seconds)
            for subject in interleaved(results[in_flight], size.rounds):
                await subject.play(in_flight)
            duels += _pairs(in_flight, clients)
        for duel in duels:
            await duel.play(size.turns, size.turn_seconds)
    most = max(size.in_flight)
    return Report(
        name="call",
        title="CPU time and throughput of a whole widget/init",
        tables=[
            *(_table(in_flight, found) for in_flight, found in results.items()),
            _duels_table(duels),
        ],
        goals=[_goal(duel) for duel in duels if duel.other.peer != _BESIDE],
        charts=[
            *(_chart(most, results[most], loop) for loop in size.loops),
            _distribution(most, results[most]),
        ],
        parameters={
            "rounds": size.rounds,
            "seconds per round": size.round_seconds,
            "turns of two": size.turns,
            "seconds per turn": size.turn_seconds,
        },
        missing=missing,
    )


def _pairs(in_flight: int, clients: dict[tuple[str, str], Child]) -> list[Duel]:
    """Return our duels; with one call in flight, with those by hand only."""
    rivals = (BASELINE, _BESIDE, *(_TIMES_CHEAPER if in_flight > 1 else ()))
    return [
        Duel(
            Subject(OURS, loop, clients[OURS, loop]),
            Subject(rival, loop, clients[rival, loop]),
            in_flight,
        )
        for rival in rivals
        for loop in dict.fromkeys(loop for _, loop in clients)
        if (rival, loop) in clients
    ]


def _of(found: list[Subject]) -> dict[tuple[str, str], Subject]:
    return {(subject.peer, subject.loop): subject for subject in found}


def _table(in_flight: int, found: list[Subject]) -> Table:
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


def _duels_table(duels: list[Duel]) -> Table:
    rows = [
        (
            *(WHAT[duel.other.peer], duel.where),
            ratios(duel.ours.cpu, duel.other.cpu),
            ratios(duel.ours.rate, duel.other.rate),
        )
        for duel in duels
    ]
    columns = ("against", "where", "CPU of ours / theirs", "throughput of ours / theirs")
    return Table("Side by side: flexiti-async and one other take turns", columns, rows)


def _goal(duel: Duel) -> Goal:
    main = duel.ours.loop == LOOPS[0]
    name = WHAT[duel.other.peer]
    if duel.other.peer in _AT_MOST:
        cpu = ratios(duel.ours.cpu, duel.other.cpu)
        most = _AT_MOST[duel.other.peer]
        return Goal(f"CPU of init_widget() / {name}, {duel.where}", cpu, most, main=main)
    cpu = ratios(duel.other.cpu, duel.ours.cpu)
    times = _TIMES_CHEAPER[duel.other.peer]
    return Goal(f"CPU of {name} / init_widget(), {duel.where}", cpu, times, "≥", main=main)


def _chart(in_flight: int, found: list[Subject], loop: str) -> Chart:
    rows = {
        WHAT[subject.peer]: Spread.of(subject.cpu).scaled(_MICRO)
        for subject in found
        if subject.loop == loop
    }
    title = f"One widget/init, {in_flight} in flight, on {loop}: CPU time of the client"
    return bars(title, rows, unit="µs of CPU time for one call, less is better", ours=WHAT[OURS])


def _distribution(in_flight: int, found: list[Subject]) -> Chart:
    x, y = "one call in this many takes as long", "latency in ms"
    values = [
        {x: 100 / (100 - percent), y: at, "client": WHAT[subject.peer]}
        for subject in found
        if subject.loop == LOOPS[0]
        for percent in _PERCENTILES
        if (at := subject.latencies.milliseconds(percent)) is not None
    ]
    title = f"One widget/init, {in_flight} in flight, on {LOOPS[0]}: latency"
    return lines(title, values, x=x, y=y, series="client", log_x=True, log_y=True)
