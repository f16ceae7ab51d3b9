"""A shop: some processes, the store that they share, and the sandbox that they ask."""

import asyncio
from typing import Any

from attrs import define, field

from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.loading import open_store
from flexiti_async.tokens.record import Record, TokenKey, decode_record

from ..crew.crew import Crew
from ..support.patience import PATIENT
from .crew import Answers, Worker
from .places import Place

__all__ = ["LEASE", "LIFETIME", "Shop"]

LIFETIME = 1200.0
"""Seconds that a token lives."""

TOKEN_TIMEOUT = 20.0
LEASE = 1.25 * TOKEN_TIMEOUT
"""Seconds after which nobody believes in a claim; who waits looks a hundred times in a lease."""


@define(eq=False)
class Shop:
    """
    Processes with sessions on one store and one sandbox, whose time can be put forward together.

    Attributes:
        crew: Where processes come from.
        place: The store.
        sandbox: Flexiti.
        workers: The processes.
    """

    crew: Crew[Worker]
    place: Place
    sandbox: Sandbox
    workers: list[Worker] = field(factory=list[Worker])
    _ahead: float = 0.0

    def config(self, **options: Any) -> dict[str, Any]:
        """Give the configuration of a session."""
        return {
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
            "base_url": self.sandbox.base_url,
            "store": self.place.url,
            **PATIENT,
            "token_timeout": TOKEN_TIMEOUT,
            **options,
        }

    async def hire(self, number: int = 1, *, mortal: bool = False, **options: Any) -> list[Worker]:
        """Start processes, each with a session."""
        workers = [await self.crew.hire() for _ in range(number)]
        self.workers += workers
        for worker in workers:
            await worker.shift(self._ahead)
            await worker.open(self.config(**options), mortal=mortal)
        return workers

    async def open_all(self) -> None:
        """Open new sessions in all processes."""
        await asyncio.gather(*(worker.open(self.config()) for worker in self.workers))

    async def token(self, times: int = 1, *, min_ttl: float | None = 0.0) -> Answers:
        """Let so many coroutines of every process ask for the token, all at once."""
        asked = (worker.token(times, min_ttl=min_ttl) for worker in self.workers)
        return Answers.of(await asyncio.gather(*asked))

    async def settle(self) -> None:
        """Wait for what the processes do in the background."""
        await asyncio.gather(*(worker.settle() for worker in self.workers))

    async def advance(self, seconds: float) -> None:
        """Let time pass for everybody: processes first, so that none sees the store run ahead."""
        self._ahead += seconds
        await asyncio.gather(*(worker.shift(seconds) for worker in self.workers))
        self.sandbox.advance(seconds)
        await asyncio.to_thread(self.place.advance, seconds)

    async def record(self) -> Record | None:
        """Look at what is stored."""
        key = TokenKey(self.sandbox.base_url, self.sandbox.client_id, Scope.CUSTOMER).store_key
        store = open_store(self.place.url)
        entry = await store.load(key)
        await store.aclose()
        return decode_record(entry.payload, key) if entry else None

    def requests(self, grant: str | None = None) -> int:
        """Count the token requests."""
        return self.sandbox.count("oauth/token", grant=grant)

    def all_live(self, tokens: frozenset[str]) -> bool:
        """Tell whether all these tokens are a customer's, not over, and not revoked."""
        now = self.sandbox.now()
        live = {
            token.access_token
            for token in self.sandbox.tokens
            if not token.revoked and now < token.expires_at and token.scope == "customer"
        }
        return bool(tokens) and tokens <= live

    async def aclose(self) -> None:
        """Let everybody go."""
        for worker in self.workers:
            await worker.aclose()
