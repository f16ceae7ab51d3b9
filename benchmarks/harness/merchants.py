"""
Memory and sockets of a platform with many merchants: `python -m benchmarks.harness.merchants`.

One process, one session for each merchant, one call each; first with connections of their own, then
over one client session that is lent to all. The figures are in `docs/how-to/merchants.md`.
"""

import asyncio
import contextlib
import gc
import sys
import tracemalloc
from pathlib import Path

import aiohttp

from benchmarks.harness.server import running_server
from benchmarks.harness.target import ACCOUNT_NUMBER, Target
from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_stores.memory import MemoryStore

_MERCHANTS = 200
_CUSTOMER = PurchaseWidget(account_number=ACCOUNT_NUMBER)


def _sockets() -> int:
    """Return the number of open sockets of this process; on Linux."""
    found = 0
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing's own file is closed by now
            found += str(file.readlink()).startswith("socket:")
    return found


async def _play(target: Target, *, lent: bool) -> str:
    """Open the sessions, make a call with each, and return what they take."""
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession()) if lent else None
        store = MemoryStore()
        gc.collect()
        tracemalloc.start()
        before = _sockets()
        sessions = [
            await stack.enter_async_context(
                FlexitiSession(
                    FlexitiConfig(
                        client_id=f"merchant-{number}",
                        client_secret=target.client_secret,
                        base_url=target.base_url,
                        store=store,
                    ),
                    client_session=http,
                )
            )
            for number in range(_MERCHANTS)
        ]
        gc.collect()
        opened, _ = tracemalloc.get_traced_memory()
        for session in sessions:
            await session.init_widget(_CUSTOMER)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
        sockets = _sockets() - before
        tracemalloc.stop()
    return (
        f"{'lent' if lent else 'own'} connections: {opened / _MERCHANTS / 1024:.1f} KiB for each "
        f"session, {used / _MERCHANTS / 1024:.1f} KiB after a call, open sockets: {sockets}\n"
    )


async def _main() -> None:
    async with running_server() as target:
        await _play(target, lent=False)  # the first one also counts what is cached once
        for lent in (False, True):
            sys.stdout.write(await _play(target, lent=lent))


if __name__ == "__main__":
    asyncio.run(_main())
