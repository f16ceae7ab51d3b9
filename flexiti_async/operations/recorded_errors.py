"""The errors that a record of the journal stands for."""

from flexiti_async.errors import (
    ApiError,
    FlexitiError,
    IdempotencyKeyReused,
    OperationInProgress,
    OutcomeUnknown,
)
from flexiti_async.errors.operation import OperationFacts
from flexiti_async.operations.record import OperationRecord, Phase, Refusal
from flexiti_async.protocol.response import error_named

__all__ = [
    "done_already",
    "error_of_free",
    "facts_of",
    "in_progress",
    "no_outcome",
    "refusal_error",
    "reused",
]


def facts_of(record: OperationRecord) -> OperationFacts:
    """Return the attributes of an error about this record."""
    return {
        "operation_id": record.operation_id,
        "kind": record.kind.value,
        "idempotency_key": record.idempotency_key,
        "reference_id": record.reference_id,
        "endpoint": record.endpoint,
        "phase": record.phase.value,
        "writer": record.writer,
        "authorization_id": record.authorization_id,
        "amount": None if record.amount is None else str(record.amount),
        "reference": record.reference,
    }


def no_outcome(record: OperationRecord) -> OutcomeUnknown:
    """Return the error of a pending operation whose deadline has passed."""
    never = f"{record.endpoint} may or may not have run: its outcome was never recorded"
    text = record.inconclusive or never
    return OutcomeUnknown(text, **facts_of(record))


def in_progress(record: OperationRecord, left: float) -> OperationInProgress:
    """Return the error of a pending operation that another caller is making."""
    text = "it was begun a moment ago, and its outcome is not known yet"
    return OperationInProgress(text, retry_after=left, **facts_of(record))


def done_already(record: OperationRecord) -> IdempotencyKeyReused:
    """Return the error of a key that is given for something new, and whose operation ran."""
    amount = "" if record.amount is None else f", ${record.amount}"
    text = f"what the key names is done already: {record.kind.value}{amount}"
    return IdempotencyKeyReused(text, **facts_of(record))


def reused(record: OperationRecord) -> IdempotencyKeyReused:
    """Return the error of a key that names another operation."""
    text = "the key names another operation"
    if record.phase is Phase.DONE:
        paid = "" if record.amount is None else f" of ${record.amount}"
        text = f"the key names another operation{paid}, which is done already"
    return IdempotencyKeyReused(text, **facts_of(record))


def refusal_error(refusal: Refusal, record: OperationRecord) -> ApiError:
    """Return the API's refusal as an error."""
    return error_named(
        refusal.status or 0,
        refusal.code,
        refusal.message,
        reference_id=record.reference_id,
        endpoint=record.endpoint,
    )


def error_of_free(record: OperationRecord) -> FlexitiError:
    """Return what a waiter gets when the call that it waited for certainly did not run."""
    last = record.refusals[-1] if record.refusals else None
    if last is not None and last.status is not None:
        return refusal_error(last, record)
    why = "" if last is None else f" ({last.error})"
    text = f"the call that this one waited for was not sent{why}: call again with the same key"
    return OperationInProgress(text, retry_after=0.0, **facts_of(record))
