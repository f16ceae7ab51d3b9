"""One running task for the callers of a session: sharing, ending, and closing."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from typing import Any, NoReturn, TypeVar

import pytest

from flexiti_async.tokens.single_flight import SingleFlight, join

from ..support.virtual_loop import VirtualLoop

T = TypeVar("T")
REQUEST = contextvars.ContextVar("REQUEST", default="none")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop whose time passes only when no task is ready."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def takes(seconds: float) -> Callable[[], Coroutine[Any, Any, str]]:
    """Return work that takes some time."""

    async def work() -> str:
        await asyncio.sleep(seconds)
        return "done"

    return work


def test_waiters_of_a_cancelled_task_get_none() -> None:
    """Waiters are not cancelled with the task: they may join another one."""

    async def main() -> list[str | None]:
        task = SingleFlight[str]("key").run("refresh", takes(10))
        waiters = [asyncio.create_task(join(task)) for _ in range(2)]
        await asyncio.sleep(1)
        task.cancel()
        return list(await asyncio.gather(*waiters))

    assert [None, None] == run(main())


@pytest.mark.parametrize("task_too", [False, True])
def test_a_cancelled_waiter_is_cancelled(*, task_too: bool) -> None:
    """A waiter is cancelled even together with the task; other waiters are not."""

    async def main() -> tuple[bool, str | None]:
        task = SingleFlight[str]("key").run("refresh", takes(10))
        waiter, other = (asyncio.create_task(join(task)) for _ in range(2))
        await asyncio.sleep(1)
        if task_too:
            task.cancel()
        waiter.cancel()
        await asyncio.wait([waiter])
        return waiter.cancelled(), await other

    assert (True, None if task_too else "done") == run(main())


class CountingTask(asyncio.Task[Any]):
    """A task that counts how often a callback is removed, for which asyncio reads all of them."""

    removals = 0

    def remove_done_callback(self, fn: Callable[[Any], object], /) -> int:
        """Remove a callback."""
        CountingTask.removals += 1
        return super().remove_done_callback(fn)


def counting(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
    **_: object,
) -> CountingTask:
    """Make a task that counts."""
    return CountingTask(coro, loop=loop)


def test_a_waiter_that_leaves_costs_the_same_however_many_wait() -> None:
    """Thousands of callers give up at once, or are ended by a close: the loop is not blocked."""

    async def main() -> str | None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(counting)
        task = SingleFlight[str]("key").run("refresh", takes(10))
        loop.set_task_factory(None)
        waiters = [asyncio.create_task(join(task)) for _ in range(1000)]
        await asyncio.sleep(1)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.wait(waiters)
        assert isinstance(task, CountingTask)
        return await join(task)

    CountingTask.removals = 0

    assert "done" == run(main())
    assert 0 == CountingTask.removals


def test_a_caller_that_joins_after_the_end_is_served_at_once() -> None:
    """The callbacks have run, the task has been replaced, and no time has passed."""

    async def main() -> tuple[str | None, list[str], bool, float]:
        recorded: list[str] = []
        flights = SingleFlight[str]("key", recorded.append)
        loop = asyncio.get_running_loop()
        task = flights.run("refresh", takes(0))
        while not task.done():
            await asyncio.sleep(0)
        began = loop.time()
        result = await join(task)
        passed = loop.time() - began
        another = flights.run("refresh", takes(0))
        await another
        return result, recorded, another is task, passed

    assert ("done", ["done", "done"], False, 0.0) == run(main())


def test_a_task_has_no_context_of_its_first_caller() -> None:
    """Context variables of a request do not leak into the task, and each loop has its own tasks."""
    flights = SingleFlight[str]("key")

    async def read() -> str:
        return REQUEST.get()

    async def main() -> str | None:
        REQUEST.set("of the first caller")
        return await join(flights.run("refresh", read))

    async def leave() -> None:
        flights.run("refresh", takes(10)).cancel()

    run(leave())

    assert "none" == run(main())


def test_closing_waits_for_a_while_and_cancels_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    """
    A result that arrives while closing is recorded; a hanging task is cancelled without a log line.
    """
    recorded: list[str] = []

    async def main() -> tuple[float, bool, int]:
        flights = SingleFlight[str]("key", recorded.append)
        _ = flights.run("pin", takes(4.5))
        hanging = flights.run("refresh", takes(3600))
        loop = asyncio.get_running_loop()
        began = loop.time()
        await flights.aclose()
        return loop.time() - began, hanging.cancelled(), len(flights.tasks)

    assert (5.0, True, 0) == run(main())
    assert ["done"] == recorded
    assert [] == caplog.records


def test_only_waiters_see_the_exception_of_a_task(caplog: pytest.LogCaptureFixture) -> None:
    """A bug reaches the callers unchanged, and no result is recorded."""
    recorded: list[str] = []

    async def crash() -> NoReturn:
        await asyncio.sleep(1)
        raise ZeroDivisionError

    async def main() -> None:
        flights = SingleFlight[str]("key", recorded.append)
        task = flights.run("refresh", crash)
        with pytest.raises(ZeroDivisionError):
            await task
        _ = flights.run("refresh", crash)
        await asyncio.sleep(2)
        await flights.aclose()

    run(main())

    assert [] == recorded
    assert [] == caplog.records


def test_a_task_belongs_to_one_session() -> None:
    """Neither the task nor its result reaches another session of the key, which closes at once."""
    recorded: list[str] = []

    async def main() -> tuple[float, bool, bool]:
        first = SingleFlight[str]("key")
        other = SingleFlight[str]("key", recorded.append)
        task = first.run("refresh", takes(2))
        loop = asyncio.get_running_loop()
        began = loop.time()
        await other.aclose()
        closed_after = loop.time() - began
        apart = other.running("refresh") is None and other.run("refresh", takes(1)) is not task
        await task
        return closed_after, apart, first.run("refresh", takes(0)) is task

    assert (0.0, True, False) == run(main())
    assert ["done"] == recorded


def test_work_on_a_key_is_known_to_everything_it_starts() -> None:
    """
    The mark reaches tasks started from there, and work in the caller's own task; nothing outside.
    """

    async def main() -> list[bool]:
        flights, others = SingleFlight[str]("key"), SingleFlight[str]("other")
        seen: list[bool] = []

        async def check() -> None:
            seen.extend((flights.runs_here(), others.runs_here()))

        async def work() -> str:
            await asyncio.create_task(check())
            return "done"

        await flights.run("refresh", work)
        with flights.marked():
            await check()
        await check()
        return seen

    assert [True, False, True, False, False, False] == run(main())
