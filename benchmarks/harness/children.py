"""
Child processes, in which the measured code runs; they take their orders over a pipe.

An order is one line of JSON with a `verb`, and so is its answer; orders are answered in turn. A
child that misses the time limit of an order answers with its traceback, and one that does not even
do that is killed.
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
"""Details of an order or its answer: JSON that is written and read in the same file."""

LOOPS: Final = ("asyncio", "uvloop")
_ROOT: Final = Path(__file__).parents[2]
_LONGEST_LINE: Final = 64 * 1024 * 1024
_START: Final = 60.0
"""Seconds in which a child has to be ready; imports are slow on a busy machine."""
_PATIENCE: Final = 60.0
"""Seconds in which an order has to be carried out."""
_MORE_PATIENCE: Final = 10.0
"""Seconds beyond that in which a late child has to answer with its traceback."""
_FAREWELL: Final = 60.0
"""Seconds in which a child has to end; under valgrind it takes some."""
_SHOWN: Final = 4000
"""Bytes shown of what a failed child wrote to its standard error."""


class ChildFailedError(Exception):
    """A child ended, or reported that an order failed."""


@define(eq=False)
class Child:
    """
    A process that takes orders.

    Attributes:
        process: The process.
        ready: Its first report.
    """

    process: asyncio.subprocess.Process
    _name: str
    _orders: asyncio.StreamWriter
    _answers: asyncio.StreamReader
    _stderr: IO[bytes]
    _shown: int = 0
    ready: Details = field(factory=dict[str, Any])

    @classmethod
    async def start(
        cls,
        module: str,
        *arguments: str,
        under: Sequence[str] = (),
        within: float = _START,
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """
        Start `python -m benchmarks.MODULE` and wait until it is ready.

        Args:
            module: Its name.
            arguments: Its command-line arguments.
            under: A command to run it under, such as valgrind's.
            within: Seconds in which it has to be ready.
            environment: Variables beside those of this process.

        Raises:
            ChildFailedError: It ended, or was not ready in time.
        """
        stderr_file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child lives
        process = await asyncio.create_subprocess_exec(
            *(*under, sys.executable, "-m", f"benchmarks.{module}", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr_file,
            cwd=_ROOT,
            env={**os.environ, **(environment or {})},
            limit=_LONGEST_LINE,
        )
        if process.stdin is None or process.stdout is None:
            msg = "a child without pipes"
            raise ChildFailedError(msg)
        name = " ".join((module, *arguments))
        child = cls(process, name, process.stdin, process.stdout, stderr_file)
        try:
            child.ready = await child._answer("start", within)
        except BaseException:
            await child.aclose()
            raise
        return child

    async def ask(self, verb: str, *, within: float = _PATIENCE, **details: object) -> Details:
        """
        Send an order and wait for its answer.

        Args:
            verb: Name of the order.
            within: Its time limit in seconds.
            details: Its arguments.

        Raises:
            ChildFailedError: It failed, or was not done in time.
        """
        order = {"verb": verb, "within": within, **details}
        self._orders.write(json.dumps(order).encode() + b"\n")
        return await self._answer(verb, within + _MORE_PATIENCE)

    async def aclose(self) -> None:
        """Wait for its end, and print its standard error; a child that does not end is killed."""
        self._orders.close()
        try:
            async with asyncio.timeout(_FAREWELL):
                await self.process.wait()
        except TimeoutError:
            await self._kill()
        sys.stderr.write(self._read_stderr())
        self._stderr.close()

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
        return ChildFailedError(f"{self._name}: {what}\n{self._read_stderr()}")

    def _read_stderr(self) -> str:
        """Return the end of what it wrote to its standard error since the last call."""
        # Both ends share one position in the file, so it is read without moving that.
        end = os.fstat(self._stderr.fileno()).st_size
        begin, self._shown = max(self._shown, end - _SHOWN), end
        return os.pread(self._stderr.fileno(), end - begin, begin).decode(errors="replace")

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
    Be a child: report that it is ready, then take orders until the other side is gone.

    Args:
        verbs: The function for each verb; details are keyword arguments.
        ready: The first report.
    """
    allow_many_files()
    # Output of a library must not come between the answers.
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
        except Exception:  # noqa: BLE001 - the parent gets it
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
