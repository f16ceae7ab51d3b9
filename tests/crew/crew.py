"""The test's side of worker processes that take orders."""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Generic, TypeVar

from attrs import define, field

from ..support.patience import PATIENCE

__all__ = ["Crew", "WorkerDied", "WorkerHandle"]


class WorkerDied(Exception):
    """The process ended."""


@define(eq=False)
class WorkerHandle:
    """
    A worker process, seen from the test.

    Attributes:
        pid: Its process id.
    """

    pid: int
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _waiting: dict[int, asyncio.Future[Any]] = field(factory=dict[int, asyncio.Future[Any]])
    _numbers: "itertools.count[int]" = field(factory=itertools.count)
    _listener: asyncio.Task[None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._listener = asyncio.ensure_future(self._listen())

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self._listener.done()

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)

    async def died(self) -> None:
        """Wait until it has ended."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._listener)

    async def aclose(self) -> None:
        """Let it end."""
        self._writer.close()
        await self.died()

    async def order(self, verb: str, **details: object) -> Any:  # noqa: ANN401 - depends on the verb
        """
        Send an order, and return the answer.

        Raises:
            WorkerDied: It ended before or meanwhile.
            RuntimeError: It failed; the text is its traceback.
        """
        number = next(self._numbers)
        if self.gone:
            raise WorkerDied
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"id": number, "verb": verb, **details}).encode() + b"\n")
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._waiting[number]
        finally:
            del self._waiting[number]

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                answer = json.loads(line)
                waiting = self._waiting.get(answer["id"])
                if waiting is None or waiting.done():
                    continue  # its caller was cancelled, or has waited for too long
                if "fault" in answer:
                    waiting.set_exception(RuntimeError(answer["fault"]))
                else:
                    waiting.set_result(answer["result"])
        except ConnectionError:
            pass
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(WorkerDied())
            self._writer.close()


H = TypeVar("H", bound=WorkerHandle)


class Crew(Generic[H]):
    """
    The program that workers are forked from; `forks.py` says how.

    Args:
        module: The module of the `Worker`, such as `tests.processes.worker`.
        handle: The class of its handles.
        library: A folder that has another release of the library; None for the installed one.
    """

    def __init__(self, module: str, handle: type[H], *, library: Path | None = None) -> None:
        self._handle = handle
        self._control, other = socket.socketpair()
        program = Path(__file__).with_name("forks.py")
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", program, str(other.fileno()), module],
                pass_fds=[other.fileno()],
                env=os.environ if library is None else {**os.environ, "PYTHONPATH": str(library)},
            )
        self._control.settimeout(PATIENCE)

    async def start_worker(self) -> H:
        """Start a process."""
        mine, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            pid = int.from_bytes(self._control.recv(4), "big")
        reader, writer = await asyncio.open_unix_connection(sock=mine)
        return self._handle(pid, reader, writer)

    def close(self) -> None:
        """End the program."""
        self._control.close()
        self._process.wait(PATIENCE)
