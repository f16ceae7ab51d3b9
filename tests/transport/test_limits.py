"""One timer for many tasks: each is cancelled when its own time is over, and for that alone."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.transport.faults import Progress
from flexiti_async.transport.limits import Deadlines, time_limit

from ..support.virtual_loop import VirtualLoop

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run where time passes when nothing else is to do."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def watched(
    deadlines: Deadlines, seconds: float, work: float, progress: Progress | None = None
) -> float | None:
    """Work for some time under a deadline; give the time if it was over, None if all went well."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    watch = deadlines.start(seconds, progress)
    try:
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        if not watch.caused_cancellation():
            raise
        return loop.time() - began
    finally:
        watch.end()
    return None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),  # begins
            st.integers(1, 30).map(lambda tenths: tenths + 0.5),  # time that it gets
            st.integers(0, 40),  # time that it takes
        ),
        max_size=12,
    )
)
def test_each_task_gets_its_time_and_no_more(
    plan: list[tuple[int, float, int]],
) -> None:
    """Tasks that begin, are limited and take long in any order."""

    async def one(deadlines: Deadlines, begin: int, seconds: float, work: int) -> float | None:
        await asyncio.sleep(begin)
        return await watched(deadlines, seconds, work)

    async def main() -> list[float | None]:
        deadlines = Deadlines()
        tasks = [asyncio.create_task(one(deadlines, *entry)) for entry in plan]
        return [await task for task in tasks]

    expected = [seconds if work > seconds else None for _, seconds, work in plan]

    assert expected == [over and round(over, 6) for over in run(main())]


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    """Before its time is over, and also in the very moment in which it is."""

    async def main() -> list[bool]:
        deadlines = Deadlines()
        found: list[bool] = []
        for after in (1.0, 5.0):
            task = asyncio.create_task(watched(deadlines, 5.0, 60.0))
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(after, task.cancel)
            await asyncio.wait([task])
            found.append(task.cancelled())
        return found

    assert [True, True] == run(main())


def test_what_has_ended_is_forgotten() -> None:
    """The queue holds who is at work, and is not kept by the slowest of many."""

    async def main() -> tuple[int, bool]:
        deadlines = Deadlines()
        for _ in range(1000):
            await watched(deadlines, 5.0, 0.0)
        left = len(deadlines._deadlines)
        await asyncio.sleep(6)
        return left, deadlines._timer is None

    left, idle = run(main())
    assert left <= 1
    assert idle


def test_after_closing_nobody_is_cancelled() -> None:
    """Those who are left are on their own, and no timer keeps anything alive."""

    async def main() -> float | None:
        deadlines = Deadlines()
        task = asyncio.create_task(watched(deadlines, 5.0, 60.0))
        await asyncio.sleep(1)
        deadlines.close()
        return await task

    assert run(main()) is None


async def read_late(deadlines: Deadlines | None, stall: float) -> bytes:
    """Wait for data under a limit of 0.1 s that passes while the loop is busy; return them."""
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)

    def answer_and_stall() -> None:
        there.send(b"answer\n")
        time.sleep(stall)

    asyncio.get_running_loop().call_later(0.01, answer_and_stall)
    try:
        if deadlines is None:
            async with time_limit(0.1):
                return await reader.readline()
        deadline = deadlines.start(0.1)
        try:
            return await reader.readline()
        finally:
            deadline.end()
    finally:
        writer.close()
        there.close()


@pytest.mark.parametrize("one", [True, False])
@pytest.mark.parametrize("stall", [0.0, 0.2, 1.0])
def test_what_has_arrived_in_time_is_read_before_a_late_limit_cancels(
    one: bool, stall: float
) -> None:
    """A loop that was busy finds the data and the timer in the same moment."""

    async def main() -> bytes:
        return await read_late(Deadlines() if one else None, stall)

    assert b"answer\n" == asyncio.run(main())


@pytest.mark.parametrize(
    ("stall", "connected", "over"),
    [
        pytest.param(9.0, True, 13.0, id="late by 4 s"),
        pytest.param(5.0, True, 5.0, id="on time"),
        pytest.param(60.0, True, 65.0, id="late by more than its length"),
        pytest.param(5.01, True, 5.11, id="late by little"),
        pytest.param(9.0, None, 13.0, id="of no request that must run once"),
        pytest.param(9.0, False, 9.0, id="not sent yet, and not to be sent any more"),
    ],
)
def test_a_limit_that_comes_late_is_extended(
    stall: float, connected: bool | None, over: float
) -> None:
    """By as much as it is late, and at most by its own length; what has to end at once does."""
    progress = None if connected is None else Progress(connected)

    async def main() -> tuple[float, float | None]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        deadlines = Deadlines()
        began = loop.time()
        loop.call_later(1.0, loop.stall, stall - 1.0)
        task = asyncio.create_task(watched(deadlines, 5.0, 100.0, progress))
        with contextlib.suppress(TimeoutError):
            async with time_limit(5.0):
                await asyncio.sleep(100.0)
        return loop.time() - began, await task

    limit, deadline = run(main())

    assert [over, 13.0 if connected is False else over] == [
        round(deadline or 0, 6),
        round(limit, 6),
    ]


def test_a_wait_that_nothing_can_be_lost_by_is_not_extended() -> None:
    """It ends when it is noticed."""

    async def main() -> float | None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_later(1.0, loop.stall, 8.0)
        return await watched(Deadlines(extend=False), 5.0, 100.0)

    assert 9.0 == run(main())


def test_a_time_limit_is_a_timeout() -> None:
    """It ends what takes longer, leaves alone what does not, and passes a cancellation on."""

    async def main() -> list[object]:
        found: list[object] = []
        for seconds in (5.0, 50.0):
            try:
                async with time_limit(10):
                    await asyncio.sleep(seconds)
                found.append(round(asyncio.get_running_loop().time()))
            except TimeoutError:
                found.append("over")
        await asyncio.sleep(60)  # no timer of the first one is left

        async def cancelled() -> None:
            async with time_limit(10):
                await asyncio.sleep(9)

        task = asyncio.create_task(cancelled())
        await asyncio.sleep(1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return [*found, task.cancelled()]

    found = run(main())

    assert ["over", True] == found[1:]


def test_all_can_be_ended_at_once() -> None:
    """Also those whose time is over and that have not been cancelled yet."""

    async def main() -> list[float | None]:
        deadlines = Deadlines()
        tasks = [
            asyncio.create_task(watched(deadlines, seconds, 60.0)) for seconds in (5.0, 9.0, 2.0)
        ]
        await asyncio.sleep(1)
        deadlines.expire_all()
        return [await task for task in tasks]

    assert [1.0, 1.0, 1.0] == [over and round(over, 6) for over in run(main())]
