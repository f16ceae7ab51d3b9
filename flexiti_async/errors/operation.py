"""Errors of calls that move money."""

from typing import TypedDict, Unpack

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "IdempotencyKeyReused",
    "JournalForgot",
    "OperationError",
    "OperationFacts",
    "OperationInProgress",
    "OutcomeUnknown",
]


class OperationFacts(TypedDict, total=False):
    """The attributes that all errors of operations have."""

    operation_id: str | None
    kind: str | None
    idempotency_key: str | None
    reference_id: str | None
    endpoint: str | None
    phase: str | None
    writer: str | None
    authorization_id: str | None
    amount: str | None
    reference: str | None


class OperationError(FlexitiError):
    """
    A call that moves money has no result.

    It is not a `TransportError`: task queues repeat those.

    Attributes:
        operation_id: Id of the operation in the journal: 32 hex digits. None for a call that is not
            kept there, such as verify.
        kind: Its kind: `authorize`, `capture`, …
        idempotency_key: The shop's name for what is paid for.
        reference_id: The `x-reference-id` of the request.
        endpoint: The endpoint's name in the API's words, such as `authorization`.
        phase: The recorded phase: `pending`, `done` or `free`; None without a record.
        writer: The process that made the claim, for a person: host, process and time.
        authorization_id: Number of the authorization, where one is recorded.
        amount: Dollars, as recorded.
        reference: The shop's order number as it was sent; None without one.
    """

    def __init__(self, message: str = "", **facts: Unpack[OperationFacts]) -> None:
        super().__init__(message)
        self.operation_id = facts.get("operation_id")
        self.kind = facts.get("kind")
        self.idempotency_key = facts.get("idempotency_key")
        self.reference_id = facts.get("reference_id")
        self.endpoint = facts.get("endpoint")
        self.phase = facts.get("phase")
        self.writer = facts.get("writer")
        self.authorization_id = facts.get("authorization_id")
        self.amount = facts.get("amount")
        self.reference = facts.get("reference")


class OperationInProgress(OperationError):
    """
    Another caller is making this call; call again with the same key.

    Attributes:
        retry_after: Seconds until the outcome is known at the latest.
    """

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        **facts: Unpack[OperationFacts],
    ) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class OutcomeUnknown(OperationError):
    """
    A call that must not be repeated may or may not have run.

    The same idempotency key is harmless; another one could move the money twice. Find out with
    `flexiti.operations.look_up`, then record it with `flexiti.operations.resolve`.

    Attributes:
        status: HTTP status of an inconclusive answer; None without an answer.
        code: The API's `error` in it; None without one.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        **facts: Unpack[OperationFacts],
    ) -> None:
        super().__init__(message, **facts)
        self.status = status
        self.code = code


class IdempotencyKeyReused(OperationError):
    """
    The key names another operation: another amount, plan or account. Nothing was sent.

    With `phase == "done"` what the key names is paid already.
    """


class JournalForgot(OperationError):
    """
    The journal's store may have lost records, so a missing one proves nothing. Nothing was sent.

    `flexiti-async journal check` describes what changed; `journal accept` goes on after somebody
    has compared the orders since then with Flexiti, about 15 minutes after it was first raised.
    """
