"""A wire between a store and its server, to be cut, and to hold back the bytes on it."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

from attrs import define, field

from flexiti_async.sandbox.state.thread import stop_accepting
from flexiti_async.testing.arguments import check, check_type

__all__ = ["Wire"]

_T = TypeVar("_T")
_LAST_PORT: Final = 65535


@define(eq=False)
class Wire:
    """
    A TCP proxy in a thread of its own, for a store whose server listens on this machine.

        with Wire(5432) as wire:
            store = open_store(f"postgresql://127.0.0.1:{wire.port}/shop")

    Args:
        target: The server's port, on 127.0.0.1.

    Attributes:
        port: The port on which the wire listens.

    Raises:
        ValidationError: The target is not a port.
    """

    target: int
    port: int = field(init=False, default=0)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _thread: threading.Thread = field(init=False)
    _server: asyncio.Server = field(init=False)
    _tasks: set[asyncio.Task[Any]] = field(init=False, factory=set[asyncio.Task[Any]])
    _open: asyncio.Event = field(init=False, factory=asyncio.Event)
    _heard: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        check_type("target", self.target, int)
        rule = "must be a port, from 1 to 65535"
        check("target", self.target, rule, good=0 < self.target <= _LAST_PORT)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def hold(self) -> None:
        """From now on no byte reaches the server; clients wait."""
        self._run(self._set(open_=False))

    def release(self) -> None:
        """Deliver what was held back, also of clients that have left, and all later bytes."""
        self._run(self._set(open_=True))

    def deafen(self) -> None:
        """From now on no byte of the server reaches a client: answers are lost or late."""
        self._run(self._deafen())

    def cut(self) -> None:
        """Break every connection that is open now."""
        self._run(self._cut())

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        self._open.set()
        self._heard.set()
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _set(self, *, open_: bool) -> None:
        if open_:
            self._open.set()
            self._heard.set()
        else:
            self._open.clear()

    async def _deafen(self) -> None:
        self._heard.clear()

    async def _cut(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # what was aborted is closed in the next rounds of the loop

    async def _close(self) -> None:
        await stop_accepting(self._server)
        self._server.close()
        self._open.set()
        await self._cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler of start_server is a task
        self._tasks.add(task)
        back = None
        try:
            answers, back = await asyncio.open_connection("127.0.0.1", self.target)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._send(reader, back))
                both.create_task(self._answer(answers, writer))
        except* OSError:
            pass
        finally:
            self._tasks.discard(task)
            for one in (writer, back):
                if one is not None:
                    one.transport.abort()

    async def _send(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        # Bytes of a client that has left are delivered: to the network it makes no difference.
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._open.wait()
                back.write(data)
                await back.drain()
        back.write_eof()

    async def _answer(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await answers.read(65536):
            await self._heard.wait()
            with suppress(OSError):
                writer.write(data)
                await writer.drain()
        writer.close()
