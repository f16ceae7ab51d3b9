"""The contract of stores, for every store that is a process or a folder of this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from flexiti_async.store.interface import TokenStore
from flexiti_async.store.loading import open_store
from flexiti_async.testing import (
    AgesContract,
    ExpiryContract,
    LoopsContract,
    OutageContract,
    SharedStoreContract,
    StoreContract,
)
from flexiti_stores.memory import MemoryStore
from flexiti_stores.redis import RedisStore

from .servers import Server


class FromUrl(SharedStoreContract, AgesContract, LoopsContract):
    """Stores that are opened twice by their URL."""

    @pytest.fixture
    async def store(self, store_url: str) -> AsyncIterator[TokenStore]:
        """Open the store."""
        store = open_store(store_url)
        yield store
        await store.aclose()

    @pytest.fixture
    async def second(self, store_url: str) -> AsyncIterator[TokenStore]:
        """Open it again."""
        store = open_store(store_url)
        yield store
        await store.aclose()


class TestMemory(StoreContract, AgesContract, LoopsContract):
    """The memory store."""

    @pytest.fixture
    def store(self) -> TokenStore:
        """Return a store."""
        return MemoryStore()


class TestFile(FromUrl):
    """The file store."""

    @pytest.fixture
    def store_url(self, tmp_path: Path) -> str:
        """Return the URL of a folder that does not exist yet."""
        return f"{(tmp_path / 'tokens').as_uri()}?timeout=10"


class TestValkey(FromUrl, ExpiryContract):
    """The Redis store with Valkey, over TCP."""

    @pytest.fixture
    def store_url(self, valkey: Server) -> str:
        """Return the URL of the server."""
        return valkey.url


class TestRedis(FromUrl, ExpiryContract):
    """The Redis store with Redis 6.2, over a unix socket and in another database."""

    @pytest.fixture
    def store_url(self, redis62: Server) -> str:
        """Return the URL of the socket."""
        return f"unix://{redis62.socket}?db=3&prefix=shop:&timeout=10&connect_timeout=10"


class TestValkeyOutage(OutageContract):
    """A server that is killed and comes back."""

    @pytest.fixture
    async def store(self, own_server: Server) -> AsyncIterator[TokenStore]:
        """Open the store."""
        store = RedisStore.from_url(f"unix://{own_server.socket}")
        yield store
        await store.aclose()


class TestBorrowed(StoreContract, AgesContract, ExpiryContract):
    """A client that the shop lends, with its default retries and few connections."""

    @pytest.fixture(params=[False, True], ids=["bytes", "text"])
    async def store(
        self, valkey: Server, request: pytest.FixtureRequest
    ) -> AsyncIterator[TokenStore]:
        """Return a store with a borrowed client, which may decode answers."""
        async with Redis(port=valkey.port, decode_responses=bool(request.param)) as client:
            yield RedisStore(client, timeout=10)
