"""What every worker is: a process that takes orders, by a clock that can be set wrong."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flexiti_async.clock import SYSTEM_CLOCK

__all__ = ["Obedient", "ShiftedClock"]


class ShiftedClock:
    """The machine's clocks, put forward; and a wall clock that somebody has set wrong."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.wrong = 0.0

    def wall(self) -> float:
        """Seconds since the epoch, in this host's opinion."""
        return SYSTEM_CLOCK.wall() + self.ahead + self.wrong

    def boot(self) -> float:
        """Seconds since boot."""
        return SYSTEM_CLOCK.boot() + self.ahead


class Obedient:
    """
    Take orders: a JSON object a line, each answered by one with the same `id`.

    It ends when its other side is gone.

    Args:
        verbs: What it can be told to do.

    Attributes:
        main: The task that takes the orders.
    """

    def __init__(self, verbs: Mapping[str, Callable[..., Awaitable[object]]]) -> None:
        self._verbs = verbs
        self.main: asyncio.Task[Any] | None = None

    async def obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take orders to the end, as many at once as there are."""
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
        except Exception:  # noqa: BLE001 - the test is told, whatever it is
            answer["fault"] = traceback.format_exc()
        writer.write(json.dumps(answer).encode() + b"\n")
