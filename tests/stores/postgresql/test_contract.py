"""The contracts of stores and journals, on two versions of PostgreSQL and behind a pooler."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from flexiti_async.store.interface import JournalStore, TokenStore
from flexiti_async.testing import (
    AgesContract,
    ExpiryContract,
    LoopsContract,
    OutageContract,
    SharedJournalContract,
    SharedStoreContract,
    Wire,
    WireContract,
)
from flexiti_stores.postgres import PostgresStore

from .conftest import of_machine
from .servers import Bouncer, Postgres


class Everything(
    SharedStoreContract, AgesContract, ExpiryContract, LoopsContract, SharedJournalContract
):
    """All that a store can do which has no wire to cut."""

    @pytest.fixture
    async def second(self, store_url: str, store: TokenStore) -> AsyncIterator[TokenStore]:
        """Open it once more; the first one has created its table."""
        assert store is not None
        second = PostgresStore.from_url(store_url)
        yield second
        await second.aclose()

    @pytest.fixture
    async def elsewhere(self, store_url: str) -> AsyncIterator[JournalStore]:
        """Open another table, which is another place."""
        other = PostgresStore.from_url(f"{store_url}&table=t{uuid.uuid4().hex}")
        await other.create_schema()
        yield other
        await other.aclose()


class TestMachine(Everything, WireContract):
    """The PostgreSQL that is installed."""

    @pytest.fixture
    def store_url(self, machine: Postgres) -> str:
        """Name the server."""
        return machine.url

    @pytest.fixture
    def wire(self, machine: Postgres) -> Iterator[Wire]:
        """Put a wire in front of it."""
        with Wire(machine.port) as wire:
            yield wire

    @pytest.fixture
    async def through(self, wire: Wire, store: TokenStore) -> AsyncIterator[TokenStore]:
        """Open it through the wire; the first one has created its table."""
        assert store is not None
        through = PostgresStore.from_url(
            f"postgresql://boss@127.0.0.1:{wire.port}/postgres?sslmode=disable&timeout=1"
        )
        yield through
        await through.aclose()


class TestWheel(Everything):
    """A newer PostgreSQL, out of a wheel."""

    @pytest.fixture
    def store_url(self, wheel: Postgres) -> str:
        """Name the server."""
        return wheel.url


@pytest.fixture(scope="module")
def bouncer(machine: Postgres) -> Iterator[Bouncer]:
    """Start a pooler."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") or "pgbouncer"
    with Bouncer(Path(program), machine) as running:
        yield running


class TestBouncer(Everything):
    """PgBouncer in transaction mode: no statement meets the connection that it was prepared on."""

    @pytest.fixture
    def store_url(self, bouncer: Bouncer) -> str:
        """Name it."""
        return bouncer.url


class TestSerializable(Everything):
    """A role whose transactions are serializable, and whose commits do not wait for the disk."""

    @pytest.fixture
    def store_url(self, machine: Postgres) -> str:
        """Create the role."""
        if machine.ask("select count(*) from pg_roles where rolname = 'strict'") != "1":
            machine.ask("create role strict login superuser")
            machine.ask("alter role strict set default_transaction_isolation = 'serializable'")
            machine.ask("alter role strict set synchronous_commit = off")
        return machine.url_for("strict", table="strict_records")


class TestOutage(OutageContract):
    """A server that crashes and comes back."""

    @pytest.fixture
    def server(self, ground: Path) -> Iterator[Postgres]:
        """Start it."""
        with Postgres.new(of_machine(), ground) as server:
            server.start()
            yield server

    @pytest.fixture
    def store_url(self, server: Postgres) -> str:
        """Name it."""
        return server.url

    @pytest.fixture
    def outage(self, server: Postgres) -> "OutageOf":
        """Give its switch."""
        return OutageOf(server)


class OutageOf:
    """The outage of a server, for `OutageContract`."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    async def stop(self) -> None:
        """Crash it."""
        await asyncio.to_thread(self._server.crash)

    async def start(self) -> None:
        """Start it again."""
        await asyncio.to_thread(self._server.start)
