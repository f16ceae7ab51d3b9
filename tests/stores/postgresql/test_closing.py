"""Closing, whatever it crosses: no connection is left, and none is opened again."""

import asyncio
import gc
import weakref

import pytest

from flexiti_async.testing.store_contract import new_entry, new_key
from flexiti_stores.postgres import SWEEP, PostgresStore

from ...support.leftovers import Leftovers
from .servers import Postgres


@pytest.fixture
def store_url(machine: Postgres) -> str:
    """Name a server, and the connections to it."""
    return machine.url_for("boss", table="closing_records")


CONNECTIONS = "select count(*) from pg_stat_activity where application_name = 'flexiti-async'"


@pytest.mark.usefixtures("store")
async def test_a_close_that_is_cancelled_or_crosses_a_connect(
    store: PostgresStore, store_url: str, machine: Postgres
) -> None:
    """At every step of a load: the connection that it makes is closed in the end."""
    await store.aclose()
    others = [PostgresStore.from_url(store_url) for _ in range(30)]
    for steps, other in enumerate(others):
        load = asyncio.create_task(other.load("key"))
        for _ in range(2 * steps):
            await asyncio.sleep(0)
        closing = asyncio.create_task(other.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(load, closing, return_exceptions=True)

    await asyncio.to_thread(machine.wait_for, CONNECTIONS.replace("count(*)", "count(*) = 0"))


async def test_a_sweep_after_the_close_opens_nothing(
    store: PostgresStore, machine: Postgres
) -> None:
    """The write that would begin a sweep crosses the close."""
    for _ in range(SWEEP - 1):
        await store.swap(new_key(), new_entry(), expected=None)
    last = asyncio.create_task(store.swap(new_key(), new_entry(), expected=None))
    await asyncio.sleep(0)
    await store.aclose()

    assert await last
    await asyncio.to_thread(machine.wait_for, CONNECTIONS.replace("count(*)", "count(*) = 0"))
    assert 0 == len(store._opened)


@pytest.mark.filterwarnings("ignore:.*unclosed")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_was_only_closed_is_forgotten(machine: Postgres, leftovers: Leftovers) -> None:
    """Its connections are dropped when another loop uses the store."""
    store = PostgresStore.from_url(machine.url_for("boss", table="closing_records"))
    asyncio.run(store.create_schema())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(store.load("key"))
    loop.close()
    closed = weakref.ref(loop)
    del loop
    asyncio.run(store.load("key"))
    gc.collect()

    leftovers.take()  # the connection of that loop: it was left, and is gone now

    assert closed() is None
    assert 0 == len(store._opened)
