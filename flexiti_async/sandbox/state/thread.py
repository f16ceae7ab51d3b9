"""An event loop in a thread of its own, for a sandbox that tests of any kind can use."""

import asyncio
import contextlib
import functools
import inspect
import selectors
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

__all__ = ["LoopThread", "locked", "stop_accepting"]

T = TypeVar("T")
_Kind = TypeVar("_Kind", bound=type)


class _Selector(selectors.DefaultSelector):
    """
    Waits for events without the lock, which the loop holds whenever it runs code.

    So a thread that has taken the lock finds no request half processed.
    """

    def __init__(self, lock: "threading.RLock") -> None:
        super().__init__()
        self._lock = lock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._lock.release()
        try:
            return super().select(timeout)
        finally:
            self._lock.acquire()


class LoopThread:
    """
    A running event loop.

    Args:
        lock: Held by the loop whenever it runs code.
    """

    def __init__(self, lock: "threading.RLock") -> None:
        self._lock = lock
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="flexiti-sandbox", daemon=True)
        self._thread.start()
        self._started.wait()

    def _serve(self) -> None:
        with self._lock, asyncio.Runner(loop_factory=self._new_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._until_stopped())

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(_Selector(self._lock))

    async def _until_stopped(self) -> None:
        self._stop = asyncio.Event()
        self._started.set()
        await self._stop.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop, and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def result_of(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the same for a caller in another event loop, which goes on meanwhile."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


async def stop_accepting(server: asyncio.Server) -> None:
    """
    Let the connections that the loop has accepted reach the server before it closes.

    asyncio accepts in one turn of the loop and hands the connection over in the next; a server that
    has closed in between fails an assertion (Server._attach) and leaves the socket open.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows' default loop, which has no such gap
        for listener in server.sockets:
            loop.remove_reader(listener)
    await asyncio.sleep(0)


def locked(kind: _Kind) -> _Kind:
    """Have the public methods and properties of a class take its `_lock`; coroutines do not."""
    for name, member in list(vars(kind).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property) and member.fget is not None:
            setattr(kind, name, property(_locked(member.fget), doc=member.__doc__))
        elif inspect.isfunction(member) and not inspect.iscoroutinefunction(member):
            setattr(kind, name, _locked(member))
    return kind


def _locked(function: Callable[..., object]) -> Callable[..., object]:
    def call(self: object, *args: object, **kwargs: object) -> object:
        with cast("Any", self)._lock:  # noqa: SLF001 - of the decorated class
            return function(self, *args, **kwargs)

    return functools.update_wrapper(call, function)
