"""Cancel a coroutine at its n-th await: systematically, not by luck."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CancelledAt(Generic[T]):
    """
    Run a coroutine and cancel its task where it waits for the n-th time.

    Only waits that really suspend count: those are the places at which asyncio can cancel.

    Args:
        work: The coroutine.
        number: The wait at which it is cancelled, from 1.

    Attributes:
        reached: Whether it came to that.
    """

    def __init__(self, work: Coroutine[Any, Any, T], number: int) -> None:
        self._work = work
        self._left = number
        self.reached = False

    def __await__(self) -> Generator[Any, Any, T]:
        """Hand every wait on to the task, and the cancellation with one of them."""
        try:
            waits_for = self._work.send(None)
            while True:
                self._left -= 1
                if self._left == 0:
                    self.reached = True
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()  # asyncio cancels what is waited for as soon as it is told
                try:
                    sent = yield waits_for
                except BaseException as error:  # noqa: BLE001 - goes where it belongs
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(sent)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


async def cancelled_at(work: Coroutine[Any, Any, T], number: int) -> bool:
    """Run in a task of its own; tell whether it was cancelled, not whether it succeeded."""
    step = CancelledAt(work, number)

    async def run() -> T:
        return await step

    await asyncio.gather(asyncio.create_task(run()), return_exceptions=True)
    return step.reached
