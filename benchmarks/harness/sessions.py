"""A process with many sessions of one client id in one event loop, which should share one."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.harness.children import obey, run
from benchmarks.harness.counting import CountingStore
from benchmarks.harness.target import Target
from flexiti_async import FlexitiConfig, FlexitiSession, open_store


async def cold(target: dict[str, Any], store: str, number: int) -> dict[str, object]:
    """Let all sessions request their first token at once."""
    whole = Target.from_json(target)
    async with AsyncExitStack() as stack:
        counting = CountingStore(open_store(store))
        stack.push_async_callback(counting.aclose)
        config = FlexitiConfig(
            client_id=whole.client_id,
            client_secret=whole.client_secret,
            base_url=whole.base_url,
            store=counting,
            # Degraded mode would look like success with the store.
            on_store_failure="raise",
            store_timeout=10,
        )
        sessions = [await stack.enter_async_context(FlexitiSession(config)) for _ in range(number)]
        began, cpu = time.monotonic(), time.process_time()
        tokens = await asyncio.gather(*(session.token() for session in sessions))
        return {
            "seconds": time.monotonic() - began,
            "cpu": time.process_time() - cpu,
            "tokens": len({token.token_id for token in tokens}),
            "operations": counting.operations / number,
        }


async def _main() -> None:
    # The library warns of the second session.
    logging.getLogger("flexiti_async").setLevel(logging.ERROR)
    verbs: dict[str, Callable[..., Awaitable[dict[str, object] | None]]] = {"cold": cold}
    await obey(verbs)


if __name__ == "__main__":
    run(_main(), "asyncio")
