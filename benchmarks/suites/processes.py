"""
Processes that share tokens, and sessions in one event loop: requests, time, store operations.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import attrs
from attrs import frozen

from benchmarks.harness.children import Child, Details
from benchmarks.harness.measure import Spread, group_refreshes
from benchmarks.harness.server import TOKEN, running_server, steer
from benchmarks.harness.shop import NOT_RESUMABLE, ONE_CALL, RESUMABLE, TOKENS
from benchmarks.harness.stores import STORES, store_urls
from benchmarks.harness.target import Target
from benchmarks.report.charts import lines
from benchmarks.report.report import Chart, Goal, Report, Table

__all__ = ["measure"]

_TOGETHER: Final = 0.5
"""Seconds until all start: the processes need a moment to read their orders."""
_LATENCY: Final = 0.1
"""Seconds that the token endpoint takes: all processes ask before the first one has a token."""
_PER_REFRESH: Final = "token requests per refresh, at most"
_PER_STEP: Final = {ONE_CALL: 0, NOT_RESUMABLE: 0, RESUMABLE: 1}
"""Store operations of each step with a cached token."""


@frozen
class _Size:
    stores: tuple[str, ...]
    processes: tuple[int, ...]
    cold_repeats: int
    lifetime: int
    steady_seconds: float
    rate: int
    sessions: tuple[int, ...]


_FULL: Final = _Size(STORES, (1, 2, 4, 8, 16), 3, 3, 5.0, 20, (1, 10, 100))
_SMOKE: Final = _Size(STORES[1:], (3,), 1, 3, 2.4, 20, (100,))


@frozen
class _Found:
    """Measurements of one number of processes with one store."""

    store: str
    processes: int
    cold_requests: int
    cold_seconds: Spread
    cold_operations: Spread
    refreshes: int
    most_requests: int
    blocked: int
    harmed: int
    refresh_operations: float


@frozen
class _InOneLoop:
    """Measurements of the cold start of sessions in one event loop."""

    store: str
    sessions: int
    requests: int
    tokens: int
    seconds: Spread
    cpu: Spread
    operations: Spread


async def measure(*, smoke: bool) -> Report:
    """Run the suite."""
    size = _SMOKE if smoke else _FULL
    found: list[_Found] = []
    warm: dict[str, Details] = {}
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(running_server())
        urls = await stack.enter_async_context(store_urls())
        started = (Child.start("harness.shop") for _ in range(max(size.processes)))
        shops = [await stack.enter_async_context(shop) for shop in await asyncio.gather(*started)]
        for store in size.stores:
            found += [
                await _measure(target, urls[store], store, shops[:number], size)
                for number in size.processes
            ]
            warm[store] = await _operations(target, urls[store], shops[0])
        child = await stack.enter_async_context(await Child.start("harness.sessions"))
        in_one_loop = [
            await _sessions(
                target, urls[store], store, child, number=number, repeats=size.cold_repeats
            )
            for store in STORES
            for number in size.sessions
        ]
    return Report(
        name="processes",
        title="processes that share tokens",
        tables=[
            *(_table(store, found) for store in size.stores),
            _operations_table(warm),
            _sessions_table(in_one_loop),
        ],
        goals=[*_goals(found), *_operations_goals(warm), *_sessions_goals(in_one_loop)],
        charts=[_requests_chart(found), _seconds_chart(found)],
        parameters={
            "repeats of the cold start": size.cold_repeats,
            "lifetime of a token, s": size.lifetime,
            "seconds of steady callers": size.steady_seconds,
            "callers/s of each process": size.rate,
            "latency of the token endpoint, s": _LATENCY,
        },
    )


async def _open(target: Target, url: str, shops: Sequence[Child]) -> None:
    """Open a session in each process, for a client id that no store has a token for."""
    fresh = attrs.evolve(target, client_id=f"bench-{secrets.token_hex(8)}").to_json()
    await asyncio.gather(*(shop.ask("open", target=fresh, store=url) for shop in shops))


async def _measure(
    target: Target, url: str, store: str, shops: Sequence[Child], size: _Size
) -> _Found:
    requests: list[int] = []
    seconds: list[float] = []
    operations: list[float] = []
    for _ in range(size.cold_repeats):
        await steer(target, reset=True, token_latency=_LATENCY, expires_in=size.lifetime)
        await _open(target, url, shops)
        start = time.monotonic() + _TOGETHER
        answers = await asyncio.gather(*(shop.ask("token", at=start) for shop in shops))
        requests.append((await steer(target))["requests"][TOKEN])
        seconds.append(max(answer["done"] for answer in answers) - start)
        operations += [answer["operations"] for answer in answers]
    await steer(target, reset=True)
    steady = await asyncio.gather(
        *(
            shop.ask("steady", seconds=size.steady_seconds, rate=size.rate, kind=TOKENS)
            for shop in shops
        )
    )
    times = (await steer(target, token_latency=0.0, expires_in=1200))["token_times"]
    refreshes = group_refreshes(times, apart=size.lifetime / 4)
    return _Found(
        store=store,
        processes=len(shops),
        cold_requests=max(requests),
        cold_seconds=Spread.of(seconds),
        cold_operations=Spread.of(operations),
        refreshes=len(refreshes),
        most_requests=max(refreshes, default=0),
        blocked=sum(answer["blocked"] for answer in steady),
        harmed=sum(answer["harmed"] for answer in steady),
        refresh_operations=sum(answer["operations"] for answer in steady)
        / max(len(refreshes), 1)
        / len(shops),
    )


async def _sessions(
    target: Target, url: str, store: str, child: Child, *, number: int, repeats: int
) -> _InOneLoop:
    """Let sessions in one event loop request their first token at once."""
    requests: list[int] = []
    answers: list[Details] = []
    for _ in range(repeats):
        await steer(target, reset=True, token_latency=_LATENCY)
        fresh = attrs.evolve(target, client_id=f"bench-{secrets.token_hex(8)}").to_json()
        answers.append(await child.ask("cold", target=fresh, store=url, number=number))
        requests.append((await steer(target, token_latency=0.0))["requests"][TOKEN])
    return _InOneLoop(
        store=store,
        sessions=number,
        requests=max(requests),
        tokens=max(answer["tokens"] for answer in answers),
        seconds=Spread.of([answer["seconds"] for answer in answers]),
        cpu=Spread.of([answer["cpu"] for answer in answers]),
        operations=Spread.of([answer["operations"] for answer in answers]),
    )


async def _operations(target: Target, url: str, shop: Child) -> Details:
    """Count store operations per step of each kind of checkout, with a cached token."""
    await _open(target, url, [shop])
    return await shop.ask("operations", number=20)


def _table(store: str, found: Sequence[_Found]) -> Table:
    rows = [
        (
            *(one.processes, one.cold_requests, one.cold_seconds.scaled(1000)),
            *(one.cold_operations, one.refreshes, one.most_requests, one.blocked, one.harmed),
            one.refresh_operations,
        )
        for one in found
        if one.store == store
    ]
    columns = (
        *("processes", "cold: requests", "ms until the last has one", "store operations each"),
        *("refreshes", "requests of one, at most", "callers blocked", "harmed"),
        "operations per process and refresh",
    )
    return Table(f"{store} store", columns, rows)


def _operations_table(warm: dict[str, Details]) -> Table:
    rows = [(kind, *(warm[store][kind] for store in warm)) for kind in _PER_STEP]
    return Table("Store operations of a step, with a cached token", ("checkout", *warm), rows)


def _sessions_table(found: Sequence[_InOneLoop]) -> Table:
    rows = [
        (
            *(one.store, one.sessions, one.requests, one.seconds.scaled(1000)),
            *(one.cpu.scaled(1000), one.operations),
        )
        for one in found
    ]
    columns = (
        *("store", "sessions", "token requests", "ms until the last has one"),
        *("CPU ms of all", "store operations each"),
    )
    return Table("Sessions of one client id in one event loop, cold start", columns, rows)


def _sessions_goals(found: Sequence[_InOneLoop]) -> list[Goal]:
    most = max(one.sessions for one in found)
    return [
        Goal(
            f"{figure}, cold start: {one.store}, {most} sessions in one event loop",
            value,
            1,
            "=",
            counted=True,
        )
        for one in found
        if one.sessions == most
        for figure, value in (("token requests", one.requests), ("tokens", one.tokens))
    ]


def _goals(found: Sequence[_Found]) -> list[Goal]:
    goals: list[Goal] = []
    for store in STORES[1:]:  # memory is not shared: each process requests a token of its own
        most = [one for one in found if one.store == store][-1]
        where = f"{store}, {most.processes} processes"
        figures = {
            "token requests, cold start": (most.cold_requests, 1),
            _PER_REFRESH: (most.most_requests, 1),
            "callers blocked by refreshes": (most.blocked, 0),
            "callers harmed by refreshes": (most.harmed, 0),
        }
        goals += [
            Goal(
                f"{figure}: {where}",
                value,
                wanted,
                "=",
                counted=True,
                main=figure == _PER_REFRESH,
            )
            for figure, (value, wanted) in figures.items()
        ]
    return goals


def _operations_goals(warm: dict[str, Details]) -> list[Goal]:
    return [
        Goal(
            f"store operations per step when warm: {kind}, {store}",
            warm[store][kind],
            wanted,
            "=",
            counted=True,
            main=store == STORES[-1],
        )
        for store in warm
        for kind, wanted in _PER_STEP.items()
    ]


def _requests_chart(found: Sequence[_Found]) -> Chart:
    values = [
        {"processes": one.processes, "token requests": one.cold_requests, "store": one.store}
        for one in found
    ]
    title = "Token requests when all processes start at once"
    return lines(title, values, x="processes", y="token requests", series="store")


def _seconds_chart(found: Sequence[_Found]) -> Chart:
    values = [
        {"processes": one.processes, "ms": one.cold_seconds.median * 1000, "store": one.store}
        for one in found
    ]
    title = f"Until the last process has its token (the endpoint takes {_LATENCY * 1000:.0f} ms)"
    return lines(title, values, x="processes", y="ms", series="store")
