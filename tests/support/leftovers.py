"""
Tasks, connections, listening sockets and client sessions that a test leaves in an event loop.

Closing a loop silently cancels its tasks and drops its sockets, so this checks just before. It uses
private parts of asyncio, because no public ones exist; `test_guards.py` fails when they change.
"""

import asyncio
import os
from asyncio import runners, selector_events
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

import aiohttp
import pytest
from attrs import define, field

_Loop = asyncio.AbstractEventLoop
_ROUNDS = 5
"""Turns of a loop in which cancelled tasks and closed sockets end; waiting tasks do not."""


@define
class Leftovers:
    """
    The leftovers so far.

    Attributes:
        found: A line for each one, with the test that ran when its loop was closed.
    """

    found: list[str] = field(factory=list[str])
    _sessions: WeakSet[aiohttp.ClientSession] = field(factory=WeakSet[aiohttp.ClientSession])

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Check every loop before it is closed, by whichever code."""
        private: Any = runners
        cancel_all_tasks: Any = private._cancel_all_tasks
        base: Any = selector_events.BaseSelectorEventLoop
        close = base.close

        def watched_cancel(loop: _Loop) -> None:
            for _ in range(_ROUNDS):
                loop.run_until_complete(asyncio.sleep(0))
            self._note(_tasks_of(loop))
            cancel_all_tasks(loop)

        def watched_close(loop: _Loop) -> None:
            if not loop.is_closed():
                self._note(_tasks_of(loop))
                self._note(_sockets_of(loop))
                self._note(f"open {one!r}" for one in self._sessions if _is_open(one, loop))
            close(loop)

        # Not `__init__`: where that is replaced, the engine httptools leaves calls to aiohttp.
        def watched_session(kind: type[aiohttp.ClientSession], *_: Any, **__: Any) -> Any:  # noqa: ANN401
            session = object.__new__(kind)
            self._sessions.add(session)
            return session

        patch.setattr(runners, "_cancel_all_tasks", watched_cancel)
        patch.setattr(base, "close", watched_close)
        patch.setattr(aiohttp.ClientSession, "__new__", watched_session)

    def take(self) -> list[str]:
        """Return the leftovers, and start again."""
        found, self.found = self.found, []
        return found

    def _note(self, things: Iterator[str]) -> None:
        test = os.environ.get("PYTEST_CURRENT_TEST", "no test")
        self.found += [f"{thing}, left by {test}" for thing in things]


def _tasks_of(loop: _Loop) -> Iterator[str]:
    for task in asyncio.all_tasks(loop):
        what: Any = task.get_coro()
        yield f"task {task.get_name()} of {getattr(what, '__qualname__', what)}"


def _sockets_of(loop: Any) -> Iterator[str]:  # noqa: ANN401 - its private parts have no types
    shown: set[int] = {loop._ssock.fileno()}  # the loop's own, to wake itself
    for number, transport in tuple(loop._transports.items()):
        shown.add(number)
        if not transport.is_closing():
            yield f"open connection {transport.get_extra_info('sockname')}"
    for key in loop._selector.get_map().values():
        if key.fd not in shown:
            yield f"socket that is still listened to: {key.fileobj!r}"


def _is_open(session: aiohttp.ClientSession, loop: _Loop) -> bool:
    return getattr(session, "_loop", None) is loop and not session.closed
