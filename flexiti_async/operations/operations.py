"""
`Operations`: calls that move money, at most once per idempotency key.

| the journal says | a call with this key |
|---|---|
| nothing, or `free` | claims the key, sends the request, and records the answer |
| `pending`, within its deadline | waits for the first caller's outcome; it never sends |
| `pending`, past its deadline | raises OutcomeUnknown |
| `done` | returns the recorded answer, marked as replayed; nothing is sent |
| another operation under this key | raises IdempotencyKeyReused |
"""

import copy
import re
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from attrs import evolve, frozen

from flexiti_async.api.common import ACCOUNT_TEXT
from flexiti_async.api.converters import to_number_text
from flexiti_async.errors import (
    ConfigError,
    FieldError,
    FlexitiError,
    JournalForgot,
    OperationError,
    OperationInProgress,
    RecordUnreadable,
    SessionClosed,
    StoreError,
    ValidationError,
)
from flexiti_async.errors.base import add_facts
from flexiti_async.events.log import journal_line
from flexiti_async.events.states import State
from flexiti_async.events.types import JournalLost, OperationResolved
from flexiti_async.operations.coordinator import Coordinator, OperationsContext
from flexiti_async.operations.execution import Asked, Bearer, OnEnd
from flexiti_async.operations.fingerprint import compared_fields
from flexiti_async.operations.journal import Found
from flexiti_async.operations.keys import IdempotencyKey, idempotency_key_of, operation_id
from flexiti_async.operations.look_up import LookUp
from flexiti_async.operations.operation import (
    LookedUp,
    NotFoundAtFlexiti,
    Operation,
    operation_of,
)
from flexiti_async.operations.record import OperationRecord, Phase
from flexiti_async.operations.recorded_errors import (
    done_already,
    facts_of,
    in_progress,
    no_outcome,
)
from flexiti_async.operations.resolution import check_resolution, entered, resolved
from flexiti_async.protocol.call import OperationCall, OperationKind, OperationKindWord
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_async.protocol.validators import INVALID
from flexiti_async.transport.client import ApiClient
from flexiti_async.transport.reference_id import ReferenceId, reference_id_of

__all__ = ["Known", "Operations", "with_client"]

T = TypeVar("T")

_LONGEST: Final = 1e9
"""Seconds; more than anybody waits."""
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


@frozen
class Known:
    """
    An operation that is pending or done.

    Attributes:
        record: Its record.
        error: The error that a pending one is for a caller; None if it is done.
    """

    record: OperationRecord
    error: OperationError | None


class Operations:
    """
    `flexiti.operations`: make operations, and find out and record unknown outcomes.

    Args:
        context: The parts of the session.
        coordinator: The part that operations of this session have in common; None for a new one.
    """

    def __init__(self, context: OperationsContext, coordinator: Coordinator | None = None) -> None:
        self._context = context
        self._coordinator = coordinator or Coordinator(context)

    @property
    def account(self) -> str:
        """Name of the account, the same in every process and for ever."""
        return self._context.account

    @sensitive_arguments
    async def run(
        self,
        call: OperationCall[T],
        *,
        idempotency_key: IdempotencyKey,
        reference_id: ReferenceId | None = None,
        wait: float | None = None,
    ) -> T:
        """
        Make a call that moves money, at most once for this key.

        Args:
            call: From a function of `flexiti_async.api`, or built by hand.
            idempotency_key: The shop's own name for what is paid for: the id of the order, the
                shipment or the return. The same key later returns the recorded answer.
            reference_id: The flow's `x-reference-id`; a new one is drawn by default.
            wait: Seconds to wait for another caller that is making this call; by default until its
                outcome is known.

        Raises:
            ValidationError: The key or the data are invalid; nothing was sent.
            IdempotencyKeyReused: The key names another operation; nothing was sent.
            OperationInProgress: Another caller is still making it.
            OutcomeUnknown: It may or may not have run; see `look_up` and `resolve`.
            JournalForgot: The journal may have lost records; nothing was sent.
            StoreUnavailable: The journal is down; nothing was sent.
            ApiError: The API refused it; the key may be used again.
        """
        return await self.execute(
            call,
            idempotency_key=idempotency_key_of(idempotency_key),
            reference_id=reference_id_of(reference_id),
            bearer=lambda: self._context.bearer(call.scope),
            wait=wait,
        )

    async def execute(
        self,
        call: OperationCall[T],
        *,
        idempotency_key: str,
        reference_id: str,
        bearer: Bearer,
        wait: float | None = None,
        on_end: OnEnd = lambda _: None,
    ) -> T:
        """
        Make a call with a token of the caller's choice; see `run`.

        Args:
            call: The call.
            idempotency_key: The key as text.
            reference_id: The flow's `x-reference-id`.
            bearer: Returns the token.
            wait: As for `run`.
            on_end: Called once with its end, if it is this caller's call that is sent; also if this
                caller has been cancelled meanwhile.
        """
        if self._coordinator.closing:
            msg = "the session is closed"
            raise SessionClosed(msg)
        _check_wait(wait)
        asked = self._asked(call, idempotency_key, reference_id, bearer, on_end)
        with self._noting_outages(asked.facts):
            outcome = await self._coordinator.outcome(asked, wait)
            if isinstance(outcome, StoreError):
                raise copy.copy(outcome)
        if isinstance(outcome, JournalForgot):
            outcome = self._lost(JournalForgot(str(outcome.args[0]), **asked.facts))
        if isinstance(outcome, FlexitiError):
            # A copy for each caller: an exception collects the traceback of every raise.
            raise copy.copy(outcome)
        return outcome

    async def get(
        self,
        identity: str | None = None,
        *,
        kind: OperationKind | OperationKindWord | None = None,
        key: IdempotencyKey | None = None,
        endpoint: str = "",
    ) -> Operation | None:
        """
        Return an operation by its id, or by kind and key; None if the journal has no record.

        Args:
            identity: Its id.
            kind: Its kind, such as `capture`.
            key: The shop's idempotency key.
            endpoint: For `OperationKind.OTHER`: the endpoint's name.

        Raises:
            ValidationError: Neither an id, nor kind and key.
            StoreUnavailable: The journal is down.
            RecordUnreadable: The record cannot be opened.
        """
        found = await self._found(self._identity(identity, kind, key, endpoint))
        return None if found.record is None else operation_of(found.record)

    async def pending(self, *, older_than: float = 0.0) -> AsyncIterator[Operation]:
        """
        Yield the operations whose outcome is not known.

        One that is being made right now is among them until its outcome is recorded.

        Args:
            older_than: Seconds since the claim, at least.

        Raises:
            StoreUnavailable: The journal is down.
            RecordUnreadable: A record cannot be opened; all others have been yielded before.
        """
        journal = self._context.journal()
        unreadable: RecordUnreadable | None = None
        async for key in journal.keys(endless=True):
            try:
                found = await journal.read(key[-32:])
            except RecordUnreadable as error:
                unreadable = error
                continue
            if found.record is None or found.record.phase is not Phase.PENDING:
                continue
            own = found.record.account == self._context.account
            if own and journal.elapsed(found) >= older_than:
                yield operation_of(found.record)
        if unreadable is not None:
            raise unreadable

    @sensitive_arguments
    async def look_up(
        self,
        identity: str | None = None,
        *,
        kind: OperationKind | OperationKindWord | None = None,
        key: IdempotencyKey | None = None,
        account_number: int | str | None = None,
    ) -> LookedUp:
        """
        Find out at Flexiti whether an operation ran, as far as its lists show that.

        Nothing is recorded: `resolve` does that. An operation that is not found now may still be
        executed until its deadline and 15 minutes have passed: until then it is not `settled`.

        Args:
            identity: Its id; or give kind and key.
            kind: Its kind.
            key: The shop's idempotency key.
            account_number: The customer's account, for an authorization; the journal has it only
                with `token_keys`.

        Raises:
            ValidationError: Neither an id, nor kind and key; or the account is another one.
            OperationError: The journal has no such operation.
            ApiError: The API answered with an error.
            TransportError: No answer arrived.
            TokenError: No token could be obtained.
            StoreUnavailable: The journal is down.
        """
        account = None if account_number is None else _account_of(account_number)
        del account_number  # this frame waits for the answers
        found, record = await self._existing(identity, kind, key)
        settled = self._context.journal().early(found, settle=self._context.settle) == 0
        there = await LookUp(self._context, record, account).run()
        return evolve(there, settled=settled) if isinstance(there, NotFoundAtFlexiti) else there

    async def resolve(
        self,
        identity: str | None = None,
        *,
        executed: bool,
        by: str,
        kind: OperationKind | OperationKindWord | None = None,
        key: IdempotencyKey | None = None,
        authorization_id: int | str | None = None,
        capture_id: int | str | None = None,
    ) -> Operation:
        """
        Record the outcome of an operation, after somebody has found it out.

        Args:
            identity: Its id; or give kind and key.
            executed: Whether it ran. True also completes an operation that ran and has no number,
                and, with kind and key, enters one that the journal has lost. False frees the key,
                and is possible only when no request can be under way any more: the operation's
                deadline and 15 minutes after its claim.
            by: The person, or the job, that says so.
            kind: Its kind.
            key: The shop's idempotency key.
            authorization_id: Number of the authorization, for one that ran.
            capture_id: Number of the capture, for one that ran.

        Raises:
            ValidationError: A number is not one, or does not belong to the outcome.
            OperationInProgress: It is too early to record that it did not run.
            OperationError: The journal has no such operation, or a contradicting outcome.
            StoreUnavailable: The journal is down.
        """
        numbers = check_resolution(
            executed=executed, by=by, authorization_id=authorization_id, capture_id=capture_id
        )
        wanted = self._identity(identity, kind, key, "")
        journal = self._context.journal()
        found = await journal.read(wanted)
        at = self._context.clock.wall()
        if found.record is not None:
            early = journal.early(found, settle=self._context.settle)
            outcome = resolved(found.record, numbers, executed=executed, by=by, at=at, early=early)
            if outcome is found.record:
                return operation_of(outcome)
        elif executed and kind is not None and key is not None:
            outcome = entered(
                wanted,
                numbers,
                kind=OperationKind(kind),
                account=self._context.account,
                idempotency_key=idempotency_key_of(key),
                deadline=self._context.deadline,
                by=by,
                at=at,
            )
        else:
            msg = "the journal has no such operation"
            raise OperationError(msg, operation_id=wanted)
        entry = journal.entry(outcome)
        if not await journal.swap(
            wanted, entry, expected=found.entry, within=self._context.deadline / 10
        ):
            msg = "another process has changed it: look again"
            raise OperationInProgress(msg, retry_after=0.0, **facts_of(outcome))
        self._context.events.notify(
            OperationResolved(
                operation_id=wanted,
                kind=outcome.kind.value,
                idempotency_key=outcome.idempotency_key,
                reference_id=outcome.reference_id,
                endpoint=outcome.endpoint,
                reference=outcome.reference,
                executed=executed,
                by=by,
            )
        )
        return operation_of(outcome)

    async def known(self, kind: OperationKind, key: str) -> Known | None:
        """
        Return an operation that is pending or done; None otherwise.

        Args:
            kind: Its kind.
            key: The key as text.

        Raises:
            StoreUnavailable: The journal is down.
            RecordUnreadable: The record cannot be opened.
        """
        journal = self._context.journal()
        with self._noting_outages({"kind": kind.value, "idempotency_key": key}):
            found = await journal.read(self._identity(None, kind, key, ""))
        record = found.record
        if record is None or record.phase is Phase.FREE:
            return None
        if record.phase is Phase.DONE:
            return Known(record, None)
        left = record.deadline - journal.elapsed(found)
        if record.inconclusive is not None:
            left = 0.0  # nobody will learn the outcome by waiting
        return Known(record, in_progress(record, left) if left > 0 else no_outcome(record))

    async def refuse_known(self, kinds: Sequence[OperationKind], key: str) -> None:
        """
        Raise what the journal knows of a key, before something new is begun with it.

        Args:
            kinds: The kinds of operations that may follow.
            key: The key as text.

        Raises:
            OperationInProgress: Another caller is making the call.
            OutcomeUnknown: It may or may not have run.
            IdempotencyKeyReused: It is done already.
            JournalForgot: The journal may have lost records.
            ConfigError: The store cannot keep a journal.
            StoreUnavailable: The journal is down.
        """
        forgot: JournalForgot | None = None
        try:
            with self._noting_outages({"kind": kinds[0].value, "idempotency_key": key}):
                await self._context.journal().life()
        except JournalForgot as error:
            forgot = error
        for kind in kinds:
            # A record is true in every life of the store; a missing one proves nothing.
            known = await self.known(kind, key)
            if known is not None:
                raise known.error or done_already(known.record)
        if forgot is not None:
            raise self._lost(
                JournalForgot(str(forgot.args[0]), kind=kinds[0].value, idempotency_key=key)
            )

    async def aclose(self, within: float | None = None) -> None:
        """
        Wait for the operations that are being made.

        New ones raise SessionClosed at once. A record that could not be written is tried once more.

        Args:
            within: Seconds; None for the deadline of an operation.
        """
        self._coordinator.closing = True
        await self._coordinator.aclose(within)

    def _asked(
        self,
        call: OperationCall[T],
        key: str,
        reference_id: str,
        bearer: Bearer,
        on_end: OnEnd,
    ) -> Asked[T]:
        """Check what can fail without having sent anything."""
        if not _is_operation(call):
            del call
            msg = "operations.run makes an OperationCall; session.send makes other calls"
            raise ConfigError(msg, option="idempotency_key")
        self._context.client.check(call)
        return Asked(
            operation_id(self._context.account, call.kind, call.endpoint, key),
            self._context.account,
            key,
            call,
            reference_id,
            compared_fields(call),
            bearer,
            self._context.client,
            self._context.deadline,
            on_end,
        )

    @contextmanager
    def _noting_outages(self, facts: Mapping[str, object]) -> Generator[None]:
        """Log, as a state, that the journal cannot be used; the caller gets the error."""
        try:
            yield
        except StoreError as error:
            self._context.events.warn(State.JOURNAL, journal_line(error, facts))
            add_facts(error, facts)
            raise

    def _lost(self, error: JournalForgot) -> JournalForgot:
        """Notify the listeners, and return the error."""
        self._context.events.notify(JournalLost(error=error))
        return error

    async def _found(self, identity: str) -> Found:
        return await self._context.journal().read(identity)

    async def _existing(
        self,
        identity: str | None,
        kind: OperationKind | OperationKindWord | None,
        key: IdempotencyKey | None,
    ) -> tuple[Found, OperationRecord]:
        """Read an operation that the journal must have."""
        wanted = self._identity(identity, kind, key, "")
        found = await self._found(wanted)
        if found.record is None:
            msg = "the journal has no such operation"
            raise OperationError(msg, operation_id=wanted)
        return found, found.record

    def _identity(
        self,
        identity: str | None,
        kind: OperationKind | OperationKindWord | None,
        key: IdempotencyKey | None,
        endpoint: str,
    ) -> str:
        """Return the id of an operation that is named by it, or by kind and key."""
        problem = "an id of 32 hex digits, or kind and key"
        if isinstance(identity, str) and _ID.fullmatch(identity):
            return identity
        if identity is None and kind is not None and key is not None:
            if type(kind) in {str, OperationKind} and kind in set(OperationKind):
                return operation_id(
                    self._context.account, OperationKind(kind), endpoint, idempotency_key_of(key)
                )
            problem = f"a kind: {', '.join(OperationKind)}"
        raise ValidationError(field_errors=[FieldError("operation", INVALID, None, problem)])


def with_client(
    operations: Operations, client: ApiClient, *, deadline: float | None = None
) -> Operations:
    """
    Return the same operations, made with another client.

    Args:
        operations: Those of a session, with which they share everything else.
        client: Sends the calls.
        deadline: Seconds from a claim after which nothing is sent; None for the same.
    """
    context = operations._context  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    deadline = context.deadline if deadline is None else deadline
    coordinator = operations._coordinator  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return Operations(evolve(context, client=client, deadline=deadline), coordinator)


def _is_operation(call: object) -> bool:
    """Whether it is one: callers without a type checker may pass anything."""
    return isinstance(call, OperationCall)


def _check_wait(wait: object) -> None:
    """Check a time that callers without a type checker may have got wrong."""
    # NaN fails both comparisons, and a float has no room for some ints.
    good = isinstance(wait, int | float) and not isinstance(wait, bool) and 0 <= wait <= _LONGEST
    if wait is not None and not good:
        problem = FieldError("wait", INVALID, None, "must be a number of seconds, 0 or more")
        raise ValidationError(field_errors=[problem])


def _account_of(account_number: int | str) -> Secret:
    """Return an account number as text. Raises ValidationError."""
    problem = ACCOUNT_TEXT.problem(to_number_text(account_number))
    if problem is not None:
        del account_number
        hint = ACCOUNT_TEXT.rule
        raise ValidationError(field_errors=[FieldError("account_number", problem, None, hint)])
    return Secret(to_number_text(account_number))
