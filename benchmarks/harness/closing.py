"""Closing a session while many callers wait, beside asyncio cancelling as many tasks."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from benchmarks.harness.children import Details
from benchmarks.harness.server import TOKEN, WIDGET, steer
from benchmarks.harness.target import Target
from benchmarks.peers import Caller

__all__ = ["WAITS", "close_amid_calls"]

T = TypeVar("T")

WAITS: Final = {"a connection": WIDGET, "a token": TOKEN}
"""The wait of the callers, and the endpoint that does not answer meanwhile."""
_GLANCE: Final = 0.01


async def close_amid_calls(
    peer: Caller, target: Target, endpoint: str, callers: int
) -> dict[str, object]:
    """
    Close a peer while callers wait for an endpoint that does not answer.

    Returns:
        CPU seconds from the close until every caller has an error (`cpu`), the same in wall-clock
        time (`wall`), how many got none (`unanswered`), and the CPU seconds that asyncio alone
        takes to cancel as many tasks that wait (`bare`).
    """
    if endpoint != TOKEN:
        await peer.token()
    await steer(target, hold=[endpoint])
    failed = 0

    async def shop() -> None:
        nonlocal failed
        try:
            await peer.init_widget()
        except Exception:  # noqa: BLE001 - each peer has errors of its own
            failed += 1

    calls = [asyncio.ensure_future(shop()) for _ in range(callers)]
    sent = 1 if endpoint == TOKEN else min(callers, target.connections)
    while (await steer(target))["waiting"] < sent:  # noqa: ASYNC110 - another process
        await asyncio.sleep(_GLANCE)
    closing: list[asyncio.Future[None]] = []
    taken = await _measured(calls, lambda: closing.append(asyncio.ensure_future(peer.aclose())))
    await steer(target, hold=[])
    await asyncio.gather(*closing)
    return {**taken, "unanswered": callers - failed, "bare": (await _bare(callers))["cpu"]}


async def _bare(number: int) -> Details:
    """Cancel tasks that wait for a semaphore."""
    semaphore = asyncio.Semaphore(0)
    tasks = [asyncio.ensure_future(semaphore.acquire()) for _ in range(number)]
    await asyncio.sleep(_GLANCE)

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    return await _measured(tasks, cancel)


async def _measured(tasks: Sequence[asyncio.Future[T]], end: Callable[[], object]) -> Details:
    """Measure the time from a call until tasks have ended."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    end()
    await asyncio.wait(tasks)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
