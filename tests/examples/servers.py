"""Servers in processes of their own, started as in a deployment of an example."""

import asyncio
import base64
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE, PATIENT_VARIABLES


def environment(sandbox: Sandbox, store: str) -> dict[str, str]:
    """Return the variables that configure a shop for a sandbox."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("FLEXITI_")}
    return {
        **ours,
        "FLEXITI_BASE_URL": sandbox.base_url,
        "FLEXITI_CLIENT_ID": sandbox.client_id,
        "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
        "FLEXITI_STORE": store,
        # A resumed checkout's account counts because the record is encrypted.
        "FLEXITI_TOKEN_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        **PATIENT_VARIABLES,
    }


@asynccontextmanager
async def serving(
    arguments: Sequence[str], port: int, env: dict[str, str], folder: Path
) -> AsyncGenerator[str, None]:
    """Run `python …` until it listens, yield its URL, and stop it as a service manager does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", *arguments, env=env, cwd=folder, start_new_session=True
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while not await _listens(port):
                assert process.returncode is None
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
