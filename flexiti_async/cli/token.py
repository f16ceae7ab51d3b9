"""`flexiti-async token …`: the shared token of a store, seen and handled from outside."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter

from flexiti_async import FlexitiConfig, FlexitiSession, Scope, TokenStore, open_store
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import CommandError, print_facts, print_json, print_line, print_note
from flexiti_async.cli.token_status import TokenStatus
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.record import Record, TokenKey
from flexiti_async.tokens.record_store import RecordStore

__all__ = ["forget", "refresh", "status"]

_TRIES: Final = 10
_PRIVATE_STORE: Final = (
    "memory:// is the memory of one process: this command sees its own, not that of a running shop"
)


@Parameter(name="*")
@frozen(kw_only=True)
class Whose:
    """
    Which token, and how to print what is said about it.

    Attributes:
        scope: Scope of the token.
        store: URL of the token store, instead of the configuration's.
        json: Print one JSON object.
    """

    scope: Scope = Scope.CUSTOMER
    store: Annotated[str | None, Parameter(metavar="URL")] = None
    json: Flag = False


@frozen
class _Desk:
    """What all three commands work with."""

    config: FlexitiConfig
    key: TokenKey
    record: RecordStore

    @classmethod
    def on(cls, store: TokenStore, config: FlexitiConfig, scope: Scope) -> "_Desk":
        key = TokenKey(config.api_url, config.client_id, scope)
        sealed_store = SealedStore(store, timeout=config.store_timeout, keys=config.token_keys)
        return cls(config, key, RecordStore(key.store_key, sealed_store, SYSTEM_CLOCK))

    async def print_status(self, *, as_json: bool) -> None:
        seen = await self.record.read()
        status = TokenStatus.of(self.config, self.key, seen)
        if as_json:
            print_json(status.as_json())
        else:
            print_facts(status.as_facts())


async def status(*, whose: Whose | None = None, connection: Connection | None = None) -> None:
    """
    Show what the store knows of the token.

    How long it still lives, whether somebody is renewing it, what failed last. The token itself is
    not shown, and nothing is sent to Flexiti.
    """
    asked, config = _asked(whose, connection)
    async with _desk(config, asked.scope) as desk:
        await desk.print_status(as_json=asked.json)


async def refresh(*, whose: Whose | None = None, connection: Connection | None = None) -> None:
    """
    Get a new token now, and share it instead of the stored one.

    Processes that use the old token go on with it, and take the new one when they look next.
    """
    asked, config = _asked(whose, connection)
    async with FlexitiSession(config) as flexiti:
        desk = _Desk.on(flexiti.store, config, asked.scope)
        before = (await desk.record.read()).record
        refresher = flexiti.refresher(asked.scope)
        if before is not None and before.token is not None:
            refresher.reject(before.token.token_id)
        token = await refresher.token()
        after = (await desk.record.read()).record
        if after is None or after.token is None or after.token.token_id != token.token_id:
            msg = "a new token was issued, but the store holds another one, or none"
            raise CommandError(msg)
        await desk.print_status(as_json=asked.json)


async def forget(*, whose: Whose | None = None, connection: Connection | None = None) -> None:
    """
    Forget the stored token: whoever asks next gets a new one.

    Processes that hold it go on with it to its end, and Flexiti is not told.
    """
    asked, config = _asked(whose, connection)
    async with _desk(config, asked.scope) as desk:
        forgotten = await _empty(desk)
    if asked.json:
        print_json(
            {"forgotten": forgotten, "scope": desk.key.scope.value, "store_key": desk.key.store_key}
        )
    elif forgotten:
        print_line(f"forgotten: the record under {desk.key.store_key} is empty now")
    else:
        print_line(f"nothing to forget: nothing is stored under {desk.key.store_key}")


async def _empty(desk: _Desk) -> bool:
    """
    Swap an empty record in over whatever is there; a store has no delete.

    A claim in it is lost, too: its owner publishes over the empty record all the same.
    """
    for _ in range(_TRIES):
        seen = await desk.record.read()
        if seen.entry is None:
            return False
        written = await desk.record.write(Record(desk.key.store_key), expected=seen.entry)
        if written.won:
            return True
        stored = (await desk.record.read()).version
        if stored == written.entry.version:
            return True
        if stored == seen.version:
            msg = "the token store can be read, but did not take the write"
            raise CommandError(msg)
    msg = "the record changes faster than it can be emptied: try again"
    raise CommandError(msg)


def _asked(whose: Whose | None, connection: Connection | None) -> tuple[Whose, FlexitiConfig]:
    asked = whose or Whose()
    # A command that is about the store does not go on without it.
    config = (connection or Connection()).load(store=asked.store, on_store_failure="raise")
    if isinstance(config.store, str) and config.store.lower().startswith("memory://"):
        print_note(_PRIVATE_STORE)
    return asked, config


@contextlib.asynccontextmanager
async def _desk(config: FlexitiConfig, scope: Scope) -> AsyncGenerator[_Desk, None]:
    store = open_store(config.store)
    try:
        yield _Desk.on(store, config, scope)
    finally:
        await store.aclose()
