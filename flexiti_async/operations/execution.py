"""
One execution of an operation: claim, send, record.

It is a task of its own: a customer who closes the page, a time-out or a framework that cancels its
views cancels the caller, not the operation. If the task itself is cancelled, because the loop ends,
it frees the key where nothing can have been sent, and otherwise leaves it pending and reports it.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Generic, TypedDict, TypeVar

from attrs import evolve, field, frozen

from flexiti_async.clock import Clock, now
from flexiti_async.errors import ApiError, FlexitiError, JournalForgot, OutcomeUnknown
from flexiti_async.events.types import (
    Listeners,
    OperationDone,
    OperationEvent,
    OperationRefused,
    OperationUnknown,
)
from flexiti_async.operations.answers import recorded_answer, why_unknown
from flexiti_async.operations.claim import Claim, Later
from flexiti_async.operations.fingerprint import fingerprint_of
from flexiti_async.operations.journal import Found, Journal
from flexiti_async.operations.keys import store_key
from flexiti_async.operations.record import (
    LONGEST_DEADLINE,
    OperationRecord,
    Phase,
    is_amount,
    refusal_of,
)
from flexiti_async.operations.refusals import certainly_did_not_run, is_result
from flexiti_async.protocol import points
from flexiti_async.protocol.call import OperationCall
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Life
from flexiti_async.transport.client import ApiClient, Sending, TokenSource

__all__ = ["Asked", "Bearer", "Execution", "LostClaim", "OnEnd"]

T = TypeVar("T")

Bearer = Callable[[], Awaitable[tuple[Token, TokenSource]]]
"""Returns the token of a call, and where the tokens of repeats come from."""

OnEnd = Callable[[OperationRecord | FlexitiError], None]
"""
Called once with the end of an operation, by the process that made it.

It gets the record of an operation that ran, or the error of one that certainly did not; it is not
called while the outcome is unknown.
"""


class Facts(TypedDict):
    """The fields of every event and error of an operation."""

    operation_id: str
    kind: str
    idempotency_key: str
    reference_id: str
    endpoint: str
    reference: str | None


@frozen
class Asked(Generic[T]):
    """
    A caller's call, checked before anything is shared.

    Attributes:
        operation_id: Id of the operation.
        account: Name of the account.
        idempotency_key: The shop's key.
        call: The call.
        reference_id: The `x-reference-id`.
        fields: The fields that the fingerprint covers.
        bearer: Returns the token.
        client: Sends the call.
        deadline: Seconds from the claim after which nothing is sent.
        on_end: Called after the listeners, if it was this caller's call that was sent.
    """

    operation_id: str
    account: str
    idempotency_key: str
    call: OperationCall[T] = field(repr=False)
    reference_id: str
    fields: dict[str, object] = field(repr=False)
    bearer: Bearer = field(repr=False)
    client: ApiClient = field(repr=False)
    deadline: float
    on_end: OnEnd = field(repr=False)

    @property
    def facts(self) -> "Facts":
        """The fields of every event and error of an operation."""
        return {
            "operation_id": self.operation_id,
            "kind": self.call.kind.value,
            "idempotency_key": self.idempotency_key,
            "reference_id": self.reference_id,
            "endpoint": self.call.endpoint,
            "reference": _text_of((self.call.body or {}).get("reference")),
        }


def _text_of(value: object) -> str | None:
    return "".join(value) if isinstance(value, str) else None


@frozen
class LostClaim:
    """Another process was faster, or recorded an outcome: the record has to be read again."""


class Execution(Generic[T]):
    """
    Claim, send and record one operation.

    Args:
        asked: The call.
        found: The record that the claim replaces.
        journal: The journal.
        clock: This process's clocks.
        events: Notified of the outcome, after it is recorded.
        later: Goes on in the background with what could not be written.

    Attributes:
        record: Its record, as claimed first.
    """

    def __init__(
        self,
        asked: Asked[T],
        found: Found,
        *,
        journal: Journal,
        clock: Clock,
        events: Listeners,
        later: Later,
    ) -> None:
        self.asked = asked
        self._found = found
        self._journal = journal
        self._clock = clock
        self._events = events
        self._deadline = min(asked.deadline, LONGEST_DEADLINE)
        self._later = later
        self._began = now(clock)
        self.record = self._pending()
        self._claim: Claim | None = None
        self._sending = Sending(lambda: self.left)
        self._event: OperationEvent | None = None
        self._end: OperationRecord | FlexitiError | None = None

    @property
    def left(self) -> float:
        """Seconds until its deadline, at least 0."""
        return max(self._deadline - now(self._clock).since(self._began), 0.0)

    async def run(self) -> T | FlexitiError | LostClaim:
        """Carry the operation out; returns its value or its error, and raises only if cancelled."""
        try:
            outcome = await self._outcome()
        except BaseException:  # cancelled; or a callback of a lent client session raised
            await self._interrupted()
            raise
        if self._event is not None:
            # Outside of this task: a listener may block, or close the session.
            asyncio.get_running_loop().call_soon(self._report, self._event)
            await self._journal.introduce(self.asked.account)
        return outcome

    async def _outcome(self) -> T | FlexitiError | LostClaim:
        try:
            life = await self._journal.life()
            token, source = await self.asked.bearer()
            self._began = now(self._clock)  # before the first try of the claim
            self.record = self._pending()
            claim = self._claim = Claim(
                self.record,
                self._found,
                journal=self._journal,
                patience=self._deadline / 10,
                events=self._events,
                later=self._later,
            )
            if points.hook is not None:
                await points.hook("operation prepared")
            if not await claim.take(life, within=self._deadline):
                return LostClaim()
            if points.hook is not None:
                await points.hook("operation claimed")
        except FlexitiError as error:
            return error  # nothing was sent
        try:
            answer = await self._send(claim, life, token, source)
        except FlexitiError as error:
            return await self._failed(error, claim)
        if isinstance(answer, LostClaim):
            return answer
        doubt = why_unknown(answer)
        if doubt is not None:
            return await self._unknown(claim, doubt, status=200)
        if points.hook is not None:
            await points.hook("operation answered")
        await self._done(claim, self.record.done(recorded_answer(answer), at=self._wall()))
        if points.hook is not None:
            await points.hook("operation recorded")
        return answer

    async def _send(
        self, claim: Claim, life: Life, token: Token, source: TokenSource
    ) -> T | LostClaim:
        phase = await claim.stored() if await self._journal.life() == life else None
        if phase is None:
            msg = "the journal's store was exchanged between the claim and the send"
            raise JournalForgot(msg, **self.asked.facts)
        if phase is not Phase.PENDING:
            return LostClaim()  # somebody has recorded its outcome meanwhile
        if token.remaining(now(self._clock)) <= 0:
            # The claim took so long: the token's life is looked at last.
            token, source = await self.asked.bearer()
        return await self.asked.client.call(
            self.asked.call,
            self.asked.reference_id,
            token,
            source,
            within=self.left,
            sending=self._sending,
        )

    async def _failed(self, error: FlexitiError, claim: Claim) -> FlexitiError:
        """Record a failed send: freed, decided, or still pending."""
        refusal = refusal_of(error, self._wall())
        if is_result(error):
            await self._done(claim, self.record.done({}, at=self._wall(), refused=refusal))
            return error
        did_not_run = certainly_did_not_run(error) or isinstance(error, JournalForgot)
        if did_not_run and not (claim.doubtful or self._sending.doubtful):
            self._event = OperationRefused(**self.asked.facts, error=error, seconds=self._seconds())
            self._end = error
            await claim.write(self.record.freed(refusal))
            return error
        status = error.status if isinstance(error, ApiError | OutcomeUnknown) else None
        code = error.code if isinstance(error, ApiError | OutcomeUnknown) else None
        text = "no answer" if status is None else f"HTTP {status} {code or ''}".rstrip()
        if did_not_run:
            text = f"an earlier request has no answer, and then: {text}"
        return await self._unknown(claim, text, status=status, code=code)

    async def _unknown(
        self, claim: Claim, text: str, *, status: int | None = None, code: str | None = None
    ) -> OutcomeUnknown:
        self._sending.doubtful = True  # from here on, an interruption must not free the key
        error = OutcomeUnknown(
            f"{self.asked.call.endpoint} may or may not have run: {text}",
            status=status,
            code=code,
            phase=Phase.PENDING.value,
            writer=self.record.writer,
            authorization_id=self.record.authorization_id,
            amount=None if self.record.amount is None else str(self.record.amount),
            **self.asked.facts,
        )
        self._event = OperationUnknown(**self.asked.facts, error=error, seconds=self._seconds())
        await claim.give_up(str(error.args[0]))
        return error

    async def _done(self, claim: Claim, record: OperationRecord) -> None:
        self._event = OperationDone(**self.asked.facts, seconds=self._seconds(), recorded=False)
        self._end = record
        if await claim.write(record):
            self._event = evolve(self._event, recorded=True)

    async def _interrupted(self) -> None:
        """
        Leave the journal true when the task itself is cancelled, or fails.

        The loop may be ending, so the event is not put off.
        """
        claim = self._claim
        if claim is None:
            return
        if claim.outcome is None and self._sending.may_have_run:
            self._event = self._event or OperationUnknown(
                **self.asked.facts, error=None, seconds=self._seconds()
            )
        try:
            if points.hook is not None:
                await points.hook("operation interrupted")
            if claim.outcome is not None:
                recorded = await claim.write(claim.outcome)
                if isinstance(self._event, OperationDone):
                    self._event = evolve(self._event, recorded=recorded)
            elif not self._sending.may_have_run:
                await claim.withdraw()
        except BaseException:  # cancelled again
            claim.report_unwritten()
            raise
        finally:
            if self._event is not None:
                self._report(self._event)

    def _report(self, event: OperationEvent) -> None:
        self._events.notify(event)
        if self._end is not None:
            self.asked.on_end(self._end)

    def _pending(self) -> OperationRecord:
        asked, call, found = self.asked, self.asked.call, self._found.record
        body = call.body or {}
        amount, account = body.get("amount"), body.get("account_number")
        account = call.path_values.get("account_number", account)
        capture_id = call.path_values.get("capture_id", body.get("capture_id"))
        salt = secrets.token_hex(16)
        first = None
        if found is not None and found.phase is Phase.PENDING:
            first = found.began if found.first is None else found.first
        return OperationRecord(
            key=store_key(asked.operation_id),
            kind=call.kind,
            endpoint=call.endpoint,
            account=asked.account,
            idempotency_key=asked.idempotency_key,
            phase=Phase.PENDING,
            salt=salt,
            fingerprint=fingerprint_of(asked.fields, salt),
            reference_id=asked.reference_id,
            began=self._began.wall,
            deadline=self._deadline,
            writer=f"{socket.gethostname()} process {os.getpid()}",
            first=first,
            amount=amount if is_amount(amount) else None,
            reference=asked.facts["reference"],
            account_number=Secret(str(account)) if account and self._journal.seals else None,
            authorization_id=call.path_values.get("authorization_id"),
            capture_id=None if capture_id is None else str(capture_id),
            refusals=found.refusals if found else (),
        )

    def _seconds(self) -> float:
        return now(self._clock).since(self._began)

    def _wall(self) -> float:
        return now(self._clock).wall
