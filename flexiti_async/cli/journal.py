"""`flexiti-async journal …`: begin, check and accept the journal of calls that move money."""

import contextlib
import secrets
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter

from flexiti_async import ConfigError
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import CommandError, print_facts, print_json, print_line, print_note
from flexiti_async.store.interface import JournalStore, Life, SchemaStore, TokenStore
from flexiti_async.store.journal import accept as accept_life
from flexiti_async.store.journal import begin, journal_store
from flexiti_async.store.loading import open_store

__all__ = ["accept", "check", "init", "sql"]

_NO_SCHEMA: Final = "this store has no schema: nothing to migrate"
_MARKER_BYTES: Final = 16


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
    is gone, money would move again. Fails unless the journal is intact afterwards.

    Args:
        compared: The orders were compared.
        which: Which store.
        connection: Where the configuration differs.
    """
    if not compared:
        msg = "compare the orders with Flexiti first, then say so: --compared"
        raise CommandError(msg)
    async with _opened(which, connection) as store:
        marker = secrets.token_hex(_MARKER_BYTES)
        _print(await accept_life(_journal(store), marker=marker), which)


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
    given = which and which.store
    store = open_store(given or (connection or Connection()).load().store)
    try:
        yield store
    finally:
        await store.aclose()
