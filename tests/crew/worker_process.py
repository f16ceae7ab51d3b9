"""The base of all workers: a process that takes orders, with a clock that can be set wrong."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flexiti_async.clock import SYSTEM_CLOCK

__all__ = ["ShiftedClock", "WorkerProcess"]


class ShiftedClock:
    """The machine's clocks, advanced, and a wall clock that can be set wrong."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.wrong = 0.0

    def wall(self) -> float:
        """Seconds since the epoch, by this host's wall clock."""
        return SYSTEM_CLOCK.wall() + self.ahead + self.wrong

    def boot(self) -> float:
        """Seconds since boot."""
        return SYSTEM_CLOCK.boot() + self.ahead


class WorkerProcess:
    """
    Takes orders: a JSON object a line, each answered by a line with the same `id`.

    It ends when the test's side closes the connection.

    Args:
        verbs: A function for each order.

    Attributes:
        main: The task that takes the orders.
    """

    def __init__(self, verbs: Mapping[str, Callable[..., Awaitable[object]]]) -> None:
        self._verbs = verbs
        self.main: asyncio.Task[Any] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out all orders, concurrently."""
        self.main = asyncio.current_task()
        tasks: set[asyncio.Task[None]] = set()
        while line := await reader.readline():
            task = asyncio.ensure_future(self._do(json.loads(line), writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _do(self, order: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        answer: dict[str, object] = {"id": order.pop("id")}
        try:
            answer["result"] = await self._verbs[order.pop("verb")](**order)
        except Exception:  # noqa: BLE001 - the test gets it
            answer["fault"] = traceback.format_exc()
        writer.write(json.dumps(answer).encode() + b"\n")
