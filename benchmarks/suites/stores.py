"""The cost of each verb of each store, one caller at a time, on loopback."""

import time
import uuid
from contextlib import AsyncExitStack
from typing import Final

from attrs import define, field, frozen

from benchmarks.harness.journals import journal_urls, prepared
from benchmarks.harness.measure import Spread, interleaved
from benchmarks.report.cells import Cell
from benchmarks.report.charts import bars
from benchmarks.report.report import Report, Table
from flexiti_async.store.interface import Entry, JournalStore, Life

__all__ = ["measure"]

_MILLI: Final = 1e3
_VERBS: Final = ("load", "create", "replace", "swap in a life", "life", "keys (20 endless)")


@frozen
class _Size:
    rounds: int
    calls: int


_FULL: Final = _Size(9, 40)
_SMOKE: Final = _Size(2, 3)


@define
class _Subject:
    """One store, and the seconds of each verb."""

    name: str
    store: JournalStore
    life: Life
    seconds: dict[str, list[float]] = field(factory=dict[str, list[float]])

    async def play(self, calls: int) -> None:
        """Use each verb so many times."""
        key, entry = _key(), _entry()
        await self.store.swap(key, entry, expected=None)
        for verb in _VERBS:
            began = time.perf_counter()
            for _ in range(calls):
                entry = await self._once(verb, key, entry)
            taken = time.perf_counter() - began
            self.seconds.setdefault(verb, []).append(taken / calls)

    async def _once(self, verb: str, key: str, entry: Entry) -> Entry:
        match verb:
            case "load":
                await self.store.load(key)
            case "create":
                await self.store.swap(_key(), _entry(), expected=None)
            case "replace" | "swap in a life":
                new = _entry()
                life = self.life if verb == "swap in a life" else None
                await self.store.swap(key, new, expected=entry, life=life)
                return new
            case "life":
                await self.store.life()
            case _:
                _ = [one async for one in self.store.keys("pending-", endless=True)]
        return entry


async def measure(*, smoke: bool) -> Report:
    """Measure it."""
    size = _SMOKE if smoke else _FULL
    subjects: list[_Subject] = []
    async with AsyncExitStack() as stack:
        urls, missing = await journal_urls(stack)
        for name, url in urls.items():
            subject = await _prepare(name, url)
            stack.push_async_callback(subject.store.aclose)
            subjects.append(subject)
        for subject in interleaved(subjects, size.rounds):
            await subject.play(size.calls)
    return _report(subjects, size, missing)


async def _prepare(name: str, url: str) -> _Subject:
    store = await prepared(url)
    life = await store.life()
    for number in range(20):
        entry = Entry(uuid.uuid4().hex, "x", None)
        await store.swap(f"pending-{number}", entry, expected=None)
    return _Subject(name, store, life)


def _report(subjects: list[_Subject], size: _Size, missing: list[str]) -> Report:
    found = {
        one.name: {verb: Spread.of(one.seconds[verb]).scaled(_MILLI) for verb in _VERBS}
        for one in subjects
    }
    rows: list[list[Cell]] = [[name, *verbs.values()] for name, verbs in found.items()]
    swaps = {name: verbs["replace"] for name, verbs in found.items()}
    return Report(
        name="stores",
        title="the verbs of the stores",
        tables=[Table("One call at a time, ms", ("store", *_VERBS), rows)],
        goals=[],
        charts=[bars("A swap", swaps, unit="ms, less is better", ours="PostgreSQL", log=True)],
        parameters={"rounds": size.rounds, "calls per round": size.calls},
        missing=missing,
    )


def _key() -> str:
    return f"flexiti-bench-{uuid.uuid4().hex}"


def _entry() -> Entry:
    return Entry(uuid.uuid4().hex, "x" * 1000, 600.0)
