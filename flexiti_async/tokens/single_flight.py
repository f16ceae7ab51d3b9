"""
Single flight: at most one running task per purpose and event loop, however many callers wait.

The task belongs to no caller: a cancelled waiter does not cancel it, and it runs to its end even
without waiters. Groups with the same key share their tasks, so two sessions of one client in one
loop make one token request.

A task that asks for its own result would wait for itself for ever. A shop can get there through a
trace callback or resolver of a client session that it lends, or through a token store that calls
the API. The context of the task carries the key, and asyncio passes it to every task started from
there, so `runs_here` detects it before anything waits.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator, Hashable
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["SingleFlight", "join"]

T = TypeVar("T")

_CLOSE_WITHIN: Final = 5.0
"""Seconds that `aclose` waits for running tasks before it cancels them."""

_Running = dict[Hashable, "asyncio.Task[Any]"]
_running: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Running]] = WeakKeyDictionary()
"""The tasks of this process by event loop, and in each by purpose and key."""

_waiters: Final[WeakKeyDictionary[asyncio.Task[Any], dict[asyncio.Future[None], None]]] = (
    WeakKeyDictionary()
)
"""
The callers that wait for each task, in order.

Not `asyncio.shield`: with that, a caller that leaves walks over all that wait, so that thousands
who leave at once block the loop for seconds.
"""

_keys_here: Final[contextvars.ContextVar[frozenset[Hashable]]] = contextvars.ContextVar(
    "flexiti_async.single_flight", default=frozenset()
)


class SingleFlight(Generic[T]):
    """
    One running task per purpose, shared by all groups with the same key.

    Args:
        key: Groups with the same key share their tasks.
        on_done: Called with the result of every task that this group started or joined, unless it
            was cancelled or raised.
    """

    def __init__(self, key: Hashable, on_done: Callable[[T], object] | None = None) -> None:
        self._key = key
        self._on_done = on_done
        self._own: set[asyncio.Task[T]] = set()
        self._watched: set[asyncio.Task[T]] = set()

    @property
    def tasks(self) -> frozenset[asyncio.Task[T]]:
        """The running tasks that this group started."""
        return frozenset(self._own)

    def run(
        self,
        purpose: str,
        work: Callable[[], Coroutine[Any, Any, T]],
        *,
        on_start: Callable[[], object] | None = None,
    ) -> asyncio.Task[T]:
        """
        Return the running task for a purpose, or start one.

        Args:
            purpose: Identifies the task within the group; also a part of its name.
            work: Creates the coroutine of a new task.
            on_start: Called before a new task is started.
        """
        task = self.join(purpose)
        if task is None:
            if on_start is not None:
                on_start()
            task = self._start(purpose, work)
            running = _running.setdefault(asyncio.get_running_loop(), {})
            place = (purpose, self._key)
            running[place] = task
            task.add_done_callback(lambda _: running.pop(place, None))
            self._own.add(task)
            task.add_done_callback(self._own.discard)
            self._watch(task)
        return task

    def join(self, purpose: str) -> asyncio.Task[T] | None:
        """Return the running task for a purpose; None if there is none."""
        running = _running.get(asyncio.get_running_loop())
        task: asyncio.Task[T] | None = running.get((purpose, self._key)) if running else None
        if task is not None:
            self._watch(task)
        return task

    def _watch(self, task: asyncio.Task[T]) -> None:
        """Let the result of a task be recorded, once."""
        if task not in self._watched:
            self._watched.add(task)
            task.add_done_callback(self._done)

    def _start(self, purpose: str, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        async def marked() -> T:
            with self.marked():
                return await work()

        # In an empty context: the context variables of the first caller's request (a user, a
        # trace) do not belong to a task that all callers share.
        return asyncio.get_running_loop().create_task(
            marked(), name=f"flexiti-async {purpose}", context=contextvars.Context()
        )

    def _done(self, task: asyncio.Task[T]) -> None:
        self._watched.discard(task)
        # The exception is read here as well: all waiters may have left before it was raised.
        if not task.cancelled() and task.exception() is None and self._on_done is not None:
            self._on_done(task.result())

    def runs_here(self) -> bool:
        """Whether this context is work on the key, so that waiting for it would never end."""
        return self._key in _keys_here.get()

    @contextmanager
    def marked(self) -> Generator[None, None, None]:
        """Mark the code inside, and every task it starts, as work on the key."""
        mark = _keys_here.set(_keys_here.get() | {self._key})
        try:
            yield
        finally:
            _keys_here.reset(mark)

    async def aclose(self) -> None:
        """
        Wait up to 5 seconds for the tasks that were started here, then cancel the rest.

        A close that is cancelled cancels them at once. It returns when all of them have ended.
        """
        loop = asyncio.get_running_loop()
        tasks = [task for task in self.tasks if task.get_loop() is loop]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks, timeout=_CLOSE_WITHIN)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def join(task: asyncio.Task[T]) -> T | None:
    """
    Wait for a task without owning it, and return its result; None if it was cancelled elsewhere.

    The task's callbacks have run when this returns, even for a caller that joins after its end: a
    repeated lookup finds the result that they recorded, not the same task again.
    """
    if task.done():
        # Waiting for a finished task does not yield, so asking again would block the loop for ever.
        await asyncio.sleep(0)
    else:
        waiters = _waiters.get(task)
        if waiters is None:
            waiters = _waiters[task] = {}
            task.add_done_callback(_wake)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters[waiter] = None
        try:
            await waiter
        finally:
            waiters.pop(waiter, None)
    return None if task.cancelled() else task.result()


def _wake(task: asyncio.Task[Any]) -> None:
    for waiter in _waiters.pop(task, {}):
        if not waiter.done():
            waiter.set_result(None)
