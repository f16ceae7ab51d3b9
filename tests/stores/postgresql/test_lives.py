"""Events of a server, and whether they change the life of the journal on it."""

import asyncio
import signal
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from flexiti_async.errors import ConfigError, StoreUnavailable
from flexiti_async.store.interface import Life
from flexiti_async.store.journal import accept, begin
from flexiti_async.testing.store_contract import new_entry, new_key, version_of
from flexiti_stores.postgres import PostgresStore

from .conftest import of_machine
from .servers import Postgres

EXCHANGE = """
create table copy (like flexiti_records including all);
insert into copy select * from flexiti_records;
drop table flexiti_records;
alter table copy rename to flexiti_records;
"""


@pytest.fixture
def server(ground: Path) -> Iterator[Postgres]:
    """Start a server for one test, which may do to it what it likes."""
    with Postgres.new(of_machine(), ground, "wal_keep_size=64MB") as server:
        server.start()
        yield server


@pytest.fixture
def store_url(server: Postgres) -> str:
    """Name it."""
    return server.url


@pytest.fixture
async def life(store: PostgresStore) -> Life:
    """Begin a journal."""
    return await begin(store, marker=uuid.uuid4().hex)


async def life_on(server: Postgres, **parameters: str) -> Life:
    """Read the life on a server."""
    store = PostgresStore.from_url(server.url_for("boss", **parameters))
    try:
        return await store.life()
    finally:
        await store.aclose()


async def test_a_restart_changes_nothing(
    store: PostgresStore, server: Postgres, life: Life
) -> None:
    """A planned restart loses nothing."""
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)

    assert life == await store.life()


async def test_a_crash_loses_nothing_whatever_the_role_is_set_to(
    store: PostgresStore, server: Postgres, life: Life
) -> None:
    """A role with synchronous_commit=off: what was acknowledged is there after a crash."""
    await asyncio.to_thread(server.ask, "alter role boss set synchronous_commit = off")
    await store.aclose()
    keys = [new_key() for _ in range(20)]
    await store.load("off")  # a session of this role as it is set now
    for key in keys:
        assert await store.swap(key, new_entry(key, keep_for=None), expected=None)
    await asyncio.to_thread(server.crash)
    await asyncio.to_thread(server.start)
    found = [await version_of(store, key) for key in keys]

    assert None not in found
    assert life == await store.life()


@pytest.mark.usefixtures("store")
async def test_a_promotion_changes_the_life_at_once(server: Postgres, life: Life) -> None:
    """The first statement after a promotion sees another timeline; a standby is unavailable."""
    with await asyncio.to_thread(server.standby) as standby:
        await asyncio.to_thread(standby.start)
        reader = PostgresStore.from_url(standby.url)
        for refused in (
            reader.load("key"),
            reader.life(),
            reader.swap("key", new_entry(), expected=None),
        ):
            with pytest.raises(StoreUnavailable) as caught:
                await refused

            assert not caught.value.sent

        await asyncio.to_thread(standby.wait_for, "select count(*) from flexiti_records")
        await asyncio.to_thread(server.crash)
        await asyncio.to_thread(standby.ask, "select pg_promote()")
        promoted = await reader.life()
        won = await reader.swap(new_key(), new_entry(), expected=None, life=life)
        await reader.aclose()

    assert life.marker == promoted.marker
    assert not promoted.intact
    assert not won


@pytest.mark.usefixtures("store")
async def test_a_synchronous_standby_keeps_the_life(server: Postgres) -> None:
    """With `durable=synchronous` a failover to it is the same life; without one it is refused."""
    with pytest.raises(ConfigError, match="synchronous_standby_names is empty"):
        await life_on(server, durable="synchronous")
    safe = PostgresStore.from_url(server.url_for("boss", durable="synchronous"))
    with await asyncio.to_thread(server.standby, "cluster_name=second") as standby:
        await asyncio.to_thread(standby.start)
        for statement in (
            "alter system set synchronous_standby_names = '*'",
            "select pg_reload_conf()",
        ):
            await asyncio.to_thread(server.ask, statement)
        await asyncio.to_thread(
            server.wait_for,
            "select count(*) from pg_stat_replication where sync_state = 'sync'",
        )
        life = await begin(safe, marker=uuid.uuid4().hex)
        key, entry = new_key(), new_entry(keep_for=None)

        assert await safe.swap(key, entry, expected=None, life=life)

        await safe.aclose()
        await asyncio.to_thread(server.crash)
        await asyncio.to_thread(standby.ask, "select pg_promote()")
        await asyncio.to_thread(standby.ask, "alter system set synchronous_standby_names = '*'")
        await asyncio.to_thread(standby.ask, "select pg_reload_conf()")
        await asyncio.to_thread(
            standby.wait_for, "select current_setting('synchronous_standby_names') <> ''"
        )
        reader = PostgresStore.from_url(standby.url_for("boss", durable="synchronous"))
        there = await reader.life()
        found = await version_of(reader, key)
        await reader.aclose()

    assert life == there
    assert there.intact
    assert entry.version == found


async def await_nobody(server: Postgres) -> None:
    """Let every commit wait for a standby that does not exist."""
    for statement in (
        "alter system set synchronous_standby_names = 'nobody'",
        "select pg_reload_conf()",
    ):
        await asyncio.to_thread(server.ask, statement)
    await asyncio.to_thread(
        server.wait_for, "select current_setting('synchronous_standby_names') = 'nobody'"
    )


async def test_a_canceled_wait_for_the_standby_is_unknown(
    store: PostgresStore, server: Postgres
) -> None:
    """PostgreSQL reports success with a warning then; the write may be lost by a failover."""
    key = new_key()
    await await_nobody(server)
    writing = asyncio.create_task(store.swap(key, new_entry(), expected=None))
    await asyncio.to_thread(
        server.wait_for,
        "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'SyncRep'",
    )
    with pytest.raises(StoreUnavailable, match="without its synchronous standby") as caught:
        await writing

    assert caught.value.sent
    assert await version_of(store, key) is not None


async def test_a_restored_copy_is_only_seen_by_its_records(
    store: PostgresStore, server: Postgres, life: Life
) -> None:
    """A disk that is rolled back as a whole cannot be seen from inside; the docs say so."""
    await store.aclose()
    await asyncio.to_thread(server.stop)
    backup = await asyncio.to_thread(server.copy)
    await asyncio.to_thread(server.start)
    key = new_key()
    await store.swap(key, new_entry(keep_for=None), expected=None, life=life)
    await asyncio.to_thread(backup.start)
    with backup:
        restored = PostgresStore.from_url(backup.url)
        seen = await restored.life(), await restored.load(key)
        await restored.aclose()

    assert (life, None) == seen


async def test_a_restore_into_a_new_cluster_is_another_life(
    store: PostgresStore, life: Life, ground: Path
) -> None:
    """So it is after an upgrade by pg_upgrade or pg_dump: the cluster has another identifier."""
    with Postgres.new(of_machine(), ground) as other:
        await asyncio.to_thread(other.start)
        new = PostgresStore.from_url(other.url)
        await new.create_schema()
        marker = await store.load("flexiti-marker")
        assert marker is not None
        await new.swap("flexiti-marker", marker, expected=None)
        there = await new.life()
        await new.aclose()

    assert life.marker == there.marker
    assert not there.intact


@pytest.mark.parametrize(
    "statement",
    [
        "truncate flexiti_records",
        "delete from flexiti_records",
        "drop table flexiti_records",
        EXCHANGE,
    ],
)
async def test_an_emptied_or_exchanged_table_is_another_life(
    store: PostgresStore, server: Postgres, life: Life, statement: str
) -> None:
    """Whether the rows are gone or came back: the marker is gone, or the table is another one."""
    await asyncio.to_thread(server.ask, statement)
    if statement.startswith("drop"):
        await store.create_schema()
    there = await store.life()
    won = await store.swap(new_key(), new_entry(), expected=None, life=life)

    assert not there.intact
    assert not won
    assert (await accept(store, marker=uuid.uuid4().hex)).intact


@pytest.mark.usefixtures("store")
async def test_revoked_functions_leave_the_marker_and_a_warning(
    server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    """Some hosters revoke them: the life says what it does not see, once in the log as well."""
    for statement in (
        "create role shop login",
        "grant select, insert, update, delete on flexiti_records to shop",
        "revoke execute on function pg_control_system() from public",
    ):
        await asyncio.to_thread(server.ask, statement)
    shop = PostgresStore.from_url(server.url_for("shop"))
    life = await begin_without_schema(shop)
    again = await shop.life()
    key = new_key()

    assert life.intact
    assert life == again
    assert ["revoked" in text for text in life.warnings] == [True]
    assert 1 == sum("revoked" in record.message for record in caplog.records)
    assert await shop.swap(key, new_entry(), expected=None, life=life)

    await accept(shop, marker=uuid.uuid4().hex)

    assert not await shop.swap(new_key(), new_entry(), expected=None, life=life)

    await shop.aclose()


async def begin_without_schema(store: PostgresStore) -> Life:
    """Mark a store whose user may not create tables."""
    return await accept(store, marker=uuid.uuid4().hex)


@pytest.mark.usefixtures("store")
async def test_an_ordinary_role_reads_the_whole_life(server: Postgres, life: Life) -> None:
    """It needs no right but those on the table."""
    for statement in (
        "create role shop login",
        "grant select, insert, update, delete on flexiti_records to shop",
    ):
        await asyncio.to_thread(server.ask, statement)
    shop = PostgresStore.from_url(server.url_for("shop"))
    there = await shop.life()
    await shop.aclose()

    assert life == there
    assert () == there.warnings


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("alter table flexiti_records set unlogged", "not an ordinary, logged table"),
        ("alter system set fsync = off", "fsync is off"),
    ],
)
async def test_a_table_that_a_crash_empties_is_refused(
    store: PostgresStore, server: Postgres, statement: str, problem: str
) -> None:
    """It cannot keep a journal; for tokens it is good enough."""
    await asyncio.to_thread(server.ask, statement)
    await asyncio.to_thread(server.ask, "select pg_reload_conf()")
    text = ""
    async with asyncio.timeout(60):
        while not text:
            try:
                await store.life()
            except ConfigError as error:
                text = str(error)

    assert problem in text
    assert await store.swap(new_key(), new_entry(), expected=None)


async def test_a_read_only_server_is_unavailable(store: PostgresStore, server: Postgres) -> None:
    """Loads too: what it knows may be old."""
    await asyncio.to_thread(server.ask, "alter role boss set default_transaction_read_only = on")
    await store.aclose()
    for refused in (
        store.load("key"),
        store.life(),
        store.swap("key", new_entry(), expected=None),
    ):
        with pytest.raises(StoreUnavailable) as caught:
            await refused

        assert not caught.value.sent


@pytest.mark.usefixtures("store")
async def test_a_frozen_server_costs_one_time_out(server: Postgres) -> None:
    """A server that answers nothing is given up after `timeout`, and closed in about a second."""
    slow = PostgresStore.from_url(f"postgresql://boss@127.0.0.1:{server.port}/postgres?timeout=0.5")
    key, entry = new_key(), new_entry()
    await slow.swap(key, entry, expected=None)
    loop = asyncio.get_running_loop()
    server.signal(signal.SIGSTOP)
    try:
        before = loop.time()
        with pytest.raises(StoreUnavailable) as caught:
            await slow.swap(key, new_entry(), expected=entry)
        waited = loop.time() - before
        await slow.aclose()
        closed = loop.time() - before - waited
    finally:
        server.signal(signal.SIGCONT)

    assert caught.value.sent
    assert 0.4 < waited < 1.5
    assert closed < 3


async def test_a_row_of_the_future_has_no_age(store: PostgresStore, server: Postgres) -> None:
    """A server's clock was set back: the entry is there, and its age unknown."""
    key, entry = new_key(), new_entry(keep_for=None)
    await store.swap(key, entry, expected=None)
    await asyncio.to_thread(
        server.ask,
        "update flexiti_records set written_at = written_at + interval '60 s'",
    )
    loaded = await store.load(key)

    assert loaded is not None
    assert entry.version == loaded.version
    assert loaded.age is None


async def test_the_sweep_deletes_what_is_over_in_batches(
    store: PostgresStore, server: Postgres
) -> None:
    """After some hundred writes, a few hundred rows at a time; what has no end stays."""
    await store.swap("endless", new_entry(keep_for=None), expected=None)
    await asyncio.to_thread(
        server.ask,
        "insert into flexiti_records select 'old' || n, 'v', '', 1, now() - interval '1 day',"
        " now() - interval '1 day' from generate_series(1, 300) as n",
    )
    for _ in range(400):
        await store.swap(new_key(), new_entry(), expected=None)
    await asyncio.to_thread(server.wait_for, "select count(*) = 401 from flexiti_records")


async def test_pending_entries_are_found_among_many_ended_ones(
    store: PostgresStore, server: Postgres
) -> None:
    """20 of 100,000: by an index that holds nothing else."""
    await asyncio.to_thread(
        server.ask,
        "insert into flexiti_records select 'op-' || n, 'v', '', 1e8, now(),"
        " now() + interval '1000 days' from generate_series(1, 100000) as n",
    )
    pending = sorted(f"op-{number}-pending" for number in range(20))
    for key in pending:
        await store.swap(key, new_entry(keep_for=None), expected=None)
    await asyncio.to_thread(server.ask, "analyze flexiti_records")
    loop = asyncio.get_running_loop()
    before = loop.time()
    found = [key async for key in store.keys("op-", endless=True)]
    taken = loop.time() - before
    every = {key async for key in store.keys("op-")}

    assert pending == sorted(found)
    assert taken < 1
    assert 100_020 == len(every)


async def test_a_store_without_its_table_says_so(store: PostgresStore, server: Postgres) -> None:
    """The error names the command that creates it."""
    await asyncio.to_thread(server.ask, "drop table flexiti_records")
    with pytest.raises(StoreUnavailable, match="journal init") as caught:
        await store.load("key")

    assert not caught.value.sent


async def test_a_wrong_password_is_not_sent(server: Postgres) -> None:
    """A refused connection has written nothing, and its error quotes no password."""
    rules = server.data / "pg_hba.conf"
    text = rules.read_text().replace("trust", "scram-sha-256")
    rules.write_text(text)
    await asyncio.to_thread(server.signal, signal.SIGHUP)
    loop = asyncio.get_running_loop()
    store = PostgresStore.from_url(
        f"postgresql://boss:wrong-canary@127.0.0.1:{server.port}/postgres?timeout=10"
    )
    failure = StoreUnavailable()
    end = loop.time() + 10
    while "Password" not in str(failure) and loop.time() < end:
        with suppress(StoreUnavailable):  # until the rules are read, the server asks nobody
            await store.aclose()
            await store.load("key")
        try:
            await store.swap("key", new_entry(), expected=None)
        except StoreUnavailable as error:
            failure = error
    await store.aclose()

    assert "InvalidPasswordError" in str(failure)
    assert not failure.sent
    assert "canary" not in str(failure)
    assert failure.__context__ is None


async def test_a_serialization_failure_is_decided_by_another_try(
    store: PostgresStore, server: Postgres
) -> None:
    """The same swap had landed before: its repetition is True, not a failure of the isolation."""
    await asyncio.to_thread(server.ask, "create role strict login superuser")
    await asyncio.to_thread(
        server.ask, "alter role strict set default_transaction_isolation = 'serializable'"
    )
    key, first, mine = new_key(), new_entry(), new_entry()
    await store.swap(key, first, expected=None)
    strict = PostgresStore.from_url(server.url_for("strict"))
    earlier = await asyncpg.connect(server.url_for("boss").partition("?")[0], ssl=False)
    async with earlier.transaction():
        await earlier.execute(
            "update flexiti_records set version = $2 where key = $1", key, mine.version
        )
        swap = asyncio.create_task(strict.swap(key, mine, expected=first))
        await asyncio.to_thread(
            server.wait_for,
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock'",
        )
    await earlier.close()

    assert await swap
    assert not await strict.swap(key, new_entry(), expected=first)

    await strict.aclose()


async def test_a_warning_in_another_language_is_understood(
    ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that speaks German: a canceled wait for the standby is unknown, too."""
    monkeypatch.setenv("LANGUAGE", "de")
    with Postgres.new(of_machine(), ground, "lc_messages=C.UTF-8") as server:
        await asyncio.to_thread(server.start)
        store = PostgresStore.from_url(server.url)
        await store.create_schema()
        await await_nobody(server)
        writing = asyncio.create_task(store.swap(new_key(), new_entry(), expected=None))
        await asyncio.to_thread(
            server.wait_for,
            "select count(pg_cancel_backend(pid)) from pg_stat_activity"
            " where wait_event = 'SyncRep'",
        )
        with pytest.raises(StoreUnavailable, match="without its synchronous standby") as caught:
            await writing
        await store.aclose()
        log = (server.folder / "log").read_text()

    assert caught.value.sent
    assert "canceling wait" not in log
    assert "Warten auf synchrone Replikation" in log


async def test_a_user_who_may_not_create_the_table(store: PostgresStore, server: Postgres) -> None:
    """The error says what to grant; where a migration has created the table, none is needed."""
    await asyncio.to_thread(server.ask, "create role shop login")
    shop = PostgresStore.from_url(server.url_for("shop", table="other"))
    with pytest.raises(ConfigError, match="grant create on schema public") as caught:
        await shop.create_schema()
    await shop.aclose()

    assert caught.value.__context__ is None

    await asyncio.to_thread(
        server.ask, "grant select, insert, update, delete on flexiti_records to shop"
    )
    shop = PostgresStore.from_url(server.url_for("shop"))
    life = await begin(shop, marker=uuid.uuid4().hex)
    await shop.aclose()

    assert life == await store.life()
