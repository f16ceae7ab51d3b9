"""A process of a shop: one `FlexitiSession`, with a shared store whose operations are counted."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from benchmarks.harness.children import obey, run
from benchmarks.harness.counting import CountingStore
from benchmarks.harness.target import ACCOUNT_NUMBER, Target
from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession, PurchaseWidget, open_store
from flexiti_async.events.types import Event, TokenWaited

__all__ = ["CHECKOUTS", "KINDS", "NOT_RESUMABLE", "ONE_CALL", "RESUMABLE", "TOKENS"]

ONE_CALL: Final = "init_widget()"
NOT_RESUMABLE: Final = "checkout(resumable=False)"
RESUMABLE: Final = "checkout()"

TOKENS: Final = "token()"
CHECKOUTS: Final = "checkouts (a min_ttl of half a lifetime)"
KINDS: Final[tuple[str, ...]] = (TOKENS, CHECKOUTS)
"""Kinds of steady callers."""
_CUSTOMER: Final = PurchaseWidget(account_number=ACCOUNT_NUMBER)


class _Shop:
    """The orders that a shop takes."""

    def __init__(self) -> None:
        self._waits: list[float] = []
        self._session: FlexitiSession
        self._store: CountingStore | None = None

    async def open(self, target: dict[str, Any], store: str) -> None:
        """Open a session with a store, in place of the previous one."""
        await self.close()
        whole = Target.from_json(target)
        self._store = CountingStore(open_store(store))
        config = FlexitiConfig(
            client_id=whole.client_id,
            client_secret=whole.client_secret,
            base_url=whole.base_url,
            store=self._store,
            # The operations of the token store are counted.
            journal="memory://",
            # Degraded mode would look like success with the store.
            on_store_failure="raise",
            store_timeout=10,
        )
        self._session = FlexitiSession(config, listeners=[self._note])

    async def token(self, at: float = 0.0) -> dict[str, object]:
        """Ask for the token at a moment of the monotonic clock, and return when it was there."""
        await asyncio.sleep(max(at - time.monotonic(), 0.0))
        before = self._operations
        token = await self._session.token()
        done = time.monotonic()
        return {
            "done": done,
            "token": token.access_token.reveal(),
            "operations": self._operations - before,
        }

    async def steady(self, seconds: float, rate: float, kind: str) -> dict[str, object]:
        """Let callers of a kind come at a rate, each on time, and count those that had to wait."""
        harmed = 0
        wants: dict[str, Callable[[], Awaitable[object]]] = {
            TOKENS: self._session.token,
            CHECKOUTS: self._checkout,
        }

        async def call() -> None:
            nonlocal harmed
            try:
                await wants[kind]()
            except FlexitiError:
                harmed += 1

        # The first caller has to wait for the first token; only refreshes count.
        await call()
        self._waits.clear()
        operations = self._operations
        began, callers = time.monotonic(), round(seconds * rate)
        tasks: list[asyncio.Task[None]] = []
        for number in range(callers):
            await asyncio.sleep(max(began + number / rate - time.monotonic(), 0.0))
            tasks.append(asyncio.ensure_future(call()))
        await asyncio.gather(*tasks)
        return {
            "callers": callers,
            "blocked": len(self._waits),
            "harmed": harmed,
            "operations": self._operations - operations,
        }

    async def operations(self, number: int) -> dict[str, float]:
        """Count store operations per step of each kind of checkout, with a cached token."""
        await self._session.token(min_ttl=None)

        async def one_call() -> None:
            await self._session.init_widget(_CUSTOMER)

        async def resumable() -> None:
            checkout = await self._session.checkout("order-1")
            await checkout.init_widget(_CUSTOMER)

        kinds: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            ONE_CALL: (1, one_call),
            NOT_RESUMABLE: (2, self._checkout),
            RESUMABLE: (2, resumable),
        }
        counted: dict[str, float] = {}
        for name, (steps, kind) in kinds.items():
            before = self._operations
            for _ in range(number):
                await kind()
            counted[name] = (self._operations - before) / number / steps
        return counted

    async def _checkout(self) -> None:
        checkout = await self._session.checkout("order-1", resumable=False)
        await checkout.init_widget(_CUSTOMER)

    @property
    def _operations(self) -> int:
        return 0 if self._store is None else self._store.operations

    async def close(self) -> None:
        """Close the session and the store, if open."""
        if self._store is not None:
            await self._session.aclose()
            await self._store.aclose()
            self._store = None

    def _note(self, event: Event) -> None:
        if isinstance(event, TokenWaited):
            self._waits.append(event.seconds)


async def _main() -> None:
    shop = _Shop()
    verbs: dict[str, Callable[..., Awaitable[dict[str, object] | dict[str, float] | None]]] = {
        "open": shop.open,
        "token": shop.token,
        "steady": shop.steady,
        "operations": shop.operations,
    }
    await obey(verbs)
    await shop.close()


if __name__ == "__main__":
    run(_main(), "asyncio")
