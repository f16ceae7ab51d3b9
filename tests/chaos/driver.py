"""A run: a plan carried out with real processes, a real store and a real server."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from attrs import evolve

from flexiti_async.sandbox import RequestRecord, Sandbox

from ..crew.crew import Crew, Hand
from ..support.metronome import Gap, lost_in
from .evidence import Evidence
from .ground import open_ground
from .limits import OPTIONS
from .plan import DISTURBANCES, Act, Plan, Verb
from .staff import Staff
from .trouble import Trouble

__all__ = ["RECOVERY", "run"]

_BEAT: Final = 0.01
_LAG: Final = 0.01
_MOST_LOST: Final = 20
"""Times the recovery's own length that a busy machine may add to it."""
RECOVERY: Final = 8.0
"""Seconds in which who is healthy again gets a token: longer than any back-off or Retry-After."""


async def run(plan: Plan, crew: Crew[Hand], store: str, *, recovery: float = RECOVERY) -> Evidence:
    """
    Carry a plan out.

    Args:
        plan: What is to happen.
        crew: Where processes come from, of `tests.chaos.worker`.
        store: The kind of store, `file` or `valkey`.
        recovery: Seconds in which everybody has to get a token when all is well again.
    """
    seen = Evidence(plan)
    epoch = time.time() - time.monotonic()
    async with AsyncExitStack() as stack:
        ground = open_ground(store)
        stack.push_async_callback(ground.aclose)
        await ground.start()
        # The sandbox's clock is nobody's who is set wrong.
        sandbox = await stack.enter_async_context(
            Sandbox(expires_in=plan.lifetime, clock=lambda: epoch + time.monotonic())
        )
        config = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "base_url": sandbox.base_url,
            "store": ground.url,
            **OPTIONS,
        }
        staff = Staff(crew, config, seen)
        stack.push_async_callback(staff.aclose)
        await asyncio.gather(*(staff.hire(number) for number in range(plan.workers)))
        staff.start = time.monotonic()
        sandbox.on_request = _replays_noted(sandbox, seen, staff)
        async with _lags_noted(seen, staff):
            await _act_out(plan, staff, Trouble(sandbox, ground, staff, plan.seed))
            await asyncio.gather(
                *(_recover(staff, number, recovery) for number in range(plan.workers))
            )
            await staff.close()
        _take_down(seen, sandbox, epoch + staff.start)
    return seen


async def _act_out(plan: Plan, staff: Staff, trouble: Trouble) -> None:
    async with asyncio.TaskGroup() as tasks:
        for act in plan.acts:
            await asyncio.sleep(act.at - staff.time)
            if act.verb in DISTURBANCES:
                tasks.create_task(trouble.make(act))
            else:
                tasks.create_task(staff.do(act))


async def _recover(staff: Staff, number: int, within: float) -> None:
    """
    Ask until there is a token of each kind, now that nothing is in the way.

    Time in which the machine ran neither the process nor the sandbox is not counted.
    """
    begun = staff.time
    for scope in ("customer", "merchant"):
        while True:
            deed = await staff.do(Act(staff.time, Verb.TOKEN, number, scope))
            if deed is not None and deed.report is not None and deed.report.outcome == "done":
                break
            gaps = staff.seen.gaps.get(deed.pid, set()) if deed else set[Gap]()
            # Not their sum: both may be lost at once, and more than all of the time never ends.
            lost = max(lost_in(away, begun, staff.time) for away in (gaps, staff.seen.lags))
            if staff.time > begun + within + min(lost, _MOST_LOST * within):
                report = deed.report if deed else None
                told = f"{report.outcome}: {report.told}" if report else "no answer"
                staff.seen.starving[number] = told
                return
            await asyncio.sleep(_BEAT * 10)


def _replays_noted(
    sandbox: Sandbox, seen: Evidence, staff: Staff
) -> Callable[[RequestRecord], None]:
    """Note when a refresh token comes a second time."""

    def note(_: RequestRecord) -> None:
        seen.replays += [staff.time] * (sandbox.replays - len(seen.replays))

    return note


@asynccontextmanager
async def _lags_noted(seen: Evidence, staff: Staff) -> AsyncGenerator[None]:
    """Note when this process did not run: the sandbox dates what it is asked by then."""

    async def note() -> None:
        while True:
            before = staff.time
            await asyncio.sleep(_BEAT)
            late = staff.time - before - _BEAT
            if late > _LAG:
                seen.lags.append(Gap(before, staff.time, late))

    task = asyncio.create_task(note())
    try:
        yield
    finally:
        task.cancel()


def _take_down(seen: Evidence, sandbox: Sandbox, start: float) -> None:
    """Put down what the sandbox saw, in seconds of the plan."""
    seen.requests = tuple(evolve(request, at=request.at - start) for request in sandbox.requests)
    seen.tokens = {
        token.token_id: evolve(
            token, issued_at=token.issued_at - start, expires_at=token.expires_at - start
        )
        for token in sandbox.tokens
    }
    seen.replays += [-1.0] * (sandbox.replays - len(seen.replays))
