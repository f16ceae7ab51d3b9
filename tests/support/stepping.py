"""Interrupt a coroutine at its n-th await: systematically, not by chance."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class InterruptedAt(Generic[T]):
    """
    Runs a coroutine and interrupts it at its n-th wait.

    Only waits that suspend the task count: asyncio cancels at no others.

    Args:
        work: The coroutine.
        number: The wait at which it is interrupted, from 1.

    Attributes:
        reached: Whether that wait was reached.
        interrupt: Called at that wait; by default it cancels the task.
    """

    def __init__(self, work: Coroutine[Any, Any, T], number: int) -> None:
        self._work = work
        self._left = number
        self.reached = False
        self.interrupt: Callable[[], object] = cancel_this_task

    def __await__(self) -> Generator[Any, Any, T]:
        """Pass every wait on to the task, and interrupt it at one of them."""
        try:
            waits_for = self._work.send(None)
            while True:
                self._left -= 1
                if self._left == 0:
                    self.reached = True
                    self.interrupt()
                thrown: BaseException | None = None
                sent: Any = None
                try:
                    sent = yield waits_for
                except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
                    thrown = error
                # Not in the `except` above, where it would become the context of what comes out.
                waits_for = self._work.send(sent) if thrown is None else self._work.throw(thrown)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


def cancel_this_task() -> None:
    """Cancel the running task: asyncio cancels the awaited future as soon as it gets it."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def cancelled_at(work: Coroutine[Any, Any, T], number: int) -> bool:
    """Run a coroutine in a task; return whether it was cancelled, not whether it succeeded."""
    step = InterruptedAt(work, number)

    async def run() -> T:
        return await step

    await asyncio.gather(asyncio.create_task(run()), return_exceptions=True)
    return step.reached
