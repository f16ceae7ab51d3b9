"""Advice for operators: the next commands for an operation, the next calls of a checkout."""

import datetime
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from flexiti_async.checkout.state import Step
from flexiti_async.operations import (
    Evidence,
    NotFoundAtFlexiti,
    Operation,
    OperationKind,
    Phase,
)
from flexiti_async.operations.journal import SETTLE

__all__ = ["AT_STEP", "next_of", "to_record", "utc"]

_COMMAND: Final = "flexiti-async operations"
_SUPPORT: Final = (
    "ask Flexiti's support, with the reference id: no list and no call shows whether it ran"
)
_FIND_OUT: Final[Mapping[OperationKind, str]] = MappingProxyType(
    {
        OperationKind.AUTHORIZE: "find out: {look_up} --account-number N (the customer's account)",
        OperationKind.CAPTURE: "find out: {look_up}",
        OperationKind.RELEASE: "{look_up} shows what remains of the authorization: compare it with "
        "what was captured and released",
        OperationKind.RETURN: "{look_up} shows what remains of the authorization: compare it with "
        "what was captured and returned",
        OperationKind.REFUND: _SUPPORT,
        OperationKind.APPLY: _SUPPORT,
        OperationKind.TRANSACTION: "within an hour, have the shop make the call again with the "
        "same key; later, ask Flexiti's support, with the reference id",
        OperationKind.OTHER: _SUPPORT,
    }
)
_OPTION: Final = {OperationKind.AUTHORIZE: "authorization_id", OperationKind.CAPTURE: "capture_id"}
"""The number that belongs to the outcome of an operation."""

AT_STEP: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.OPEN: "no call has succeeded yet: the shop calls init_widget()",
        Step.IN_STORE: "no call has succeeded yet: the shop calls lookup()",
        Step.WIDGET: "the customer has, or had, the widget open: the shop waits for its event, or "
        "opens another one with init_widget()",
        Step.STOPPED: "the widget ended without a result to go on with: the shop offers another "
        "try with init_widget(), or another way to pay",
        Step.VERIFIED: "the customer is verified: the shop offers plans(), then calls authorize()",
        Step.READY_TO_APPLY: "the shop sends the application with apply()",
        Step.APPLIED: "the application was sent and decided, or is pending at Flexiti: the end",
        Step.ACCOUNT_FOUND: "the account is known: the shop calls verify()",
        Step.CODE_SENT: "the customer has a code: the shop offers plans(), then calls authorize()",
        Step.AUTHORIZED: "the purchase is authorized: the shop captures or releases it with "
        "flexiti.authorizations",
    }
)
"""The state of a checkout, and what follows, by step."""


def next_of(operation: Operation, now: float) -> Sequence[str]:
    """
    Return what to do about an operation; empty if there is nothing to do.

    Args:
        operation: The operation.
        now: The present time, in seconds since the epoch.
    """
    name = shlex.quote(
        operation.operation_id if operation.kind is OperationKind.OTHER else operation.name
    )
    number = _OPTION.get(operation.kind)
    option = "" if number is None else f" --{number.replace('_', '-')} N"
    executed = f"{_COMMAND} resolve {name} --executed --by YOU{option}"
    if operation.phase is Phase.FREE:
        return []
    if operation.phase is Phase.DONE:
        complete = number is None or getattr(operation, number) is not None
        return [] if complete else [f"add the number that the answer lacked: {executed}"]
    end = operation.began_at.timestamp() + operation.deadline
    if now < end:
        wait = f"wait until {utc(end)}: it is being made, or the process that made it has ended"
        return [wait, f"then look again: {_COMMAND} show {name}"]
    settled = end + SETTLE
    early = f" (refused before {utc(settled)})" if now < settled else ""
    return [
        _FIND_OUT[operation.kind].format(look_up=f"{_COMMAND} look-up {name}"),
        f"if it ran: {executed}",
        f"if not: {_COMMAND} resolve {name} --not-executed --by YOU{early}",
    ]


def to_record(name: str, found: Evidence | NotFoundAtFlexiti) -> Iterator[str]:
    """Yield the command that records what a look at Flexiti has shown of an operation."""
    command = f"{_COMMAND} resolve {shlex.quote(name)}"
    if isinstance(found, NotFoundAtFlexiti):
        if found.settled:
            yield f"record it: {command} --not-executed --by YOU"
        else:
            yield "look again 15 minutes after its deadline: it may still be executed"
        return
    of_authorization = name.startswith(f"{OperationKind.AUTHORIZE}:") or not found.capture_id
    option = "authorization_id" if of_authorization else "capture_id"
    number = getattr(found, option)
    given = "" if number is None else f" --{option.replace('_', '-')} {number}"
    yield f"record it: {command} --executed --by YOU{given}"


def utc(seconds: float) -> str:
    """Return a moment as people read it, to the second."""
    at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
