"""A run of a plan, with real processes, a real store and a real server."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from attrs import evolve

from flexiti_async.sandbox import RequestRecord, Sandbox

from ..crew.crew import Crew, WorkerHandle
from ..support.engines import engine_in_use
from ..support.metronome import Gap, lost_in
from .evidence import Evidence
from .faulty_stores import open_faulty_store
from .limits import OPTIONS
from .plan import DISTURBANCES, Act, Plan, Verb
from .trouble import Trouble
from .workers import Workers

__all__ = ["RECOVERY", "run"]

_BEAT: Final = 0.01
_LAG: Final = 0.01
_MOST_LOST: Final = 20
"""Times the recovery's own length that a busy machine may add to it."""
RECOVERY: Final = 8.0
"""Seconds in which a healthy process gets a token again: beyond any back-off or Retry-After."""


async def run(
    plan: Plan, crew: Crew[WorkerHandle], store: str, *, recovery: float = RECOVERY
) -> Evidence:
    """
    Run a plan.

    Args:
        plan: The plan.
        crew: Starts processes of `tests.chaos.worker`.
        store: The kind of store, `file` or `valkey`.
        recovery: Seconds in which every process has to get a token after the last disturbance.
    """
    seen = Evidence(plan)
    epoch = time.time() - time.monotonic()
    async with AsyncExitStack() as stack:
        faulty_store = open_faulty_store(store)
        stack.push_async_callback(faulty_store.aclose)
        await faulty_store.start()
        # The sandbox's clock is never set wrong.
        sandbox = await stack.enter_async_context(
            Sandbox(expires_in=plan.lifetime, clock=lambda: epoch + time.monotonic())
        )
        config = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "base_url": sandbox.base_url,
            "store": faulty_store.url,
            # Tokens are what is disturbed here: a journal in a store that loses records stops all
            # checkouts, as it must.
            "journal": "memory://",
            **OPTIONS,
            "http": engine_in_use(),
        }
        workers = Workers(crew, config, seen)
        stack.push_async_callback(workers.aclose)
        await asyncio.gather(*(workers.start_worker(number) for number in range(plan.workers)))
        workers.start = time.monotonic()
        sandbox.on_request = _record_replays(sandbox, seen, workers)
        async with _record_lags(seen, workers):
            await _carry_out(plan, workers, Trouble(sandbox, faulty_store, workers, plan.seed))
            await asyncio.gather(
                *(_recover(workers, number, recovery) for number in range(plan.workers))
            )
            await workers.close()
        _collect(seen, sandbox, epoch + workers.start)
    return seen


async def _carry_out(plan: Plan, workers: Workers, trouble: Trouble) -> None:
    async with asyncio.TaskGroup() as tasks:
        for act in plan.acts:
            await asyncio.sleep(act.at - workers.time)
            if act.verb in DISTURBANCES:
                tasks.create_task(trouble.make(act))
            else:
                tasks.create_task(workers.do(act))


async def _recover(workers: Workers, number: int, within: float) -> None:
    """
    Ask until the process has a token of each scope, after the last disturbance.

    Time in which the machine ran neither the process nor the sandbox is not counted.
    """
    begun = workers.time
    for scope in ("customer", "merchant"):
        while True:
            job = await workers.do(Act(workers.time, Verb.TOKEN, number, scope))
            if job is not None and job.report is not None and job.report.outcome == "done":
                break
            gaps = workers.seen.gaps.get(job.pid, set()) if job else set[Gap]()
            # Not their sum: both may be lost at once, and more than all of the time never ends.
            lost = max(lost_in(away, begun, workers.time) for away in (gaps, workers.seen.lags))
            if workers.time > begun + within + min(lost, _MOST_LOST * within):
                report = job.report if job else None
                text = f"{report.outcome}: {report.text}" if report else "no answer"
                workers.seen.without_token[number] = text
                return
            await asyncio.sleep(_BEAT * 10)


def _record_replays(
    sandbox: Sandbox, seen: Evidence, workers: Workers
) -> Callable[[RequestRecord], None]:
    """Return a listener that records when a refresh token is sent a second time."""

    def note(_: RequestRecord) -> None:
        seen.replays += [workers.time] * (sandbox.replays - len(seen.replays))

    return note


@asynccontextmanager
async def _record_lags(seen: Evidence, workers: Workers) -> AsyncGenerator[None]:
    """Record when this process did not run: the sandbox dates its requests too late then."""

    async def note() -> None:
        while True:
            before = workers.time
            await asyncio.sleep(_BEAT)
            late = workers.time - before - _BEAT
            if late > _LAG:
                seen.lags.append(Gap(before, workers.time, late))

    task = asyncio.create_task(note())
    try:
        yield
    finally:
        task.cancel()


def _collect(seen: Evidence, sandbox: Sandbox, start: float) -> None:
    """Collect what the sandbox recorded, in seconds of the plan."""
    seen.requests = tuple(evolve(request, at=request.at - start) for request in sandbox.requests)
    seen.tokens = {
        token.token_id: evolve(
            token, issued_at=token.issued_at - start, expires_at=token.expires_at - start
        )
        for token in sandbox.tokens
    }
    seen.replays += [-1.0] * (sandbox.replays - len(seen.replays))
