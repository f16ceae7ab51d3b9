"""
The record of one operation, and its text in the journal.

| phase | meaning | kept |
|---|---|---|
| `pending` | claimed: it may have been sent, and its outcome is not known | for ever |
| `done` | it ran; the answer is recorded | `journal_ttl`, 400 days at least |
| `free` | it certainly did not run: the key may be used again | 30 days |
"""

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeGuard

import msgspec
from attrs import Factory, evolve, frozen

from flexiti_async.errors import ApiError, FlexitiError, RecordUnreadable
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.record_json import as_ascii, decode_secret, encode_secret
from flexiti_async.protocol.secret import Secret

__all__ = [
    "LONGEST_DEADLINE",
    "OperationRecord",
    "Phase",
    "Refusal",
    "decode_operation",
    "encode_operation",
    "is_amount",
    "refusal_of",
]

VERSION: Final = 1
_MOST_REFUSALS: Final = 10
_MOST_DIGITS: Final = 40
LONGEST_DEADLINE: Final = 86_400.0
"""Seconds; a longer deadline in a record is a fault, and would keep callers waiting."""
_LONGEST_TEXT: Final = 200
"""Characters of the API's texts that are kept of a refusal."""
_LAST_MOMENT: Final = 253_402_300_799.0
"""The last second that `datetime` knows: the end of the year 9999."""


class Phase(enum.StrEnum):
    """The journal's knowledge of an operation."""

    PENDING = "pending"
    """Claimed: it may have been sent."""
    DONE = "done"
    """It ran."""
    FREE = "free"
    """It certainly did not run."""


@frozen
class Refusal:
    """
    An attempt that certainly did not run.

    Attributes:
        error: Name of the error's class.
        at: Seconds since the epoch, by the clock of the process.
        status: HTTP status of the API's answer; None without one.
        code: The API's `error`.
        message: The API's text for people, masked.
    """

    error: str
    at: float
    status: int | None = None
    code: str | None = None
    message: str = ""


@frozen
class OperationRecord:
    """
    One operation in the journal.

    Attributes:
        key: The record's own store key, so that one that is stored under another is rejected.
        kind: Its kind.
        endpoint: Name of the endpoint.
        account: Name of the account.
        idempotency_key: The shop's key.
        phase: Its state.
        salt: Random, for the fingerprint.
        fingerprint: Of what was asked for; see `operations/fingerprint.py`.
        reference_id: The `x-reference-id` of the request.
        began: Seconds since the epoch at the claim, by the clock of the process.
        deadline: Seconds from the claim after which nothing is sent any more.
        writer: The process that made the claim: host and process id.
        first: Moment of the first claim, if the call was sent again while its outcome was unknown,
            in seconds since the epoch; None otherwise.
        amount: Dollars, where the call has an amount.
        reference: The shop's order number as it was sent.
        account_number: The customer's account; only in an encrypted record.
        authorization_id: Number of the authorization, once it is known.
        capture_id: Number of the capture, once it is known.
        executed_at: Seconds since the epoch at the record of the answer; None before.
        answer: The recorded fields of the answer.
        inconclusive: Why the outcome is unknown, once the process that sent the call has given up:
            nobody waits for it any more. None while the call may be under way.
        refusals: Attempts that certainly did not run, oldest first.
        refused: The API's refusal that is the result of an application, such as "declined".
        resolved_by: The person or job that entered the outcome; None for the API's answer.
    """

    key: str
    kind: OperationKind
    endpoint: str
    account: str
    idempotency_key: str
    phase: Phase
    salt: str
    fingerprint: str
    reference_id: str
    began: float
    deadline: float
    writer: str
    first: float | None = None
    amount: Decimal | None = None
    reference: str | None = None
    account_number: Secret | None = None
    authorization_id: str | None = None
    capture_id: str | None = None
    executed_at: float | None = None
    answer: Mapping[str, str | int | bool | None] = Factory(dict[str, str | int | bool | None])
    inconclusive: str | None = None
    refusals: tuple[Refusal, ...] = ()
    refused: Refusal | None = None
    resolved_by: str | None = None

    @property
    def operation_id(self) -> str:
        """The operation's id: 32 hex digits."""
        return self.key[-32:]

    def done(
        self,
        answer: Mapping[str, str | int | bool | None],
        *,
        at: float,
        refused: Refusal | None = None,
        by: str | None = None,
    ) -> "OperationRecord":
        """Return the record of the operation as one that ran."""
        authorization_id = answer.get("authorization_id") or self.authorization_id
        capture_id = answer.get("capture_id") or self.capture_id
        return evolve(
            self,
            phase=Phase.DONE,
            executed_at=at,
            answer=dict(answer),
            authorization_id=None if authorization_id is None else str(authorization_id),
            capture_id=None if capture_id is None else str(capture_id),
            refused=refused,
            resolved_by=by,
        )

    def freed(self, refusal: Refusal, *, by: str | None = None) -> "OperationRecord":
        """Return the record of the operation as one that certainly did not run."""
        history = (*self.refusals, refusal)[-_MOST_REFUSALS:]
        return evolve(self, phase=Phase.FREE, refusals=history, resolved_by=by)


@frozen
class _Wire:
    v: int
    operation: OperationRecord


_encoder: Final = msgspec.json.Encoder(enc_hook=encode_secret)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=decode_secret)


def encode_operation(record: OperationRecord) -> str:
    """Encode a record as ASCII JSON."""
    return as_ascii(_encoder.encode(_Wire(VERSION, record)))


def decode_operation(payload: str, key: str) -> OperationRecord:
    """
    Decode the record that was stored under `key`.

    Raises:
        RecordUnreadable: It has another key or version, or is not an operation. It counts as
            unknown, never as absent.
    """
    read = _read(payload, key)
    if isinstance(read, OperationRecord):
        return read
    del payload  # it may hold an account number, and this frame may end up in a traceback
    msg = f"the operation under {key} cannot be read: {read}"
    raise RecordUnreadable(msg)


def _read(payload: str, key: str) -> OperationRecord | str:
    """Decode a record; a text says why it cannot be used."""
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return "it is not an operation of flexiti-async"
    record = wire.operation
    if wire.v != VERSION:
        return f"it has version {wire.v}, this release reads version {VERSION}"
    if record.key != key:
        return "it names another key"
    if not _has_valid_times(record):
        return "its times are not valid"
    if record.amount is not None and not is_amount(record.amount):
        return "its amount is not valid"
    return record


def refusal_of(error: FlexitiError, at: float) -> Refusal:
    """Return the refusal that an error stands for, its texts bounded."""
    name = type(error).__name__
    if not isinstance(error, ApiError):
        return Refusal(name, at)
    code = None if error.code is None else error.code[:_LONGEST_TEXT]
    return Refusal(name, at, error.status, code, error.message[:_LONGEST_TEXT])


def _has_valid_times(record: OperationRecord) -> bool:
    refusals = (*record.refusals, *(() if record.refused is None else (record.refused,)))
    moments = (record.began, record.first, record.executed_at, *(one.at for one in refusals))
    valid = all(moment is None or 0 <= moment <= _LAST_MOMENT for moment in moments)
    return valid and 0 < record.deadline <= LONGEST_DEADLINE


def is_amount(value: object) -> TypeGuard[Decimal]:
    """Whether a value is an amount that a record can have."""
    return (
        isinstance(value, Decimal)
        and value.is_finite()
        and abs(value.adjusted()) <= _MOST_DIGITS
        and len(value.as_tuple().digits) <= _MOST_DIGITS
    )
