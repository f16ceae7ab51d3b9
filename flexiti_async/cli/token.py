"""`flexiti-async token …`: show, refresh or discard the shared token of a store."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter

from flexiti_async import FlexitiConfig, FlexitiSession, Scope, TokenStore, open_store
from flexiti_async.cli.options import PRIVATE_STORE, Connection, Flag, without_password
from flexiti_async.cli.output import (
    CommandError,
    is_scheme,
    print_facts,
    print_json,
    print_note,
    print_text,
)
from flexiti_async.cli.token_status import TokenStatus
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.record import Record, TokenKey
from flexiti_async.tokens.record_store import RecordStore

__all__ = ["forget", "refresh", "status"]

_TRIES: Final = 10


@Parameter(name="*")
@frozen(kw_only=True)
class Target:
    """
    Which token a command is about, and how to print the result.

    Attributes:
        scope: Scope of the token.
        store: URL of the token store, instead of the configuration's.
        json: Print one JSON object.
    """

    scope: Scope = Scope.CUSTOMER
    store: Annotated[str | None, Parameter(metavar="URL")] = None
    json: Flag = False


@frozen
class _Stored:
    """The stored record of a token, with what is needed to read and write it."""

    config: FlexitiConfig
    key: TokenKey
    record: RecordStore

    @classmethod
    def on(cls, store: TokenStore, config: FlexitiConfig, scope: Scope) -> "_Stored":
        key = TokenKey.of(config, scope)
        sealed_store = SealedStore(store, timeout=config.store_timeout, keys=config.token_keys)
        record = RecordStore(
            key.store_key, sealed_store, SYSTEM_CLOCK, token_timeout=config.token_timeout
        )
        return cls(config, key, record)

    async def print_status(self, *, as_json: bool) -> None:
        seen = await self.record.read()
        status = TokenStatus.of(self.config, self.key, seen)
        if as_json:
            print_json(status.as_json())
        else:
            print_facts(status.as_facts())


async def status(*, target: Target | None = None, connection: Connection | None = None) -> None:
    """
    Show the state of the shared token in the store.

    It includes the token's remaining lifetime, a refresh in flight and the last failure. The token
    itself is not shown, and nothing is sent to Flexiti.
    """
    asked, config = _asked(target, connection)
    async with _desk(config, asked.scope) as desk:
        await desk.print_status(as_json=asked.json)


async def refresh(*, target: Target | None = None, connection: Connection | None = None) -> None:
    """
    Request a new token now, and share it in place of the stored one.

    Processes that use the old token keep it until they next read the store.
    """
    asked, config = _asked(target, connection)
    async with FlexitiSession(config) as flexiti:
        desk = _Stored.on(flexiti.store, config, asked.scope)
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


async def forget(*, target: Target | None = None, connection: Connection | None = None) -> None:
    """
    Discard the stored token: the next caller that needs one gets a new one.

    Processes that have it cached use it until it expires, and Flexiti is not notified.
    """
    asked, config = _asked(target, connection)
    async with _desk(config, asked.scope) as desk:
        forgotten = await _empty(desk)
    if asked.json:
        print_json(
            {"forgotten": forgotten, "scope": desk.key.scope.value, "store_key": desk.key.store_key}
        )
    elif forgotten:
        print_text(f"discarded the token stored at {desk.key.store_key}")
    else:
        print_text(f"nothing to discard: no record is stored at {desk.key.store_key}")


async def _empty(desk: _Stored) -> bool:
    """
    Swap in an empty record; a store has no delete.

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
            msg = "the token store can be read, but rejected the write"
            raise CommandError(msg)
    msg = "the record kept changing while it was being emptied: try again"
    raise CommandError(msg)


def _asked(target: Target | None, connection: Connection | None) -> tuple[Target, FlexitiConfig]:
    asked = target or Target()
    # A command about the store does not fall back to degraded mode.
    url = None if asked.store is None else without_password(asked.store)
    config = (connection or Connection()).load(store=url, on_store_failure="raise")
    if is_scheme(config.store, "memory"):
        print_note(PRIVATE_STORE)
    return asked, config


@contextlib.asynccontextmanager
async def _desk(config: FlexitiConfig, scope: Scope) -> AsyncGenerator[_Stored, None]:
    store = open_store(config.store)
    try:
        yield _Stored.on(store, config, scope)
    finally:
        await store.aclose()
