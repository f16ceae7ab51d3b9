"""
The command line of the soak.

Three processes share tokens and checkouts for hours. Once a minute something fails for some
seconds: the API, the store, or a process. At the end, each process that has lived through all of it
holds as many objects and open files as at the start, has logged no more than its budget, and no
caller has got anything but a value or an error of the library.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from flexiti_async.sandbox import Sandbox

from ..chaos.evidence import Evidence
from ..chaos.faulty_stores import open_faulty_store
from ..chaos.limits import OPTIONS
from ..chaos.plan import Act, Plan, Verb
from ..chaos.trouble import Trouble
from ..chaos.workers import Workers
from ..crew.crew import Crew, WorkerHandle

__all__ = ["main"]

_WORKERS: Final = 3
_LIFETIME: Final = 6
_PAUSE: Final = 0.2
"""Seconds between two calls of a process."""
_CALM: Final = 30.0
"""Seconds without a fault before a measurement: beyond any back-off and idle connection."""
_FAULTS: Final = (
    Act(0, Verb.OUTAGE, seconds=5.0),
    Act(0, Verb.STORE_OUTAGE, seconds=5.0),
    Act(0, Verb.KILL, 0),
    Act(0, Verb.HANG, what="oauth/token", seconds=5.0),
    Act(0, Verb.STORE_STALL, seconds=5.0),
    Act(0, Verb.CUT, seconds=5.0),
    Act(0, Verb.REVOKE_ALL),
    Act(0, Verb.THROTTLE, what="oauth/token", number=503, seconds=5.0),
    Act(0, Verb.STORE_LOSS),
    Act(0, Verb.FAIL, what="widget/init", seconds=5.0),
    Act(0, Verb.STOP, 1, seconds=5.0),
    Act(0, Verb.LOSE, seconds=5.0),
)
"""One a minute, in turn."""
_MORE_OBJECTS: Final = 1000
"""Objects that a process may hold more at the end: caches with a bound fill up."""
_MORE_FILES: Final = 2
_LINES: Final = 60
"""Lines that a process may log for each fault: it obtains or adopts a token every few seconds."""
_WARNINGS: Final = 3
"""Warnings, and worse, that a process may log in a minute."""
_TYPES: Final = 8
"""Types of objects that are shown, those that have grown most."""


def main(arguments: Sequence[str]) -> int:
    """Soak; return 1 if something was left or lost."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="how long")
    parser.add_argument("--store", choices=("file", "valkey"), default="valkey")
    options = parser.parse_args(arguments)
    crew = Crew("tests.soak.worker", WorkerHandle)
    try:
        broken = asyncio.run(_Soak(options.hours * 3600, options.store, crew).run())
    finally:
        crew.close()
    for line in broken or ["nothing was left, and nothing lost"]:
        _print(line)
    return 1 if broken else 0


class _Soak:
    def __init__(self, seconds: float, store: str, crew: Crew[WorkerHandle]) -> None:
        self._seconds = seconds
        self._store = store
        self._crew = crew
        self._seen = Evidence(Plan(0, seconds, _WORKERS, _LIFETIME, ()))
        self._broken: list[str] = []
        self._calls = 0
        self._over = False
        self._draw = random.Random(0)  # noqa: S311 - a repeatable load

    async def run(self) -> list[str]:
        """Soak; returns what is wrong."""
        async with AsyncExitStack() as stack:
            store = open_faulty_store(self._store)
            stack.push_async_callback(store.aclose)
            await store.start()
            sandbox = await stack.enter_async_context(Sandbox(expires_in=_LIFETIME))
            config = {
                "client_id": sandbox.client_id,
                "client_secret": sandbox.client_secret,
                "base_url": sandbox.base_url,
                "store": store.url,
                "journal": "memory://",
                **OPTIONS,
            }
            workers = Workers(self._crew, config, self._seen, start=time.monotonic())
            stack.push_async_callback(workers.aclose)
            for number in range(_WORKERS):
                await workers.start_worker(number)
            trouble = Trouble(sandbox, store, workers, 0)
            load = [asyncio.create_task(self._load(workers, one)) for one in range(_WORKERS)]
            await asyncio.sleep(_CALM)
            before, types = await self._measure(workers), await self._measure(workers, "types")
            faults = await self._disturb(trouble)
            await asyncio.sleep(_CALM)
            after = await self._measure(workers)
            _print_growth(types, await self._measure(workers, "types"))
            self._over = True  # no order is cancelled: its answer would have no receiver
            await asyncio.gather(*load)
            self._compare(before, after, faults)
            await workers.close()
            left = [one for several in self._seen.left.values() for one in several]
            self._broken += [f"left: {one}" for one in left]
        return self._broken

    async def _disturb(self, trouble: Trouble) -> int:
        """Disturb once a minute until the time is over; returns how often."""
        end, number = time.monotonic() + self._seconds, 0
        for act in itertools.cycle(_FAULTS):
            began = time.monotonic()
            if began >= end:
                return number
            number += 1
            _print(f"{number:5}  {self._calls:7} calls  {act.verb.value}")
            await trouble.make(act)
            await asyncio.sleep(max(min(began + 60.0, end) - time.monotonic(), 0.0))
        return number

    async def _load(self, workers: Workers, number: int) -> None:
        """Let a process make calls, one after the other."""
        while not self._over:
            verb, what = self._draw.choice(
                ((Verb.TOKEN, "merchant"), (Verb.SEND, "customer"), (Verb.WIDGET, "purchase"))
            )
            job = await workers.do(Act(workers.time, verb, number, what, flow=uuid.uuid4().hex))
            self._calls += 1
            self._seen.jobs.clear()
            if job is not None and job.fault:
                self._broken.append(f"fault: {job.fault}")
            if job is not None and job.report is not None and not job.report.typed:
                self._broken.append(f"untyped: {job.report.outcome}: {job.report.text}")
            await asyncio.sleep(_PAUSE)

    async def _measure(self, workers: Workers, verb: str = "measure") -> dict[int, dict[str, int]]:
        """Measure the processes that no fault replaces."""
        return {number: await workers.measure(number, verb) for number in range(1, _WORKERS)}

    def _compare(
        self, before: dict[int, dict[str, int]], after: dict[int, dict[str, int]], faults: int
    ) -> None:
        minutes = self._seconds / 60 + 1
        most = {
            "objects": _MORE_OBJECTS,
            "files": _MORE_FILES,
            "lines": _LINES * faults,
            "warnings": round(_WARNINGS * minutes),
        }
        for number, counts in after.items():
            for what, count in counts.items():
                more = count - before[number][what]
                _print(f"process {number}: {what} {before[number][what]} -> {count}")
                if more > most[what]:
                    self._broken.append(
                        f"process {number}: {more} more {what}, {most[what]} allowed"
                    )


def _print_growth(before: dict[int, dict[str, int]], after: dict[int, dict[str, int]]) -> None:
    """Print the types of objects whose number has grown most."""
    for number, counts in after.items():
        grown = Counter(counts)
        grown.subtract(before[number])
        shown = ", ".join(f"{name} +{more}" for name, more in grown.most_common(_TYPES) if more > 0)
        _print(f"process {number}: {shown}")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
