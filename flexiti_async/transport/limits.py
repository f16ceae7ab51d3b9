"""
One timer for all requests of a pool.

A timer of its own for each request, as aiohttp's `total` and `asyncio.timeout` set one, is set and
cancelled for every call of a shop, and runs out for hardly any. Nearly all get the same time, so
the oldest runs out first, and a queue and one timer do the same; who gets less, because the time of
its call is running out, is put in its place.
"""

import asyncio
import bisect
from collections import deque
from typing import Final

from attrs import define

__all__ = ["Deadlines", "Watch"]


@define(eq=False)
class Watch:
    """
    One task and when its time is over.

    Attributes:
        task: The task; None once it has ended by itself.
        when: When its time is over, by the loop's clock.
        cancelling: How many cancellations it had before, as `asyncio.timeout` counts them.
        expired: Its time was over, and it was cancelled for that.
    """

    task: asyncio.Task[object] | None
    when: float
    cancelling: int
    expired: bool = False

    def end(self) -> None:
        """Watch it no longer."""
        self.task = None

    def is_the_reason(self) -> bool:
        """Tell a cancellation that came from here from any other, and take it back."""
        return self.expired and self.task is not None and self.task.uncancel() <= self.cancelling


class Deadlines:
    """Cancel tasks of the running event loop whose time is over."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._watched: Final[deque[Watch]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, seconds: float) -> Watch:
        """Give the task that runs some seconds, from now on."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - what runs in a loop is a task
        watched = self._watched
        while watched and watched[0].task is None:
            watched.popleft()
        when = self._loop.time() + seconds
        watch = Watch(task, when, task.cancelling())
        if not watched or watched[-1].when <= when:
            watched.append(watch)
        else:
            bisect.insort(watched, watch, key=lambda other: other.when)
        if self._timer is None or when < self._timer.when():
            self._set_timer(when)
        return watch

    def close(self) -> None:
        """Watch nobody any more."""
        self._watched.clear()
        self._set_timer(None)

    def _set_timer(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._loop.call_at(when, self._look)

    def _look(self) -> None:
        """Cancel those whose time is over, and come back for the next."""
        watched, now = self._watched, self._loop.time()
        while watched and (watched[0].task is None or watched[0].when <= now):
            watch = watched.popleft()
            if watch.task is not None:
                watch.expired = True
                watch.task.cancel()
        self._set_timer(watched[0].when if watched else None)
