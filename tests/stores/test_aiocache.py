"""A store on aiocache's caches, and the caches that it rejects."""

import aiocache
import pytest
from aiocache.serializers import JsonSerializer, PickleSerializer

from flexiti_async.errors import ConfigError, RecordUnreadable
from flexiti_async.store.interface import TokenStore
from flexiti_async.store.journal import journal_store
from flexiti_async.testing import ExpiryContract, StoreContract
from flexiti_async.testing.store_contract import new_entry, new_key
from flexiti_stores.aiocache import AiocacheStore


class TestAiocacheMemory(StoreContract, ExpiryContract):
    """aiocache's memory cache, in one event loop; the serializer is not used."""

    @pytest.fixture(params=[None, JsonSerializer, PickleSerializer])
    def store(self, request: pytest.FixtureRequest) -> TokenStore:
        """Return a cache with some serializer."""
        serializer = request.param and request.param()
        return AiocacheStore(aiocache.SimpleMemoryCache(serializer=serializer, namespace="x:"))


async def test_the_switch_of_aiocache_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AIOCACHE_DISABLE=1 is an error: every write would succeed without storing anything."""
    store = AiocacheStore(aiocache.SimpleMemoryCache())
    monkeypatch.setenv("AIOCACHE_DISABLE", "1")

    with pytest.raises(ConfigError, match="AIOCACHE_DISABLE"):
        AiocacheStore(aiocache.SimpleMemoryCache())
    with pytest.raises(ConfigError, match="AIOCACHE_DISABLE"):
        await store.swap("key", new_entry(), expected=None)


def test_a_cache_that_cannot_compare_texts_is_rejected() -> None:
    """Aiocache's memcached is rejected: it compares a number of the server, not a text."""

    class Memcached(aiocache.SimpleMemoryCache):
        NAME = "memcached"

    with pytest.raises(ConfigError, match="memcached"):
        AiocacheStore(Memcached())


@pytest.mark.parametrize("name", ["", "dynamo", "zoo", None])
async def test_a_cache_of_any_other_name_is_taken(name: str | None) -> None:
    """The name of a cache shows nothing of its abilities, except memcached's."""

    class Own(aiocache.SimpleMemoryCache):
        NAME = name

    store, key = AiocacheStore(Own()), new_key()

    assert await store.swap(key, new_entry(), expected=None)
    assert not await store.swap(key, new_entry(), expected=None)


async def test_a_foreign_text_names_the_cache_and_not_the_text() -> None:
    """The error for a foreign text in a shared cache names the cache, and not the text."""
    cache = aiocache.SimpleMemoryCache()
    store = AiocacheStore(cache)
    await cache.set("key", "canary")
    with pytest.raises(RecordUnreadable, match="a key of SimpleMemoryCache holds") as caught:
        await store.load("key")

    assert "canary" not in str(caught.value)
    assert "<AiocacheStore on SimpleMemoryCache>" == repr(store)


def test_a_cache_cannot_keep_a_journal() -> None:
    """It knows no life: a cache that forgets looks like one that has never known."""
    with pytest.raises(ConfigError, match=r"cannot keep a journal: it has no keys and life\(\)"):
        journal_store(AiocacheStore(aiocache.SimpleMemoryCache()))
