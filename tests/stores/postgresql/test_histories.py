"""1,000 histories of PostgreSQL, more than its contract records."""

from flexiti_async.testing import Wire
from flexiti_async.testing.store_histories import impossible_histories, trouble_on
from flexiti_stores.postgres import PostgresStore

from .servers import Postgres


async def test_1000_histories_of_postgresql_with_cuts(machine: Postgres) -> None:
    """Each has happened in some order, half of the callers over a wire that fails all the time."""
    store = PostgresStore.from_url(machine.url)
    await store.create_schema()
    with Wire(machine.port) as wire:
        through = PostgresStore.from_url(
            f"postgresql://boss@127.0.0.1:{wire.port}/postgres?sslmode=disable&timeout=1"
        )
        async with trouble_on(wire):
            found = await impossible_histories(store, through, number=1000)
        await through.aclose()
    await store.aclose()

    assert [] == found
