"""Proxies and servers of the system, each in a folder of its own and on loopback only."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from flexiti_async.sandbox import Sandbox

from ...support.authority import Authority
from ...support.patience import PATIENCE
from ...support.ports import free_port
from ...support.relay import relay_to

Start = Callable[[str, str], Awaitable[int]]
"""Starts a program by its name and configuration, in which PORT and FOLDER are filled in."""

_COMMANDS = {
    "nginx": ["-c", "FOLDER/config", "-p", "FOLDER", "-g", "daemon off;", "-e", "FOLDER/log"],
    "haproxy": ["-db", "-f", "FOLDER/config"],
    "squid": ["-N", "-f", "FOLDER/config"],
    "tinyproxy": ["-d", "-c", "FOLDER/config"],
}


def command(name: str) -> str:
    """Find a program, also where only root looks."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    assert found is not None, f"no {name} on this machine: `nox -s proxies` says what it needs"
    return found


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Yield a function that starts a program; it is stopped afterwards."""
    running: list[asyncio.subprocess.Process] = []

    async def run(name: str, config: str) -> int:
        port, folder = free_port(), tmp_path / name
        folder.mkdir()
        folder.chmod(0o777)
        text = config.replace("PORT", str(port)).replace("FOLDER", str(folder))
        folder.joinpath("config").write_text(text)
        arguments = [each.replace("FOLDER", str(folder)) for each in _COMMANDS[name]]
        process = await asyncio.create_subprocess_exec(
            command(name),
            *arguments,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        running.append(process)
        async with asyncio.timeout(PATIENCE):
            while not await _answers(port):
                assert process.returncode is None, f"{name} has ended"
                await asyncio.sleep(0.05)
        return port

    yield run
    for process in running:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority that nobody trusts by default."""
    return Authority(tmp_path)


@pytest.fixture
async def secure(sandbox: Sandbox, authority: Authority) -> AsyncIterator[str]:
    """Yield the sandbox's URL over TLS."""
    assert sandbox.port is not None
    async with relay_to(sandbox.port, tls=authority.server()) as relay:
        path = sandbox.base_url.partition(str(sandbox.port))[2]
        yield f"https://localhost:{relay.port}{path}"
