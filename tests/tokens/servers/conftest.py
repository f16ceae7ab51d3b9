"""Token servers that others have written, each on loopback."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from attrs import frozen

from .authlib_server import application

SECRETS = {"shop": "a secret: with + and / and %", "plain": "letters-and-digits-1"}
"""
By client id; of servers in this test.

None of them decodes HTTP Basic as RFC 6749 section 2.3.1 says, so only a plain one passes there.
"""
SECONDS = 4
"""The life of its tokens."""
NPM = ("oauth2-server", "@node-oauth/oauth2-server")
_PROGRAM = Path(__file__).with_name("oauth2_server.cjs")


@frozen
class TokenServer:
    """
    A running server.

    Attributes:
        name: Of its package.
        url: The API base URL.
    """

    name: str
    url: str

    async def command(self, name: str) -> dict[str, int]:
        """Give it a command, and return its counts of requests."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.url}/control/{name}") as answer,
        ):
            return dict(await answer.json())


@asynccontextmanager
async def _by_node(package: str) -> AsyncGenerator[str]:
    node = shutil.which("node")
    folder = os.environ.get("OAUTH2_SERVERS")
    assert node is not None, "no Node.js on this machine: `nox -s token_servers` says what it needs"
    assert folder is not None, "OAUTH2_SERVERS names no folder: use `nox -s token_servers`"
    process = await asyncio.create_subprocess_exec(
        *(node, str(_PROGRAM), package, str(SECONDS), json.dumps(SECRETS)),
        env={**os.environ, "NODE_PATH": str(Path(folder) / "node_modules")},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def _by_authlib() -> AsyncGenerator[str]:
    runner = web.AppRunner(application(SECONDS, SECRETS))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture(params=[*NPM, "authlib"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[TokenServer]:
    """Yield a server of each kind."""
    name = str(request.param)
    async with _by_node(name) if name in NPM else _by_authlib() as url:
        yield TokenServer(name, url)
