"""`Slots`: as many calls at a time as a pool has connections, first come, first served."""

import asyncio
from collections import deque
from typing import Final

__all__ = ["Slots"]


class Slots:
    """
    The right to make one call, as often as there are connections.

    A burst leaves thousands of callers waiting here, and the garbage collector's work grows with
    what each keeps alive: a wait is one coroutine and one future, and all limits share one timer.
    That is why this is not a semaphore with a deadline for each caller (`benchmarks scale` counts).

    Args:
        number: How many there are.
    """

    def __init__(self, number: int) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._free = number
        self._granted = 0
        """Slots of callers that have waited, until the end of the turn in which they go on."""
        self._waiting: Final[deque[asyncio.Future[bool]]] = deque()
        self._until: Final[deque[float]] = deque()
        """When the waits end, beside them and in ascending order."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def taken(self) -> bool:
        """Whether a caller would have to wait."""
        return not (self._free or self._granted)

    def take(self) -> bool:
        """Take a slot if one is free; if not, `wait`."""
        if self._granted:
            self._granted -= 1
        elif self._free:
            self._free -= 1
        else:
            return False
        return True

    async def wait(self, seconds: float) -> float:
        """
        Wait until a slot is free for this caller, which has to `take` it before it waits again.

        A slot that is not taken in the same turn of the loop goes to the next caller, so whatever
        happens in between, no slot is lost. After a wait in vain, `take` returns False.

        Args:
            seconds: How long at most.

        Returns:
            When the wait began, by the loop's clock.
        """
        future: asyncio.Future[bool] = self._loop.create_future()
        began = self._loop.time()
        when, own = began + seconds, None
        if self._until and when < self._until[-1]:  # before the end of earlier waits
            own = self._loop.call_at(when, _end, future)
            when = self._until[-1]
        self._waiting.append(future)
        self._until.append(when)
        if self._timer is None or when < self._timer.when():
            self._set_timer(when)
        try:
            granted = await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.result():
                self.release()
            raise
        finally:
            if own is not None:
                own.cancel()
        if granted:
            self._granted += 1
            self._loop.call_soon(self._pass_on)
        return began

    def release(self) -> None:
        """Return a slot: the first caller that waits gets it."""
        while self._waiting:
            self._until.popleft()
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(True)
                return
        self._free += 1

    def end_waits(self) -> None:
        """End all waits now, without a slot."""
        for future in self._waiting:
            _end(future)
        self._waiting.clear()
        self._until.clear()
        self._set_timer(None)

    def _expire(self) -> None:
        """End the waits that are over, and set the timer for the next."""
        now = self._loop.time()
        while self._until and (self._until[0] <= now or self._waiting[0].done()):
            self._until.popleft()
            _end(self._waiting.popleft())
        self._set_timer(self._until[0] if self._until else None)

    def _set_timer(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._loop.call_at(when, self._expire)

    def _pass_on(self) -> None:
        """Return a slot whose caller has waited, and then did not take it."""
        if self._granted:
            self._granted -= 1
            self.release()


def _end(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(False)
