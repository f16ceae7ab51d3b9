"""The Redis store: rules about servers, clients and answers beyond the contract."""

import asyncio
import gc
import json
import socket
import sys
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from flexiti_async.errors import ConfigError, RecordUnreadable, StoreUnavailable
from flexiti_async.store.interface import TokenStore
from flexiti_async.testing import AgesContract, ExpiryContract, StoreContract
from flexiti_async.testing.store_contract import new_entry, new_key
from flexiti_stores.redis import RedisStore

from ..support.canaries import sightings
from ..support.leftovers import Leftovers
from ..support.metronome import lap
from ..support.patience import PATIENCE
from .servers import Proxy, Server, wait_until

PASSWORD = "p@ss/w:rd#%?&"


@pytest.fixture
async def store(valkey: Server) -> AsyncIterator[RedisStore]:
    """Open a store."""
    store = RedisStore.from_url(valkey.url)
    yield store
    await store.aclose()


@pytest.fixture
def proxy(valkey: Server) -> Iterator[Proxy]:
    """Put a proxy in front of the server."""
    proxy = Proxy(valkey.port)
    proxy.start()
    yield proxy
    proxy.stop()


TOKENS = ["+get", "+set", "+pttl", "+eval", "+time", "+sadd", "+srem"]
JOURNAL = [*TOKENS, "+info", "+scan", "+sscan"]


class TestLeastRights(StoreContract, AgesContract, ExpiryContract):
    """A user who may do nothing but what a store of tokens needs."""

    @pytest.fixture
    async def store(self, valkey: Server) -> AsyncIterator[TokenStore]:
        """Create the user, with a password that a URL cannot hold as it is."""
        with valkey.client() as client:
            client.acl_setuser(
                "shop",
                enabled=True,
                passwords=[f"+{PASSWORD}"],
                commands=TOKENS,
                keys=["shop:*"],
                reset=True,
            )
        store = RedisStore.from_url(
            f"redis://shop:{quote(PASSWORD, safe='')}@127.0.0.1:{valkey.port}"
            f"?prefix=shop:&timeout={PATIENCE}&connect_timeout={PATIENCE}"
        )
        yield store
        await store.aclose()


async def test_a_wrong_password_is_a_typed_error(own_server: Server) -> None:
    """A rejected password is StoreUnavailable, with the kind of failure and not the password."""
    with own_server.client() as client:
        client.config_set("requirepass", "right")
    place = f"127.0.0.1:{own_server.port}?timeout={PATIENCE}&connect_timeout={PATIENCE}"
    store = RedisStore.from_url(f"redis://:wrong-canary@{place}")
    with pytest.raises(StoreUnavailable, match="failed to load: Authentication") as caught:
        await store.load("key")
    await store.aclose()

    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_a_lost_answer_is_unknown_and_not_repeated(
    store: RedisStore, proxy: Proxy, valkey: Server
) -> None:
    """A swap whose answer was lost is StoreUnavailable, and was sent once."""
    key, first, mine = new_key(), new_entry(), new_entry()
    await store.swap(key, first, expected=None)
    through = RedisStore.from_url(f"redis://127.0.0.1:{proxy.port}")
    await through.load(key)
    before = calls_of(valkey, "eval")
    proxy.mute = 1
    with pytest.raises(StoreUnavailable):
        await through.swap(key, mine, expected=first)
    sent = calls_of(valkey, "eval") - before
    loaded = await through.load(key)
    await through.aclose()

    assert 1 == sent
    assert loaded is not None
    assert mine.version == loaded.version


def calls_of(server: Server, command: str) -> int:
    """Return how often a server has run a command."""
    with server.client() as client:
        return int(client.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_a_refused_connection_has_sent_nothing() -> None:
    """Unlike a broken one: the caller need not wonder whether it was written."""
    store = RedisStore.from_url("redis://127.0.0.1:1")
    with pytest.raises(StoreUnavailable) as caught:
        await store.swap("key", new_entry(), expected=None)

    assert not caught.value.sent


async def test_a_silent_server_costs_one_deadline() -> None:
    """A server that accepts connections and never answers costs `timeout` seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = RedisStore.from_url(f"redis://127.0.0.1:{port}?timeout=1")
        with (
            lap() as waited,
            pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port} failed to load"),
        ):
            await store.load("key")
        await store.aclose()

    assert 0.9 < waited.total
    assert waited.seconds < 1.8


async def test_a_server_that_is_not_there_costs_nothing() -> None:
    """A refused connection fails at once: no time-out is waited for."""
    url = f"redis://127.0.0.1:1?timeout={PATIENCE}&connect_timeout={PATIENCE}"
    with lap() as waited, pytest.raises(StoreUnavailable, match="ConnectionError"):
        await RedisStore.from_url(url).swap("key", new_entry(), expected=None)

    assert waited.seconds < PATIENCE / 100


async def test_hundreds_share_few_connections(valkey: Server) -> None:
    """500 operations at once wait for connections, and none fails."""
    store = RedisStore.from_url(f"{valkey.url}&connections=4")
    with valkey.client() as client:
        before = len(client.client_list())
        await asyncio.gather(*(store.load(new_key()) for _ in range(500)))
        opened = len(client.client_list()) - before
    await store.aclose()

    assert 4 == opened


async def test_closing_leaves_no_connection(valkey: Server) -> None:
    """`aclose` closes all connections; a store that is used again opens a new one."""
    store = RedisStore.from_url(valkey.url)
    with valkey.client() as client:
        before = len(client.client_list())
        for _ in range(2):
            await store.load("key")
            await store.aclose()

        await asyncio.to_thread(wait_until, lambda: before == len(client.client_list()))


async def test_waiting_operations_fail_when_the_store_closes(valkey: Server) -> None:
    """Operations in progress end, waiting ones fail at once, and no connection is left."""
    store = RedisStore.from_url(f"{valkey.url}&connections=1")
    with valkey.client() as client:
        before = len(client.client_list())
        loads = [asyncio.create_task(store.load(new_key())) for _ in range(3)]
        async with asyncio.timeout(PATIENCE):
            while before == len(client.client_list()):
                await asyncio.sleep(0)
            await store.aclose()
            done = await asyncio.gather(*loads, return_exceptions=True)
        async with asyncio.timeout(PATIENCE):
            while before != len(client.client_list()):
                await asyncio.sleep(0.01)

    assert done[0] is None
    assert [StoreUnavailable] * 2 == [type(one) for one in done[1:]]
    assert {"the store was closed"} == {str(one) for one in done[1:]}


async def test_a_close_that_is_cancelled_or_crosses_a_connect(valkey: Server) -> None:
    """At every step of a load: the connection that it makes is closed in the end."""
    with valkey.client() as client:
        before = len(client.client_list())
        stores = [RedisStore.from_url(valkey.url) for _ in range(20)]
        for steps, store in enumerate(stores):
            load = asyncio.create_task(store.load("key"))
            for _ in range(2 * steps):
                await asyncio.sleep(0)
            closing = asyncio.create_task(store.aclose())
            await asyncio.sleep(0)
            closing.cancel()
            await asyncio.gather(load, closing, return_exceptions=True)

        async with asyncio.timeout(PATIENCE):
            while before != len(client.client_list()):
                await asyncio.sleep(0.01)


async def test_a_load_that_breaks_does_not_open_a_closed_store(proxy: Proxy) -> None:
    """Its second try would use a new connection, but the store was closed meanwhile."""
    url = f"redis://127.0.0.1:{proxy.port}?timeout={PATIENCE}&connect_timeout={PATIENCE}"
    store = RedisStore.from_url(url)
    proxy.mute = 1
    load = asyncio.create_task(store.load("key"))
    async with asyncio.timeout(PATIENCE):
        while proxy.mute:
            await asyncio.sleep(0)
    await store.aclose()
    with pytest.raises(StoreUnavailable) as caught:
        await load

    assert not caught.value.sent or "ConnectionError" in str(caught.value)
    assert 0 == len(store._opened)


@pytest.mark.filterwarnings("ignore:.*unclosed")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_was_only_closed_is_forgotten(valkey: Server, leftovers: Leftovers) -> None:
    """Its connections are dropped when another loop uses the store."""
    store = RedisStore.from_url(valkey.url)
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


async def test_a_client_before_redis_py_7_works(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes no version gets none, and works the same."""
    monkeypatch.setitem(sys.modules, "redis.driver_info", None)
    store = RedisStore.from_url(valkey.url)
    key, entry = new_key(), new_entry()

    assert await store.swap(key, entry, expected=None)

    loaded = await store.load(key)
    await store.aclose()

    assert loaded is not None
    assert entry.version == loaded.version


async def test_an_unencodable_text_is_not_a_lost_swap(store: RedisStore) -> None:
    """A text without UTF-8 fails the swap; False would mean that another process was faster."""
    key = new_key()
    with pytest.raises(StoreUnavailable, match="failed to swap: UnicodeEncodeError"):
        await store.swap(key, new_entry("\ud800"), expected=None)

    assert await store.load(key) is None


def test_the_end_of_a_loop_closes_its_connections(valkey: Server) -> None:
    """A store that is never closed leaves no connection and no warning after its event loops."""
    store = RedisStore.from_url(valkey.url)
    with valkey.client() as client:
        before = len(client.client_list())
        for _ in range(3):
            asyncio.run(store.load("key"))
        gc.collect()

        wait_until(lambda: before == len(client.client_list()))
    assert 0 == len(store._opened)


async def test_a_borrowed_client_stays_open(valkey: Server) -> None:
    """The client of the shop works after the store was closed."""
    async with Redis(port=valkey.port) as client:
        store = RedisStore(client)
        await store.load("key")
        await store.aclose()

        assert await cast("Any", client).ping()


@pytest.mark.parametrize(
    ("client", "advice"),
    [
        (f"redis://:{PASSWORD}@127.0.0.1", "from_url"),
        (SyncRedis(password=PASSWORD), "redis.asyncio"),
        (SyncRedis, "redis.asyncio"),
        (None, "redis.asyncio"),
    ],
)
def test_what_is_no_client_is_refused(client: object, advice: str) -> None:
    """It is refused when the store is made, with what to do, and without the password."""
    with pytest.raises(ConfigError, match=advice) as caught:
        RedisStore(cast("Any", client))

    assert [] == sightings(caught.value, PASSWORD)


async def test_a_borrowed_client_may_fail(valkey: Server) -> None:
    """An exhausted pool of the shop is StoreUnavailable, like any failure of its client."""
    async with Redis(connection_pool=ConnectionPool(port=valkey.port, max_connections=1)) as client:
        await cast("Any", client).ping()  # redis-py's connecting is the shop's, too
        store = RedisStore(client)
        done = await asyncio.gather(*(store.load("key") for _ in range(10)), return_exceptions=True)
        await client.connection_pool.disconnect()

    assert {"StoreUnavailable", "NoneType"} == {type(one).__name__ for one in done}


@pytest.mark.parametrize("text", ["", "hello", "[1]\nx", '["flexiti1", "v", 5.0]', b"\xff\xfe"])
async def test_a_foreign_text_is_not_absent(
    store: RedisStore, valkey: Server, text: str | bytes
) -> None:
    """A text that this library did not write is an error, and is not overwritten."""
    key = new_key()
    with valkey.client() as client:
        client.set(f"flexiti:{key}", text)
    with pytest.raises((RecordUnreadable, StoreUnavailable)):
        await store.load(key)

    assert not await store.swap(key, new_entry(), expected=None)


async def test_another_type_under_the_key_is_a_typed_error(
    store: RedisStore, valkey: Server
) -> None:
    """A list in place of a record is StoreUnavailable."""
    key = new_key()
    with valkey.client() as client:
        client.lpush(f"flexiti:{key}", "x")
    with pytest.raises(StoreUnavailable, match="failed to load"):
        await store.load(key)


async def test_every_key_has_a_time_to_live(store: RedisStore, valkey: Server) -> None:
    """The time to live is `keep_for`, rounded up to the millisecond, and at least one second."""
    with valkey.client() as client:
        for keep_for, whole in ((0.001, 1000), (2.0001, 2001), (60.0, 60_000), (1200, 1_200_000)):
            key, first = new_key(), new_entry(keep_for=keep_for)
            begun = before = time.monotonic()
            expected = None
            for entry in (first, new_entry(keep_for=keep_for)):
                if not await store.swap(key, entry, expected=expected):
                    assert time.monotonic() - begun > whole / 1000  # the first one has ended
                    assert await store.swap(key, entry, expected=None)
                left = client.pttl(f"flexiti:{key}")
                passed = (time.monotonic() - before) * 1000

                # The server returns whole milliseconds, by a clock that it reads once a command.
                assert whole - passed - 2 <= left <= whole + 1
                before, expected = time.monotonic(), entry


async def test_a_record_of_an_older_release_is_read_and_replaced(
    store: RedisStore, valkey: Server
) -> None:
    """Its age follows from its time to live; without one it is unknown."""
    key = new_key()
    with valkey.client() as client:
        client.set(f"flexiti:{key}", '["flexiti1", "v", 60.0]\nold', px=50_000)
        young = await store.load(key)
        client.persist(f"flexiti:{key}")
        permanent = await store.load(key)

    assert young is not None
    assert permanent is not None
    assert ("v", "old", 60.0) == (young.version, young.payload, young.keep_for)
    assert pytest.approx(10.0, abs=1.0) == young.age
    assert permanent.age is None
    assert await store.swap(key, new_entry(), expected=young)


async def test_a_record_of_the_future_has_no_age(store: RedisStore, valkey: Server) -> None:
    """The server's clock was set back by a minute: the age is unknown, not 0 and not 60 s less."""
    key, entry = new_key(), new_entry()
    await store.swap(key, entry, expected=None)
    with valkey.client() as client:
        header, _, payload = client.get(f"flexiti:{key}").partition("\n")
        fields = json.loads(header)
        fields[3] += 60
        client.set(f"flexiti:{key}", f"{json.dumps(fields)}\n{payload}", keepttl=True)
    loaded = await store.load(key)

    assert loaded is not None
    assert entry.version == loaded.version
    assert loaded.age is None


async def test_a_user_without_the_time_has_ages_all_the_same(
    own_server: Server,
) -> None:
    """The rights of older releases are enough for tokens."""
    with own_server.client() as client:
        client.acl_setuser(
            "old",
            enabled=True,
            nopass=True,
            keys=["*"],
            commands=["+get", "+set", "+pttl", "+eval"],
        )
    store = RedisStore.from_url(f"redis://old:x@127.0.0.1:{own_server.port}?timeout=10")
    key, entry = new_key(), new_entry()

    assert await store.swap(key, entry, expected=None)
    assert await store.swap(key, new_entry(), expected=entry)

    loaded = await store.load(key)
    await store.aclose()

    assert loaded is not None
    assert loaded.age is not None


async def test_a_record_that_gets_an_end_is_written_whole_or_not(own_server: Server) -> None:
    """The right to take it out of the set of endless records is missing: nothing is written."""
    with own_server.client() as client:
        client.acl_setuser(
            "old",
            enabled=True,
            nopass=True,
            keys=["*"],
            commands=["+get", "+set", "+pttl", "+eval", "+sadd"],
        )
    store = RedisStore.from_url(f"redis://old:x@127.0.0.1:{own_server.port}?timeout=10")
    key, endless = new_key(), new_entry(keep_for=None)
    await store.swap(key, endless, expected=None)
    with pytest.raises(StoreUnavailable) as caught:
        await store.swap(key, new_entry(keep_for=60), expected=endless)
    loaded = await store.load(key)
    await store.aclose()

    assert not caught.value.sent
    assert loaded is not None
    assert endless.version == loaded.version


async def test_a_replica_is_unavailable(own_server: Server, valkey: Server) -> None:
    """Loads too: what it knows may be old. Nothing was sent to the primary."""
    with own_server.client() as client:
        client.replicaof("127.0.0.1", valkey.port)
    store = RedisStore.from_url(own_server.url)
    for refused in (
        store.load("key"),
        store.life(),
        store.swap("key", new_entry(), expected=None),
    ):
        with pytest.raises(StoreUnavailable) as caught:
            await refused

        assert not caught.value.sent
    await store.aclose()


async def test_a_load_changes_nothing(own_server: Server) -> None:
    """The question whether this is the primary writes no byte, neither here nor to replicas."""
    store = RedisStore.from_url(own_server.url)
    await store.swap("key", new_entry(), expected=None)
    with own_server.client() as client:
        before = client.info("persistence")["rdb_changes_since_last_save"]
        for key in ("key", "absent"):
            await store.load(key)
        after = client.info("persistence")["rdb_changes_since_last_save"]
    await store.aclose()

    assert before == after


async def test_a_load_is_repeated_once_over_a_new_connection(own_server: Server) -> None:
    """A broken connection costs a load nothing; a swap is unknown, and its caller repeats it."""
    proxy = Proxy(own_server.port)
    proxy.start()
    store = RedisStore.from_url(f"redis://127.0.0.1:{proxy.port}?timeout=5&connections=1")
    try:
        key, entry = new_key(), new_entry()
        await store.swap(key, entry, expected=None)
        proxy.mute = 1
        loaded = await store.load(key)
        proxy.mute = 1
        with pytest.raises(StoreUnavailable) as caught:
            await store.swap(key, new_entry(), expected=entry)
    finally:
        await store.aclose()
        proxy.stop()

    assert loaded is not None
    assert entry.version == loaded.version
    assert caught.value.sent


async def test_idle_connections_are_replaced(
    store: RedisStore, valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall may have forgotten one, though another one of the same store is in use."""
    await use_connections(store, 2)
    with valkey.client() as client:
        before = ids_of(client)
        monkeypatch.setattr("flexiti_stores.redis.connections.IDLE", 0.2)
        loop = asyncio.get_running_loop()
        end = loop.time() + 0.5
        while loop.time() < end:
            await store.load("key")  # always over the connection that was returned last
        await use_connections(store, 2)

        assert 2 == len(ids_of(client) - {str(client.client_id())})
        assert before - ids_of(client)


async def use_connections(store: RedisStore, number: int) -> None:
    """Use so many connections at once."""
    await asyncio.gather(*(store.load("key") for _ in range(number)))


def ids_of(client: Any) -> set[str]:  # noqa: ANN401 - redis-py's own types are partly unknown
    """Return the ids of the connections of a server."""
    return {one["id"] for one in client.client_list()}


async def test_nothing_lists_flushes_or_blocks(own_server: Server) -> None:
    """The server sees GET, SET, PTTL, TIME, EVAL, and what a connection needs."""
    store = RedisStore.from_url(f"unix://{own_server.socket}?db=1&timeout={PATIENCE}")
    with own_server.client() as client:
        client.config_resetstat()
        key, first = new_key(), new_entry()
        await store.swap(key, first, expected=None)
        await store.swap(key, new_entry(), expected=first)
        await store.load(key)
        await store.aclose()
        seen = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}

    used = {"get", "set", "pttl", "eval", "time"}

    assert used <= seen
    assert seen <= used | {"select", "client|setinfo", "config|resetstat"}


async def test_failures_contain_nothing_of_the_client(store: RedisStore, valkey: Server) -> None:
    """An error has no cause, no context and no text of another library."""
    with valkey.client() as client:
        client.lpush("flexiti:canary", "x")
    with pytest.raises(StoreUnavailable) as caught:
        await store.load("canary")

    assert not isinstance(caught.value, RedisError)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert "canary" not in str(caught.value)


def test_a_folder_of_a_socket_can_have_any_name(folder: Path) -> None:
    """A path is percent-decoded once."""
    assert f"<RedisStore on unix://{folder}/a%b.sock>" == repr(
        RedisStore.from_url(f"unix://{folder}/a%25b.sock")
    )
