"""
`Coordinator`: one caller's way through the journal.

Callers of one process and event loop share one execution per operation; callers of other processes
look at the record until its outcome is there. A waiter never sends, and holds no connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Final, TypeVar, cast

from attrs import define, field, frozen

from flexiti_async.clock import Clock, Instant, now
from flexiti_async.errors import FlexitiError, JournalForgot, OperationInProgress, TokenDeadlock
from flexiti_async.events.types import Listeners, OperationReplayed
from flexiti_async.operations.answers import replayed_answer
from flexiti_async.operations.decision import (
    Mismatch,
    ReturnRecorded,
    TakeClaim,
    Unknown,
    Wait,
    decide,
)
from flexiti_async.operations.execution import Asked, Execution, LostClaim
from flexiti_async.operations.journal import Found, Journal
from flexiti_async.operations.record import OperationRecord, Phase
from flexiti_async.operations.recorded_errors import (
    error_of_free,
    no_outcome,
    refusal_error,
    reused,
)
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.transport.client import ApiClient, TokenSource

__all__ = ["Coordinator", "OperationsContext"]

T = TypeVar("T")

_POLL: Final = 0.1
"""Seconds between two looks at another process's operation."""
_MOST_LOST_CLAIMS: Final = 5
_making: ContextVar[frozenset[str]] = ContextVar("flexiti_async.operations", default=frozenset())
"""The operations that this task, and the tasks that it started, belong to."""
_API_KEY: Final = "x-idempotency-key"


@frozen
class OperationsContext:
    """
    The parts of a session that its operations use.

    Attributes:
        client: Sends the calls.
        bearer: Returns a token of a scope, and where the tokens of repeats come from.
        journal: Opens the journal; raises ConfigError if the store cannot keep one.
        account: The account's stable name.
        clock: The session's clock.
        events: Notified of outcomes.
        deadline: Seconds from a claim after which nothing is sent.
        settle: Seconds after the deadline before an operation may be recorded as not executed.
    """

    client: ApiClient
    bearer: Callable[[Scope], Awaitable[tuple[Token, TokenSource]]]
    journal: Callable[[], Journal]
    account: str
    clock: Clock
    events: Listeners
    deadline: float
    settle: float


@frozen
class _Running:
    """
    An execution of this process.

    Attributes:
        execution: The execution.
        task: Its task, whose result is a value, an error or a lost claim.
    """

    execution: Execution[object]
    task: asyncio.Task[object]


@define
class _Watch:
    """
    The observations of one caller.

    Attributes:
        free: Salt of a free record that was there before it waited for anybody.
        waited: It has waited for another caller, so it never sends.
        claimed: It has seen the claim of another caller.
        ended: Salts of claims whose execution in this process has ended without an outcome.
        since: When it has first seen each claim, by salt.
    """

    free: str | None = None
    waited: bool = False
    claimed: bool = False
    ended: set[str] = field(factory=set[str])
    since: dict[str, Instant] = field(factory=dict[str, Instant])


class Coordinator:
    """
    Lead callers to the outcome of their operation.

    Args:
        context: The parts of the session.

    Attributes:
        closing: No more operations are begun.
    """

    def __init__(self, context: OperationsContext) -> None:
        self._context = context
        self.closing = False
        self._running: dict[asyncio.AbstractEventLoop, dict[str, _Running]] = {}
        self._background: dict[asyncio.AbstractEventLoop, set[asyncio.Task[None]]] = {}

    async def outcome(self, asked: Asked[T], wait: float | None) -> T | FlexitiError:
        """
        Return the value of a call, or its error; errors are not raised, because callers share them.

        Args:
            asked: The call.
            wait: Seconds to wait for another caller; None until its outcome is known.

        Raises:
            StoreUnavailable: The journal is down; nothing was sent.
            RecordUnreadable: A record is there that cannot be opened; nothing was sent.
        """
        time = asyncio.get_running_loop().time
        until = float("inf") if wait is None else time() + wait
        watch, lost = _Watch(), 0
        while lost < _MOST_LOST_CLAIMS:
            journal, found = self._context.journal(), Found()
            running = self._here().get(asked.operation_id)
            if running is None:
                found = await journal.read(asked.operation_id)
                running = self._here().get(asked.operation_id)  # started meanwhile
            if running is not None:
                got = await self._join(asked, running, until - time(), watch)
            else:
                step = self._next(asked, found, journal, watch)
                if isinstance(step, TakeClaim):
                    # Once more: the session may have been closed while the record was read.
                    running = self._start(asked, found, self._context.journal())
                    got = await self._result(asked, running, None, watch)
                    lost += 1
                elif not isinstance(step, Wait):
                    return step
                elif time() >= until:
                    return _in_progress(asked, step.seconds)
                else:
                    watch.waited = True
                    await asyncio.sleep(min(_POLL, until - time()))
                    continue
            if not isinstance(got, LostClaim):
                return got
            watch.waited = True
        text = "the journal's record keeps changing, so nothing was sent"
        return OperationInProgress(text, retry_after=0.0, **asked.facts)

    async def aclose(self, within: float | None = None) -> None:
        """
        Wait for the executions of this loop; what is still to be recorded is tried once more.

        Args:
            within: Seconds; None for the latest of their deadlines.
        """
        running = list(self._here().values())
        if running:
            if within is None:
                within = max(self._context.deadline, *(each.execution.left for each in running))
            await asyncio.wait([each.task for each in running], timeout=within)
        background = list(self._background.get(asyncio.get_running_loop(), ()))
        for task in background:
            task.cancel()
        if background:
            await asyncio.wait(background)

    def _next(
        self, asked: Asked[T], found: Found, journal: Journal, watch: _Watch
    ) -> TakeClaim | Wait | T | FlexitiError:
        """Return what a caller does, or what it gets."""
        record = found.record
        if record is None:
            if watch.claimed:
                return JournalForgot("the record of a call that was being made is gone")
            return TakeClaim()
        at = now(self._context.clock)
        # A claim is as old as it was watched, even if no clock says so.
        watched = at.since(watch.since.setdefault(record.salt, at))
        elapsed = max(journal.elapsed(found), watched)
        step = decide(
            record,
            asked.fields,
            elapsed=elapsed,
            since_first=max(elapsed, at.wall - (record.first or record.began)),
            resendable=_API_KEY in asked.call.headers,
        )
        outcome: TakeClaim | Wait | T | FlexitiError
        match step:
            case TakeClaim():
                if record.phase is Phase.FREE and not watch.waited:
                    watch.free = record.salt
                # A waiter gets what the first caller got, and never sends.
                refused = record.phase is Phase.FREE and record.salt != watch.free
                outcome = error_of_free(record) if refused else step
            case Wait():
                watch.claimed = True
                outcome = no_outcome(record) if record.salt in watch.ended else step
            case ReturnRecorded():
                outcome = self._replayed(asked, record)
            case Mismatch():
                outcome = reused(record)
            case Unknown():
                outcome = no_outcome(record)
        return outcome

    def _replayed(self, asked: Asked[T], record: OperationRecord) -> T | FlexitiError:
        facts = asked.facts
        facts["reference_id"] = record.reference_id
        self._context.events.notify(OperationReplayed(**facts))
        if record.refused is not None:
            return refusal_error(record.refused, record)
        return replayed_answer(asked.call, record)

    def _here(self) -> dict[str, _Running]:
        """Return the executions of the running loop, by operation; a forked child has none."""
        return self._running.get(asyncio.get_running_loop(), {})

    def _start(self, asked: Asked[T], found: Found, journal: Journal) -> _Running:
        """Start the execution, in a task that belongs to no caller."""
        loop = asyncio.get_running_loop()
        for closed in [known for known in self._running if known.is_closed()]:
            del self._running[closed]
        execution = Execution(
            asked,
            found,
            journal=journal,
            clock=self._context.clock,
            events=self._context.events,
            later=self._later,
        )

        async def run() -> T | FlexitiError | LostClaim:
            _making.set(_making.get() | {asked.operation_id})
            return await execution.run()

        task = loop.create_task(run())
        here = self._running.setdefault(loop, {})
        running = _Running(cast("Execution[object]", execution), cast("asyncio.Task[object]", task))
        here[asked.operation_id] = running

        def forget(_: object) -> None:
            del here[asked.operation_id]
            if not here:
                self._running.pop(loop, None)

        task.add_done_callback(forget)
        return running

    async def _join(
        self, asked: Asked[T], running: _Running, left: float, watch: _Watch
    ) -> T | FlexitiError | LostClaim:
        """Wait for an execution that another caller of this process has started."""
        if asked.operation_id in _making.get():
            msg = "an operation waits for its own outcome"
            raise TokenDeadlock(msg)
        if running.execution.asked.fields != asked.fields:
            return reused(running.execution.record)
        return await self._result(asked, running, left, watch)

    async def _result(
        self, asked: Asked[T], running: _Running, left: float | None, watch: _Watch
    ) -> T | FlexitiError | LostClaim:
        """Wait for the end of an execution; the end of its caller does not end it."""
        timeout = None if left is None or left == float("inf") else max(left, 0.0)
        done, _ = await asyncio.wait([running.task], timeout=timeout)
        if not done:
            return _in_progress(asked, running.execution.left)
        if running.task.cancelled():
            # The journal knows what became of it.
            watch.ended.add(running.execution.record.salt)
            return LostClaim()
        return cast("T | FlexitiError | LostClaim", running.task.result())

    def _later(self, coroutine: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.get_running_loop()
        tasks = self._background.setdefault(loop, set())
        task = loop.create_task(coroutine)
        tasks.add(task)

        def forget(done: asyncio.Task[None]) -> None:
            tasks.discard(done)
            if not tasks:
                self._background.pop(loop, None)

        task.add_done_callback(forget)


def _in_progress(asked: Asked[T], seconds: float) -> OperationInProgress:
    return OperationInProgress(
        "another caller is making this call",
        retry_after=seconds,
        phase=Phase.PENDING.value,
        **asked.facts,
    )
