"""
`Coordinator`: one caller's way through the journal.

Callers of one process and event loop share one execution per operation; callers of other processes
look at the record until its outcome is there. A waiter never sends, and holds no connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar, cast

from attrs import frozen

from flexiti_async.clock import Clock
from flexiti_async.errors import (
    FlexitiError,
    IdempotencyKeyReused,
    OperationInProgress,
    TokenDeadlock,
)
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
_API_KEY: Final = "x-idempotency-key"
_IN_PROGRESS: Final = "another caller is making this call"


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
        fields: The compared fields of its call.
        task: Its task, whose result is a value, an error or a lost claim.
    """

    fields: dict[str, object]
    task: asyncio.Task[object]


class Coordinator:
    """
    Lead callers to the outcome of their operation.

    Args:
        context: The parts of the session.
    """

    def __init__(self, context: OperationsContext) -> None:
        self._context = context
        self._running: dict[asyncio.AbstractEventLoop, dict[str, _Running]] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def outcome(self, asked: Asked[T], wait: float | None) -> T | FlexitiError:
        """
        Return the value of a call, or its error; errors are not raised, because callers share them.

        Args:
            asked: What was asked for.
            wait: Seconds to wait for another caller; None until its outcome is known.

        Raises:
            StoreUnavailable: The journal is down; nothing was sent.
            RecordUnreadable: A record is there that cannot be opened; nothing was sent.
        """
        time = asyncio.get_running_loop().time
        until = float("inf") if wait is None else time() + wait
        waited, lost = False, 0
        while lost < _MOST_LOST_CLAIMS:
            running = self._here().get(asked.operation_id)
            if running is not None:
                joined = await self._join(asked, running, until - time())
                if not isinstance(joined, LostClaim):
                    return joined
                continue
            journal = self._context.journal()
            found = await journal.read(asked.operation_id)
            if asked.operation_id in self._here():
                continue  # started meanwhile
            step = self._next(asked, found, journal, waited=waited)
            if isinstance(step, TakeClaim):
                task = self._start(asked, found, journal)
                made = await asyncio.shield(task)
                if not isinstance(made, LostClaim):
                    return made
                lost += 1
            elif isinstance(step, Wait) and time() < until:
                waited = True
                await asyncio.sleep(_POLL)
            elif isinstance(step, Wait):
                return OperationInProgress(
                    _IN_PROGRESS, retry_after=step.seconds, phase="pending", **asked.facts
                )
            else:
                return step
        text = "the journal's record keeps changing, so nothing was sent"
        return OperationInProgress(text, retry_after=0.0, **asked.facts)

    async def aclose(self) -> None:
        """Wait for the executions of this loop, to their deadline at most."""
        running = [execution.task for execution in self._here().values()]
        if running:
            await asyncio.wait(running, timeout=self._context.deadline)
        background = list(self._background)
        for task in background:
            task.cancel()
        if background:
            await asyncio.wait(background)

    def _next(
        self, asked: Asked[T], found: Found, journal: Journal, *, waited: bool
    ) -> TakeClaim | Wait | T | FlexitiError:
        """Return what a caller does, or what it gets."""
        record = found.record
        step = decide(
            record,
            asked.fields,
            elapsed=journal.elapsed(found),
            resendable=_API_KEY in asked.call.headers,
        )
        if record is None or isinstance(step, Wait):
            return cast("TakeClaim | Wait", step)
        match step:
            case TakeClaim():
                # A waiter gets what the first caller got, and never sends.
                return error_of_free(record) if waited and record.phase is Phase.FREE else step
            case ReturnRecorded():
                return self._replayed(asked, record)
            case Mismatch():
                return reused(record)
            case Unknown():
                return no_outcome(record)

    def _replayed(self, asked: Asked[T], record: OperationRecord) -> T | FlexitiError:
        facts = asked.facts
        facts["reference_id"] = record.reference_id
        self._context.events.notify(OperationReplayed(**facts))
        if record.refused is not None:
            return refusal_error(record.refused, record)
        return replayed_answer(asked.call, record.answer)

    def _here(self) -> dict[str, _Running]:
        """Return the executions of the running loop, by operation."""
        return self._running.get(asyncio.get_running_loop(), {})

    def _start(
        self, asked: Asked[T], found: Found, journal: Journal
    ) -> "asyncio.Task[T | FlexitiError | LostClaim]":
        """Start the execution, in a task that belongs to no caller."""
        loop = asyncio.get_running_loop()
        for closed in [known for known in self._running if known.is_closed()]:
            del self._running[closed]
        execution = Execution(
            asked,
            found,
            journal=journal,
            client=self._context.client,
            clock=self._context.clock,
            events=self._context.events,
            deadline=self._context.deadline,
            later=self._later,
        )
        task = loop.create_task(execution.run())
        here = self._running.setdefault(loop, {})
        here[asked.operation_id] = _Running(asked.fields, cast("asyncio.Task[object]", task))

        def forget(_: object) -> None:
            del here[asked.operation_id]
            if not here:
                self._running.pop(loop, None)

        task.add_done_callback(forget)
        return task

    async def _join(
        self, asked: Asked[T], running: _Running, left: float
    ) -> T | FlexitiError | LostClaim:
        """Wait for an execution of this process; the end of its caller does not end it."""
        if running.task is asyncio.current_task():
            msg = "an operation waits for its own outcome"
            raise TokenDeadlock(msg)
        if running.fields != asked.fields:
            text = "the key names another operation, which is being made right now"
            return IdempotencyKeyReused(text, phase=Phase.PENDING.value, **asked.facts)
        timeout = None if left == float("inf") else max(left, 0.0)
        done, _ = await asyncio.wait([running.task], timeout=timeout)
        if not done:
            return OperationInProgress(
                _IN_PROGRESS, retry_after=self._context.deadline, **asked.facts
            )
        if running.task.cancelled():
            return LostClaim()  # the journal knows what became of it
        return cast("T | FlexitiError | LostClaim", running.task.result())

    def _later(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
