"""One task for many callers: what each of them gets, whoever is cancelled."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from flexiti_async.tokens.single_flight import SingleFlight, join

from ..support.virtual_loop import VirtualLoop

T = TypeVar("T")
REQUEST = contextvars.ContextVar("REQUEST", default="none")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run where time passes when nothing else is to do."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def fly() -> str:
    """Fly for ten seconds."""
    await asyncio.sleep(10)
    return "landed"


def test_who_waits_for_a_task_that_somebody_cancels_gets_nothing() -> None:
    """It is not cancelled with it: it may look for another one."""

    async def main() -> list[str | None]:
        task = SingleFlight[str]().start("key", fly, name="flight")
        waiters = [asyncio.create_task(join(task)) for _ in range(2)]
        await asyncio.sleep(1)
        task.cancel()
        return list(await asyncio.gather(*waiters))

    assert [None, None] == run(main())


@pytest.mark.parametrize("task_too", [False, True])
def test_who_is_cancelled_is_cancelled(*, task_too: bool) -> None:
    """Also in the moment in which the task is; the others are not."""

    async def main() -> tuple[bool, str | None]:
        task = SingleFlight[str]().start("key", fly, name="flight")
        waiter, other = (asyncio.create_task(join(task)) for _ in range(2))
        await asyncio.sleep(1)
        if task_too:
            task.cancel()
        waiter.cancel()
        await asyncio.wait([waiter])
        return waiter.cancelled(), await other

    assert (True, None if task_too else "landed") == run(main())


def test_who_comes_after_the_end_is_served_at_once() -> None:
    """What the end calls back has been called by then, and nobody has waited for a clock."""

    async def main() -> tuple[str | None, list[str], float]:
        flights, noted = SingleFlight[str](), list[str]()
        loop = asyncio.get_running_loop()

        async def land() -> str:
            return "landed"

        task = flights.start("key", land, name="flight")
        task.add_done_callback(lambda _: noted.append("noted"))
        while not task.done():
            await asyncio.sleep(0)
        began = loop.time()
        found = await join(task)
        return found, [*noted, str(flights.get("key"))], loop.time() - began

    assert ("landed", ["noted", "None"], 0.0) == run(main())


def test_a_flight_is_nobodys_request() -> None:
    """It sees no context of who started it, and each loop has flights of its own."""
    flights = SingleFlight[str]()

    async def tell() -> str:
        return REQUEST.get()

    async def main() -> tuple[str | None, bool]:
        REQUEST.set("of the first caller")
        there = flights.get("key") is not None
        return await join(flights.start("key", tell, name="flight")), there

    async def leave() -> None:
        flights.start("key", fly, name="flight").cancel()

    run(leave())

    assert ("none", False) == run(main())
