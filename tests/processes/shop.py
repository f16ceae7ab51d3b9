"""A shop: some processes, the store that they share, and the sandbox."""

import asyncio
from typing import Any

from attrs import define, field

from flexiti_async.sandbox import Sandbox
from flexiti_async.store.loading import open_store
from flexiti_async.tokens.record import Record, decode_record

from ..crew.crew import Crew
from ..support.keys import token_key
from ..support.patience import PATIENT
from .controlled_stores import ControlledStore
from .crew import Answers, Worker

__all__ = ["LEASE", "LIFETIME", "Shop"]

LIFETIME = 1200.0
"""Seconds that a token lives."""

TOKEN_TIMEOUT = 20.0
LEASE = 1.25 * TOKEN_TIMEOUT
"""Seconds after which a claim lapses; waiting processes read a hundred times per lease."""


@define(eq=False)
class Shop:
    """
    Processes with sessions on one store and one sandbox, whose clocks advance together.

    Attributes:
        crew: Starts processes.
        store: The store.
        sandbox: The API.
        workers: The processes.
    """

    crew: Crew[Worker]
    store: ControlledStore
    sandbox: Sandbox
    workers: list[Worker] = field(factory=list[Worker])
    _ahead: float = 0.0

    def config(self, **options: Any) -> dict[str, Any]:
        """Return the configuration of a session."""
        return {
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
            "base_url": self.sandbox.base_url,
            "store": self.store.url,
            **PATIENT,
            "token_timeout": TOKEN_TIMEOUT,
            **options,
        }

    async def start_workers(
        self, number: int = 1, *, mortal: bool = False, **options: Any
    ) -> list[Worker]:
        """Start processes, each with a session."""
        workers = [await self.crew.start_worker() for _ in range(number)]
        self.workers += workers
        for worker in workers:
            await worker.shift(self._ahead)
            await worker.open(self.config(**options), mortal=mortal)
        return workers

    async def open_all(self) -> None:
        """Open new sessions in all processes."""
        await asyncio.gather(*(worker.open(self.config()) for worker in self.workers))

    async def token(self, times: int = 1, *, min_ttl: float | None = 0.0) -> Answers:
        """Let coroutines of every process ask for the token, all at once."""
        asked = (worker.token(times, min_ttl=min_ttl) for worker in self.workers)
        return Answers.of(await asyncio.gather(*asked))

    async def settle(self) -> None:
        """Wait for the background tasks of all processes."""
        await asyncio.gather(*(worker.settle() for worker in self.workers))

    async def advance(self, seconds: float) -> None:
        """Advance all clocks: those of processes first, so that no store is ahead of one."""
        self._ahead += seconds
        await asyncio.gather(*(worker.shift(seconds) for worker in self.workers))
        self.sandbox.advance(seconds)
        await asyncio.to_thread(self.store.advance, seconds)

    async def record(self) -> Record | None:
        """Return the stored record."""
        key = token_key(self.sandbox)
        store = open_store(self.store.url)
        entry = await store.load(key)
        await store.aclose()
        return decode_record(entry.payload, key) if entry else None

    def requests(self, grant: str | None = None) -> int:
        """Count the token requests."""
        return self.sandbox.count("oauth/token", grant=grant)

    def all_live(self, tokens: frozenset[str]) -> bool:
        """Whether all tokens are customer tokens, neither expired nor revoked."""
        now = self.sandbox.now()
        live = {
            token.access_token
            for token in self.sandbox.tokens
            if not token.revoked and now < token.expires_at and token.scope == "customer"
        }
        return bool(tokens) and tokens <= live

    async def aclose(self) -> None:
        """End all processes."""
        for worker in self.workers:
            await worker.aclose()
