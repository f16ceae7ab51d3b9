"""Processes of a shop, seen from the test that orders them about."""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

__all__ = ["DEADLINE", "Answers", "Crew", "Worker"]

DEADLINE = 60.0
"""Seconds after which a test has hung."""


class WorkerDied(Exception):
    """The process has ended."""


@frozen
class Answers:
    """
    What the coroutines of one process, or of several, were given.

    Attributes:
        tokens: The access tokens, each once.
        served: How many coroutines got one.
        failures: What the others got.
        took: Seconds until all of a process had theirs, by its own clock; the slowest counts.
    """

    tokens: frozenset[str]
    served: int
    failures: tuple[str, ...]
    took: float

    @classmethod
    def of(cls, several: list["Answers"]) -> "Answers":
        """Put together what several processes were given."""
        return cls(
            frozenset[str]().union(*(one.tokens for one in several)),
            sum(one.served for one in several),
            tuple(failure for one in several for failure in one.failures),
            max(one.took for one in several),
        )


@define(eq=False)
class Worker:
    """
    A process that waits for orders.

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

    async def open(self, config: dict[str, Any], *, mortal: bool = False) -> None:
        """Open a session; a mortal one can be armed, and its loads are counted."""
        await self._order("open", config=config, mortal=mortal)

    async def arm(self, point: str) -> None:
        """Let it kill itself at some point of its next flight."""
        await self._order("arm", point=point)

    async def shift(self, ahead: float = 0.0, *, wrong: float | None = None) -> None:
        """Put its clocks forward; set its wall clock wrong by so much."""
        await self._order("shift", ahead=ahead, wrong=wrong)

    async def token(self, times: int = 1, *, min_ttl: float | None = 0.0) -> Answers:
        """Let so many of its coroutines ask for the token at once."""
        answer: dict[str, Any] = await self._order("token", times=times, min_ttl=min_ttl)
        tokens, failures = frozenset[str](answer["tokens"]), tuple[str, ...](answer["failures"])
        return Answers(tokens, answer["served"], failures, answer["took"])

    async def widget(self, *, promised: bool = True) -> str:
        """Let it call widget/init: `done`, or the error."""
        answer: str = await self._order("widget", promised=promised)
        return answer

    async def settle(self) -> None:
        """Wait until it has done what it does in the background."""
        await self._order("settle")

    async def loads(self) -> int:
        """Ask how often it has looked into the store."""
        number: int = await self._order("loads")
        return number

    def kill(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)

    async def died(self) -> None:
        """Wait until it is dead."""
        async with asyncio.timeout(DEADLINE):
            await asyncio.shield(self._listener)

    async def aclose(self) -> None:
        """Let it go."""
        self._writer.close()
        await self.died()

    async def _order(self, verb: str, **details: object) -> Any:  # noqa: ANN401 - whatever the verb gives
        number = next(self._numbers)
        if self._listener.done():
            raise WorkerDied
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"id": number, "verb": verb, **details}).encode() + b"\n")
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._waiting[number]
        finally:
            del self._waiting[number]

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                answer = json.loads(line)
                waiting = self._waiting[answer["id"]]
                if "fault" in answer:
                    waiting.set_exception(RuntimeError(answer["fault"]))
                else:
                    waiting.set_result(answer["result"])
        except ConnectionError:
            pass
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(WorkerDied())
        self._writer.close()


class Crew:
    """The program that workers are forked from; `worker.py` says how."""

    def __init__(self) -> None:
        self._control, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", Path(__file__).with_name("worker.py"), str(other.fileno())],
                pass_fds=[other.fileno()],
            )
        self._control.settimeout(DEADLINE)

    async def hire(self) -> Worker:
        """Start a process."""
        mine, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            pid = int.from_bytes(self._control.recv(4), "big")
        reader, writer = await asyncio.open_unix_connection(sock=mine)
        return Worker(pid, reader, writer)

    def close(self) -> None:
        """End the program; it has nobody to wait for."""
        self._control.close()
        self._process.wait(DEADLINE)
