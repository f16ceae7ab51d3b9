"""Events of a Redis server, and whether they change the life of the journal on it."""

import asyncio
import logging
import tempfile
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from flexiti_async.errors import ConfigError
from flexiti_async.store.interface import Life
from flexiti_async.store.journal import accept, begin
from flexiti_async.testing import JournalContract, StoreContract
from flexiti_async.testing.store_contract import new_entry, new_key, version_of
from flexiti_stores.redis import RedisStore

from .lagging import LaggingReplica
from .servers import Server, valkey_binary, wait_until
from .test_redis import JOURNAL, TOKENS

AOF = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture(params=["valkey", "redis"])
def binary(request: pytest.FixtureRequest) -> Path:
    """Find each server."""
    if request.param == "valkey":
        return valkey_binary()
    found: Path = request.getfixturevalue("redis_binary")
    return found


def on(server: Server, **parameters: str) -> RedisStore:
    """Return a store on a server."""
    return RedisStore.from_url(server.url + "".join(f"&{k}={v}" for k, v in parameters.items()))


@asynccontextmanager
async def opened(server: Server, **parameters: str) -> AsyncGenerator[RedisStore]:
    """Open a store on a server."""
    store = on(server, **parameters)
    try:
        yield store
    finally:
        await store.aclose()


def wait_for_marker(replica: Server) -> None:
    """Wait until a replica has the marker."""
    with replica.client() as client:
        wait_until(lambda: client.exists("flexiti:flexiti-marker"))


async def life_on(server: Server, **parameters: str) -> Life:
    """Read the life on a server."""
    async with opened(server, **parameters) as store:
        return await store.life()


async def test_a_restart_with_aof_always_changes_nothing(binary: Path, folder: Path) -> None:
    """Killed and started again: every acknowledged record is there, and it is the same life."""
    with Server(binary, folder, AOF) as server:
        server.start()
        keys = [new_key() for _ in range(20)]
        async with opened(server, durable="aof-always") as store:
            life = await begin(store, marker=uuid.uuid4().hex)
            for key in keys:
                await store.swap(key, new_entry(keep_for=None), expected=None, life=life)
        server.stop()
        server.start()
        async with opened(server, durable="aof-always") as store:
            again = await store.life()
            found = {key async for key in store.keys("contract-", endless=True)}

    assert life == again
    assert set(keys) == found
    assert () == life.warnings


async def test_aof_always_is_verified(folder: Path) -> None:
    """A server that flushes once a second is refused, and so is a user who may not ask."""
    options = ("--appendonly", "yes", "--appendfsync", "everysec")
    with Server(valkey_binary(), folder, options) as server:
        server.start()
        with pytest.raises(ConfigError, match="appendonly yes, appendfsync everysec"):
            await life_on(server, durable="aof-always")
        with server.client() as client:
            client.acl_setuser("shop", enabled=True, nopass=True, keys=["*"], commands=JOURNAL)
        store = RedisStore.from_url(
            f"redis://shop:x@127.0.0.1:{server.port}?durable=aof-always&timeout=10"
        )
        with pytest.raises(ConfigError, match=r"lacks a right.*\+config\|get"):
            await store.life()
        await store.aclose()


async def test_a_restart_from_a_snapshot_is_another_life(binary: Path, folder: Path) -> None:
    """The marker comes back, what was written after the snapshot does not."""
    with Server(binary, folder, ("--dbfilename", "dump.rdb")) as server:
        server.start()
        async with opened(server) as store:
            life = await begin(store, marker=uuid.uuid4().hex)
            with server.client() as client:
                client.save()
            key = new_key()
            await store.swap(key, new_entry(keep_for=None), expected=None, life=life)
        server.stop()
        server.start()
        async with opened(server) as store:
            there = await store.life()
            lost = await store.load(key)
            won = await store.swap(key, new_entry(), expected=None, life=life)

    assert life.marker == there.marker
    assert not there.intact
    assert lost is None
    assert not won


async def test_a_flush_takes_the_marker(own_server: Server) -> None:
    """FLUSHALL, or FLUSHDB, or a DEL of everything: no marker, no life."""
    async with opened(own_server) as store:
        life = await begin(store, marker=uuid.uuid4().hex)
        with own_server.client() as client:
            client.flushall()
        there = await store.life()

        assert there.marker is None
        assert not await store.swap("key", new_entry(), expected=None, life=life)
        assert not await store.swap("key", new_entry(), expected=None, life=there)


async def test_an_eviction_is_another_life(
    binary: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The marker stays and records go; a policy that evicts is warned of before that."""
    options = ("--maxmemory", "4mb", "--maxmemory-policy", "volatile-lru")
    with Server(binary, folder, options) as server, caplog.at_level(logging.WARNING):
        server.start()
        async with opened(server) as store:
            life = await begin(store, marker=uuid.uuid4().hex)
            with server.client() as client:
                fill = client.pipeline(transaction=False)
                for number in range(5000):
                    fill.set(f"x{number}", "y" * 1000, ex=600)
                fill.execute()
            there = await store.life()

    assert life.marker == there.marker
    assert not there.intact
    assert any("maxmemory-policy is volatile-lru" in text for text in life.warnings)
    assert 1 == sum("volatile-lru" in one.message for one in caplog.records)


async def test_aof_always_evicts_nothing(folder: Path) -> None:
    """After a restart nobody would see that records were evicted: the policy is refused."""
    options = (*AOF, "--maxmemory", "40mb", "--maxmemory-policy", "allkeys-lru")
    with Server(valkey_binary(), folder, options) as server:
        server.start()
        with pytest.raises(ConfigError, match="is allkeys-lru, and must be noeviction"):
            await life_on(server, durable="aof-always")
        with server.client() as client:
            client.config_set("maxmemory-policy", "noeviction")

        assert () == (await life_on(server, durable="aof-always")).warnings


@pytest.mark.parametrize("right", ["+sadd", "+srem", "+sscan", "+scan"])
async def test_every_missing_right_is_found_before_it_is_needed(
    binary: Path, folder: Path, right: str
) -> None:
    """Before the journal is begun, on servers that can be asked and on older ones."""
    with Server(binary, folder) as server:
        server.start()
        with server.client() as client:
            for name, commands in (("all", JOURNAL), ("less", [*JOURNAL, right.replace("+", "-")])):
                client.acl_setuser(name, enabled=True, nopass=True, keys=["*"], commands=commands)
            url = f"127.0.0.1:{server.port}?timeout=10&connect_timeout=10"
            rich, poor = (RedisStore.from_url(f"redis://{who}:x@{url}") for who in ("all", "less"))
            with pytest.raises(ConfigError, match=r"lacks a right; a journal needs \+info"):
                await begin(poor, marker=uuid.uuid4().hex)
            there = await rich.life()
            keys = client.keys("*")
        for store in (poor, rich):
            await store.aclose()

    assert there.marker is None
    assert [] == keys


async def test_a_promoted_replica_is_another_life(folder: Path) -> None:
    """With AOF always as well: whether it had everything, nobody knows."""
    with Server(valkey_binary(), folder, AOF) as primary, ExitStack() as stack:
        primary.start()
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fx")))
        follow = ("--replicaof", "127.0.0.1", str(primary.port), *AOF)
        replica = stack.enter_context(Server(valkey_binary(), home, follow))
        replica.start()
        async with opened(primary) as plain, opened(primary, durable="aof-always") as safe:
            begun = await begin(plain, marker=uuid.uuid4().hex)
            fingerprints = begun.fingerprint, (await safe.life()).fingerprint
            marker = begun.marker
        wait_for_marker(replica)
        with replica.client() as client:
            client.replicaof("NO", "ONE")
        there = await life_on(replica), await life_on(replica, durable="aof-always")

    assert [marker] * 2 == [one.marker for one in there]
    assert not set(fingerprints) & {one.fingerprint for one in there}


async def test_sentinel_promotes_a_replica_that_lags(binary: Path) -> None:
    """
    A claim that the primary and one replica have is gone when Sentinel promotes the other one.

    The life on the new primary is another one, so nothing is sent for the key.
    """
    with LaggingReplica.started(binary) as servers:
        async with opened(servers.primary) as store:
            life = await begin(store, marker=uuid.uuid4().hex)
            for replica in (servers.sound, servers.lagging):
                wait_for_marker(replica)
            # From now on nothing of the primary arrives at the lagging replica.
            await asyncio.to_thread(servers.wire.deafen)
            key, claim = new_key(), new_entry("claim", keep_for=None)

            assert await store.swap(key, claim, expected=None, life=life)

        with servers.sound.client() as client:
            wait_until(lambda: client.exists(f"flexiti:{key}"))
        await asyncio.to_thread(servers.fail_over)
        store = RedisStore.from_url(servers.url)
        there = await store.life()
        gone = await store.load(key)
        won = await store.swap(key, new_entry(), expected=None, life=life)
        with servers.lagging.client() as client:
            role = client.info("replication")["role"]
        await store.aclose()

    assert "master" == role
    assert gone is None
    assert life.marker == there.marker
    assert not there.intact
    assert not won


async def test_missing_rights_are_named(
    own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A user of a token store lacks rights for a journal; one warning says what is not promised."""
    with own_server.client() as client:
        for name, commands in (("tokens", TOKENS), ("journal", JOURNAL)):
            client.acl_setuser(name, enabled=True, nopass=True, keys=["*"], commands=commands)
    url = f"127.0.0.1:{own_server.port}?timeout=10&connect_timeout=10"
    poor, rich = (RedisStore.from_url(f"redis://{who}:x@{url}") for who in ("tokens", "journal"))
    with pytest.raises(ConfigError, match=r"lacks a right; a journal needs \+info"):
        await poor.life()
    life = await begin(rich, marker=uuid.uuid4().hex)
    again = await rich.life()
    listed = [key async for key in rich.keys("flexiti-", endless=True)]
    for store in (poor, rich):
        await store.aclose()

    assert life == again
    assert ["flexiti-marker"] == listed
    assert 1 == sum("every restart" in record.message for record in caplog.records)


class TestHashTag(StoreContract, JournalContract):
    """A journal on a cluster: one hash tag, so that marker and records are on one node."""

    @pytest.fixture
    async def store(self, cluster_url: str) -> AsyncIterator[RedisStore]:
        """Open the store."""
        store = RedisStore.from_url(f"{cluster_url}&prefix={{flexiti}}:")
        yield store
        await store.aclose()

    @pytest.fixture
    async def elsewhere(self, own_server: Server) -> AsyncIterator[RedisStore]:
        """Open an empty one on another server."""
        async with opened(own_server) as store:
            yield store

    async def test_without_a_tag_there_is_no_journal(self, cluster_url: str) -> None:
        """Its keys would be on several nodes, each with a life of its own."""
        store = RedisStore.from_url(cluster_url)
        with pytest.raises(ConfigError, match="hash tag"):
            await store.life()
        with pytest.raises(ConfigError, match="hash tag"):
            await store.swap("key", new_entry(), expected=None, life=Life("m", "f", "f"))
        with pytest.raises(ConfigError, match="hash tag"):
            _ = [key async for key in store.keys("")]
        await store.aclose()


@pytest.fixture(scope="module")
def cluster_url() -> Iterator[str]:
    """Start a cluster of one node."""
    with tempfile.TemporaryDirectory(prefix="fx") as path:
        options = ("--cluster-enabled", "yes", "--cluster-config-file", "nodes")
        with Server(valkey_binary(), Path(path), options) as node:
            node.start()
            with node.client() as client:
                client.execute_command("CLUSTER ADDSLOTS", *range(16384))
                wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
            yield f"redis+cluster://127.0.0.1:{node.port}?timeout=10&connect_timeout=10"


async def test_an_acceptance_ends_the_old_life(own_server: Server) -> None:
    """Processes that have seen the old marker write nothing until they have read the new one."""
    async with opened(own_server) as store:
        old = await begin(store, marker=uuid.uuid4().hex)
        key = new_key()
        await accept(store, marker=uuid.uuid4().hex)

        assert not await store.swap(key, new_entry(), expected=None, life=old)
        assert await version_of(store, key) is None
