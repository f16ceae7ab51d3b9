"""1,000 histories of each store, more than its contract records; PostgreSQL has its own session."""

from pathlib import Path

from flexiti_async.testing import Wire
from flexiti_async.testing.store_histories import impossible_histories, trouble_on
from flexiti_stores.file import FileStore
from flexiti_stores.memory import MemoryStore
from flexiti_stores.redis import RedisStore

from ..support.patience import PATIENCE
from .servers import Server

NUMBER = 1000


async def test_1000_histories_of_memory() -> None:
    """Each has happened in some order."""
    assert [] == await impossible_histories(MemoryStore(), number=NUMBER)


async def test_1000_histories_of_files(tmp_path: Path) -> None:
    """Each has happened in some order, through two handles."""
    handles = [FileStore(tmp_path, timeout=PATIENCE) for _ in range(2)]
    found = await impossible_histories(*handles, number=NUMBER)
    for handle in handles:
        await handle.aclose()

    assert [] == found


async def test_1000_histories_of_valkey_with_cuts(valkey: Server) -> None:
    """Each has happened in some order, half of the callers over a wire that fails all the time."""
    store = RedisStore.from_url(valkey.url)
    with Wire(valkey.port) as wire:
        through = RedisStore.from_url(f"redis://127.0.0.1:{wire.port}?timeout=1")
        async with trouble_on(wire):
            found = await impossible_histories(store, through, number=NUMBER)
        await through.aclose()
    await store.aclose()

    assert [] == found
