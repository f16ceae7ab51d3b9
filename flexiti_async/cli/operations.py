"""`flexiti-async operations …`: list, show, look up and resolve calls that move money."""

import datetime
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Final, cast

from attrs import frozen
from cyclopts import Parameter

from flexiti_async import FlexitiSession
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import WRONG, CommandError, print_facts, print_json, print_line
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.operations import CannotTell, Evidence, Operation
from flexiti_async.protocol.call import OperationKind

__all__ = ["list_", "look_up", "resolve", "show"]

_ID_DIGITS: Final = 32
_NONE: Final = "-"
_HOW_TO_NAME: Final = (
    "name the operation by its id (32 hex digits) or as kind:key, such as capture:order-9; kinds: "
    + ", ".join(kind.value for kind in OperationKind if kind is not OperationKind.OTHER)
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
        print_json({"operations": [_as_json(one) for one in found]})
        return
    for one in found:
        amount = _NONE if one.amount is None else f"${one.amount}"
        print_line(f"{one.operation_id}  {one.name}  {amount}  {_age(one)}  {one.reference_id}")
    print_line(f"{len(found)} pending operations of {flexiti.operations.account}")


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
        print_json(facts)
    else:
        print_facts({name: value or _NONE for name, value in facts.items()})


def _named(operation: str) -> _Name:
    """Read the name of an operation."""
    kind, separator, key = operation.partition(":")
    if not separator and len(operation) == _ID_DIGITS:
        return _Name(identity=operation)
    if key and kind in set(OperationKind) - {OperationKind.OTHER}:
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
    facts = _as_json(operation)
    if where is not None and where.json:
        print_json(facts)
    else:
        print_facts({name: text for name, value in facts.items() if (text := _text(value))})


def _as_json(operation: Operation) -> Mapping[str, object]:
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
