"""
The sandbox in a process of its own, as the target of a load test.

Arguments: life of its tokens in seconds, seconds that its token endpoint takes.
"""

import secrets
import sys

from benchmarks.harness.children import obey, run
from flexiti_async.sandbox import Sandbox

__all__: list[str] = []


async def _main(expires_in: int, token_latency: float) -> None:
    running = Sandbox(
        # Another client id each time: no store has a token of an earlier sandbox for it.
        client_id=f"load-{secrets.token_hex(8)}",
        expires_in=expires_in,
        control_token=secrets.token_urlsafe(24),
        latency={"oauth/token": token_latency},
    )
    async with running:
        ready = {
            "options": {
                "base_url": running.base_url,
                "client_id": running.client_id,
                "client_secret": running.client_secret,
            },
            "control_url": running.control_url,
            "control_token": running.control_token,
        }
        await obey({}, ready)


if __name__ == "__main__":
    run(_main(int(sys.argv[1]), float(sys.argv[2])), "asyncio")
