"""
One timer for all requests of a pool.

A timer for each request, as aiohttp's `total` and `asyncio.timeout` use one, is set and cancelled
for every call of a shop, and expires for hardly any. Nearly all requests get the same time, so the
oldest expires first, and a queue with one timer does the same; a request that gets less, because
the time of its call is running out, is inserted at its place.

A time limit that passes does not cancel at once. A loop that was busy for too long finds the answer
and the timer at the same moment, and would throw the answer away; a few turns later a short answer
has been read. A timer that comes late shows that the loop was busy, and that its tasks could not
run: the limit moves by as much as it came late, at most by its own length. So an answer of any size
is read, and a request that was sent just then gets its answer.
"""

import asyncio
import bisect
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from attrs import define

from flexiti_async.transport.faults import Progress

__all__ = ["Deadline", "Deadlines", "time_limit"]

_TURNS: Final = 3
"""
Turns of the loop for what has arrived in time.

asyncio reads its sockets before it runs its timers and needs one; uvloop runs timers first, and
callbacks of the same turn before it reads.
"""
_ON_TIME: Final = 0.002
"""Seconds by which the timer of a loop with nothing to do may be late."""
_LEAST_EXTENSION: Final = 0.1
"""Seconds; the loop may have been busy for long, and the limit have passed only at the end."""


@define(eq=False)
class Deadline:
    """
    The deadline of one task.

    Attributes:
        task: The task; None once it has ended by itself.
        when: The deadline, by the loop's clock.
        seconds: The time that the task was given.
        cancelling: How many cancellations the task had before, as `asyncio.timeout` counts them.
        progress: Of a request that must not be sent once its time is over; None for any other.
        expired: The deadline has passed, and the task was cancelled for that.
    """

    task: asyncio.Task[object] | None
    when: float
    seconds: float
    cancelling: int
    progress: Progress | None = None
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
    """
    Cancel tasks of the running event loop at their deadlines.

    Args:
        extend: Extend a deadline that comes late; not needed where no answer can be lost.
    """

    def __init__(self, *, extend: bool = True) -> None:
        self._extend: Final = extend
        self._loop: Final = asyncio.get_running_loop()
        self._deadlines: Final[deque[Deadline]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._due: Final[dict[Deadline, None]] = {}  # in order

    def start(self, seconds: float, progress: Progress | None = None) -> Deadline:
        """
        Set a deadline for the running task.

        Args:
            seconds: From now.
            progress: Of a request that must not be sent once its time is over: it gets the
                deadline as well, and is cancelled at once if it has no connection by then.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - what runs in a loop is a task
        pending = self._deadlines
        while pending and pending[0].task is None:
            pending.popleft()
        when = self._loop.time() + seconds
        if progress is not None:
            progress.until = when
        deadline = Deadline(task, when, seconds, task.cancelling(), progress)
        self._insert(deadline)
        if self._timer is None or when < self._timer.when():
            self._set_timer(when)
        return deadline

    def _insert(self, deadline: Deadline) -> None:
        pending = self._deadlines
        if not pending or pending[-1].when <= deadline.when:
            pending.append(deadline)
        else:
            bisect.insort(pending, deadline, key=lambda other: other.when)

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
        """Extend the deadlines that come late, note the others, and set the timer for the next."""
        pending, now = self._deadlines, self._loop.time()
        due: list[Deadline] = []
        late: list[Deadline] = []
        while pending and (pending[0].task is None or pending[0].when <= now):
            deadline = pending.popleft()
            if deadline.task is None:
                continue
            if deadline.progress is not None and not deadline.progress.connected:
                deadline.expire()
                continue
            late_by = now - deadline.when if self._extend else 0.0
            extension = _extension(late_by, deadline.seconds)
            deadline.when = now + extension
            (late if extension else due).append(deadline)
        for deadline in late:
            self._insert(deadline)
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


def _extension(late: float, seconds: float) -> float:
    """Return the seconds that a limit of some seconds is extended by if its timer came late."""
    return min(max(late, _LEAST_EXTENSION), max(seconds, 0.0)) if late > _ON_TIME else 0.0


def after_turns(
    loop: asyncio.AbstractEventLoop, act: Callable[[], object], turns: int = _TURNS
) -> None:
    """Act when what has arrived by now has been read and handled."""
    if turns == 0:
        act()
    else:
        loop.call_soon(after_turns, loop, act, turns - 1)


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncGenerator[None]:
    """
    Limit a time as `asyncio.timeout` does, but let what arrived in time be read first.

    Raises:
        TimeoutError: The time is over.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None
    over = False

    def set_timer(length: float) -> None:
        nonlocal timer
        timer = loop.call_later(length, passed, loop.time() + length)

    def passed(when: float) -> None:
        extension = _extension(loop.time() - when, seconds)
        if extension:
            set_timer(extension)
        else:
            after_turns(loop, expire)

    def expire() -> None:
        if not over:
            limit.reschedule(loop.time())

    async with asyncio.timeout(None) as limit:
        set_timer(seconds)
        try:
            yield
        finally:
            over = True
            if timer is not None:
                timer.cancel()
