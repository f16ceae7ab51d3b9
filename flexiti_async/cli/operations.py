"""`flexiti-async operations …`: list, find, show, look up and resolve calls that move money."""

import datetime
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Final, cast

from attrs import frozen
from cyclopts import Parameter

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.cli.advice import next_of, to_record
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import (
    WRONG,
    CommandError,
    print_facts,
    print_json,
    print_line,
    print_text,
)
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.operations import CannotTell, Evidence, Operation, OperationKind
from flexiti_async.store.interface import JOURNAL_PREFIX
from flexiti_async.store.journal import journal_store
from flexiti_async.store.loading import open_store

__all__ = ["as_json", "find", "list_", "look_up", "resolve", "show"]

_ID_DIGITS: Final = 32
_NONE: Final = "-"
_KINDS: Final = tuple(kind for kind in OperationKind if kind is not OperationKind.OTHER)
_HOW_TO_NAME: Final = (
    "name the operation by its id (32 hex digits) or as kind:key, such as capture:order-9; kinds: "
    + ", ".join(_KINDS)
    + "; `flexiti-async operations find` finds it by its key alone, its reference or a reference id"
)


@Parameter(name="*")
@frozen(kw_only=True)
class Journal:
    """
    Which journal.

    Attributes:
        journal: URL of the journal's store, instead of the configuration's.
        json: Print one JSON object.
    """

    journal: Annotated[str | None, Parameter(metavar="URL")] = None
    json: Flag = False


@frozen
class _Name:
    """An operation as it was named: by id, or by kind and key."""

    identity: str | None = None
    kind: OperationKind | None = None
    key: str | None = None


async def list_(
    *,
    older_than: Annotated[float, Parameter(metavar="SECONDS")] = 0.0,
    where: Journal | None = None,
    connection: Connection | None = None,
) -> None:
    """
    List the operations whose outcome is not known, the oldest first.

    One that is being made right now is among them until its outcome is recorded.

    Args:
        older_than: Seconds since the claim, at least.
        where: Which journal.
        connection: Where the configuration differs.
    """
    async with _opened(where, connection) as flexiti:
        found = [one async for one in flexiti.operations.pending(older_than=older_than)]
    found.sort(key=lambda one: one.began_at)
    if where is not None and where.json:
        print_json({"operations": [as_json(one) for one in found]})
        return
    for one in found:
        amount = _NONE if one.amount is None else f"${one.amount}"
        print_text(
            f"{one.operation_id}  {one.name}  {amount}  {_age(one)}  {one.reference_id}", indent=4
        )
    print_text(f"{len(found)} pending operations of {flexiti.operations.account}")
    if found:
        print_text("what to do about one: flexiti-async operations show ID")


async def find(
    text: str,
    /,
    *,
    everywhere: Annotated[Flag, Parameter(name="--all")] = False,
    where: Journal | None = None,
    connection: Connection | None = None,
) -> None:
    """
    Find operations by their key, the shop's reference or the reference id of the request.

    By key, all of the journal's operations are found. By reference and reference id, only those
    whose outcome is not known, unless `--all` is set.

    Args:
        text: A key such as order-9, a reference or a reference id.
        everywhere: Read every record of the journal, which takes a while if it is large.
        where: Which journal.
        connection: Where the configuration differs.
    """
    given = where and where.journal
    config = (connection or Connection()).load(journal=given)
    async with FlexitiSession(config) as flexiti:
        operations, guid = flexiti.operations, text.replace("-", "").lower()
        found: dict[str, Operation] = {}
        for kind in _KINDS:
            one = await operations.get(kind=kind, key=text)
            if one is not None:
                found[one.operation_id] = one
        others = _all(config, flexiti) if everywhere else operations.pending()
        async for one in others:
            if text in {one.idempotency_key, one.reference} or guid == one.reference_id:
                found.setdefault(one.operation_id, one)
    if not found:
        hint = "" if everywhere else "; --all searches those with a known outcome by reference, too"
        msg = f"no operation has this key, reference or reference id{hint}"
        raise CommandError(msg)
    in_order = sorted(found.values(), key=lambda one: one.began_at)
    if where is not None and where.json:
        print_json({"operations": [as_json(one) for one in in_order]})
        return
    for number, one in enumerate(in_order):
        if number:
            print_line()
        _print(one, where)


async def _all(config: FlexitiConfig, flexiti: FlexitiSession) -> AsyncIterator[Operation]:
    """Yield all operations of the account; one whose record cannot be opened is an error."""
    store = open_store(config.store if config.journal is None else config.journal)
    try:
        async for key in journal_store(store).keys(JOURNAL_PREFIX):
            one = await flexiti.operations.get(key[-_ID_DIGITS:])
            if one is not None and one.account == flexiti.operations.account:
                yield one
    finally:
        await store.aclose()


async def show(
    operation: str, *, where: Journal | None = None, connection: Connection | None = None
) -> None:
    """
    Show what the journal knows of an operation.

    Args:
        operation: Its id, or kind:key.
        where: Which journal.
        connection: Where the configuration differs.
    """
    name = _named(operation)
    async with _opened(where, connection) as flexiti:
        found = await flexiti.operations.get(name.identity, kind=name.kind, key=name.key)
    if found is None:
        msg = "the journal has no such operation"
        raise CommandError(msg)
    _print(found, where)


async def resolve(
    operation: str,
    *,
    executed: Annotated[bool, Parameter(negative="--not-executed")],
    by: Annotated[str, Parameter(metavar="NAME")],
    authorization_id: Annotated[str | None, Parameter(metavar="N")] = None,
    capture_id: Annotated[str | None, Parameter(metavar="N")] = None,
    where: Journal | None = None,
    connection: Connection | None = None,
) -> None:
    """
    Record the outcome of an operation, after somebody has found it out.

    Args:
        operation: Its id, or kind:key.
        executed: Whether it ran. `--not-executed` frees the key, so the shop can make the call
            again; it is refused until the operation's deadline and 15 minutes have passed.
        by: Your name; it is recorded.
        authorization_id: Number of the authorization, for one that ran.
        capture_id: Number of the capture, for one that ran.
        where: Which journal.
        connection: Where the configuration differs.
    """
    name = _named(operation)
    async with _opened(where, connection) as flexiti:
        resolved = await flexiti.operations.resolve(
            name.identity,
            executed=executed,
            by=by,
            kind=name.kind,
            key=name.key,
            authorization_id=authorization_id,
            capture_id=capture_id,
        )
    _print(resolved, where)


async def look_up(
    operation: str,
    *,
    account_number: Annotated[str | None, Parameter(metavar="N")] = None,
    where: Journal | None = None,
    connection: Connection | None = None,
) -> None:
    """
    Find out at Flexiti whether an operation ran. Nothing is recorded.

    The exit status is 1 if Flexiti's lists do not show it.

    Args:
        operation: Its id, or kind:key.
        account_number: The customer's account, for an authorization; the journal has it only with
            `token_keys`.
        where: Which journal.
        connection: Where the configuration differs.
    """
    name = _named(operation)
    async with _opened(where, connection) as flexiti:
        found = await flexiti.operations.look_up(
            name.identity, kind=name.kind, key=name.key, account_number=account_number
        )
    if isinstance(found, CannotTell):
        if where is not None and where.json:
            print_json({"outcome": "not shown", "why": found.why})
        msg = f"Flexiti's lists do not show it: {found.why}"
        raise CommandError(msg)
    facts: dict[str, str | None] = (
        {
            "outcome": "found",
            "authorization_id": found.authorization_id,
            "capture_id": found.capture_id,
        }
        if isinstance(found, Evidence)
        else {"outcome": "not found", "where": found.where}
    )
    if where is not None and where.json:
        print_json({**facts, "next": list(to_record(operation, found))})
    else:
        advice = "\n".join(to_record(operation, found))
        print_facts({name: value or _NONE for name, value in facts.items()} | {"next": advice})


def _named(operation: str) -> _Name:
    """Read the name of an operation."""
    kind, separator, key = operation.partition(":")
    if not separator and len(operation) == _ID_DIGITS:
        return _Name(identity=operation)
    if key and kind in _KINDS:
        return _Name(kind=OperationKind(kind), key=key)
    raise CommandError(_HOW_TO_NAME, status=WRONG)


@asynccontextmanager
async def _opened(
    where: Journal | None, connection: Connection | None
) -> AsyncGenerator[FlexitiSession, None]:
    given = where and where.journal
    async with FlexitiSession((connection or Connection()).load(journal=given)) as flexiti:
        yield flexiti


def _print(operation: Operation, where: Journal | None) -> None:
    facts = as_json(operation)
    if where is not None and where.json:
        print_json(facts)
    else:
        print_facts({name: text for name, value in facts.items() if (text := _text(value))})


def as_json(operation: Operation) -> Mapping[str, object]:
    """Return an operation for programs, and what to do next about it."""
    return {
        "operation_id": operation.operation_id,
        "name": operation.name,
        "phase": operation.phase.value,
        "account": operation.account,
        "reference_id": operation.reference_id,
        "reference": operation.reference,
        "amount": None if operation.amount is None else str(operation.amount),
        "authorization_id": operation.authorization_id,
        "capture_id": operation.capture_id,
        "began_at": operation.began_at.isoformat(),
        "deadline": operation.deadline,
        "executed_at": operation.executed_at and operation.executed_at.isoformat(),
        "writer": operation.writer,
        "resolved_by": operation.resolved_by,
        "refusals": list(_refusals(operation)),
        "next": list(next_of(operation, SYSTEM_CLOCK.wall())),
    }


def _refusals(operation: Operation) -> Iterator[str]:
    refused = () if operation.refused is None else (operation.refused,)
    for one in (*operation.refusals, *refused):
        at = datetime.datetime.fromtimestamp(one.at, datetime.UTC).isoformat()
        answer = "" if one.status is None else f" HTTP {one.status} {one.code or ''}".rstrip()
        yield f"{at} {one.error}{answer}"


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(cast("list[str]", value))
    return "" if value is None else str(value)


def _age(operation: Operation) -> str:
    age = SYSTEM_CLOCK.wall() - operation.began_at.timestamp()
    return f"{max(age, 0.0):.0f} s"
