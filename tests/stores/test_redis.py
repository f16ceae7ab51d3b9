"""The Redis store: rules about servers, clients and answers beyond the contract."""

import asyncio
import gc
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from flexiti_async.errors import RecordUnreadable, StoreUnavailable
from flexiti_async.store.interface import TokenStore
from flexiti_async.testing import AgesContract, ExpiryContract, StoreContract
from flexiti_async.testing.store_contract import new_entry, new_key
from flexiti_stores.redis import RedisStore

from .servers import Proxy, Server

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


class TestLeastPermissions(StoreContract, AgesContract, ExpiryContract):
    """A user with the permissions that a store needs, and no others."""

    @pytest.fixture
    async def store(self, valkey: Server) -> AsyncIterator[TokenStore]:
        """Create the user, with a password that a URL has to encode."""
        with valkey.client() as client:
            client.acl_setuser(
                "shop",
                enabled=True,
                passwords=[f"+{PASSWORD}"],
                commands=["+get", "+set", "+pttl", "+eval"],
                keys=["shop:*"],
                reset=True,
            )
        store = RedisStore.from_url(
            f"redis://shop:{quote(PASSWORD, safe='')}@127.0.0.1:{valkey.port}"
            "?prefix=shop:&timeout=10&connect_timeout=10"
        )
        yield store
        await store.aclose()


async def test_a_wrong_password_is_a_typed_error(own_server: Server) -> None:
    """A wrong password is StoreUnavailable, with the kind of failure and without the password."""
    with own_server.client() as client:
        client.config_set("requirepass", "right")
    store = RedisStore.from_url(f"redis://:wrong-canary@127.0.0.1:{own_server.port}")
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
    proxy.mute = True
    with pytest.raises(StoreUnavailable):
        await through.swap(key, mine, expected=first)
    proxy.mute = False
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


async def test_a_silent_server_costs_one_deadline() -> None:
    """A server that accepts connections and never answers costs `timeout` seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = RedisStore.from_url(f"redis://127.0.0.1:{port}?timeout=0.3")
        before = time.monotonic()
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port} failed to load"):
            await store.load("key")
        waited = time.monotonic() - before
        await store.aclose()

    assert 0.2 < waited < 0.8


async def test_a_refused_connection_costs_nothing() -> None:
    """A refused connection raises at once."""
    store = RedisStore.from_url("redis://127.0.0.1:1")
    before = time.monotonic()
    with pytest.raises(StoreUnavailable, match="ConnectionError"):
        await store.swap("key", new_entry(), expected=None)

    assert time.monotonic() - before < 0.2


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
        await asyncio.sleep(0.05)

        assert before == len(client.client_list())


async def test_a_queued_operation_fails_when_the_store_closes(valkey: Server) -> None:
    """On close, running operations end, queued ones fail at once, and no connection is left."""
    store = RedisStore.from_url(f"{valkey.url}&connections=1")
    with valkey.client() as client:
        before = len(client.client_list())
        loads = [asyncio.create_task(store.load(new_key())) for _ in range(3)]
        async with asyncio.timeout(5):
            while before == len(client.client_list()):
                await asyncio.sleep(0)
            await store.aclose()
            done = await asyncio.gather(*loads, return_exceptions=True)
        async with asyncio.timeout(5):
            while before != len(client.client_list()):
                await asyncio.sleep(0.01)

    assert done[0] is None
    assert [StoreUnavailable] * 2 == [type(one) for one in done[1:]]
    assert {"ConnectionError"} == {str(one).rpartition(" ")[2] for one in done[1:]}


async def test_a_client_before_redis_py_7_works(
    valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client without the option for its own version works the same."""
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
        time.sleep(0.05)
        gc.collect()

        assert before == len(client.client_list())
    assert 0 == len(store._opened)


async def test_a_borrowed_client_stays_open(valkey: Server) -> None:
    """The client of the shop works after the store was closed."""
    async with Redis(port=valkey.port) as client:
        store = RedisStore(client)
        await store.load("key")
        await store.aclose()

        assert await cast("Any", client).ping()


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
    """A text that this library did not write is StoreUnavailable, and is not overwritten."""
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
            before, expected = time.monotonic(), None
            for entry in (first, new_entry(keep_for=keep_for)):
                await store.swap(key, entry, expected=expected)
                left = client.pttl(f"flexiti:{key}")
                passed = (time.monotonic() - before) * 1000

                # The server reports whole milliseconds, by a clock that it reads once per command.
                assert whole - passed - 2 <= left <= whole + 1
                before, expected = time.monotonic(), entry


async def test_a_key_made_permanent_has_no_age(store: RedisStore, valkey: Server) -> None:
    """The age of a key without a time to live is unknown, not zero."""
    key = new_key()
    await store.swap(key, new_entry(), expected=None)
    with valkey.client() as client:
        client.persist(f"flexiti:{key}")
    loaded = await store.load(key)

    assert loaded is not None
    assert loaded.age is None


async def test_nothing_lists_flushes_or_blocks(own_server: Server) -> None:
    """The server gets only GET, SET, PTTL, EVAL, and the commands of a connection."""
    store = RedisStore.from_url(f"unix://{own_server.socket}?db=1")
    with own_server.client() as client:
        client.config_resetstat()
        key, first = new_key(), new_entry()
        await store.swap(key, first, expected=None)
        await store.swap(key, new_entry(), expected=first)
        await store.load(key)
        await store.aclose()
        seen = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}

    assert {"get", "set", "pttl", "eval"} <= seen
    assert seen <= {"get", "set", "pttl", "eval", "select", "client|setinfo", "config|resetstat"}


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
