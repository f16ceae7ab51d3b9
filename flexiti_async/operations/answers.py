"""The answer of an operation: whether it says that it ran, and what of it the journal records."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar, cast

import attrs

from flexiti_async.api.authorizations import Authorization, AuthorizationStatus
from flexiti_async.api.captures import Capture
from flexiti_async.errors import FlexitiError, OperationError
from flexiti_async.operations.record import OperationRecord
from flexiti_async.operations.recorded_errors import facts_of
from flexiti_async.protocol.call import OperationCall
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.structuring import structure

__all__ = ["recorded_answer", "replayed_answer", "why_unknown"]

T = TypeVar("T")
Recorded = dict[str, str | int | bool | None]

_ALLOWED: Final = (
    # numbers
    "authorization_id",
    "authorizationId",
    "capture_id",
    "captureId",
    "return_id",
    "refund_id",
    "transaction_id",
    "application_id",
    "id",
    # states and amounts
    "authorization_status",
    "application_status",
    "status",
    "amount",
    "date",
    "reference",
    "remaining_amount",
    "remaining_authorization_amount",
    "remaining_capture_amount",
)
"""The fields that are recorded, by the names in the API's tables and their likely spellings; no
field with personal data is among them."""
_LONGEST: Final = 100
"""Characters of a text that is recorded; a longer one is neither a number nor a state."""
_NOT_GRANTED: Final = frozenset({AuthorizationStatus.UNAUTHORIZED, AuthorizationStatus.ON_HOLD})


def why_unknown(answer: object) -> str | None:
    """
    Return why a success does not prove that the operation ran; None if it does.

    An answer with an `error` and no number, and an authorization that says that it is not
    authorized, are neither a success nor a refusal that the API's tables list.
    """
    extra: Mapping[str, object] = getattr(answer, "extra", {})
    number = extra.get("id") or getattr(answer, "authorization_id", None)
    number = number or getattr(answer, "capture_id", None) or getattr(answer, "return_id", None)
    if extra.get("error") and number is None:
        return "the answer is a success with an error in it"
    if isinstance(answer, Authorization) and answer.authorization_status in _NOT_GRANTED:
        return f"the answer's status is {answer.authorization_status}"
    return None


def recorded_answer(answer: object) -> Recorded:
    """Return the allowed fields of an answer, as JSON values; amounts as text."""
    extra: Mapping[str, object] = getattr(answer, "extra", {})
    recorded: Recorded = {}
    for name in _ALLOWED:
        value = getattr(answer, name, None) if _has_field(answer, name) else extra.get(name)
        if isinstance(value, Decimal):
            value = str(value)
        elif isinstance(value, datetime.datetime):
            value = value.isoformat()
        if isinstance(value, bool):
            recorded[name] = value
        elif isinstance(value, int | str) and len(str(value)) <= _LONGEST:
            recorded[name] = value if isinstance(value, int) else str(value)
    # Numbers that were found under another name or in a nested object.
    numbers: dict[str, str | None] = {}
    if isinstance(answer, Authorization):
        numbers["authorization_id"] = answer.authorization_id
    if isinstance(answer, Authorization | Capture):
        numbers["capture_id"] = answer.capture_id
    for name, number in numbers.items():
        if number is not None and len(number) <= _LONGEST:
            recorded[name] = number
    return recorded


def replayed_answer(call: OperationCall[T], record: OperationRecord) -> T | FlexitiError:
    """
    Build the value of a call from its recorded answer, marked as replayed.

    A call that was built by hand may have a result that needs more than is recorded: then it is an
    OperationError that says that the call ran.
    """
    try:
        value = structure(dict(record.answer), call.result)
    except UnfitError:
        text = f"{record.endpoint} ran, and what is recorded of its answer is not a whole result"
        return OperationError(text, **facts_of(record))
    if _has_field(value, "replayed"):
        return cast("T", attrs.evolve(cast("Authorization", value), replayed=True))
    return value


def _has_field(answer: object, name: str) -> bool:
    kind = type(answer)
    return attrs.has(kind) and name in attrs.fields_dict(kind)
