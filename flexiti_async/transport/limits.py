"""
One timer for all requests of a pool.

A timer for each request, as aiohttp's `total` and `asyncio.timeout` use one, is set and cancelled
for every call of a shop, and expires for hardly any. Nearly all requests get the same time, so the
oldest expires first, and a queue with one timer does the same; a request that gets less, because
the time of its call is running out, is inserted at its place.
"""

import asyncio
import bisect
from collections import deque
from typing import Final

from attrs import define

__all__ = ["Deadline", "Deadlines"]


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

    def caused_cancellation(self) -> bool:
        """Whether this deadline alone cancelled the task; if so, take the cancellation back."""
        return self.expired and self.task is not None and self.task.uncancel() <= self.cancelling


class Deadlines:
    """Cancel tasks of the running event loop at their deadlines."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._deadlines: Final[deque[Deadline]] = deque()
        self._timer: asyncio.TimerHandle | None = None

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

    def close(self) -> None:
        """Remove all deadlines."""
        self._deadlines.clear()
        self._set_timer(None)

    def _set_timer(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._loop.call_at(when, self._expire)

    def _expire(self) -> None:
        """Cancel the tasks whose deadlines have passed, and set the timer for the next."""
        pending, now = self._deadlines, self._loop.time()
        while pending and (pending[0].task is None or pending[0].when <= now):
            deadline = pending.popleft()
            if deadline.task is not None:
                deadline.expired = True
                deadline.task.cancel()
        self._set_timer(pending[0].when if pending else None)
