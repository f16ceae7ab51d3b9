"""The cost of a call that moves money beside the same HTTP call by hand: the journal's share."""

import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import aiohttp
from attrs import define, field, frozen

from benchmarks.harness.journals import journal_urls, prepared
from benchmarks.harness.measure import Spread, interleaved, ratios
from benchmarks.harness.server import running_server
from benchmarks.harness.target import Target
from benchmarks.report.cells import Cell
from benchmarks.report.charts import bars
from benchmarks.report.report import Goal, Report, Table
from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.store.interface import Entry, JournalStore, Life
from flexiti_stores.memory import MemoryStore

__all__ = ["measure"]

_MILLI: Final = 1e3
_AMOUNT: Final = "10.00"
_AUTHORIZATION: Final = 1000000000000001
_BY_HAND: Final = "aiohttp by hand"


@frozen
class _Size:
    rounds: int
    calls: int


_FULL: Final = _Size(9, 40)
_SMOKE: Final = _Size(2, 3)


@define
class _Subject:
    """
    One way to capture.

    Attributes:
        name: Its name.
        capture: Makes one capture.
        wall: Seconds per capture, a figure for each round.
        cpu: CPU seconds of this process per capture.
    """

    name: str
    capture: Callable[[], Awaitable[object]]
    wall: list[float] = field(factory=list[float])
    cpu: list[float] = field(factory=list[float])

    async def play(self, calls: int) -> None:
        """Capture so many times, one after the other."""
        began, used = time.perf_counter(), time.process_time()
        for _ in range(calls):
            await self.capture()
        self.wall.append((time.perf_counter() - began) / calls)
        self.cpu.append((time.process_time() - used) / calls)


class _Counting(MemoryStore):
    """A store that counts what an operation costs it."""

    def __init__(self) -> None:
        super().__init__()
        self.swaps = 0

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Count it."""
        self.swaps += key.startswith("flexiti-operation-")
        return await super().swap(key, entry, expected=expected, life=life)


async def measure(*, smoke: bool) -> Report:
    """Measure it."""
    size = _SMOKE if smoke else _FULL
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(running_server())
        urls, missing = await journal_urls(stack)
        subjects = [await _by_hand(stack, target)]
        for name, url in urls.items():
            store = await prepared(url)
            stack.push_async_callback(store.aclose)
            subjects.append(await _ours(stack, target, name, store))
        counting = _Counting()
        counted = await _ours(stack, target, "counted", counting)
        await counted.play(size.calls)
        before = counting.swaps
        await counted.play(size.calls)
        swaps = (counting.swaps - before) / size.calls
        for subject in interleaved(subjects, size.rounds):
            await subject.play(size.calls)
    return _report(subjects, swaps, size, missing)


async def _by_hand(stack: AsyncExitStack, target: Target) -> _Subject:
    """Return the same POST, written by hand, over a new connection each time as ours is."""
    connector = aiohttp.TCPConnector(force_close=True)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    path = f"v2.5/client-id/{target.client_id}/authorization/{_AUTHORIZATION}/capture"
    url = f"{target.base_url}/{path}"

    async def capture() -> object:
        headers = {"authorization": "Bearer token", "x-reference-id": uuid.uuid4().hex}
        body = {"amount": 10, "reference": uuid.uuid4().hex}
        async with session.post(url, json=body, headers=headers) as answer:
            return await answer.json()

    return _Subject(_BY_HAND, capture)


async def _ours(stack: AsyncExitStack, target: Target, name: str, store: JournalStore) -> _Subject:
    config = FlexitiConfig(
        client_id=target.client_id,
        client_secret=target.client_secret,
        base_url=target.base_url,
        store="memory://operations",
        journal=store,
        store_timeout=30,
    )
    flexiti = await stack.enter_async_context(FlexitiSession(config))

    async def capture() -> object:
        key = uuid.uuid4().hex
        return await flexiti.authorizations.capture(_AUTHORIZATION, _AMOUNT, idempotency_key=key)

    return _Subject(name, capture)


def _report(subjects: list[_Subject], swaps: float, size: _Size, missing: list[str]) -> Report:
    by_hand = subjects[0]
    wall = {one.name: Spread.of(one.wall).scaled(_MILLI) for one in subjects}
    rows: list[list[Cell]] = [
        [
            one.name,
            wall[one.name],
            ratios(one.wall, by_hand.wall),
            Spread.of(one.cpu).scaled(_MILLI),
            ratios(one.cpu, by_hand.cpu),
        ]
        for one in subjects
    ]
    columns = ("journal", "ms", "ms / by hand", "CPU ms", "CPU / by hand")
    return Report(
        name="operations",
        title="a capture with its journal",
        tables=[Table("One capture at a time over new connections", columns, rows)],
        goals=[Goal("journal writes of an operation", swaps, 2, "=", counted=True)],
        charts=[bars("A capture", wall, unit="ms, less is better", ours="PostgreSQL", log=True)],
        parameters={"rounds": size.rounds, "calls per round": size.calls},
        missing=missing,
    )
