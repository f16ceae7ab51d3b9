"""
Process pairs: what is measured runs in child processes that take their orders over a pipe.

An order is a JSON object a line with a `verb`; each is answered by a line, in turn, and in time: a
child that is late says where it stands, and one that does not even say that is killed.
"""

import asyncio
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Self, TypeAlias

from attrs import define, field

from benchmarks.harness.open_files import allow_many_files

__all__ = ["LOOPS", "Child", "ChildFailedError", "Details", "obey", "run"]

Details: TypeAlias = dict[str, Any]
"""What an order asks or answers: JSON, whose two ends are in one file each time."""

LOOPS: Final = ("asyncio", "uvloop")
_ROOT: Final = Path(__file__).parents[2]
_LONGEST_LINE: Final = 64 * 1024 * 1024
_START: Final = 60.0
"""Seconds in which a child has to be ready; imports are slow while a machine is busy."""
_PATIENCE: Final = 60.0
"""Seconds in which an order has to be carried out."""
_MORE_PATIENCE: Final = 10.0
"""Seconds more in which a child that is late has to say so."""
_FAREWELL: Final = 5.0
_SHOWN: Final = 4000
"""Bytes that are shown of what a child that failed had written."""


class ChildFailedError(Exception):
    """A child has ended, or told that an order went wrong."""


@define(eq=False)
class Child:
    """
    A process that takes orders.

    Attributes:
        process: The process.
        ready: What it said when it was ready.
    """

    process: asyncio.subprocess.Process
    _name: str
    _orders: asyncio.StreamWriter
    _answers: asyncio.StreamReader
    _complaints: IO[bytes]
    _shown: int = 0
    ready: Details = field(factory=dict[str, Any])

    @classmethod
    async def start(cls, module: str, *arguments: str, under: Sequence[str] = ()) -> Self:
        """
        Start `python -m benchmarks.MODULE` and wait until it is ready.

        Args:
            module: Its name.
            arguments: What it is told.
            under: A command that runs it and watches, such as valgrind's.

        Raises:
            ChildFailedError: It ended instead, or was not ready in time.
        """
        complaints = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child lives
        process = await asyncio.create_subprocess_exec(
            *(*under, sys.executable, "-m", f"benchmarks.{module}", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            cwd=_ROOT,
            limit=_LONGEST_LINE,
        )
        if process.stdin is None or process.stdout is None:
            msg = "a child without pipes"
            raise ChildFailedError(msg)
        name = " ".join((module, *arguments))
        child = cls(process, name, process.stdin, process.stdout, complaints)
        try:
            child.ready = await child._answer("start", _START)
        except BaseException:
            await child.aclose()
            raise
        return child

    async def ask(self, verb: str, *, within: float = _PATIENCE, **details: object) -> Details:
        """
        Give an order and wait for its answer.

        Args:
            verb: What is to be done.
            within: Seconds in which it has to be done.
            details: What the verb needs to know.

        Raises:
            ChildFailedError: It went wrong, or was not done in time.
        """
        order = {"verb": verb, "within": within, **details}
        self._orders.write(json.dumps(order).encode() + b"\n")
        return await self._answer(verb, within + _MORE_PATIENCE)

    async def aclose(self) -> None:
        """Let it end, and show what it complained about; one that does not end is killed."""
        self._orders.close()
        try:
            async with asyncio.timeout(_FAREWELL):
                await self.process.wait()
        except TimeoutError:
            await self._kill()
        sys.stderr.write(self._complained())
        self._complaints.close()

    async def _answer(self, verb: str, within: float) -> Details:
        try:
            async with asyncio.timeout(within):
                line = await self._answers.readline()
        except TimeoutError:
            await self._kill()
            raise self._failure(f"did not answer {verb!r} within {within:g} s") from None
        if not line:
            raise self._failure(f"ended at {verb!r}")
        answer: Details = json.loads(line)
        if "fault" in answer:
            raise self._failure(f"failed at {verb!r}:\n{answer['fault']}")
        return answer

    def _failure(self, what: str) -> ChildFailedError:
        return ChildFailedError(f"{self._name}: {what}\n{self._complained()}")

    def _complained(self) -> str:
        """Give the end of what it wrote to its standard error, once."""
        # Both ends share one position in the file, so it is read without moving that.
        end = os.fstat(self._complaints.fileno()).st_size
        begin, self._shown = max(self._shown, end - _SHOWN), end
        return os.pread(self._complaints.fileno(), end - begin, begin).decode(errors="replace")

    async def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def obey(
    verbs: Mapping[str, Callable[..., Awaitable[Mapping[str, object] | None]]],
    ready: Mapping[str, object] | None = None,
) -> None:
    """
    Be a child: say that it is ready, then take orders until the other side is gone.

    Args:
        verbs: What is done for each verb; the details are keyword arguments.
        ready: What to say first.
    """
    allow_many_files()
    # Whatever a library prints must not come between the answers.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    print(json.dumps(dict(ready or {})), file=out, flush=True)
    while line := await reader.readline():
        order: Details = json.loads(line)
        try:
            async with asyncio.timeout(order.pop("within")):
                answer = dict(await verbs[order.pop("verb")](**order) or {})
        except Exception:  # noqa: BLE001 - the parent is told, whatever it is
            answer = {"fault": traceback.format_exc()}
        print(json.dumps(answer), file=out, flush=True)


def run(main: Coroutine[object, object, None], loop: str) -> None:
    """Run a coroutine on an event loop by its name, one of `LOOPS`."""
    if loop == "uvloop":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    else:
        asyncio.run(main)
