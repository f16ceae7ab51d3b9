"""The processes of a run: started, ordered, stopped, killed and replaced."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from attrs import define, field

from ..crew.crew import Crew, WorkerDied, WorkerHandle
from ..support.patience import PATIENCE
from .evidence import Evidence, Job
from .limits import limit_of
from .plan import Act

__all__ = ["Workers"]

_PAUSE: Final = 0.1
"""Seconds after which a process that could not start tries again, as under a supervisor."""
_GRACE: Final = 5.0
"""
Seconds beyond its limit, and beyond the longest stop, for which an answer is waited for.

Seconds in which the process did not run are added.
"""


@define(eq=False)
class _Slot:
    """
    A slot for one process.

    Attributes:
        handle: The process; None while the slot is empty.
        wrong: Seconds by which the wall clock is wrong there.
    """

    handle: WorkerHandle | None = None
    wrong: float = 0.0


@define(eq=False)
class Workers:
    """
    The processes by number.

    Attributes:
        crew: Starts them.
        config: Options of their sessions.
        seen: The records of the run.
        start: The beginning of the plan, by the monotonic clock.
    """

    crew: Crew[WorkerHandle]
    config: Mapping[str, object]
    seen: Evidence
    start: float = 0.0
    _slots: dict[int, _Slot] = field(factory=lambda: defaultdict[int, _Slot](_Slot))
    _flows: dict[str, asyncio.Lock] = field(
        factory=lambda: defaultdict[str, asyncio.Lock](asyncio.Lock)
    )

    @property
    def time(self) -> float:
        """Seconds since the plan began."""
        return time.monotonic() - self.start

    async def start_worker(self, number: int) -> None:
        """Fill a slot; no process can start while the store is unavailable."""
        # Every other process lends its client session, with a mark for the sandbox.
        mark = str(number) if number % 2 else None
        handle = await self.crew.start_worker()
        await handle.order("clock", wrong=self._slots[number].wrong)
        while True:
            try:
                await handle.order("open", config=self.config, mark=mark)
            except RuntimeError as error:
                if "ConfigError" not in str(error):
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                self._slots[number].handle = handle
                return

    async def do(self, act: Act) -> Job | None:
        """Let a process carry out an act; None if the slot is empty."""
        # A customer takes the steps of a flow one after the other.
        async with self._flows[act.flow or str(id(act))]:
            handle = self._slots[act.worker or 0].handle
            if handle is None or handle.gone:
                return None
            job = Job(act, handle.pid, self.time)
            self.seen.jobs.append(job)
            try:
                answer = await _answered(handle, act, limit_of(act.verb) + _GRACE)
                job.report = self.seen.take(job, answer, self.start)
            except WorkerDied:
                job.killed = True
            except RuntimeError as error:
                job.fault = str(error)
            except TimeoutError:
                handle.kill()  # the missing report says it; others need not wait for this process
            return job

    async def kill(self, number: int) -> None:
        """Kill a process, and start another one."""
        slot = self._slots[number]
        handle, slot.handle = slot.handle, None
        if handle is None:
            return
        handle.kill()
        await handle.died()
        await self.start_worker(number)

    async def end(self, number: int) -> None:
        """Let a process close its session, record what it leaves, and start another one."""
        slot = self._slots[number]
        handle, slot.handle = slot.handle, None
        if handle is None:
            return
        self.seen.left.setdefault(number, []).extend(await _closed(handle))
        handle.kill()  # its callers have been answered
        await handle.died()
        await self.start_worker(number)

    async def stop(self, number: int, seconds: float) -> None:
        """Stop a process for a while."""
        handle = self._slots[number].handle
        if handle is None or handle.gone:
            return
        os.kill(handle.pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        if not handle.gone:
            with suppress(ProcessLookupError):
                os.kill(handle.pid, signal.SIGCONT)

    async def strike(self, number: int, act: Act) -> None:
        """Disturb a process where it next reaches a point; one that it kills is replaced."""
        slot = self._slots[number]
        handle = slot.handle
        if handle is None or handle.gone:
            return
        with suppress(WorkerDied):
            await handle.order("arm", point=act.what, effect=int(act.number))
            await asyncio.sleep(act.seconds)
            await handle.order("disarm")
        if handle.gone and slot.handle is handle:
            slot.handle = None
            await self.start_worker(number)

    async def set_clock(self, number: int, wrong: float) -> None:
        """Set the wall clock of a process wrong."""
        slot = self._slots[number]
        slot.wrong = wrong
        if slot.handle is not None:
            with suppress(WorkerDied):
                await slot.handle.order("clock", wrong=wrong)

    async def measure(self, number: int, verb: str = "measure") -> dict[str, int]:
        """Return what a process of the soak counts of itself."""
        handle = self._slots[number].handle
        assert handle is not None
        counts: dict[str, int] = await handle.order(verb)
        return counts

    async def close(self) -> None:
        """Let all processes close their sessions, and record what they leave."""
        for number, slot in sorted(self._slots.items()):
            if slot.handle is not None:
                self.seen.left.setdefault(number, []).extend(await _closed(slot.handle))

    async def aclose(self) -> None:
        """Kill all processes that still run."""
        for slot in self._slots.values():
            if slot.handle is not None and not slot.handle.gone:
                slot.handle.kill()
                await slot.handle.died()


async def _answered(handle: WorkerHandle, act: Act, within: float) -> dict[str, Any]:
    """
    Wait for a report.

    Raises:
        TimeoutError: There is none within that many seconds in which the process ran.
        WorkerDied: The process has ended.
        RuntimeError: The process failed to report.
    """
    begun = time.monotonic()
    order = handle.order("act", job=act.verb, what=act.what, flow=act.flow)
    report: asyncio.Task[dict[str, Any]] = asyncio.ensure_future(order)
    left = within
    try:
        while left > 0:
            await asyncio.wait([report], timeout=left)
            if report.done():
                return report.result()
            # A process that computes does not answer this either, until it has its result.
            lost: float = await handle.order("lost", since=begun)
            left = within + lost - (time.monotonic() - begun)
        if report.done():
            return report.result()
        raise TimeoutError
    finally:
        report.cancel()
        await asyncio.gather(report, return_exceptions=True)


async def _closed(handle: WorkerHandle) -> list[str]:
    """Let a process close its session, and return what it leaves."""
    try:
        async with asyncio.timeout(PATIENCE):
            left: list[str] = (await handle.order("close"))["left"]
    except TimeoutError:
        return ["itself: no answer"]
    except WorkerDied:
        return []
    return left
