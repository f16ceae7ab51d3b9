"""How the cost of a call, and of a close, grows with concurrent checkouts and client ids."""

import asyncio
import gc
from collections import defaultdict
from contextlib import AsyncExitStack
from itertools import product
from typing import Final

import attrs
from attrs import define, field, frozen

from benchmarks.harness.children import Child, ChildFailedError
from benchmarks.harness.client import start_client
from benchmarks.harness.closing import WAITS
from benchmarks.harness.latency import Latencies
from benchmarks.harness.measure import Spread, interleaved, ratios
from benchmarks.harness.server import running_server
from benchmarks.harness.target import Target
from benchmarks.peers import BASELINE, HTTPTOOLS, OURS, WHAT
from benchmarks.report.charts import Values, lines
from benchmarks.report.report import Chart, Goal, Report, Table

__all__ = ["measure"]

_MICRO: Final = 1e6
_MILLI: Final = 1e3
_PEERS: Final = (OURS, HTTPTOOLS, BASELINE)
_FEW: Final = 100
"""Number of checkouts at once that others are compared with."""
_CALLS_EACH: Final = 2
"""Calls of each checkout, at least: with a single one, the number at once would not be constant."""
_TENANT_CALLS_IN_FLIGHT: Final = 64
_COLLECTOR: Final = {
    "default": (gc.get_threshold(), False),
    "set_threshold(50_000, 20, 100)": ((50_000, 20, 100), False),
    "set_threshold(50_000, 20, 100), freeze()": ((50_000, 20, 100), True),
}
_FEW_CONNECTIONS: Final = 2
"""While other calls wait for them."""
_OF_A_WAIT: Final = 2
"""Tracked objects of a task that waits for a future: the future and its iterator."""
_OF_THE_SHOP: Final = 1
"""Tracked objects that the shop passes to a call: the widget."""
_ONE_ROUND: Final = 120.0
"""Seconds that a round may take: ten times what it takes."""


@frozen
class _Size:
    checkouts: tuple[int, ...]
    calls: int
    rounds: int
    client_ids: tuple[int, ...]
    tenant_calls: int
    waiting: int
    queued: int
    memory_repeats: int
    closes: int


_FULL: Final = _Size((10, 100, 1000, 10_000), 4000, 3, (1, 10, 100, 1000), 2000, 3000, 10_000, 3, 9)
_SMOKE: Final = _Size((10, 100), 100, 1, (1, 5), 50, 100, 200, 1, 1)


@define
class _Closes:
    """Closes of a session while callers wait, CPU and wall-clock seconds."""

    cpu: list[float] = field(factory=list[float])
    wall: list[float] = field(factory=list[float])
    bare: list[float] = field(factory=list[float])
    unanswered: int = 0


@define
class _Waiting:
    """Memory and objects of one waiting call: bytes, and how many the collector tracks."""

    bytes: list[float] = field(factory=list[float])
    objects: list[float] = field(factory=list[float])


@define
class _Load:
    """A client with a number of checkouts at once, and its measurements."""

    peer: str
    checkouts: int
    child: Child
    cpu: list[float] = field(factory=list[float])
    without_collector: list[float] = field(factory=list[float])
    share: list[float] = field(factory=list[float])
    latencies: Latencies = field(factory=Latencies)

    async def play(self, least: int) -> None:
        """Play one round."""
        number = max(self.checkouts * _CALLS_EACH, least)
        taken = await self.child.ask(
            "calls", within=_ONE_ROUND, number=number, in_flight=self.checkouts
        )
        self.cpu.append(taken["cpu"] / number)
        self.without_collector.append((taken["cpu"] - taken["collector"]) / number)
        self.share.append(taken["collector"] / taken["cpu"] * 100)
        self.latencies.add(Latencies.decode(taken["latencies"]))


async def measure(*, smoke: bool) -> Report:
    """Run the suite."""
    size = _SMOKE if smoke else _FULL
    async with running_server() as target:
        loads = await _checkouts(target, size)
        collector = await _collector_settings(target, size)
        tenants = await _tenants(target, size)
        closes = await _closes(target, size)
    waiting = await _waiting_calls(size)
    bare = await _bare_objects(size.waiting)
    return Report(
        name="scale",
        title="the cost of a call as work grows",
        tables=[
            *(_loads_table(loads), _collector_table(collector, size), _tenants_table(tenants)),
            *(_waiting_table(waiting, bare, size), _closes_table(closes, size)),
        ],
        goals=[*_goals(loads), *_waiting_goals(waiting, bare), *_close_goals(closes, size)],
        charts=[_loads_chart(loads), _latency_chart(loads), _tenants_chart(tenants)],
        parameters={"rounds": size.rounds, "connections of each client": Target("").connections},
    )


async def _client(peer: str) -> Child:
    child = await start_client(peer)
    if child is None:
        msg = f"{peer} is not installed"
        raise ChildFailedError(msg)
    return child


async def _checkouts(target: Target, size: _Size) -> list[_Load]:
    """Measure a client of each kind with few and with many checkouts at once."""
    loads: list[_Load] = []
    async with AsyncExitStack() as stack:
        for peer in _PEERS:
            child = await stack.enter_async_context(await _client(peer))
            await child.ask("open", target=target.to_json())
            loads += [_Load(peer, checkouts, child) for checkouts in size.checkouts]
        for load in interleaved(loads, size.rounds):
            await load.play(size.calls)
    return loads


async def _collector_settings(target: Target, size: _Size) -> dict[str, list[float]]:
    """Measure as many checkouts at once as there are, with other settings of the collector."""
    cpu: dict[str, list[float]] = defaultdict(list)
    checkouts = max(size.checkouts)
    number = max(checkouts * _CALLS_EACH, size.calls)
    async with await _client(OURS) as child:
        await child.ask("open", target=target.to_json())
        for name in interleaved(tuple(_COLLECTOR), size.rounds):
            thresholds, freeze = _COLLECTOR[name]
            await child.ask("set_collector", thresholds=thresholds, freeze=freeze)
            taken = await child.ask("calls", within=_ONE_ROUND, number=number, in_flight=checkouts)
            cpu[name].append(taken["cpu"] / number)
    return cpu


async def _tenants(target: Target, size: _Size) -> dict[int, list[float]]:
    """Measure a process with few and with many client ids."""
    cpu: dict[int, list[float]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        children: dict[int, Child] = {}
        for number in size.client_ids:
            child = await stack.enter_async_context(await Child.start("harness.tenants"))
            await child.ask("open", target=target.to_json(), number=number)
            children[number] = child
        for number in interleaved(size.client_ids, size.rounds):
            calls = max(size.tenant_calls, number)
            taken = await children[number].ask(
                "calls", number=calls, in_flight=_TENANT_CALLS_IN_FLIGHT
            )
            cpu[number].append(taken["cpu"])
    return cpu


async def _closes(target: Target, size: _Size) -> dict[str, _Closes]:
    """Close a session while callers wait, for a connection and for a token."""
    found: dict[str, _Closes] = defaultdict(_Closes)
    async with await _client(OURS) as child:
        for what in interleaved(tuple(WAITS), size.closes):
            await child.ask("open", target=target.to_json())
            taken = await child.ask(
                "close_amid_calls", endpoint=WAITS[what], callers=max(size.checkouts)
            )
            closes = found[what]
            closes.cpu.append(taken["cpu"])
            closes.wall.append(taken["wall"])
            closes.bare.append(taken["bare"])
            closes.unanswered += taken["unanswered"]
    return found


async def _waiting_calls(size: _Size) -> dict[tuple[str, bool], _Waiting]:
    """Measure what calls keep alive that wait for answers, or for one of a few connections."""
    found: dict[tuple[str, bool], _Waiting] = defaultdict(_Waiting)
    for peer, queued in interleaved([*product(_PEERS, (False, True))], size.memory_repeats):
        # Another server, so another port, each time: for a minute, the local ports of connections
        # just closed cannot be used towards the same port, and there are some 28,000.
        async with running_server() as target, await _client(peer) as child:
            number = size.queued if queued else size.waiting
            opened = attrs.evolve(target, connections=_FEW_CONNECTIONS if queued else number + 1)
            await child.ask("open", target=opened.to_json())
            taken = await child.ask("waiting", number=number, queued=queued)
            found[peer, queued].bytes.append(taken["bytes"] / number)
            found[peer, queued].objects.append(taken["objects"] / number)
    return found


async def _bare_objects(number: int) -> float:
    """Return the tracked objects of a task of its own and a future that it waits for."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await future

    gc.collect()
    before = len(gc.get_objects())
    tasks = [asyncio.ensure_future(wait()) for _ in range(number)]
    await asyncio.sleep(0)
    gc.collect()
    objects = len(gc.get_objects()) - before
    future.set_result(None)
    await asyncio.gather(*tasks)
    return objects / number


def _loads_table(loads: list[_Load]) -> Table:
    few = {load.peer: load for load in loads if load.checkouts == _FEW}
    rows = [
        (
            *(WHAT[load.peer], load.checkouts, Spread.of(load.cpu).scaled(_MICRO)),
            ratios(load.cpu, few[load.peer].cpu),
            ratios(load.without_collector, few[load.peer].without_collector),
            Spread.of(load.share),
            *(load.latencies.milliseconds(percent) for percent in (50, 99)),
        )
        for load in loads
    ]
    columns = (
        *("client", "checkouts at once", "CPU µs per call", f"/ at {_FEW}"),
        *("/ without garbage collector", "% of the collector", "p50 ms", "p99 ms"),
    )
    return Table("Checkouts at once, over 100 connections", columns, rows)


def _collector_table(cpu: dict[str, list[float]], size: _Size) -> Table:
    default = cpu[next(iter(_COLLECTOR))]
    rows = [
        (name, Spread.of(taken).scaled(_MICRO), ratios(taken, default))
        for name, taken in cpu.items()
    ]
    title = f"Settings of Python's garbage collector, {max(size.checkouts):,} checkouts at once"
    return Table(title, ("gc", "CPU µs per call", "/ default"), rows)


def _tenants_table(tenants: dict[int, list[float]]) -> Table:
    one = tenants[min(tenants)]
    rows = [
        (str(number), Spread.of(cpu).scaled(_MICRO), ratios(cpu, one))
        for number, cpu in sorted(tenants.items())
    ]
    return Table("Client ids in one process", ("client ids", "CPU µs per call", "/ of one"), rows)


def _waiting_table(found: dict[tuple[str, bool], _Waiting], bare: float, size: _Size) -> Table:
    rows = [
        (
            *(WHAT[peer], "a connection" if queued else "an answer"),
            Spread.of(waiting.bytes).scaled(1 / 1024),
            Spread.of(waiting.objects),
        )
        for (peer, queued), waiting in found.items()
    ]
    title = (
        f"Kept alive by a waiting call: {size.waiting:,} in flight, or {size.queued:,} behind "
        f"{_FEW_CONNECTIONS} connections; a bare asyncio task and its future: {bare:.3g} objects"
    )
    return Table(title, ("client", "waits for", "KiB each", "tracked objects each"), rows)


def _closes_table(found: dict[str, _Closes], size: _Size) -> Table:
    rows = [
        (
            f"callers wait for {what}",
            Spread.of(closes.cpu).scaled(_MILLI),
            Spread.of(closes.bare).scaled(_MILLI),
            ratios(closes.cpu, closes.bare),
            Spread.of(closes.wall).scaled(_MILLI),
        )
        for what, closes in found.items()
    ]
    columns = ("close", "CPU ms", "CPU ms of asyncio alone", "ratio", "ms until all have an error")
    return Table(f"A close with {max(size.checkouts):,} calls in flight", columns, rows)


def _close_goals(found: dict[str, _Closes], size: _Size) -> list[Goal]:
    goals: list[Goal] = []
    for what, closes in found.items():
        where = f"a close while {max(size.checkouts):,} callers wait for {what}"
        goals += [
            Goal(f"unanswered: {where}", closes.unanswered, 0, "=", counted=True),
            Goal(
                f"ms until all have an error: {where}",
                Spread.of(closes.wall).scaled(_MILLI),
                100,
                main=True,
            ),
            Goal(
                f"CPU: {where} / asyncio cancelling as many tasks",
                ratios(closes.cpu, closes.bare),
                3,
            ),
        ]
    return goals


def _waiting_goals(found: dict[tuple[str, bool], _Waiting], bare: float) -> list[Goal]:
    by_hand = {queued: found[BASELINE, queued] for queued in (False, True)}
    ours = {queued: found[OURS, queued] for queued in (False, True)}
    objects = {queued: min(ours[queued].objects) for queued in (False, True)}
    return [
        Goal(
            "memory per checkout in flight / aiohttp, by hand",
            ratios(ours[False].bytes, by_hand[False].bytes),
            1.10,
            main=True,
        ),
        Goal(
            "memory per checkout that waits for a connection / aiohttp, by hand",
            ratios(ours[True].bytes, by_hand[True].bytes),
            0.55,
        ),
        Goal("tracked objects per checkout in flight", round(objects[False]), 51, counted=True),
        Goal(
            "tracked objects per checkout that waits for a connection, beyond the shop's own",
            round(objects[True] - _OF_THE_SHOP - (bare - _OF_A_WAIT)),
            4,
            counted=True,
        ),
    ]


def _goals(loads: list[_Load]) -> list[Goal]:
    ours = {load.checkouts: load for load in loads if load.peer == OURS}
    by_hand = {load.checkouts: load for load in loads if load.peer == BASELINE}
    most, few = ours[max(ours)], ours[_FEW]
    figure = f"CPU per call, {most.checkouts:,} checkouts at once / {_FEW}"
    without = ratios(most.without_collector, few.without_collector)
    return [
        Goal(figure, ratios(most.cpu, few.cpu), 1.15, main=True),
        Goal(f"{figure}, without Python's garbage collector", without, 1.15, main=True),
        Goal(
            f"CPU per call, {most.checkouts:,} checkouts at once / aiohttp, by hand, as many",
            ratios(most.cpu, by_hand[most.checkouts].cpu),
            1.05,
            main=True,
        ),
    ]


def _loads_chart(loads: list[_Load]) -> Chart:
    values = [
        {
            "checkouts at once": load.checkouts,
            "CPU µs per call": Spread.of(load.cpu).median * _MICRO,
            "client": WHAT[load.peer],
        }
        for load in loads
    ]
    title = "CPU time of a call, by the number of checkouts at once"
    return _curve(title, values, x="checkouts at once", y="CPU µs per call")


def _latency_chart(loads: list[_Load]) -> Chart:
    values = [
        {"checkouts at once": load.checkouts, "p99 ms": at, "client": WHAT[load.peer]}
        for load in loads
        if (at := load.latencies.milliseconds(99)) is not None
    ]
    title = "99th percentile of a call, by the number of checkouts at once"
    return _curve(title, values, x="checkouts at once", y="p99 ms", log_y=True)


def _tenants_chart(tenants: dict[int, list[float]]) -> Chart:
    values = [
        {
            "client ids": number,
            "CPU µs per call": Spread.of(cpu).median * _MICRO,
            "client": WHAT[OURS],
        }
        for number, cpu in sorted(tenants.items())
    ]
    title = "CPU time of a call, by the number of client ids in the process"
    return _curve(title, values, x="client ids", y="CPU µs per call")


def _curve(title: str, values: Values, *, x: str, y: str, log_y: bool = False) -> Chart:
    return lines(title, values, x=x, y=y, series="client", log_x=True, log_y=log_y)
