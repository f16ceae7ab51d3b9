"""Servers in processes of their own, whose output a test reads."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from ..support.patience import PATIENCE
from ..support.ports import free_port

__all__ = ["Running", "serving"]

HERE = Path(__file__).parent


@frozen
class Running:
    """
    A server that has been started.

    Attributes:
        url: Its URL.
        log: The file with all that it and its workers print.
        process: Its process.
    """

    url: str
    log: Path
    process: asyncio.subprocess.Process

    def logged(self) -> str:
        """Return what was printed up to now."""
        return self.log.read_text("utf-8")


@contextlib.asynccontextmanager
async def started(
    words: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Running, None]:
    """Start `python …`, with `{port}` filled in; kill it and its workers at the end."""
    port = free_port()
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    ours = {name: text for name, text in os.environ.items() if not name.startswith("FLEXITI_")}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", *(word.format(port=port) for word in words)),
            env={**ours, "PORT": str(port), "PYTHONPATH": path, **(env or {})},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Running(f"http://127.0.0.1:{port}", log, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@contextlib.asynccontextmanager
async def serving(
    words: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Running, None]:
    """The same, once it listens."""
    async with started(words, log, env) as running:
        async with asyncio.timeout(PATIENCE):
            while not await listens(running.url):
                assert running.process.returncode is None
                await asyncio.sleep(0.05)
        yield running


async def listens(url: str) -> bool:
    """Whether something accepts connections."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    except ConnectionError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
