"""`flexiti-async journal …`: begin, check, accept and encrypt the journal of operations."""

import contextlib
import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Final

from attrs import asdict, frozen
from cyclopts import Parameter

from flexiti_async import ConfigError, FlexitiConfig, Secret
from flexiti_async.cli.options import Connection, Flag, without_password
from flexiti_async.cli.output import (
    CommandError,
    print_facts,
    print_json,
    print_line,
    print_note,
    print_text,
)
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.config.options import LEAST_JOURNAL_TTL
from flexiti_async.operations.journal import SETTLE, Journal
from flexiti_async.operations.reseal import reseal as reseal_all
from flexiti_async.operations.settling import operation_deadline, pending_operations
from flexiti_async.store.interface import JournalStore, Life, SchemaStore, TokenStore
from flexiti_async.store.journal import accept as accept_life
from flexiti_async.store.journal import begin, journal_store, notice
from flexiti_async.store.loading import open_store
from flexiti_async.store.sealed import SealedJournal

__all__ = ["accept", "check", "init", "reseal", "sql"]

_NO_SCHEMA: Final = "this store has no schema: nothing to migrate"
_MARKER_BYTES: Final = 16
_TIMEOUT: Final = 10.0
"""Seconds for one operation of the store, for a person who waits."""
_OLD_KEYS_MAY_GO: Final = (
    "no record needs an older key: remove it from token_keys an hour after the new one came first "
    "everywhere, for the sake of tokens and checkouts"
)
_RUN_AGAIN: Final = (
    "keep the older keys, and run it again once the new one comes first in every process: when it "
    "rewrites nothing, they may go"
)


@Parameter(name="*")
@frozen(kw_only=True)
class Which:
    """
    Which store.

    Attributes:
        store: URL of the journal's store, instead of the configuration's.
        json: Print one JSON object.
    """

    store: Annotated[str | None, Parameter(metavar="URL")] = None
    json: Flag = False


async def sql(*, which: Which | None = None, connection: Connection | None = None) -> None:
    """
    Print the statements that create the table, for a migration of your own.

    Nothing is connected to. `journal init` runs the same statements.
    """
    async with _opened(which, connection) as store:
        if isinstance(store, SchemaStore):
            print_line(store.schema().rstrip())
        else:
            print_note(_NO_SCHEMA)


async def init(*, which: Which | None = None, connection: Connection | None = None) -> None:
    """
    Create the table if there is one to create, and mark the store as a journal, once.

    A store that holds records without a marker may have lost others, and is not marked. Run it
    once, with your migrations; deployments run `journal check`.
    """
    async with _opened(which, connection) as store:
        life = await begin(_journal(store), marker=secrets.token_hex(_MARKER_BYTES))
        _print(life, which)


async def check(*, which: Which | None = None, connection: Connection | None = None) -> None:
    """
    Check that the store is marked and has not forgotten since. Writes nothing.

    The exit status is 1 if it is not, or if its settings cannot be trusted with a journal.
    """
    async with _opened(which, connection) as store:
        life = await _journal(store).life()
        _print(life, which)
        if life.marker is None:
            msg = "the store is not marked as a journal: run `flexiti-async journal init`, once"
            raise CommandError(msg)
        if not life.intact:
            msg = (
                "the store is not the one that was marked, or was restarted or restored: compare "
                "with Flexiti, then run `flexiti-async journal accept`"
            )
            raise CommandError(msg)


async def accept(
    *,
    compared: Flag = False,
    which: Which | None = None,
    connection: Connection | None = None,
) -> None:
    """
    Accept the store as it is now, after it may have forgotten.

    Records may be missing. Compare the orders since then with Flexiti first: for a key whose record
    is gone, money would move again. A call whose record is gone may still be executed, so it is
    refused for 15 minutes and an operation's deadline after a process, or this command, has first
    noticed; compare after that. It is also refused while an operation is pending: find out what
    became of it, and record that. Sessions go on in the new life. Fails unless the journal is
    intact afterwards.

    Args:
        compared: The orders were compared.
        which: Which store.
        connection: Where the configuration differs.
    """
    if not compared:
        msg = "compare the orders with Flexiti first, then say so: --compared"
        raise CommandError(msg)
    async with _opened(which, connection) as store:
        journal, config = _journal(store), _config(which, connection)
        version, at = secrets.token_hex(_MARKER_BYTES), SYSTEM_CLOCK.wall()
        since = await notice(journal, version=version, at=at)
        await _refuse_pending(journal, () if config is None else config.token_keys)
        early = operation_deadline(config) + SETTLE - since
        if early > 0:
            msg = (
                f"a call whose record is gone may still be executed: wait {early:.0f} s, and "
                "compare again"
            )
            raise CommandError(msg)
        marker = secrets.token_hex(_MARKER_BYTES)
        _print(await accept_life(journal, marker=marker), which)


async def reseal(
    *,
    from_plain: Flag = False,
    which: Which | None = None,
    connection: Connection | None = None,
) -> None:
    """
    Encrypt all records anew with the first key of `token_keys`, and report when an old key may go.

    Run it after the new key is the first one in every process, and again until it rewrites nothing.
    Shops may work meanwhile. Records keep their end.

    Args:
        from_plain: Encrypt records in plain text too: for a journal that was begun without keys.
        which: Which store.
        connection: Where the configuration differs.
    """
    config = (connection or Connection()).load()
    async with _opened(which, connection) as store:
        journal, timeout = _journal(store), config.store_timeout
        sealed = SealedJournal(journal, timeout=timeout, keys=config.token_keys)
        plain = SealedJournal(journal, timeout=timeout) if from_plain else None
        done = await reseal_all(sealed, clock=SYSTEM_CLOCK, plain=plain)
    if which is not None and which.json:
        print_json({**asdict(done), "old_keys_may_go": done.unchanged})
    else:
        print_text(f"{done.rewritten} records rewritten, {done.current} had the newest key already")
        print_note(_OLD_KEYS_MAY_GO if done.unchanged else _RUN_AGAIN)
    if done.running:
        print_note(f"{done.running} operations are being made and were left as they are")
    if done.unreadable:
        msg = (
            f"{done.unreadable} records cannot be opened: their key is not in token_keys, or they "
            "are not encrypted (--from-plain)"
        )
        raise CommandError(msg)


async def _refuse_pending(store: JournalStore, keys: Sequence[Secret]) -> None:
    """
    Raise CommandError while any operation is pending.

    A claim that was made in the new life could still be withdrawn: its key would then be free, and
    the call that the store has forgotten would be made again.
    """
    sealed = SealedJournal(store, timeout=_TIMEOUT, keys=keys)
    reader = Journal(sealed, SYSTEM_CLOCK, ttl=LEAST_JOURNAL_TTL, named=True, loopback=False)
    pending = await pending_operations(store, reader)
    for one in pending:
        named = "a record that cannot be opened" if one.operation is None else one.operation.name
        print_note(f"{one.operation_id} {named}: may be executed for {one.seconds:.0f} s")
    if pending:
        msg = (
            f"{len(pending)} operations are pending: find out what became of them and record it "
            "(`flexiti-async operations resolve`), and compare again"
        )
        raise CommandError(msg)


def _journal(store: TokenStore) -> JournalStore:
    try:
        return journal_store(store)
    except ConfigError as error:
        text = f"{error}; postgresql://, file:// and redis:// can"
    raise CommandError(text)


def _print(life: Life, which: Which | None) -> None:
    if which is not None and which.json:
        print_json(
            {
                "intact": life.intact,
                "marker": life.marker,
                "fingerprint": life.fingerprint,
                "accepted": life.accepted,
                "warnings": list(life.warnings),
            }
        )
        return
    facts = {
        "journal": "intact" if life.intact else "not intact",
        "marker": life.marker or "absent",
        "store": life.fingerprint,
    }
    if life.marker is not None and not life.intact:
        facts["marked as"] = life.accepted or ""
    print_facts(facts)
    for warning in life.warnings:
        print_note(warning)


@contextlib.asynccontextmanager
async def _opened(
    which: Which | None, connection: Connection | None
) -> AsyncGenerator[TokenStore, None]:
    if which is not None and which.store is not None:
        store = open_store(without_password(which.store))
    else:
        config = (connection or Connection()).load()
        store = open_store(config.store if config.journal is None else config.journal)
    try:
        yield store
    finally:
        await store.aclose()


def _config(which: Which | None, connection: Connection | None) -> FlexitiConfig | None:
    """Return the configuration; a store that is named needs none."""
    try:
        return (connection or Connection()).load()
    except ConfigError:
        if which is None or which.store is None:
            raise
    return None
