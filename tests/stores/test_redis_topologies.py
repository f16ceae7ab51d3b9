"""The Redis store with several servers: Sentinel and Cluster."""

import asyncio
import gc
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from redis.asyncio import Connection

from flexiti_async import CheckoutNotFound, FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.errors import StoreUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import TokenStore
from flexiti_async.store.loading import open_store
from flexiti_async.testing import AgesContract, ExpiryContract, StoreContract
from flexiti_async.testing.store_contract import new_entry, new_key

from ..support.keys import encryption_key
from ..support.patience import PATIENCE, PATIENT
from .servers import Server, valkey_binary, wait_until

PASSWORD = "sentinel-pw"


class Opened(StoreContract, AgesContract, ExpiryContract):
    """Stores that are opened by their URL."""

    @pytest.fixture
    async def store(self, store_url: str) -> AsyncIterator[TokenStore]:
        """Open the store."""
        store = open_store(store_url)
        yield store
        await store.aclose()


@frozen
class Watched:
    """
    Servers watched by sentinels.

    Attributes:
        servers: The master, then its replica.
        sentinels: Three of them.
    """

    servers: tuple[Server, ...]
    sentinels: tuple[Server, ...]

    @property
    def url(self) -> str:
        """Return the URL of a store on the current master."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/till/1?timeout=10&connect_timeout=10"

    def agree(self) -> bool:
        """Return whether every sentinel knows the replica and the other sentinels."""
        for one in self.sentinels:
            with one.client() as client:
                known = client.sentinel_master("till")
            if (known["num-slaves"], known["num-other-sentinels"]) != (1, 2):
                return False
        return True


@pytest.fixture(scope="class", params=["valkey_binary", "redis_binary"], ids=["valkey", "redis"])
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Start a master, a replica and three sentinels."""
    binary = (
        valkey_binary()
        if request.param == "valkey_binary"
        else request.getfixturevalue("redis_binary")
    )
    auth = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
    with tempfile.TemporaryDirectory(prefix="fx") as path, ExitStack() as started:
        folder = Path(path)
        master = Server(binary, folder, auth, password=PASSWORD)
        follow = ("--replicaof", "127.0.0.1", str(master.port), *auth)
        replica = Server(binary, folder, follow, password=PASSWORD)
        sentinels = tuple(Server(binary, folder) for _ in range(3))
        for server in (master, replica, *sentinels):
            started.enter_context(server)
        master.start()
        replica.start()
        for one in sentinels:
            config = folder / f"{one.port}.conf"
            config.write_text(
                f"port {one.port}\nbind 127.0.0.1\n"
                f"sentinel monitor till 127.0.0.1 {master.port} 2\n"
                f"sentinel auth-pass till {PASSWORD}\n"
                "sentinel down-after-milliseconds till 2000\nsentinel failover-timeout till 2000\n"
            )
            one.launch(str(config), "--sentinel")
        made = Watched((master, replica), sentinels)
        wait_until(made.agree)
        yield made


class TestSentinel(Opened):
    """The contract, then a failover."""

    @pytest.fixture
    def store_url(self, watched: Watched) -> str:
        """Return the URL of the sentinels."""
        return watched.url

    async def test_zz_a_failover_passes(self, store: TokenStore, watched: Watched) -> None:
        """
        During a failover every swap is won, lost or StoreUnavailable, and soon swaps are won
        again, on the other server.
        """
        key = new_key()
        written = [new_entry("0")]
        assert await store.swap(key, written[0], expected=None)
        with watched.servers[0].client() as client:
            # Wait for the write on the replica: an earlier failover would rightly lose it.
            wait_until(lambda: client.wait(1, 1000) == 1)
        won_at: list[float] = []
        end = time.monotonic() + PATIENCE
        killed_at = None
        while time.monotonic() < end and (killed_at is None or won_at[-1] < killed_at):
            try:
                found = await store.load(key)
                entry = new_entry(str(len(written)))
                written.append(entry)
                if await store.swap(key, entry, expected=found):
                    won_at.append(time.monotonic())
            except StoreUnavailable:
                await asyncio.sleep(0.02)
            if killed_at is None and len(won_at) == 50:
                watched.servers[0].stop()
                killed_at = time.monotonic()
        found = await store.load(key)

        assert killed_at is not None
        assert won_at[-1] > killed_at
        assert found is not None
        assert found.payload in {one.payload for one in written if one.version == found.version}


class TestCheckoutsAndSentinel:
    """Checkouts during a failover."""

    async def test_checkouts_go_on_through_a_failover(self, watched: Watched) -> None:
        """
        No checkout fails or requests a token; few are unsaved, and on the new master checkouts
        are saved and resumed by another process again. All records are encrypted.
        """
        async with Sandbox() as sandbox:
            options: dict[str, Any] = {**PATIENT, "store_timeout": 20}
            config = FlexitiConfig(
                client_id=sandbox.client_id,
                client_secret=sandbox.client_secret,
                base_url=sandbox.base_url,
                store=watched.url,
                # A failover is another life of a journal: no checkout would start until a person
                # has compared.
                journal=f"memory://{uuid.uuid4().hex}",
                **options,
                token_keys=encryption_key("k").reveal(),
            )
            async with FlexitiSession(config) as one, FlexitiSession(config) as other:
                before = [await _sell(one, other) for _ in range(20)]
                watched.servers[0].stop()
                after: list[bool] = []
                async with asyncio.timeout(PATIENCE):
                    while after.count(True) < 20:
                        after.append(await _sell(one, other))

            assert [True] * 20 == before
            assert 1 == sandbox.count("oauth/token")
            assert 0 == sandbox.replays


async def _sell(one: FlexitiSession, other: FlexitiSession) -> bool:
    """Start a checkout, and return whether another process can resume it."""
    checkout = await one.checkout("order-1")
    widget = await checkout.init_widget(PurchaseWidget(account_number=20009100))
    try:
        return (await other.resume(checkout.reference_id)).session_id == widget.session_id
    except (CheckoutNotFound, StoreUnavailable):
        return False


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[Server, ...]]:
    """Start a cluster of three nodes without replicas."""
    with tempfile.TemporaryDirectory(prefix="fx") as path, ExitStack() as started:
        folder = Path(path)
        nodes = tuple(
            Server(
                valkey_binary(),
                folder,
                (
                    *("--cluster-enabled", "yes", "--cluster-config-file", f"{number}.nodes"),
                    *("--cluster-node-timeout", "15000"),  # the machine may stall
                ),
            )
            for number in range(3)
        )
        bounds = (0, 5461, 10923, 16384)
        for number, (node, slots) in enumerate(zip(nodes, pairwise(bounds), strict=True), 1):
            started.enter_context(node)
            node.start()
            with node.client() as client:
                client.execute_command("CLUSTER ADDSLOTS", *range(*slots))
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number)
                client.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port)
        wait_until(lambda: all(is_whole(node) for node in nodes))
        yield nodes


def is_whole(node: Server) -> bool:
    """Return whether a node sees the whole cluster."""
    with node.client() as client:
        info = client.execute_command("CLUSTER INFO")
    return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", "3")


@pytest.fixture
async def forgotten_connections() -> AsyncIterator[None]:
    """
    Close connections that redis-py forgets after the death of a cluster node; they are not ours.

    It reads the topology again then, and drops its nodes together with the connections that other
    operations have borrowed. If they were left to the garbage collector, some other test, or the
    end of the session, would fail for them.
    """
    yield
    for one in gc.get_objects():
        # By type: isinstance would evaluate a lazy object of Django, which would set itself up.
        if issubclass(type(one), Connection) and one.is_connected:
            await one.disconnect(nowait=True)


class TestCluster(Opened):
    """The contract, on several nodes."""

    @pytest.fixture
    def store_url(self, cluster: tuple[Server, ...]) -> str:
        """Return the URL of two of the nodes; the third is discovered."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in cluster[:2])
        return f"redis+cluster://{hosts}?timeout=10&connect_timeout=10&connections=4"

    async def test_keys_are_spread(self, store: TokenStore, cluster: tuple[Server, ...]) -> None:
        """Every node has some of 60 keys."""
        await asyncio.gather(
            *(store.swap(new_key(), new_entry(), expected=None) for _ in range(60))
        )
        sizes: list[int] = []
        for node in cluster:
            with node.client() as client:
                sizes.append(int(client.dbsize()))

        assert all(sizes)

    @pytest.mark.usefixtures("forgotten_connections")
    async def test_zz_a_dead_node_is_a_typed_error(
        self, store: TokenStore, cluster: tuple[Server, ...]
    ) -> None:
        """Keys of a dead node are StoreUnavailable, without any other error."""
        keys = [new_key() for _ in range(30)]
        await asyncio.gather(*(store.swap(key, new_entry(), expected=None) for key in keys))
        cluster[2].stop()
        done = await asyncio.gather(*(store.load(key) for key in keys), return_exceptions=True)
        kinds = {type(one).__name__ for one in done}

        assert "StoreUnavailable" in kinds
        assert kinds <= {"StoreUnavailable", "Entry"}
