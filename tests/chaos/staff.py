"""The processes of a run: hired, told what to do, stopped, killed and replaced."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from attrs import define, field

from ..crew.crew import Crew, Hand, WorkerDied
from ..support.patience import PATIENCE
from .evidence import Deed, Evidence
from .limits import limit_of
from .plan import Act

__all__ = ["Staff"]

_PAUSE: Final = 0.1
"""Seconds after which somebody who could not start tries again, as under a supervisor."""
_GRACE: Final = 5.0
"""
Seconds beyond its limit, and beyond the longest stop, for which an answer is waited for.

Those in which the process did not run come on top.
"""


@define(eq=False)
class _Place:
    """
    The place of one process.

    Attributes:
        hand: Who fills it; None while nobody does.
        wrong: By how much the wall clock is set wrong there.
    """

    hand: Hand | None = None
    wrong: float = 0.0


@define(eq=False)
class Staff:
    """
    Some processes, by number.

    Attributes:
        crew: Where they come from.
        config: What their sessions are told.
        seen: Where it is written down what they did.
        start: The beginning of the plan, by the monotonic clock.
    """

    crew: Crew[Hand]
    config: Mapping[str, object]
    seen: Evidence
    start: float = 0.0
    _places: dict[int, _Place] = field(factory=lambda: defaultdict[int, _Place](_Place))
    _flows: dict[str, asyncio.Lock] = field(
        factory=lambda: defaultdict[str, asyncio.Lock](asyncio.Lock)
    )

    @property
    def time(self) -> float:
        """Seconds since the plan began."""
        return time.monotonic() - self.start

    async def hire(self, number: int) -> None:
        """Fill a place; while the store is not there, nobody can start."""
        # Every other process lends its client session, with a mark that the sandbox knows it by.
        mark = str(number) if number % 2 else None
        hand = await self.crew.hire()
        await hand.order("clock", wrong=self._places[number].wrong)
        while True:
            try:
                await hand.order("open", config=self.config, mark=mark)
            except RuntimeError as error:
                if "ConfigError" not in str(error):
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                self._places[number].hand = hand
                return

    async def do(self, act: Act) -> Deed | None:
        """Let a process do something for a caller; None if there is nobody."""
        # One step of a flow after the other, as a customer takes them.
        async with self._flows[act.flow or str(id(act))]:
            hand = self._places[act.worker or 0].hand
            if hand is None or hand.gone:
                return None
            deed = Deed(act, hand.pid, self.time)
            self.seen.deeds.append(deed)
            try:
                answer = await _answered(hand, act, limit_of(act.verb) + _GRACE)
                deed.report = self.seen.take(deed, answer, self.start)
            except WorkerDied:
                deed.killed = True
            except RuntimeError as error:
                deed.fault = str(error)
            except TimeoutError:
                hand.kill()  # no report: that says it; nobody else need wait for this one
            return deed

    async def kill(self, number: int) -> None:
        """Kill a process, and hire another one."""
        place = self._places[number]
        hand, place.hand = place.hand, None
        if hand is None:
            return
        hand.kill()
        await hand.died()
        await self.hire(number)

    async def stop(self, number: int, seconds: float) -> None:
        """Stop a process for a while."""
        hand = self._places[number].hand
        if hand is None or hand.gone:
            return
        os.kill(hand.pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        if not hand.gone:
            with suppress(ProcessLookupError):
                os.kill(hand.pid, signal.SIGCONT)

    async def set_clock(self, number: int, wrong: float) -> None:
        """Set the wall clock of a process wrong."""
        place = self._places[number]
        place.wrong = wrong
        if place.hand is not None:
            with suppress(WorkerDied):
                await place.hand.order("clock", wrong=wrong)

    async def close(self) -> None:
        """Let everybody close their sessions, and go."""
        for number, place in sorted(self._places.items()):
            if place.hand is not None:
                self.seen.left[number] = await _closed(place.hand)

    async def aclose(self) -> None:
        """Let nobody be left, whatever has happened."""
        for place in self._places.values():
            if place.hand is not None and not place.hand.gone:
                place.hand.kill()
                await place.hand.died()


async def _answered(hand: Hand, act: Act, within: float) -> dict[str, Any]:
    """
    Wait for a report.

    Raises:
        TimeoutError: There is none within that many seconds in which the process ran.
        WorkerDied: The process has ended.
        RuntimeError: The process failed to report.
    """
    begun = time.monotonic()
    order = hand.order("act", deed=act.verb, what=act.what, flow=act.flow)
    report: asyncio.Task[dict[str, Any]] = asyncio.ensure_future(order)
    left = within
    try:
        while left > 0:
            await asyncio.wait([report], timeout=left)
            if report.done():
                return report.result()
            # A process that computes says nothing here either, until it has its answer.
            lost: float = await hand.order("lost", since=begun)
            left = within + lost - (time.monotonic() - begun)
        if report.done():
            return report.result()
        raise TimeoutError
    finally:
        report.cancel()
        await asyncio.gather(report, return_exceptions=True)


async def _closed(hand: Hand) -> list[str]:
    """Let a process close everything, and give what is left then."""
    try:
        async with asyncio.timeout(PATIENCE):
            left: list[str] = (await hand.order("close"))["left"]
    except TimeoutError:
        return ["itself: it does not answer"]
    except WorkerDied:
        return []
    return left
