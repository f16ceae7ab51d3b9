"""The log: what each line is about, in its text and in its attributes."""

import logging
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from flexiti_async import Scope
from flexiti_async.errors import (
    CreditExceeded,
    FlexitiError,
    JournalForgot,
    OutcomeUnknown,
    ServerError,
    SessionClosed,
    StoreUnavailable,
    TokenUnavailable,
)
from flexiti_async.events import types
from flexiti_async.events.log import EventLog
from flexiti_async.events.types import Event, Outcome
from flexiti_async.testing import ManualClock

ID = "f" * 32
OF_CALL: dict[str, Any] = {"endpoint": "widget/init", "reference_id": ID}
OF_OPERATION: dict[str, Any] = {
    "operation_id": "0" * 32,
    "kind": "capture",
    "idempotency_key": "order-9",
    "reference_id": ID,
    "endpoint": "authorization/capture",
    "reference": "R-9",
}
TOKEN: dict[str, Any] = {"scope": Scope.CUSTOMER, "token_id": "a" * 32}
DOWN = ServerError("no", status=503, **OF_CALL)
UNKNOWN = OutcomeUnknown("may or may not have run", status=504, **OF_OPERATION)
LOST = StoreUnavailable("down")
NO_TOKEN = TokenUnavailable("no", status=502, reference_id=ID)


def finished(error: FlexitiError | None = None, **other: Any) -> types.CallFinished:
    """Return the end of a call."""
    given: dict[str, Any] = {
        "attempts": 3,
        "outcome": Outcome.DONE if error is None else Outcome.FAILED,
        **other,
    }
    return types.CallFinished(
        **OF_CALL,
        scope=Scope.CUSTOMER,
        seconds=1.5,
        token_age=1.0,
        token_remaining=9.0,
        status=getattr(error, "status", None),
        error=error,
        **given,
    )


def operation(kind: type[types.OperationEvent], **other: Any) -> types.OperationEvent:
    """Return an event of an operation."""
    if "seconds" in {one.name for one in attrs.fields(kind)}:
        other["seconds"] = 1.0
    return kind(**OF_OPERATION, **other)


CALL = {"endpoint", "reference_id", "attempts"}
OPERATION = set(OF_OPERATION)

LINES: list[tuple[Event, int | None, set[str]]] = [
    (finished(attempts=1), logging.DEBUG, CALL | {"seconds"}),
    (finished(outcome=Outcome.CANCELLED), logging.DEBUG, CALL | {"seconds"}),
    (finished(), logging.INFO, CALL | {"seconds"}),
    (finished(DOWN), logging.WARNING, CALL | {"seconds", "status"}),
    (finished(CreditExceeded("x", status=409)), logging.INFO, CALL | {"seconds", "status"}),
    (finished(UNKNOWN), logging.ERROR, CALL | {"seconds", "status"}),
    (finished(UNKNOWN, operation=True), logging.DEBUG, CALL | {"seconds", "status"}),
    (finished(SessionClosed("closed")), logging.DEBUG, CALL | {"seconds"}),
    (
        types.CallRetried(**OF_CALL, attempt=2, seconds=0.1, error=DOWN),
        logging.DEBUG,
        CALL | {"status"},
    ),
    (types.AnswerReceived(**OF_CALL, attempt=1, status=200, headers={}), None, set()),
    (types.OddField(**OF_CALL, problem="no int"), logging.WARNING, set(OF_CALL)),
    (operation(types.OperationDone), logging.INFO, OPERATION),
    (operation(types.OperationReplayed), logging.INFO, OPERATION),
    (operation(types.OperationRefused, error=DOWN), logging.INFO, OPERATION | {"status"}),
    (operation(types.OperationUnknown, error=UNKNOWN), logging.ERROR, OPERATION | {"status"}),
    (operation(types.OperationUnknown, error=None), logging.ERROR, OPERATION),
    (operation(types.OperationResolved, executed=True, by="Ann"), logging.INFO, OPERATION),
    (operation(types.OperationConflict, recorded="free"), logging.CRITICAL, OPERATION),
    (types.JournalLost(error=JournalForgot("x", **OF_OPERATION)), logging.ERROR, OPERATION),
    (types.ClockSkewed(seconds=99.0), logging.WARNING, set()),
    (types.RefreshStarted(scope=Scope.CUSTOMER, cause=types.Cause.DUE), None, set()),
    (types.TokenWaited(scope=Scope.CUSTOMER, seconds=1.0, served=True, waiters=1), None, set()),
    (
        types.TokenIssued(**TOKEN, lifetime=9.0, seconds=1.0, reference_id=ID),
        logging.INFO,
        {"reference_id"},
    ),
    (
        types.TokenRefreshed(**TOKEN, lifetime=9.0, seconds=1.0, reference_id=ID),
        logging.INFO,
        {"reference_id"},
    ),
    (types.TokenAdopted(**TOKEN, remaining=9.0), logging.INFO, set()),
    (
        types.TokenFailed(scope=Scope.CUSTOMER, error=NO_TOKEN, back_off=1.0, seconds=1.0),
        logging.WARNING,
        {"reference_id", "status"},
    ),
    (
        types.AccessTokenRejected(**TOKEN, age=1.0, reference_id=ID),
        logging.WARNING,
        {"reference_id"},
    ),
    (types.ReusePrevented(**TOKEN, reason="refresh_token"), logging.WARNING, set()),
    (types.ReusePrevented(**TOKEN, reason="pinned"), None, set()),
    (
        types.StoreDegraded(scope=Scope.CUSTOMER, error=LOST, reference_id=ID),
        logging.WARNING,
        {"reference_id"},
    ),
    (types.StoreRejoined(scope=Scope.CUSTOMER, seconds=1.0, private_tokens=1), None, set()),
]


def kinds(kind: type[Event] = Event) -> Iterator[type[Event]]:
    """Yield the events that are notified: those that are the base of no other event."""
    for below in kind.__subclasses__():
        if below.__module__ == types.__name__:
            yield below
            yield from kinds(below)


def test_every_event_is_in_the_table() -> None:
    """No event lacks a row; bases are notified by nobody."""
    bases = {types.TokenEvent, types.OperationEvent}

    assert set(kinds()) - bases == {type(event) for event, _, _ in LINES}


@pytest.mark.parametrize(("event", "level", "facts"), LINES, ids=map(str, range(len(LINES))))
def test_a_line_says_what_it_is_about(
    event: Event, level: int | None, facts: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In its text, and as attributes that begin with `flexiti_`."""
    caplog.set_level(logging.DEBUG, logger="flexiti_async")
    EventLog(ManualClock())(event)

    if level is None:
        assert [] == caplog.records
        return
    line = max(caplog.records, key=lambda one: one.levelno)
    assert level == line.levelno
    for name in facts:
        value = getattr(line, f"flexiti_{name}")
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        assert shown in line.getMessage(), (name, value, line.getMessage())
    assert TOKEN["token_id"][:9] not in line.getMessage(), "8 characters of a token's id are enough"
    ours = {name for name in vars(line) if name.startswith("flexiti_")}
    assert facts <= {name.removeprefix("flexiti_") for name in ours}
    assert None not in {vars(line)[name] for name in ours}


def test_unknown_outcomes_are_never_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """They are about money: each has its line, whatever else the log leaves out."""
    caplog.set_level(logging.WARNING, logger="flexiti_async")
    log = EventLog(ManualClock())
    for _ in range(50):
        log(finished(DOWN))
        log(operation(types.OperationUnknown, error=UNKNOWN))
        log(operation(types.OperationConflict, recorded="free"))
        log(finished(UNKNOWN))

    levels = [one.levelno for one in caplog.records]
    assert (1, 100, 50) == tuple(
        levels.count(level) for level in (logging.WARNING, logging.ERROR, logging.CRITICAL)
    )


def test_a_session_that_closes_ends_its_outage(caplog: pytest.LogCaptureFixture) -> None:
    """A store that was down for a session that is closed is down for nobody."""
    log = EventLog(ManualClock())
    log(types.StoreDegraded(scope=Scope.CUSTOMER, error=LOST))
    log(types.StoreDegraded(scope=Scope.MERCHANT, error=LOST))
    log.close()

    assert "token store available again" in caplog.records[-1].getMessage()
    assert not log.follows_calls()


def test_an_answer_about_a_customer_ends_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    """The API has answered: that it declined says nothing of its health."""
    clock = ManualClock()
    log = EventLog(clock)
    log(finished(DOWN))
    clock.advance(60)
    log(finished(CreditExceeded("x", status=409)))

    assert "calls succeed again" in caplog.records[-1].getMessage()
