"""
One execution of an operation: claim, send, record.

It is a task of its own: a customer who closes the page, a time-out or a framework that cancels its
views cancels the caller, not the operation. If the task itself is cancelled, because the loop ends,
it frees the key where nothing can have been sent, and otherwise leaves it pending and reports it.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any, Final, Generic, TypedDict, TypeVar

from attrs import evolve, field, frozen

from flexiti_async.clock import Clock, now
from flexiti_async.errors import (
    ApiError,
    FlexitiError,
    JournalForgot,
    OutcomeUnknown,
    StoreError,
)
from flexiti_async.events.types import (
    Listeners,
    OperationConflict,
    OperationDone,
    OperationEvent,
    OperationRefused,
    OperationUnknown,
)
from flexiti_async.operations.answers import recorded_answer, why_unknown
from flexiti_async.operations.fingerprint import fingerprint_of
from flexiti_async.operations.journal import Found, Journal
from flexiti_async.operations.keys import store_key
from flexiti_async.operations.record import OperationRecord, Phase, Refusal
from flexiti_async.operations.refusals import certainly_did_not_run, is_result
from flexiti_async.protocol.call import OperationCall
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry, Life
from flexiti_async.transport.client import ApiClient, TokenSource

__all__ = ["Asked", "Bearer", "Execution", "LostClaim"]

_log: Final = logging.getLogger("flexiti_async.operation")

T = TypeVar("T")

Bearer = Callable[[], Awaitable[tuple[Token, TokenSource]]]
"""Returns the token of a call, and where the tokens of repeats come from."""

_LONGEST_PAUSE: Final = 60.0
"""Seconds between two attempts to record an answer, at most."""


class Facts(TypedDict):
    """What every event and error of an operation has."""

    operation_id: str
    kind: str
    idempotency_key: str
    reference_id: str
    endpoint: str


@frozen
class Asked(Generic[T]):
    """
    What a caller asked for, checked before anything is shared.

    Attributes:
        operation_id: Id of the operation.
        account: Name of the account.
        idempotency_key: The shop's key.
        call: The call.
        reference_id: The `x-reference-id`.
        fields: The fields that the fingerprint covers.
        bearer: Returns the token.
    """

    operation_id: str
    account: str
    idempotency_key: str
    call: OperationCall[T] = field(repr=False)
    reference_id: str
    fields: dict[str, object] = field(repr=False)
    bearer: Bearer = field(repr=False)

    @property
    def facts(self) -> "Facts":
        """What every event and error of an operation has."""
        return {
            "operation_id": self.operation_id,
            "kind": self.call.kind.value,
            "idempotency_key": self.idempotency_key,
            "reference_id": self.reference_id,
            "endpoint": self.call.endpoint,
        }


@frozen
class LostClaim:
    """Another process was faster: the record has to be read again."""


class Execution(Generic[T]):
    """
    Claim, send and record one operation.

    Args:
        asked: What was asked for.
        found: The record that the claim replaces.
        journal: The journal.
        client: Sends the call.
        clock: This process's clocks.
        events: Notified of the outcome, after it is recorded.
        deadline: Seconds from the claim after which nothing is sent.
        later: Runs a coroutine in the background, for a record that could not be written.
    """

    def __init__(
        self,
        asked: Asked[T],
        found: Found,
        *,
        journal: Journal,
        client: ApiClient,
        clock: Clock,
        events: Listeners,
        deadline: float,
        later: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.asked = asked
        self._found = found
        self._journal = journal
        self._client = client
        self._clock = clock
        self._events = events
        self._deadline = deadline
        self._later = later
        self._began = now(clock)
        self._record = self._claim_of(found)
        self._entry: Entry | None = None
        self._sending = False

    async def run(self) -> T | FlexitiError | LostClaim:
        """Carry the operation out; returns its value or its error, and raises only if cancelled."""
        event: OperationEvent | None = None
        try:
            outcome, event = await self._outcome()
        except BaseException:  # cancelled; or a callback of a lent client session raised
            await self._interrupted()
            raise
        if event is not None:
            # Outside of this task: a listener may block, or close the session.
            asyncio.get_running_loop().call_soon(self._events.notify, event)
            await self._journal.introduce(self.asked.account)
        return outcome

    async def _outcome(self) -> tuple[T | FlexitiError | LostClaim, OperationEvent | None]:
        facts = self.asked.facts
        try:
            token, source = await self.asked.bearer()
            life = await self._journal.life()
            if not await self._claim(life):
                return LostClaim(), None
        except FlexitiError as error:
            return error, None  # nothing was sent
        try:
            if await self._journal.life() != life:
                msg = "the journal's store was exchanged between the claim and the send"
                raise JournalForgot(msg, **facts)
            if token.remaining(now(self._clock)) <= 0:
                # The claim took so long: the token's life is looked at last.
                token, source = await self.asked.bearer()
            self._sending = True
            answer = await self._client.call(
                self.asked.call,
                self.asked.reference_id,
                token,
                source,
                within=self._deadline - now(self._clock).since(self._began),
            )
        except FlexitiError as error:
            return await self._failed(error)
        doubt = why_unknown(answer)
        if doubt is not None:
            return await self._failed(self._unknown(doubt, status=200))
        recorded = await self._done(self._record.done(recorded_answer(answer), at=self._wall()))
        seconds = now(self._clock).since(self._began)
        return answer, OperationDone(**facts, seconds=seconds, recorded=recorded)

    def _claim_of(self, found: Found) -> OperationRecord:
        asked, call = self.asked, self.asked.call
        body = call.body or {}
        amount, account = body.get("amount"), body.get("account_number")
        account = call.path_values.get("account_number", account)
        salt = secrets.token_hex(16)
        reference = body.get("reference")
        authorization_id = call.path_values.get("authorization_id")
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
            amount=amount if isinstance(amount, Decimal) else None,
            reference=reference if isinstance(reference, str) else None,
            account_number=Secret(str(account)) if account and self._journal.seals else None,
            authorization_id=authorization_id,
            capture_id=call.path_values.get("capture_id"),
            refusals=found.record.refusals if found.record else (),
        )

    async def _claim(self, life: Life) -> bool:
        """Swap the claim in; False if another process was faster."""
        self._entry = self._journal.entry(self._record)
        try:
            return await self._journal.swap(
                self.asked.operation_id,
                self._entry,
                expected=self._found.entry,
                within=self._left(),
                life=life,
            )
        except StoreError as error:
            if getattr(error, "sent", True):
                # It may still land. Nothing was sent, and nothing will be.
                self._later(self._withdraw_later())
            raise

    async def _failed(self, error: FlexitiError) -> tuple[FlexitiError, OperationEvent]:
        """Record a failed send: freed, decided, or still pending."""
        facts = self.asked.facts
        refusal = _refusal(error, self._wall())
        if is_result(error):
            done = await self._done(self._record.done({}, at=self._wall(), refused=refusal))
            return error, OperationDone(**facts, seconds=0.0, recorded=done)
        if certainly_did_not_run(error) or isinstance(error, JournalForgot):
            await self._free(refusal)
            return error, OperationRefused(**facts, error=error)
        status = error.status if isinstance(error, ApiError | OutcomeUnknown) else None
        code = error.code if isinstance(error, ApiError | OutcomeUnknown) else None
        if not (isinstance(error, OutcomeUnknown) and error.operation_id is not None):
            text = "no answer" if status is None else f"HTTP {status} {code or ''}".rstrip()
            error = self._unknown(text, status=status, code=code)
        # So that callers of other processes do not wait for it. Pending it stays in any case.
        await self._write(evolve(self._record, inconclusive=str(error.args[0])))
        return error, OperationUnknown(**facts, error=error)

    def _unknown(
        self, text: str, *, status: int | None = None, code: str | None = None
    ) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self.asked.call.endpoint} may or may not have run: {text}",
            status=status,
            code=code,
            phase=Phase.PENDING.value,
            writer=self._record.writer,
            **self.asked.facts,
        )

    async def _free(self, refusal: Refusal) -> None:
        """Free the key; a journal that is down keeps it pending, and this process tries again."""
        record = self._record.freed(refusal)
        if not await self._write(record):
            self._later(self._write_later(record))

    async def _done(self, record: OperationRecord) -> bool:
        """Record the answer; True if the journal has it."""
        if await self._write(record):
            return True
        _log.error(
            "operation %s (%s:%s) ran, and the journal has not recorded it yet: reference id %s, "
            "authorization %s, capture %s",
            self.asked.operation_id,
            record.kind.value,
            record.idempotency_key,
            record.reference_id,
            record.authorization_id,
            record.capture_id,
        )
        self._later(self._write_later(record))
        return False

    async def _write_later(self, record: OperationRecord) -> None:
        pause = 0.5
        while not await self._write(record):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _withdraw_later(self) -> None:
        """Repeat a claim of unknown outcome to its end, and free it if it was written."""
        pause = 0.5
        while not await self._withdraw():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _withdraw(self) -> bool:
        """Free the claim if it was written; False if the store is down."""
        assert self._entry is not None  # noqa: S101 - a claim was tried
        try:
            await self._journal.swap(
                self.asked.operation_id,
                self._entry,
                expected=self._found.entry,
                within=self._patience,
            )
        except FlexitiError:
            return False
        # Also if the swap has lost: the claim may be there, encrypted anew by `journal reseal`.
        return await self._write(self._record.freed(Refusal(error="NotSent", at=self._wall())))

    async def _write(self, record: OperationRecord) -> bool:
        """Write a later state of the claim; a true answer outranks whatever stands there."""
        entry, expected = self._journal.entry(record), self._entry
        operation_id = self.asked.operation_id
        try:
            while not await self._journal.swap(
                operation_id, entry, expected=expected, within=self._patience
            ):
                stored = await self._journal.read(operation_id)
                if not self._outranks(record, stored):
                    return True
                expected = stored.entry
        except FlexitiError:
            return False
        return True

    def _outranks(self, record: OperationRecord, stored: Found) -> bool:
        """Whether a record must replace what another writer has stored meanwhile."""
        if self._is_this_claim(stored):
            return True  # encrypted anew by `journal reseal`
        if record.phase is not Phase.DONE:
            return False
        there = "absent" if stored.record is None else stored.record.phase.value
        if stored.record is not None and stored.record.resolved_by and there == Phase.DONE.value:
            # Somebody has entered that it ran: the API's answer completes it.
            return True
        self._events.notify(OperationConflict(**self.asked.facts, recorded=there))
        return there != Phase.DONE.value

    def _is_this_claim(self, stored: Found) -> bool:
        there = stored.record
        if there is None or there.phase is not Phase.PENDING:
            return False
        return there.salt == self._record.salt

    async def _interrupted(self) -> None:
        """Leave the journal true when the task itself is cancelled, or fails."""
        if self._sending:
            self._events.notify(OperationUnknown(**self.asked.facts, error=None))
        elif self._entry is not None and not await self._withdraw():
            _log.warning(
                "operation %s was interrupted before it was sent, and may stay pending",
                self.asked.operation_id,
            )

    def _left(self) -> float:
        return max(self._deadline - now(self._clock).since(self._began), 0.0)

    def _wall(self) -> float:
        return now(self._clock).wall

    @property
    def _patience(self) -> float:
        """Seconds for a write after the send."""
        return self._deadline / 10


def _refusal(error: FlexitiError, at: float) -> Refusal:
    if isinstance(error, ApiError):
        return Refusal(type(error).__name__, at, error.status, error.code, error.message)
    return Refusal(type(error).__name__, at)
