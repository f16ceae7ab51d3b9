"""
Process pairs: what is measured runs in child processes that take their orders over a pipe.

An order is a JSON object a line with a `verb`; each is answered by a line, in turn.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from attrs import define, field

__all__ = ["LOOPS", "Child", "ChildFailedError", "Details", "obey", "run"]

Details: TypeAlias = dict[str, Any]
"""What an order asks or answers: JSON, whose two ends are in one file each time."""

LOOPS: Final = ("asyncio", "uvloop")
_ROOT: Final = Path(__file__).parents[1]
_LONGEST_LINE: Final = 64 * 1024 * 1024
_FAREWELL: Final = 5.0


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
    _orders: asyncio.StreamWriter
    _answers: asyncio.StreamReader
    ready: Details = field(factory=dict[str, Any])

    @classmethod
    async def start(cls, module: str, *arguments: str) -> Self:
        """
        Start `python -m benchmarks.MODULE` and wait until it is ready.

        Raises:
            ChildFailedError: It ended instead.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"benchmarks.{module}", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            limit=_LONGEST_LINE,
        )
        if process.stdin is None or process.stdout is None:
            msg = "a child without pipes"
            raise ChildFailedError(msg)
        child = cls(process, process.stdin, process.stdout)
        child.ready = await child._answer("start")
        return child

    async def ask(self, verb: str, **details: object) -> Details:
        """
        Give an order and wait for its answer.

        Raises:
            ChildFailedError: It went wrong.
        """
        self._orders.write(json.dumps({"verb": verb, **details}).encode() + b"\n")
        return await self._answer(verb)

    async def aclose(self) -> None:
        """Let it end; one that does not is killed."""
        self._orders.close()
        try:
            async with asyncio.timeout(_FAREWELL):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _answer(self, verb: str) -> Details:
        line = await self._answers.readline()
        if not line:
            msg = f"the child ended at {verb!r}"
            raise ChildFailedError(msg)
        answer: Details = json.loads(line)
        if "fault" in answer:
            raise ChildFailedError(answer["fault"])
        return answer


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
