"""
An event loop on virtual time that several simulated processes share.

It has no sockets and no selector: time leaps to the next timer when nothing else is to be done.
Every callback belongs to the process in whose context it was scheduled, so one process can be
killed between any two of its steps, or stopped for some time, while the others go on.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar, TypeVarTuple

from attrs import define, field

__all__ = ["PROCESS", "Process", "SimulatedLoop", "reach"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PROCESS: ContextVar["Process | None"] = ContextVar("simulated process")
"""
The simulated process that code runs in; None for store, network and API.

A context without it belongs to the process that schedules it: the library starts some tasks in an
empty context.
"""


class _Handle(asyncio.TimerHandle):
    """A callback that is scheduled."""

    __slots__ = ("callback", "context", "parameters", "process")

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        parameters: tuple[Any, ...],
        context: Context | None,
        process: "Process | None",
    ) -> None:
        # Not the base class's: it would look for its source and its loop.
        self._when = when
        self._cancelled = False
        self.callback = callback
        self.parameters = parameters
        self.context = context
        self.process = None if context is None else context.get(PROCESS, process)

    def cancel(self) -> None:
        self._cancelled = True

    def __lt__(self, other: object) -> bool:
        return isinstance(other, _Handle) and self._when < other._when


@define(eq=False)
class Process:
    """
    A simulated process, as the loop knows it.

    Attributes:
        name: Its name in the log.
        dead: It was killed: nothing of it runs any more.
        stopped: It is stopped: what is to run waits in `parked`.
        parked: Its callbacks that wait for it to go on.
        tasks: All of its tasks. They are kept, so that no garbage collection ends one of a killed
            process at a moment of its own choice.
        steps: Callbacks that it has run.
        at_step: Acts before a certain step.
        at_point: Acts at the next arrival at a point of the library, by its name; "" is any point.
    """

    name: str
    dead: bool = False
    stopped: bool = False
    parked: list[_Handle] = field(factory=list[_Handle])
    tasks: list[asyncio.Task[Any]] = field(factory=list[asyncio.Task[Any]])
    steps: int = 0
    at_step: dict[int, list[Callable[[], object]]] = field(
        factory=dict[int, list[Callable[[], object]]]
    )
    at_point: dict[str, Callable[[], Awaitable[None]]] = field(
        factory=dict[str, Callable[[], Awaitable[None]]]
    )

    def after(self, steps: int, act: Callable[[], object]) -> None:
        """Act when the process has run some more callbacks."""
        self.at_step.setdefault(self.steps + steps, []).append(act)

    @property
    def unfinished(self) -> list[asyncio.Task[Any]]:
        """Its tasks that have not ended."""
        return [task for task in self.tasks if not task.done()]


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs callbacks in order, on virtual time, which begins at `start`."""

    def __init__(self, start: float = 1_000.0) -> None:
        super().__init__()
        self._now = start
        self._soon: deque[_Handle] = deque()
        self._timers: list[tuple[float, int, _Handle]] = []
        self._order = 0
        self._current: Process | None = None
        self._stopped = False
        self.faults: list[str] = []
        self.set_exception_handler(lambda _, context: self._note(context))

    def _note(self, context: dict[str, Any]) -> None:
        self.faults.append(f"{context.get('message')}: {context.get('exception')!r}")

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Schedule a callback for the next turn."""
        context = copy_context() if context is None else context
        handle = _Handle(self._now, callback, args, context, self._current)
        self._soon.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback for a moment."""
        context = copy_context() if context is None else context
        handle = _Handle(when, callback, args, context, self._current)
        self._schedule(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback for some seconds later."""
        context = copy_context() if context is None else context
        handle = _Handle(self._now + delay, callback, args, context, self._current)
        self._schedule(handle)
        return handle

    def call_outside(self, delay: float, callback: Callable[..., object], *args: object) -> None:
        """Schedule a callback that belongs to no process."""
        self._schedule(_Handle(self._now + delay, callback, args, None, None))

    def _schedule(self, handle: _Handle) -> None:
        when = handle._when
        if when > self._now:
            self._order += 1
            heapq.heappush(self._timers, (when, self._order, handle))
        else:
            self._soon.append(handle)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,  # noqa: ARG002 - asyncio's signature
        context: Context | None = None,
        **_: object,
    ) -> asyncio.Task[T]:
        """Start a task, in the process that the context names or that starts it."""
        context = copy_context() if context is None else context
        process = context.get(PROCESS, self._current)
        if process is not None:
            context.run(PROCESS.set, process)
            process.tasks.append(task := asyncio.Task(coro, loop=self, context=context))
            return task
        return asyncio.Task(coro, loop=self, context=context)

    def stop(self) -> None:
        """Let `run_forever` return after this callback."""
        super().stop()
        self._stopped = True

    def timers_of(self, process: Process) -> list[str]:
        """Return the timers that a process has left, as texts."""
        return [
            f"{handle.callback!r} at {when:.3f}"
            for when, _, handle in self._timers
            if handle.process is process and not handle.cancelled()
        ]

    def stop_process(self, process: Process) -> None:
        """Let nothing of a process run until `resume`."""
        process.stopped = True

    def resume(self, process: Process) -> None:
        """Let a process go on."""
        process.stopped = False
        self._soon.extend(process.parked)
        process.parked = []

    def _leap(self) -> None:
        """Let time leap to the next timer, and move what is due then to what runs now."""
        soon, timers = self._soon, self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            msg = "the simulation waits for nothing"
            raise RuntimeError(msg)
        now = self._now = timers[0][0]
        while timers and timers[0][0] <= now:
            soon.append(heapq.heappop(timers)[2])

    def _run_once(self) -> None:
        # Not one turn, but all until `stop`: a turn is a few callbacks, and costs as much as one.
        soon = self._soon
        while not self._stopped:
            if not soon:
                self._leap()
            handle = soon.popleft()
            if handle._cancelled:
                continue
            process = self._current = handle.process
            if process is not None:
                if (process.at_step or process.dead or process.stopped) and not self._may_run(
                    process, handle
                ):
                    continue
                process.steps += 1
            try:
                if handle.context is None:
                    handle.callback(*handle.parameters)
                else:
                    handle.context.run(handle.callback, *handle.parameters)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - as an event loop does
                self.call_exception_handler({"message": "a callback failed", "exception": error})
        self._current, self._stopped = None, False

    def _may_run(self, process: Process, handle: _Handle) -> bool:
        """Act before a step of a process; False if it is dead or stopped."""
        if process.at_step:
            for act in process.at_step.pop(process.steps, ()):
                act()
        if process.dead:
            return False
        if process.stopped:
            process.parked.append(handle)
            return False
        return True


async def reach(point: str) -> None:
    """Act, once, if the process that runs is to be disturbed at this point of the library."""
    process = PROCESS.get(None)
    if process is None or not process.at_point:
        return
    for name in (point, ""):
        act = process.at_point.pop(name, None)
        if act is not None:
            await act()
