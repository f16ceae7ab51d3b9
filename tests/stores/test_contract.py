"""The contract of stores, for every store that is a process or a folder of this machine."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from flexiti_async.store.interface import JournalStore, TokenStore
from flexiti_async.store.loading import open_store
from flexiti_async.testing import (
    AgesContract,
    ExpiryContract,
    FaultyStore,
    JournalContract,
    LoopsContract,
    OutageContract,
    SharedJournalContract,
    SharedStoreContract,
    StoreContract,
    Wire,
    WireContract,
)
from flexiti_stores.file import FileStore
from flexiti_stores.memory import MemoryStore
from flexiti_stores.redis import RedisStore

from ..support.patience import PATIENCE
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


class TestMemory(StoreContract, AgesContract, LoopsContract, JournalContract):
    """A dict."""

    @pytest.fixture
    def store(self) -> JournalStore:
        """Open a store."""
        return MemoryStore()

    @pytest.fixture
    def elsewhere(self) -> JournalStore:
        """Open another one."""
        return MemoryStore()


class TestFaulty(StoreContract, AgesContract, LoopsContract, JournalContract):
    """The store of tests, as long as no fault is injected."""

    @pytest.fixture
    def store(self) -> JournalStore:
        """Open a store."""
        return FaultyStore()

    @pytest.fixture
    def elsewhere(self) -> JournalStore:
        """Open another one, which is on another server."""
        store = FaultyStore()
        store.fingerprint = "elsewhere"
        return store


class TestFile(FromUrl, SharedJournalContract):
    """Files."""

    @pytest.fixture
    def store_url(self, tmp_path: Path) -> str:
        """Name a folder that is not there yet."""
        return f"{(tmp_path / 'tokens').as_uri()}?timeout={PATIENCE}"

    @pytest.fixture
    async def elsewhere(self, tmp_path: Path) -> AsyncIterator[JournalStore]:
        """Open another folder."""
        other = FileStore(tmp_path / "elsewhere", timeout=10)
        yield other
        await other.aclose()


class Journal(FromUrl, ExpiryContract, SharedJournalContract, WireContract):
    """A server that can do everything."""

    @pytest.fixture
    async def elsewhere(self, own_server: Server) -> AsyncIterator[JournalStore]:
        """Open a store on another server."""
        other = RedisStore.from_url(own_server.url)
        yield other
        await other.aclose()

    @pytest.fixture
    def wire(self, store_url: str) -> Iterator[Wire]:
        """Put a wire in front of the server."""
        with Wire(urlsplit(store_url).port or 0) as wire:
            yield wire

    @pytest.fixture
    async def through(self, wire: Wire) -> AsyncIterator[TokenStore]:
        """Open the store through the wire."""
        through = RedisStore.from_url(f"redis://127.0.0.1:{wire.port}?timeout=1")
        yield through
        await through.aclose()


class TestValkey(Journal):
    """Valkey, over TCP."""

    @pytest.fixture
    def store_url(self, valkey: Server) -> str:
        """Return the URL of the server."""
        return valkey.url


class TestRedisTcp(Journal):
    """Redis 6.2, over TCP."""

    @pytest.fixture
    def store_url(self, redis62: Server) -> str:
        """Name the server."""
        return redis62.url


class TestRedis(FromUrl, ExpiryContract):
    """The Redis store with Redis 6.2, over a unix socket and in another database."""

    @pytest.fixture
    def store_url(self, redis62: Server) -> str:
        """Name the socket."""
        return f"unix://{redis62.socket}?db=3&prefix=shop:&timeout={PATIENCE}&connect_timeout={PATIENCE}"


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
            yield RedisStore(client, timeout=PATIENCE)
