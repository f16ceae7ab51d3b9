"""A process with many client ids: one `FlexitiSession` each, with one connection pool."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from benchmarks.harness.children import obey, run
from benchmarks.harness.target import ACCOUNT_NUMBER, Target
from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_stores.memory import MemoryStore

_CUSTOMER = PurchaseWidget(account_number=ACCOUNT_NUMBER)


class _Tenants:
    """The orders that it takes."""

    def __init__(self) -> None:
        self._sessions: list[FlexitiSession] = []
        self._http: aiohttp.ClientSession | None = None

    async def open(self, target: dict[str, Any], number: int) -> None:
        """Open sessions, and obtain a token for each, before anything is measured."""
        await self.close()
        whole = Target.from_json(target)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=whole.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        store = MemoryStore()
        for each in range(number):
            config = FlexitiConfig(
                client_id=f"tenant-{each}",
                client_secret=whole.client_secret,
                base_url=whole.base_url,
                store=store,
                request_timeout=whole.patience,
                connect_timeout=whole.patience,
            )
            self._sessions.append(FlexitiSession(config, client_session=self._http))
        await asyncio.gather(*(session.init_widget(_CUSTOMER) for session in self._sessions))

    async def calls(self, number: int, in_flight: int) -> dict[str, object]:
        """Measure calls, `in_flight` at a time, of one client id after the other."""
        numbers = iter(range(number))
        sessions = self._sessions

        async def shop() -> None:
            for each in numbers:
                await sessions[each % len(sessions)].init_widget(_CUSTOMER)

        gc.collect()
        cpu = time.process_time()
        await asyncio.gather(*(shop() for _ in range(in_flight)))
        return {"cpu": (time.process_time() - cpu) / number}

    async def close(self) -> None:
        """Close all sessions."""
        for session in self._sessions:
            await session.aclose()
        self._sessions = []
        if self._http is not None:
            await self._http.close()


async def _main() -> None:
    tenants = _Tenants()
    verbs: dict[str, Callable[..., Awaitable[dict[str, object] | None]]] = {
        "open": tenants.open,
        "calls": tenants.calls,
    }
    await obey(verbs)
    await tenants.close()


if __name__ == "__main__":
    run(_main(), "asyncio")
