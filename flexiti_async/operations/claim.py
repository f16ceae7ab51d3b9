"""
`Claim`: one attempt's record in the journal, and what is written over it.

A swap whose outcome is unknown may still land, so it is repeated until its outcome is known: by the
caller's task while that has time, and by a task in the background afterwards.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from attrs import evolve

from flexiti_async.errors import FlexitiError, StoreError
from flexiti_async.events.log import attributes
from flexiti_async.events.types import Listeners, OperationConflict
from flexiti_async.operations.decision import supersede
from flexiti_async.operations.journal import Found, Journal
from flexiti_async.operations.record import OperationRecord, Phase, Refusal
from flexiti_async.operations.recorded_errors import facts_of
from flexiti_async.store.interface import Entry, Life

__all__ = ["Claim", "Later"]

_log: Final = logging.getLogger("flexiti_async.operation")

Later = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine in the background, for what could not be written."""

_SHORTEST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
"""Seconds between two attempts to write in the background."""
_NOT_WRITTEN: Final = "could not be recorded before the session was closed"


class Claim:
    """
    Swap in a claim, then its outcome.

    Args:
        record: The pending record.
        found: The record that it replaces.
        journal: The journal.
        patience: Seconds for one write after the send.
        events: Notified if the outcome contradicts what was recorded meanwhile.
        later: Goes on writing in the background.

    Attributes:
        record: The pending record.
        doubtful: It replaces a claim whose outcome is unknown, so it is never freed.
    """

    def __init__(
        self,
        record: OperationRecord,
        found: Found,
        *,
        journal: Journal,
        patience: float,
        events: Listeners,
        later: Later,
    ) -> None:
        self.record: Final = record
        self.doubtful: Final = found.record is not None and found.record.phase is Phase.PENDING
        self._found = found
        self._entry = journal.entry(record)
        self._journal = journal
        self._patience = patience
        self._events = events
        self._later = later
        self._tried = False
        self._outcome: tuple[OperationRecord, Entry] | None = None

    async def take(self, life: Life, *, within: float) -> bool:
        """
        Swap the claim in, in this life; False if another process was faster.

        Raises:
            StoreUnavailable: It is given up: nothing may be sent, and it is freed in case it lands.
        """
        self._tried = True
        try:
            return await self._journal.swap(
                self.record.operation_id,
                self._entry,
                expected=self._found.entry,
                within=within,
                life=life,
            )
        except StoreError as error:
            self._tried = getattr(error, "sent", True)
            if self._tried and not self.doubtful:
                self._later(self._repeated(self._withdrawn))
            raise

    async def withdraw(self) -> None:
        """Free the key after an interruption: nothing was sent, and nothing will be."""
        if not self._tried or self.doubtful:
            return
        freed = False
        try:
            freed = await self._withdrawn()
        finally:  # whatever ends it: another cancellation, too
            if not freed:
                text = "was interrupted before it was sent; may stay pending"
                self._log(logging.WARNING, self.record, text)
        if not freed:
            self._later(self._repeated(self._withdrawn))

    async def write(self, outcome: OperationRecord) -> bool:
        """
        Write the outcome over the claim; False if the journal does not have it yet.

        It is then written in the background. After an interruption the same call goes on.
        """
        if self._outcome is None:
            # One entry: a swap of unknown outcome is repeated with the same version.
            self._outcome = outcome, self._journal.entry(outcome)
        if await self._written():
            return True
        self.report_unwritten()
        self._later(self._repeated(self._written))
        return False

    def report_unwritten(self) -> None:
        """Log that the call ran, and that the journal may not say so."""
        outcome = self.outcome
        if outcome is not None and outcome.phase is Phase.DONE:
            numbers = f"authorization {outcome.authorization_id}, capture {outcome.capture_id}"
            text = f"ran, and the journal has not recorded it yet, {numbers}"
            self._log(logging.ERROR, outcome, text)

    async def stored(self) -> Phase | None:
        """
        Return the phase of this claim in the journal; None if the journal does not hold it.

        Raises StoreUnavailable.
        """
        stored = (await self._journal.read(self.record.operation_id)).record
        return None if stored is None or stored.salt != self.record.salt else stored.phase

    async def give_up(self, why: str) -> None:
        """
        Record why the outcome is unknown, so that callers of other processes do not wait for it.

        It stays pending in any case, so a journal that is down does not matter.
        """
        entry = self._journal.entry(evolve(self.record, inconclusive=why))
        with suppress(FlexitiError):
            await self._journal.swap(
                self.record.operation_id, entry, expected=self._entry, within=0.0
            )

    @property
    def outcome(self) -> OperationRecord | None:
        """The outcome that is to be written; None before it is known."""
        return None if self._outcome is None else self._outcome[0]

    async def _withdrawn(self) -> bool:
        """Repeat the claim to its end, and free it if it was written; False if that failed."""
        try:
            won = await self._journal.swap(
                self.record.operation_id,
                self._entry,
                expected=self._found.entry,
                within=self._patience,
            )
        except FlexitiError:
            return False
        if not won:
            return True
        if self._outcome is None:
            freed = self.record.freed(Refusal(error="NotSent", at=self.record.began))
            self._outcome = freed, self._journal.entry(freed)
        return await self._written()

    async def _written(self) -> bool:
        """Swap the outcome in; a true answer outranks whatever is stored."""
        assert self._outcome is not None  # noqa: S101 - set by the callers
        outcome, entry = self._outcome
        known: Entry | None = self._entry
        conflict: str | None = None
        try:
            while not await self._journal.swap(
                outcome.operation_id, entry, expected=known, within=self._patience
            ):
                stored = await self._journal.read(outcome.operation_id)
                step = supersede(outcome, stored.record)
                conflict = step.conflict
                if not step.write:
                    break
                known = stored.entry
        except FlexitiError:
            return False
        if conflict is not None:
            self._report(conflict)
        return True

    def _log(self, level: int, record: OperationRecord, text: str) -> None:
        """Log a line about this operation; each is about money, so none is left out."""
        facts = facts_of(record)
        _log.log(
            level,
            "operation %s (%s:%s), %s, reference id %s%s: %s",
            record.operation_id,
            record.kind.value,
            record.idempotency_key,
            record.endpoint,
            record.reference_id,
            "" if record.reference is None else f", reference {record.reference}",
            text,
            extra=attributes(**facts),
        )

    def _report(self, recorded: str) -> None:
        event = OperationConflict(
            operation_id=self.record.operation_id,
            kind=self.record.kind.value,
            idempotency_key=self.record.idempotency_key,
            reference_id=self.record.reference_id,
            endpoint=self.record.endpoint,
            reference=self.record.reference,
            recorded=recorded,
        )
        # Outside of this task: a listener may block, or close the session.
        asyncio.get_running_loop().call_soon(self._events.notify, event)

    async def _repeated(self, write: Callable[[], Awaitable[bool]]) -> None:
        """Repeat until it succeeds; when the session is closed, once more."""
        pause = _SHORTEST_PAUSE
        try:
            while not await write():
                if self._journal.closed:
                    self._log(logging.ERROR, self.outcome or self.record, _NOT_WRITTEN)
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        except asyncio.CancelledError:
            written = False
            try:
                written = await write()
            finally:  # whatever ends it: another cancellation, too
                if not written:
                    self._log(logging.ERROR, self.outcome or self.record, _NOT_WRITTEN)
            raise
