"""Many callers that ask for a token at once: requests made, callers harmed, callers blocked."""

import asyncio
from collections.abc import Mapping
from typing import Final

import attrs
from attrs import frozen

from benchmarks.harness.children import Child, Details
from benchmarks.harness.client import start_client
from benchmarks.harness.crowd import CANCELLED, COLD, DOWN, SCENARIOS, STALE
from benchmarks.harness.measure import Spread
from benchmarks.harness.server import TOKEN, running_server, steer
from benchmarks.harness.shop import KINDS
from benchmarks.peers import HOLDERS, OURS, WHAT
from benchmarks.report.charts import bars
from benchmarks.report.report import Chart, Goal, Report, Table

__all__ = ["measure"]

_FLOW: Final = "flexiti_flow"
_ONE_BY_ONE: Final = (CANCELLED, DOWN)
_MOST_ONE_BY_ONE: Final = 100
"""Some peers then send one request per caller, one after the other: more would take minutes."""
_LATENCY: Final = 0.05
"""Seconds that the token endpoint takes while callers come steadily."""


@frozen
class _Size:
    callers: tuple[int, ...]
    peer_callers: tuple[int, ...]
    peers: tuple[str, ...]
    for_peers: tuple[str, ...]
    at_once: int
    steady_seconds: float
    steady_rate: int
    lifetime: int


_FULL: Final = _Size(
    (1, 10, 100, 1000, 10_000), (1, 100, 10_000), HOLDERS, SCENARIOS, 2, 15.0, 670, 6
)
_SMOKE: Final = _Size((100,), (100,), (OURS, _FLOW, "aiohttp_oauth2"), (COLD,), 3, 5.0, 200, 8)


@frozen
class _Found:
    """Result of one crowd."""

    peer: str
    scenario: str
    callers: int
    requests: int
    harmed: int
    blocked: int
    usable: bool
    seconds: float

    def is_of(self, scenario: str, callers: int) -> bool:
        """Whether it is the result of this many callers in this scenario."""
        return (self.scenario, self.callers) == (scenario, callers)


async def measure(*, smoke: bool) -> Report:
    """Run the suite."""
    size = _SMOKE if smoke else _FULL
    places = asyncio.Semaphore(size.at_once)
    crowds = await asyncio.gather(*(_crowds(peer, size, places) for peer in size.peers))
    found = [one for crowd in crowds for one in crowd or ()]
    missing = [WHAT[peer] for peer, crowd in zip(size.peers, crowds, strict=True) if crowd is None]
    runs = await asyncio.gather(*(_steady(size, kind) for kind in KINDS))
    steady = dict(zip(KINDS, runs, strict=True))
    return Report(
        name="stampede",
        title="many callers that ask for a token at once",
        tables=[*(_table(scenario, found) for scenario in SCENARIOS), _steady_table(steady)],
        goals=[*_goals(found), *_steady_goals(steady)],
        charts=_charts(found, size),
        parameters={"seconds of steady callers": size.steady_seconds, "lifetime": size.lifetime},
        missing=missing,
    )


async def _crowds(peer: str, size: _Size, places: asyncio.Semaphore) -> list[_Found] | None:
    """Run all crowds on a peer, with a server of its own; None if the peer is not installed."""
    found: list[_Found] = []
    async with places, running_server() as target:
        child = await start_client(peer)
        if child is None:
            return None
        ours = peer in {OURS, _FLOW}
        moving = attrs.evolve(target, moving=True)
        async with child:
            for scenario in SCENARIOS if ours else size.for_peers:
                for callers in size.callers if ours else size.peer_callers:
                    if not ours and scenario in _ONE_BY_ONE and callers > _MOST_ONE_BY_ONE:
                        continue
                    await child.ask("open", target=moving.to_json())
                    seen = await child.ask("stampede", scenario=scenario, callers=callers)
                    await child.ask("close")
                    found.append(_Found(peer, scenario, callers, **seen))
    return found


async def _steady(size: _Size, kind: str) -> Details:
    """Let callers of a kind come steadily for several lifetimes, in real time."""
    async with running_server() as target, await Child.start("harness.shop") as child:
        await steer(target, expires_in=size.lifetime, token_latency=_LATENCY)
        await child.ask("open", target=target.to_json(), store="memory://")
        seen = await child.ask(
            "steady", seconds=size.steady_seconds, rate=size.steady_rate, kind=kind
        )
        state = await steer(target)
    return {**seen, "requests": state["requests"][TOKEN]}


def _table(scenario: str, found: list[_Found]) -> Table:
    rows = [
        (WHAT[one.peer], one.callers, one.requests, one.blocked, one.harmed, one.usable)
        for one in found
        if one.scenario == scenario
    ]
    columns = ("client", "callers", "requests", "blocked", "harmed", "usable afterwards")
    return Table(scenario, columns, rows)


def _steady_table(steady: Mapping[str, Details]) -> Table:
    rows = [
        (kind, *(seen[key] for key in ("callers", "requests", "blocked", "harmed")))
        for kind, seen in steady.items()
    ]
    columns = ("flexiti-async", "callers", "requests", "blocked", "harmed")
    return Table("Steady callers, over several lifetimes", columns, rows)


def _goals(found: list[_Found]) -> list[Goal]:
    return [
        goal
        for peer in (OURS, _FLOW)
        for scenario in SCENARIOS
        # The most callers are the hardest.
        for goal in _goals_of([f for f in found if (f.peer, f.scenario) == (peer, scenario)][-1])
    ]


def _goals_of(most: _Found) -> list[Goal]:
    where = f"{WHAT[most.peer]}, {most.scenario}, {most.callers:,} callers"
    # A request that meets a 503 is tried three times, whatever the number of callers.
    tries = 3 if most.scenario == DOWN else 1
    figures: list[tuple[str, int, int]] = [("token requests", most.requests, tries)]
    if most.scenario != DOWN:
        figures.append(("harmed", most.harmed, 0))
    if most.scenario == STALE:
        figures.append(("blocked", most.blocked, 0))
    return [
        Goal(
            f"{what}: {where}",
            number,
            wanted,
            "=",
            counted=True,
            main=most.scenario == STALE and what != "harmed",
        )
        for what, number, wanted in figures
    ]


def _steady_goals(steady: Mapping[str, Details]) -> list[Goal]:
    goals: list[Goal] = []
    for kind, seen in steady.items():
        refreshes = seen["requests"] - 1
        where = f"{seen['callers']:,} steady {kind} (refreshes: {refreshes})"
        goals += [
            Goal(f"refreshes meanwhile: {where}", refreshes, 1, "≥", counted=True),
            Goal(f"blocked: {where}", seen["blocked"], 0, "=", counted=True, main=True),
            Goal(f"harmed: {where}", seen["harmed"], 0, "=", counted=True),
        ]
    return goals


def _charts(found: list[_Found], size: _Size) -> list[Chart]:
    many, fewer = max(size.peer_callers), _MOST_ONE_BY_ONE
    blocked = "Callers blocked while a valid token is refreshed"
    requests = "Token requests while the endpoint answers 503"
    harmed = "Callers without a token because the first one was cancelled"
    return [
        _chart(blocked, {one.peer: one.blocked for one in found if one.is_of(STALE, many)}, many),
        _chart(
            requests, {one.peer: one.requests for one in found if one.is_of(DOWN, fewer)}, fewer
        ),
        _chart(
            harmed, {one.peer: one.harmed for one in found if one.is_of(CANCELLED, fewer)}, fewer
        ),
    ]


def _chart(title: str, counts: Mapping[str, int], callers: int) -> Chart:
    rows = {WHAT[peer]: Spread.of([count]) for peer, count in counts.items()}
    unit = f"of {callers:,} callers, less is better"
    return bars(title, rows, unit=unit, ours=WHAT[OURS])
