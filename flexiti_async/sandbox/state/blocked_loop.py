"""Answers for a sandbox whose event loop is blocked or has ended."""

import asyncio
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from flexiti_async.sandbox.wire.errors import RefusalError, error_body

__all__ = ["BlockedLoopWatch"]

_log: Final = logging.getLogger("flexiti_async.sandbox")

_EVERY: Final = 0.25
"""Seconds between two looks; a loop that runs takes a connection within one turn."""
_LOOKS: Final = 8
"""Looks in a row that find the loop blocked, before a connection is answered."""
_MESSAGE: Final = (
    "the sandbox's event loop is blocked: a sync client in its thread waits for it, or the loop "
    "has ended. Start the sandbox by `with Sandbox()`, which serves from a thread of its own"
)


class BlockedLoopWatch:
    """
    Answers 503 to connections that wait for an event loop which does not run.

    A test that uses a sync client in the thread of the sandbox's loop waits for itself. It shows by
    what no busy machine shows: a connection waits, the loop does not run what it was given, and its
    thread uses no CPU time and does not wait for any.

    Args:
        listeners: File numbers of the listening sockets, which the running loop serves.
    """

    def __init__(self, listeners: Iterable[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._cpu_clock = time.pthread_getcpuclockid(threading.get_ident())
        self._state = Path(f"/proc/self/task/{threading.get_native_id()}/stat")
        self._stopped = threading.Event()
        self._ran = False
        self._sockets = ExitStack()
        self._selector = self._sockets.enter_context(selectors.DefaultSelector())
        for number in listeners:
            listener = self._sockets.enter_context(socket.socket(fileno=os.dup(number)))
            self._selector.register(listener, selectors.EVENT_READ, listener)
        self._thread = threading.Thread(
            target=self._watch, name="flexiti-sandbox-watch", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """End the watch; no connection is answered afterwards."""
        await asyncio.to_thread(self._end)  # the event's lock may be taken for a moment
        self._sockets.close()

    def _end(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        looks, used = 0, self._used()
        while not self._stopped.wait(_EVERY):
            waiting: list[socket.socket] = [key.data for key, _ in self._selector.select(0)]
            before, used = used, self._used()
            if looks and not self._ran and used == before and not self._waits_for_cpu():
                looks += 1
            else:
                looks = 1 if waiting else 0
                self._ran = False
                if waiting:
                    self._ask()
            if looks == _LOOKS:
                _log.error(_MESSAGE)
            if looks >= _LOOKS:
                for listener in waiting:
                    _answer(listener)

    def _ask(self) -> None:
        """Have the loop show that it runs."""
        with suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(self._note_that_it_runs)

    def _note_that_it_runs(self) -> None:
        self._ran = True

    def _used(self) -> float | None:
        """Return the CPU time of the loop's thread; None if that has ended."""
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:
            return None

    def _waits_for_cpu(self) -> bool:
        """Whether the loop's thread waits for nothing but a CPU; False where /proc is missing."""
        try:
            stat = self._state.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return stat.rpartition(") ")[2].startswith("R")


def _answer(listener: socket.socket) -> None:
    """Take a connection that waits, and answer whatever it sends."""
    body = error_body("", RefusalError(503, "general_error", _MESSAGE))
    head = (
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    with suppress(OSError):  # the loop has taken it meanwhile, or the client has left
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(1)
            connection.recv(65536)
            connection.sendall(head.encode() + body)
