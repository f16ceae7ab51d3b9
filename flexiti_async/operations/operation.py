"""`Operation`: one operation as the journal has it, for people and programs."""

import datetime
from decimal import Decimal

from attrs import field, frozen

from flexiti_async.operations.record import OperationRecord, Phase, Refusal
from flexiti_async.protocol.call import OperationKind

__all__ = ["CannotTell", "Evidence", "LookedUp", "NotFoundAtFlexiti", "Operation", "operation_of"]


@frozen
class Operation:
    """
    One operation of the journal.

    Attributes:
        operation_id: Its id: 32 hex digits, the same in every process.
        kind: Its kind.
        endpoint: Name of the endpoint.
        account: Name of the account.
        idempotency_key: The shop's name for what is paid for.
        phase: Its state in the journal.
        reference_id: The `x-reference-id` of the request.
        began_at: Time of the claim, by the clock of the process that made it.
        deadline: Seconds from the claim after which nothing is sent any more.
        writer: Host and process that made the claim.
        amount: Dollars; None for a call without an amount.
        reference: The shop's order number as it was sent.
        authorization_id: Number of the authorization, once known.
        capture_id: Number of the capture, once known.
        executed_at: Time of the answer; None before.
        refusals: Attempts that certainly did not run, oldest first.
        refused: The API's refusal that is the result of an application.
        resolved_by: The person or job that recorded the outcome, if it was not the API's answer.
    """

    operation_id: str
    kind: OperationKind
    endpoint: str
    account: str
    idempotency_key: str
    phase: Phase
    reference_id: str
    began_at: datetime.datetime
    deadline: float
    writer: str
    amount: Decimal | None
    reference: str | None
    authorization_id: str | None
    capture_id: str | None
    executed_at: datetime.datetime | None
    refusals: tuple[Refusal, ...] = field(repr=False)
    refused: Refusal | None
    resolved_by: str | None

    @property
    def name(self) -> str:
        """Kind and key, `capture:order-9`, as the command line takes it."""
        return f"{self.kind.value}:{self.idempotency_key}"


@frozen
class Evidence:
    """
    The call ran.

    Attributes:
        authorization_id: Number of the authorization.
        capture_id: Number of the capture, if there is one.
    """

    authorization_id: str | None
    capture_id: str | None = None


@frozen
class NotFoundAtFlexiti:
    """
    Flexiti's lists do not contain the call now.

    Attributes:
        where: The lists that were searched.
        settled: Whether it cannot run any more, so that this may be recorded: only a look after the
            operation's deadline and 15 minutes proves that.
    """

    where: str
    settled: bool = False


@frozen
class CannotTell:
    """
    No endpoint of the API shows whether the call ran.

    Attributes:
        why: The reason, and what to do.
    """

    why: str


LookedUp = Evidence | NotFoundAtFlexiti | CannotTell
"""The result of `flexiti.operations.look_up`."""


def operation_of(record: OperationRecord) -> Operation:
    """Return a record's operation."""
    return Operation(
        operation_id=record.operation_id,
        kind=record.kind,
        endpoint=record.endpoint,
        account=record.account,
        idempotency_key=record.idempotency_key,
        phase=record.phase,
        reference_id=record.reference_id,
        began_at=_moment(record.began),
        deadline=record.deadline,
        writer=record.writer,
        amount=record.amount,
        reference=record.reference,
        authorization_id=record.authorization_id,
        capture_id=record.capture_id,
        executed_at=None if record.executed_at is None else _moment(record.executed_at),
        refusals=record.refusals,
        refused=record.refused,
        resolved_by=record.resolved_by,
    )


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
