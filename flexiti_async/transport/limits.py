"""
One timer for all requests of a pool.

A timer for each request, as aiohttp's `total` and `asyncio.timeout` use one, is set and cancelled
for every call of a shop, and expires for hardly any. Nearly all requests get the same time, so the
oldest expires first, and a queue with one timer does the same; a request that gets less, because
the time of its call is running out, is inserted at its place.

A time limit that passes does not cancel at once. A loop that was busy for too long finds the answer
and the timer at the same moment, and would throw the answer away; a few turns later the answer has
been read.
"""

import asyncio
import bisect
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from attrs import define

__all__ = ["Deadline", "Deadlines", "time_limit"]

_TURNS: Final = 3
"""
Turns of the loop for what has arrived in time.

asyncio reads its sockets before it runs its timers and needs one; uvloop runs timers first, and
callbacks of the same turn before it reads.
"""


@define(eq=False)
class Deadline:
    """
    The deadline of one task.

    Attributes:
        task: The task; None once it has ended by itself.
        when: The deadline, by the loop's clock.
        cancelling: How many cancellations the task had before, as `asyncio.timeout` counts them.
        expired: The deadline has passed, and the task was cancelled for that.
    """

    task: asyncio.Task[object] | None
    when: float
    cancelling: int
    expired: bool = False

    def end(self) -> None:
        """Remove the deadline: the task has ended in time."""
        self.task = None

    def expire(self) -> None:
        """Cancel the task, unless it has ended or was cancelled for this before."""
        if self.task is not None and not self.expired:
            self.expired = True
            self.task.cancel()

    def caused_cancellation(self) -> bool:
        """Whether this deadline alone cancelled the task; if so, take the cancellation back."""
        return self.expired and self.task is not None and self.task.uncancel() <= self.cancelling


class Deadlines:
    """Cancel tasks of the running event loop at their deadlines."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._deadlines: Final[deque[Deadline]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._due: Final[dict[Deadline, None]] = {}  # in order

    def start(self, seconds: float) -> Deadline:
        """Set a deadline for the running task, in seconds from now."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - what runs in a loop is a task
        pending = self._deadlines
        while pending and pending[0].task is None:
            pending.popleft()
        when = self._loop.time() + seconds
        deadline = Deadline(task, when, task.cancelling())
        if not pending or pending[-1].when <= when:
            pending.append(deadline)
        else:
            bisect.insort(pending, deadline, key=lambda other: other.when)
        if self._timer is None or when < self._timer.when():
            self._set_timer(when)
        return deadline

    def expire_all(self) -> None:
        """Cancel all tasks now, whatever their deadlines."""
        expired = [*self._due, *self._deadlines]
        self.close()
        for deadline in expired:
            deadline.expire()

    def close(self) -> None:
        """Remove all deadlines."""
        self._deadlines.clear()
        self._due.clear()
        self._set_timer(None)

    def _set_timer(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._loop.call_at(when, self._expire)

    def _expire(self) -> None:
        """Note the tasks whose deadlines have passed, and set the timer for the next."""
        pending, now = self._deadlines, self._loop.time()
        due: list[Deadline] = []
        while pending and (pending[0].task is None or pending[0].when <= now):
            deadline = pending.popleft()
            if deadline.task is not None:
                due.append(deadline)
        self._set_timer(pending[0].when if pending else None)
        if due:
            self._due.update(dict.fromkeys(due))
            after_turns(self._loop, lambda: self._cancel(due))

    def _cancel(self, due: list[Deadline]) -> None:
        """Cancel those that have neither ended nor been removed meanwhile."""
        for deadline in due:
            if deadline in self._due:
                del self._due[deadline]
                deadline.expire()


def after_turns(
    loop: asyncio.AbstractEventLoop, act: Callable[[], object], turns: int = _TURNS
) -> None:
    """Act when what has arrived by now has been read and handled."""
    if turns == 0:
        act()
    else:
        loop.call_soon(after_turns, loop, act, turns - 1)


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncGenerator[asyncio.Timeout]:
    """
    Limit a time as `asyncio.timeout` does, but let what arrived in time be read first.

    Raises:
        TimeoutError: The time is over.
    """
    loop = asyncio.get_running_loop()
    over = False

    def expire() -> None:
        if not over:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        timer = loop.call_later(seconds, after_turns, loop, expire)
        try:
            yield limit
        finally:
            over = True
            timer.cancel()
