"""Stores that become unavailable, stall and lose their records."""

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

__all__ = ["FaultyFileStore", "FaultyStore", "FaultyValkey", "open_faulty_store"]


class FaultyStore(Protocol):
    """A store that can be disturbed, in one way at a time."""

    @property
    def url(self) -> str:
        """URL of the store."""
        ...

    async def start(self) -> None:
        """Create it."""
        ...

    async def remove(self) -> None:
        """Make the store unavailable."""
        ...

    async def restore(self) -> None:
        """Make it available again."""
        ...

    async def stall(self) -> None:
        """Keep it from answering."""
        ...

    async def resume(self) -> None:
        """Let it answer again."""
        ...

    async def wipe(self) -> None:
        """Delete all records."""
        ...

    async def aclose(self) -> None:
        """Delete it."""
        ...


@define
class FaultyFileStore:
    """A folder, which can be replaced by a file, and whose locks can be held."""

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
        """Create the folder."""
        self._folder.mkdir(mode=0o700)

    async def remove(self) -> None:
        """Replace the folder by a file."""
        self._folder.rename(self._home / "away")
        while True:
            try:
                self._folder.touch(exist_ok=False)
            except FileExistsError:
                shutil.rmtree(self._folder)  # a process was quicker and created a new one
            else:
                return

    async def restore(self) -> None:
        """Move the folder back."""
        self._folder.unlink()
        while True:
            try:
                (self._home / "away").rename(self._folder)
            except OSError:
                shutil.rmtree(self._folder)
            else:
                return

    async def stall(self) -> None:
        """Hold all locks, as a stopped process does."""
        for name in self._folder.glob("*.lock"):
            lock = os.open(name, os.O_RDWR)
            self._locks.append(lock)
            with suppress(OSError):
                await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)

    async def resume(self) -> None:
        """Release the locks."""
        while self._locks:
            os.close(self._locks.pop())

    async def wipe(self) -> None:
        """Delete the records."""
        for record in self._folder.glob("*.record"):
            record.unlink(missing_ok=True)

    async def aclose(self) -> None:
        """Delete everything."""
        shutil.rmtree(self._home, ignore_errors=True)


@define
class FaultyValkey:
    """A server, which is empty after a restart."""

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

    async def remove(self) -> None:
        """Kill the server."""
        await asyncio.to_thread(self._server.stop)

    async def restore(self) -> None:
        """Start it again, empty, on the same port."""
        await asyncio.to_thread(self._server.start)

    async def stall(self) -> None:
        """Stop its process: connections stay open without answers."""
        os.kill(self._server.pid, signal.SIGSTOP)

    async def resume(self) -> None:
        """Continue the process."""
        os.kill(self._server.pid, signal.SIGCONT)

    async def wipe(self) -> None:
        """Flush the server."""
        with self._server.client() as client:
            await asyncio.to_thread(client.flushall)

    async def aclose(self) -> None:
        """Stop the server."""
        await asyncio.to_thread(self._server.stop)
        shutil.rmtree(self._server.folder, ignore_errors=True)


def open_faulty_store(store: str) -> FaultyStore:
    """Return a store of a kind, `file` or `valkey`."""
    return FaultyFileStore() if store == "file" else FaultyValkey()
