"""
No code of the library blocks an event loop: blockbuster, and calls that it misses.

A call counts if a frame of the library is below it on the stack, even if another library makes it;
a test may block its own loop.
"""

import _thread
import ctypes
import fcntl
import io
import os
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from blockbuster import BlockBuster, BlockBusterFunction, BlockingError
from forbiddenfruit import patchable_builtin

__all__ = ["BlockingError", "no_blocking"]

SCANNED: Final = ["flexiti_async", "flexiti_stores"]

NOT_SCANNED: Final = [
    "flexiti_async.testing",  # store contracts are tests: they start processes and wait for them
]

MISSED: Final[tuple[tuple[ModuleType | type, str], ...]] = (
    (io, "open"),
    (os, "fsync"),
    (os, "fdatasync"),
    (os, "open"),
    (os, "utime"),
    (os, "waitpid"),
    (fcntl, "flock"),
    (fcntl, "lockf"),
    (socket, "getaddrinfo"),
)
"""Blocking functions that blockbuster does not know."""

MAY_BLOCK: Final = (
    # Start-up: a session is created before traffic.
    ("flexiti_async/config/sources.py", {"read_options"}),
    ("flexiti_async/config/located.py", {"line_of"}),
    ("flexiti_async/store/loading.py", {"open_store"}),
    ("flexiti_async/transport/wire.py", {"tls_context"}),
    ("flexiti_stores/file/__init__.py", {"__init__"}),
    # The client of an event loop is made once.
    ("flexiti_stores/redis/__init__.py", {"_open"}),
    # The first use of a module; modules for traffic are imported at start-up.
    ("<frozen importlib._bootstrap>", {"_find_and_load"}),
    # The shop decides where its log goes: here to a file of pytest's.
    ("logging/__init__.py", {"emit", "flush"}),
    # A debug page reads sources; the middleware of the library is below it on the stack.
    ("litestar/exceptions/responses/_debug_response.py", {"create_debug_response"}),
    # A command has the loop for itself, and reads its input before it sends anything.
    ("flexiti_async/cli/widget.py", {"_bytes"}),
    ("flexiti_async/cli/shop.py", {"_is_complete"}),
    ("flexiti_async/cli/doctor/command.py", {"_configuration"}),
    ("flexiti_async/cli/doctor/store.py", {"_folder"}),
    # asyncio.run ends its threads at the end of the loop.
    ("asyncio/base_events.py", {"shutdown_default_executor"}),
    # A new thread reports that it runs; an executor may start one to take a job.
    ("threading.py", {"start"}),
    ("concurrent/futures/thread.py", {"submit"}),
    # Locks that threads share, held to read a dict or a number, never during a wait.
    ("flexiti_stores/_forks.py", {"__enter__"}),
    ("flexiti_async/events/states.py", {"reset", "failed", "succeeded", "ended", "passed"}),
    ("flexiti_async/integrations/otel.py", {"begin", "end"}),
    ("flexiti_async/integrations/django.py", {"_of_this_process"}),
    # The sandbox calls it during a request, and the store has to change at that moment.
    ("processes/test_old_records.py", {"restore"}),
    # These hold a file lock in the loop, as another process would.
    ("stores/test_file.py", {"test_old_files_are_swept"}),
    ("stores/test_file_faults.py", {"test_the_loop_goes_on_while_a_lock_is_held"}),
)
"""Calls that may block: a file, and functions in it."""


@contextmanager
def no_blocking() -> Generator[None]:
    """Make every blocking call of the library in a running loop raise BlockingError."""
    guard = BlockBuster(SCANNED, excluded_modules=NOT_SCANNED)
    for place, name in MISSED:
        guard.functions[f"{place.__name__}.{name}"] = _function(place, name)
    guard.functions["threading.Thread.join"] = _function(threading.Thread, "join", _is_dead)
    # `with lock:` does not call `acquire`, and blockbuster cannot patch the type for it.
    entered = SimpleNamespace(__name__="threading.Lock", __enter__=_thread.LockType.__enter__)
    guard.functions["threading.Lock.__enter__"] = _function(entered, "__enter__", _is_free)
    for function in guard.functions.values():
        function.can_block_functions = [*function.can_block_functions, *MAY_BLOCK]
    guard.activate()
    _set_enter(entered.__enter__)
    try:
        yield
    finally:
        guard.deactivate()
        _set_enter(entered.__enter__)


def _never(*_: object, **__: object) -> bool:
    return False


def _is_dead(thread: threading.Thread, *_: object, **__: object) -> bool:
    return not thread.is_alive()


def _is_free(lock: _thread.LockType) -> bool:
    return not lock.locked()


def _function(
    place: Any,  # noqa: ANN401 - a module or a type
    name: str,
    may: Callable[..., bool] = _never,
) -> BlockBusterFunction:
    return BlockBusterFunction(
        place,
        name,
        scanned_modules=SCANNED,
        excluded_modules=NOT_SCANNED,
        can_block_predicate=may,
    )


def _set_enter(function: Callable[..., bool]) -> None:
    patchable_builtin(_thread.LockType)["__enter__"] = function
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(_thread.LockType))
