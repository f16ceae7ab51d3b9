"""Stores that go away, stall and lose what is in them."""

import asyncio
import fcntl
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from attrs import define, field

from ..stores.servers import Server, valkey_binary

__all__ = ["FileGround", "Ground", "ValkeyGround", "open_ground"]


class Ground(Protocol):
    """A store that can be disturbed; one thing at a time."""

    @property
    def url(self) -> str:
        """URL of the store."""
        ...

    async def start(self) -> None:
        """Make it."""
        ...

    async def take_away(self) -> None:
        """Let there be no store."""
        ...

    async def bring_back(self) -> None:
        """Let it be there again."""
        ...

    async def stall(self) -> None:
        """Let it not answer."""
        ...

    async def go_on(self) -> None:
        """Let it answer again."""
        ...

    async def lose(self) -> None:
        """Forget what is stored."""
        ...

    async def aclose(self) -> None:
        """Let there be nothing left."""
        ...


@define
class FileGround:
    """A folder. Where it is taken away stands a file; its locks can be held."""

    _home: Path = field(factory=lambda: Path(tempfile.mkdtemp(prefix="fx-chaos-")))
    _locks: list[int] = field(factory=list[int])

    @property
    def url(self) -> str:
        """URL of the store."""
        return f"{self._folder.as_uri()}?timeout=0.4"

    @property
    def _folder(self) -> Path:
        return self._home / "tokens"

    async def start(self) -> None:
        """Make the folder."""
        self._folder.mkdir(mode=0o700)

    async def take_away(self) -> None:
        """Move the folder."""
        self._folder.rename(self._home / "away")
        while True:
            try:
                self._folder.touch(exist_ok=False)
            except FileExistsError:
                shutil.rmtree(self._folder)  # a process was quicker and has made a new one
            else:
                return

    async def bring_back(self) -> None:
        """Move it back."""
        self._folder.unlink()
        while True:
            try:
                (self._home / "away").rename(self._folder)
            except OSError:
                shutil.rmtree(self._folder)
            else:
                return

    async def stall(self) -> None:
        """Hold all locks that there are, as a process that was stopped does."""
        for name in self._folder.glob("*.lock"):
            lock = os.open(name, os.O_RDWR)
            self._locks.append(lock)
            with suppress(OSError):
                await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)

    async def go_on(self) -> None:
        """Let go of the locks."""
        while self._locks:
            os.close(self._locks.pop())

    async def lose(self) -> None:
        """Remove the records."""
        for record in self._folder.glob("*.record"):
            record.unlink(missing_ok=True)

    async def aclose(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._home, ignore_errors=True)


@define
class ValkeyGround:
    """A server, which has nothing stored when it comes back."""

    _server: Server = field(
        factory=lambda: Server(valkey_binary(), Path(tempfile.mkdtemp(prefix="fx")))
    )

    @property
    def url(self) -> str:
        """URL of the store."""
        return f"redis://127.0.0.1:{self._server.port}?timeout=0.4&connect_timeout=0.4"

    async def start(self) -> None:
        """Start the server."""
        await asyncio.to_thread(self._server.start)

    async def take_away(self) -> None:
        """Kill it."""
        await asyncio.to_thread(self._server.stop)

    async def bring_back(self) -> None:
        """Start it again, empty, on the port that it had."""
        await asyncio.to_thread(self._server.start)

    async def stall(self) -> None:
        """Stop its process: connections stay, and nobody answers."""
        os.kill(self._server.pid, signal.SIGSTOP)

    async def go_on(self) -> None:
        """Let the process go on."""
        os.kill(self._server.pid, signal.SIGCONT)

    async def lose(self) -> None:
        """Empty it."""
        with self._server.client() as client:
            await asyncio.to_thread(client.flushall)

    async def aclose(self) -> None:
        """End it."""
        await asyncio.to_thread(self._server.stop)
        shutil.rmtree(self._server.folder, ignore_errors=True)


def open_ground(store: str) -> Ground:
    """Make a store of a kind, `file` or `valkey`."""
    return FileGround() if store == "file" else ValkeyGround()
