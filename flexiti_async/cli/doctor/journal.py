"""Check the journal of calls that move money: its store, its life, its pending operations."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from attrs import evolve

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, Secret, StoreError, open_store
from flexiti_async.cli.doctor.finding import Finding, error, good, note, warning
from flexiti_async.cli.output import name_of_store
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.config.parsing import is_loopback
from flexiti_async.errors import RecordUnreadable
from flexiti_async.operations import Operation
from flexiti_async.store.interface import Life, TokenStore
from flexiti_async.store.journal import journal_store
from flexiti_async.store.sealed import SealedJournal

__all__ = ["check_journal"]

_JOURNAL: Final = "journal"
_STORES: Final = "docs/how-to/stores.md says what a journal needs of its store"
_CHOOSE: Final = 'set journal="postgresql://…", or another store that can: ' + _STORES
_COMPARE: Final = (
    "wait 16 minutes, compare the orders with Flexiti, then run "
    "`flexiti-async journal accept --compared`"
)
_DOWN: Final = "no checkout can be finished, and none started: no call moves money without it"
_ENDS: Final = "ends with each process, which then forgets which money has moved"
_LIST: Final = (
    "`flexiti-async operations list` shows them; docs/how-to/reconcile.md says what to do"
)


async def check_journal(config: FlexitiConfig) -> AsyncIterator[Finding]:
    """Report whether calls that move money can be made, and which of them have no outcome."""
    configured = config.store if config.journal is None else config.journal
    where = name_of_store(configured)
    try:
        async with _opened(configured) as store:
            journal = SealedJournal(journal_store(store), timeout=config.store_timeout)
            life = await journal.life()
            for finding in _of_life(config, where, life):
                yield finding
            if life.intact:
                async for finding in _pending(evolve(config, journal=store)):
                    yield finding
    except ConfigError as failure:
        yield error(_JOURNAL, f"{where} cannot keep one: {failure}", _CHOOSE)
    except StoreError as failure:
        text = f"{where}: {failure}; with this journal down {_DOWN}"
        yield error(_JOURNAL, text, "start it, or correct `journal`")


def _of_life(config: FlexitiConfig, where: str, life: Life) -> list[Finding]:
    loopback = is_loopback(urlsplit(config.api_url).hostname or "")
    found = [warning(_JOURNAL, f"{where}: {text}", _STORES) for text in life.warnings]
    if not life.outlives_process:
        if loopback:
            found.append(note(_JOURNAL, f"{where} {_ENDS}", "for the sandbox only"))
        elif config.journal is None:
            text = f"{where} {_ENDS}: calls that move money are refused"
            found.append(error(_JOURNAL, text, _CHOOSE))
        else:
            found.append(warning(_JOURNAL, f"{where} {_ENDS}", _CHOOSE))
    elif life.marker is None and loopback:
        found.append(note(_JOURNAL, f"{where} is begun by the first operation, as on loopback"))
    elif life.marker is None:
        text = f"{where} is not marked as one: calls that move money are refused"
        found.append(error(_JOURNAL, text, "run `flexiti-async journal init`, once"))
    elif not life.intact:
        text = f"{where} may have lost writes: its marker names another server or folder"
        found.append(error(_JOURNAL, text, _COMPARE))
    else:
        found.append(good(_JOURNAL, f"{where} is marked and intact"))
    return found


async def _pending(config: FlexitiConfig) -> AsyncIterator[Finding]:
    pending: list[Operation] = []
    async with FlexitiSession(config) as flexiti:
        try:
            async for one in flexiti.operations.pending():
                pending.append(one)  # noqa: PERF401 - the listing may raise at its end
        except RecordUnreadable as failure:
            advice = "use the same token_keys and the same release in all processes"
            yield error(_JOURNAL, f"a pending operation cannot be read: {failure}", advice)
    if not pending:
        yield good(_JOURNAL, "no operation is pending")
        return
    now = SYSTEM_CLOCK.wall()
    oldest = min(pending, key=lambda one: one.began_at)
    age = now - oldest.began_at.timestamp()
    text = f"{len(pending)} operations are pending, the oldest for {age:.0f} s"
    if age < oldest.deadline:
        yield note(_JOURNAL, f"{text}: they are being made")
    else:
        yield warning(_JOURNAL, f"{text}: the outcome of {oldest.name} is unknown", _LIST)


@contextlib.asynccontextmanager
async def _opened(configured: Secret | TokenStore) -> AsyncGenerator[TokenStore, None]:
    store = open_store(configured)
    try:
        yield store
    finally:
        await store.aclose()
