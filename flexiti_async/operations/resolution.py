"""Outcomes that somebody records, because the library does not know them."""

from collections.abc import Mapping
from typing import Final

from attrs import evolve

from flexiti_async.api.endpoints import (
    APPLY,
    AUTHORIZATION,
    CAPTURE,
    REFUND,
    RELEASE,
    RETURN,
    TRANSACTIONS,
)
from flexiti_async.errors import FieldError, OperationError, OperationInProgress, ValidationError
from flexiti_async.operations.answers import Recorded
from flexiti_async.operations.fingerprint import UNKNOWN_FIELDS
from flexiti_async.operations.keys import store_key
from flexiti_async.operations.record import OperationRecord, Phase, Refusal
from flexiti_async.operations.recorded_errors import facts_of
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.validators import INVALID

__all__ = ["check_resolution", "entered", "resolved"]

_ENDPOINTS: Final[Mapping[OperationKind, str]] = {
    OperationKind.AUTHORIZE: AUTHORIZATION,
    OperationKind.APPLY: APPLY,
    OperationKind.CAPTURE: CAPTURE,
    OperationKind.RELEASE: RELEASE,
    OperationKind.RETURN: RETURN,
    OperationKind.REFUND: REFUND,
    OperationKind.TRANSACTION: TRANSACTIONS,
}
_LONGEST_NAME: Final = 255
_MOST_DIGITS: Final = 16


def check_resolution(*, executed: object, by: object, **numbers: object) -> Recorded:
    """
    Return the numbers of an operation that ran, checked; callers without a type checker exist.

    Raises:
        ValidationError: A number is not one, or does not belong to the outcome; nobody is named.
    """
    problems: list[FieldError] = []
    if not isinstance(executed, bool):
        problems.append(FieldError("executed", INVALID, None, "must be True or False"))
    if not (isinstance(by, str) and by.strip() and by.isprintable() and len(by) <= _LONGEST_NAME):
        hint = "must name you: printable text of 1 to 255 characters"
        problems.append(FieldError("by", INVALID, None, hint))
    good: Recorded = {}
    for name, value in numbers.items():
        if value is None:
            continue
        if not _is_number(value):
            problems.append(FieldError(name, INVALID, None, "must be 1 to 16 digits"))
        elif executed is False:
            problems.append(FieldError(name, INVALID, None, "only for an operation that ran"))
        else:
            good[name] = "".join(value) if isinstance(value, str) else f"{value:d}"
    if problems:
        raise ValidationError(field_errors=problems)
    return good


def resolved(
    record: OperationRecord,
    numbers: Recorded,
    *,
    executed: bool,
    by: str,
    at: float,
    early: float,
) -> OperationRecord:
    """
    Return the record with its outcome; the same one if it says so already.

    Args:
        record: The record.
        numbers: The numbers of an operation that ran.
        executed: Whether it ran.
        by: The person or job that says so.
        at: Now, in seconds since the epoch.
        early: Seconds until it can be recorded that it did not run.

    Raises:
        OperationInProgress: It is too early.
        OperationError: The record contradicts it.
    """
    if not executed:
        if record.phase is not Phase.PENDING:
            raise OperationError(f"it is {record.phase.value} already", **facts_of(record))
        if early > 0:
            text = f"its request may still be executed: wait {early:.0f} s"
            raise OperationInProgress(text, retry_after=early, **facts_of(record))
        return record.freed(Refusal(error="Resolved", at=at), by=by)
    if record.phase is Phase.DONE and record.refused is not None:
        msg = "the API has refused it"
        raise OperationError(msg, **facts_of(record))
    known = {"authorization_id": record.authorization_id, "capture_id": record.capture_id}
    for name, number in numbers.items():
        if known[name] not in {None, number}:
            msg = f"its {name} is recorded as {known[name]}"
            raise OperationError(msg, **facts_of(record))
    if record.phase is Phase.DONE and all(known[name] is not None for name in numbers):
        return record
    done = record.done({**record.answer, **numbers}, at=record.executed_at or at, by=by)
    return evolve(done, refusals=record.refusals)


def entered(
    operation_id: str,
    numbers: Recorded,
    *,
    kind: OperationKind,
    account: str,
    idempotency_key: str,
    deadline: float,
    by: str,
    at: float,
) -> OperationRecord:
    """
    Return the record of an operation that ran, and that the journal has lost.

    Nobody knows what was asked for: any call with this key is answered with it, and nothing is
    sent.

    Raises:
        ValidationError: It is of a kind that is built by hand, which has no endpoint of its own.
    """
    if kind not in _ENDPOINTS:
        problem = FieldError("kind", INVALID, None, "must be one of the library's own kinds")
        raise ValidationError(field_errors=[problem])
    record = OperationRecord(
        key=store_key(operation_id),
        kind=kind,
        endpoint=_ENDPOINTS[kind],
        account=account,
        idempotency_key=idempotency_key,
        phase=Phase.PENDING,
        salt=f"{operation_id} {at}",
        fingerprint=UNKNOWN_FIELDS,
        reference_id="",
        began=at,
        deadline=deadline,
        writer=by,
    )
    return record.done(numbers, at=at, by=by)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    if isinstance(value, int):
        return 0 <= value < 10**_MOST_DIGITS
    return value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
