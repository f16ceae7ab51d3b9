"""Cancel a coroutine at its n-th await: systematically, not by chance."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CancelledAt(Generic[T]):
    """
    Runs a coroutine and cancels its task at its n-th wait.

    Only waits that suspend the task count: asyncio cancels at no others.

    Args:
        work: The coroutine.
        number: The wait at which the task is cancelled, from 1.

    Attributes:
        reached: Whether that wait was reached.
    """

    def __init__(self, work: Coroutine[Any, Any, T], number: int) -> None:
        self._work = work
        self._left = number
        self.reached = False

    def __await__(self) -> Generator[Any, Any, T]:
        """Pass every wait on to the task, and cancel it at one of them."""
        try:
            waits_for = self._work.send(None)
            while True:
                self._left -= 1
                if self._left == 0:
                    self.reached = True
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()  # asyncio cancels the awaited future as soon as it gets it
                try:
                    sent = yield waits_for
                except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(sent)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


async def cancelled_at(work: Coroutine[Any, Any, T], number: int) -> bool:
    """Run a coroutine in a task; return whether it was cancelled, not whether it succeeded."""
    step = CancelledAt(work, number)

    async def run() -> T:
        return await step

    await asyncio.gather(asyncio.create_task(run()), return_exceptions=True)
    return step.reached
