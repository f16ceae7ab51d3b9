"""
Log events with the standard library's logging.

Each line has what it is about as text, and as attributes of its `LogRecord`, whose names begin with
`flexiti_`. Failures that come in thousands are logged as states (`events/states.py`). Operations
whose outcome is unknown, and contradictions of the journal, are logged one by one, whatever fails.
"""

import functools
import logging
from collections.abc import Mapping
from typing import Final, TextIO

from attrs import evolve

from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.errors import (
    FlexitiError,
    LocationNotFound,
    NotPermitted,
    OutcomeUnknown,
    SessionClosed,
    StoreError,
    business,
)
from flexiti_async.errors.base import facts_of, message_of
from flexiti_async.events.states import Line, State, States
from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    ClockSkewed,
    Event,
    JournalLost,
    OddField,
    OperationConflict,
    OperationEvent,
    OperationRefused,
    OperationReplayed,
    OperationResolved,
    OperationUnknown,
    Outcome,
    ReusePrevented,
    StoreDegraded,
    StoreRejoined,
    TokenAdopted,
    TokenFailed,
    TokenIssued,
    TokenRefreshed,
)

__all__ = [
    "EventLog",
    "about_flow",
    "attributes",
    "journal_line",
    "log_states",
    "logs_calls",
    "write_log",
]

_calls: Final = logging.getLogger("flexiti_async.call")
_tokens: Final = logging.getLogger("flexiti_async.token")
_operations: Final = logging.getLogger("flexiti_async.operation")

_ours: Final = logging.getLogger("flexiti_async")

_BUSINESS: Final = tuple(
    kind
    for name in business.__all__
    if (kind := getattr(business, name)) not in {LocationNotFound, NotPermitted}
)
"""Answers of the API about a customer: nothing is broken."""

logs_calls: Final = functools.partial(_calls.isEnabledFor, logging.DEBUG)
"""Returns whether every call is logged."""

_OF_THIS_PROCESS: Final = States()


class _StandIn(logging.StreamHandler[TextIO]):
    """Writes lines to stderr as long as the application has no handler that would."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless a handler beside this one does."""
        found = [*_ours.handlers, *(logging.root.handlers if _ours.propagate else ())]
        if all(isinstance(one, _StandIn | logging.NullHandler) for one in found):
            super().emit(record)


def write_log(level: str) -> None:
    """
    Write the library's log from a level on: what the option `log` does, and `FLEXITI_LOG`.

    It sets the level of the logger `flexiti_async`, and adds a handler that writes to stderr as
    long as the application has set none for these lines. Nothing else is configured.
    """
    _ours.setLevel(level.upper())
    if not any(isinstance(one, _StandIn) for one in _ours.handlers):
        _ours.addHandler(_StandIn())


def attributes(**facts: object) -> dict[str, object]:
    """Return the facts that exist as attributes of a `LogRecord`: with the prefix `flexiti_`."""
    return {f"flexiti_{name}": value for name, value in facts.items() if value is not None}


def log_states() -> States:
    """Return the states of this process, which its sessions share."""
    return _OF_THIS_PROCESS


class EventLog:
    """
    The log of one session.

    | level | lines |
    |---|---|
    | critical | an answer of the API that contradicts the journal |
    | error | an unknown outcome, each; a journal that may have lost records, as a state |
    | warning | failures of calls, tokens and stores, as states; odd fields, wrong clocks |
    | info | calls that succeeded after retries, answers about a customer, tokens, operations |
    | debug | each attempt and each call, in the logger `flexiti_async.call` |

    Args:
        clock: The session's clock. Sessions with the machine's share one set of states.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._states = _OF_THIS_PROCESS if clock is SYSTEM_CLOCK else States()
        self._degraded: set[tuple[int, str]] = set()

    def follows_calls(self) -> bool:
        """Whether the end of every call matters: to a line of its own, or to a state's end."""
        return self._states.any or logs_calls()

    def close(self) -> None:
        """End the states that this session would have ended."""
        for holder in list(self._degraded):
            self._ended(holder)

    def warn(self, state: State, line: Line) -> None:
        """Log a failure that is not an event, as part of a state."""
        _log(self._states.failed(state, line, self._clock.boot()))

    def __call__(self, event: Event) -> None:
        """Log an event, and whatever is due."""
        match event:
            case CallFinished():
                self._call(event)
            case CallRetried():
                _retried(event).log()
            case OddField():
                _odd_field(event).log()
            case OperationEvent():
                _operation(event).log()
                self.succeeded(State.JOURNAL)
            case JournalLost(error=error):
                text = "operations without a record are refused: %s"
                extra = attributes(**facts_of(error))
                self.warn(State.JOURNAL, Line(_operations, logging.ERROR, text, (error,), extra))
            case ClockSkewed():
                _skew(event).log()
            case _:
                self._token(event)
        _log(self._states.passed(self._clock.boot()))

    def _call(self, event: CallFinished) -> None:
        line = _finished(event)
        if logs_calls():
            line.log()
        error = event.error
        if error is None:
            if event.outcome is not Outcome.DONE:
                return
            if event.attempts > 1:
                self._failed(State.RETRIES, line, logging.INFO)
            else:
                self.succeeded(State.RETRIES)
            self.succeeded(State.CALLS)
        elif isinstance(error, _BUSINESS):
            _at(line, logging.INFO).log()
            self.succeeded(State.CALLS)
        elif isinstance(error, OutcomeUnknown):
            if not event.operation:  # otherwise OperationUnknown follows
                _at(line, logging.ERROR).log()
        elif not isinstance(error, SessionClosed):
            self._failed(State.CALLS, line, logging.WARNING)

    def _token(self, event: Event) -> None:
        match event:
            case TokenIssued():
                _issued(event).log()
                self.succeeded(State.TOKENS)
            case TokenAdopted(token_id=name, remaining=remaining):
                extra = attributes(token_id=name[:8], scope=event.scope.value)
                args = (name[:8], remaining)
                Line(_tokens, logging.INFO, "token %s adopted: %.4g s left", args, extra).log()
                self.succeeded(State.TOKENS)
            case AccessTokenRejected():
                self._failed(State.REJECTED, _rejected(event), logging.WARNING)
            case ReusePrevented(token_id=name, reason="refresh_token"):
                text = "refresh token of %s rejected, falling back to client_credentials"
                extra = attributes(token_id=name[:8], scope=event.scope.value)
                line = Line(_tokens, logging.WARNING, text, (name[:8],), extra)
                self.warn(State.REJECTED, line)
            case TokenFailed():
                self._failed(State.TOKENS, _no_token(event), logging.WARNING)
            case StoreDegraded():
                holder = id(self), event.scope.value
                self._degraded.add(holder)
                at = self._clock.boot()
                _log(self._states.failed(State.STORE, _degraded(event), at, holder=holder))
            case StoreRejoined():
                self._ended((id(self), event.scope.value))
            case _:
                pass

    def _failed(self, state: State, line: Line, level: int) -> None:
        self.warn(state, _at(line, level))

    def succeeded(self, state: State) -> None:
        """Note a success, which ends a state that has not failed for some seconds."""
        if self._states.any:
            _log(self._states.succeeded(state, self._clock.boot()))

    def _ended(self, holder: tuple[int, str]) -> None:
        self._degraded.discard(holder)
        _log(self._states.ended(State.STORE, holder, self._clock.boot()))


def journal_line(error: StoreError, facts: Mapping[str, object]) -> Line:
    """Return the line about an operation for which the journal cannot be read or written."""
    text = "journal unavailable for %s:%s"
    args: tuple[object, ...] = facts["kind"], facts["idempotency_key"]
    for name, label in (("endpoint", ", %s"), ("reference_id", ", reference id %s")):
        if name in facts:
            text, args = text + label, (*args, facts[name])
    if facts.get("reference") is not None:
        text, args = text + ", reference %s", (*args, facts["reference"])
    extra = attributes(**{**facts_of(error), **facts})
    return Line(_operations, logging.WARNING, text + ": %s", (*args, error), extra)


def about_flow(line: Line) -> Line:
    """Add the reference id among a line's attributes to its text, if there is one."""
    reference_id = line.extra.get("flexiti_reference_id")
    if reference_id is None:
        return line
    return evolve(line, text=line.text + " (reference id %s)", args=(*line.args, reference_id))


def _log(lines: list[Line]) -> None:
    for line in lines:
        line.log()


def _at(line: Line, level: int) -> Line:
    return evolve(line, level=level)


def _finished(event: CallFinished) -> Line:
    text = "%s: %s in %.4g s (attempts: %d, reference id %s%s)"
    outcome = event.outcome.value if event.error is None else type(event.error).__name__
    args: tuple[object, ...] = (
        event.endpoint,
        outcome,
        event.seconds,
        event.attempts,
        event.reference_id,
        "" if event.status is None else f", HTTP {event.status}",
    )
    if event.error is not None:
        text, args = text + ": %s", (*args, message_of(event.error))
    extra = attributes(
        endpoint=event.endpoint,
        outcome=outcome,
        status=event.status,
        seconds=event.seconds,
        attempts=event.attempts,
        reference_id=event.reference_id,
    )
    return Line(_calls, logging.DEBUG, text, args, extra)


def _retried(event: CallRetried) -> Line:
    text = "%s: attempt %d failed, retrying in %.3g s (reference id %s): %s"
    message = message_of(event.error)
    args = (event.endpoint, event.attempt, event.seconds, event.reference_id, message)
    extra = attributes(
        endpoint=event.endpoint,
        status=facts_of(event.error).get("status"),
        attempts=event.attempt,
        reference_id=event.reference_id,
        error=type(event.error).__name__,
    )
    return Line(_calls, logging.DEBUG, text, args, extra)


def _odd_field(event: OddField) -> Line:
    text = "%s: a field of the answer cannot be read, `extra` has it: %s (reference id %s)"
    args = (event.endpoint, event.problem, event.reference_id)
    extra = attributes(endpoint=event.endpoint, reference_id=event.reference_id)
    return Line(_calls, logging.WARNING, text, args, extra)


def _skew(event: ClockSkewed) -> Line:
    text = "this machine's clock is %.0f s %s the API's: synchronize it"
    args = (abs(event.seconds), "ahead of" if event.seconds > 0 else "behind")
    return Line(_tokens, logging.WARNING, text, args)


def _issued(event: TokenIssued) -> Line:
    text = "token %s issued: scope %s, grant %s, %g s, reference id %s"
    refreshed = isinstance(event, TokenRefreshed)
    args = (
        event.token_id[:8],
        event.scope.value,
        "refresh_token" if refreshed else "client_credentials",
        event.lifetime,
        event.reference_id,
    )
    extra = attributes(
        token_id=event.token_id[:8],
        scope=event.scope.value,
        seconds=event.seconds,
        reference_id=event.reference_id,
    )
    return Line(_tokens, logging.INFO, text, args, extra)


def _rejected(event: AccessTokenRejected) -> Line:
    text, args = (
        "token %s rejected by the API %.4g s after it was requested",
        (
            event.token_id[:8],
            event.age,
        ),
    )
    extra = attributes(
        token_id=event.token_id[:8], scope=event.scope.value, reference_id=event.reference_id
    )
    return about_flow(Line(_tokens, logging.WARNING, text, args, extra))


def _degraded(event: StoreDegraded) -> Line:
    text = "token store unavailable: using unshared tokens: %s"
    facts = {**facts_of(event.error), "reference_id": event.reference_id}
    extra = attributes(scope=event.scope.value, **facts)
    return about_flow(Line(_tokens, logging.WARNING, text, (event.error,), extra))


def _no_token(event: TokenFailed) -> Line:
    text = "could not obtain a token, next attempt in %.3g s at the earliest: %s"
    extra = attributes(scope=event.scope.value, seconds=event.seconds, **facts_of(event.error))
    return Line(_tokens, logging.WARNING, text, (event.back_off, event.error), extra)


def _operation(event: OperationEvent) -> Line:
    level, text = logging.INFO, "done"
    error: FlexitiError | None = None
    match event:
        case OperationUnknown(error=error):
            why = str(error.args[0]) if error else "it was cancelled after it was sent"
            status = f"HTTP {getattr(error, 'status', None)}"
            shown = "" if status in why or status == "HTTP None" else f" ({status})"
            level, text = logging.ERROR, f"outcome unknown: {why}{shown}"
        case OperationConflict(recorded=recorded):
            level, text = logging.CRITICAL, f"it ran, but the journal had recorded {recorded}"
        case OperationRefused(error=error):
            text = f"did not run: {error}"
        case OperationReplayed():
            text = "the recorded answer was returned"
        case OperationResolved(executed=executed, by=by):
            text = f"resolved by {by}: {'it ran' if executed else 'it did not run'}"
        case _:
            pass
    extra = attributes(
        **{
            **({} if error is None else facts_of(error)),
            "operation_id": event.operation_id,
            "kind": event.kind,
            "idempotency_key": event.idempotency_key,
            "reference_id": event.reference_id,
            "reference": event.reference,
            "endpoint": event.endpoint,
            "outcome": type(event).__name__,
            "seconds": getattr(event, "seconds", None),
        }
    )
    args = (
        event.operation_id,
        event.kind,
        event.idempotency_key,
        f"{event.endpoint}, " if event.endpoint else "",
        event.reference_id,
        "" if event.reference is None else f", reference {event.reference}",
        text,
    )
    template = "operation %s (%s:%s), %sreference id %s%s: %s"
    return Line(_operations, level, template, args, extra)
