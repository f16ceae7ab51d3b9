"""A server that is told to end while it obtains a token leaves no claim behind."""

import asyncio
from pathlib import Path

import pytest

from ..examples.servers import environment, serving
from ..support.patience import PATIENCE
from ..support.ports import free_port
from .shop import Shop

TOKEN = "oauth/token"
SERVERS = {
    "uvicorn": (
        *("-m", "uvicorn", "--log-level", "warning", "--timeout-graceful-shutdown", "1"),
        *("--port", "{port}", "--app-dir", "{here}"),
    ),
    "gunicorn": (
        *("-m", "gunicorn", "-k", "asgi", "--log-level", "warning", "--graceful-timeout", "60"),
        *("--no-control-socket", "--bind", "127.0.0.1:{port}", "--chdir", "{here}"),
    ),
}


@pytest.mark.parametrize("server", SERVERS)
async def test_sigterm(shop: Shop, tmp_path: Path, server: str) -> None:
    """
    The request that waits for the token is cancelled, and the session closed.

    gunicorn kills a worker whose request waits for longer than the graceful time, without closing
    the application: there the customer leaves before.
    """
    shop.sandbox.latency = {TOKEN: PATIENCE}
    port = free_port()
    here = Path(__file__).parent
    arguments = [one.format(port=port, here=here) for one in (*SERVERS[server], "web_shop:app")]
    env = environment(shop.sandbox, shop.store.url)
    del env["FLEXITI_TOKEN_KEYS"]  # the records are read here
    async with serving(arguments, port, env, tmp_path):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /token HTTP/1.1\r\nHost: shop\r\n\r\n")
        while not shop.requests():
            await asyncio.sleep(0.01)
        claimed = await shop.record()
        if server == "gunicorn":
            writer.close()
    writer.close()
    left = await shop.record()
    shop.sandbox.latency = {}
    [worker] = await shop.start_workers()
    answers = await worker.token()

    assert claimed is not None
    assert claimed.claim is not None
    assert left is not None
    assert left.claim is None
    assert (1, 2) == (answers.served, shop.requests())
