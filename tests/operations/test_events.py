"""Events, errors and log lines: one event for each outcome, no secret, no personal data."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.errors import OperationError
from flexiti_async.protocol.call import OperationKind
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Answer, Drop, Fault
from flexiti_async.testing import FaultyStore, ManualClock

from ..support.canaries import sightings
from .acts import (
    ACCOUNT,
    ACTS,
    AUTHORIZE,
    CAPTURE,
    Act,
    Anything,
    authorized,
    executions,
    outcome_of,
    until,
)
from .conftest import Seen

KEY: Final = "order-9"
Shop = Callable[..., FlexitiSession]
Watch = Callable[[FlexitiSession], Seen]


def error(code: str) -> bytes:
    """Return an error of the API that quotes what it should not."""
    text = b'{"error": "%s", "message": "No credit for %d."}'
    return text % (code.encode(), ACCOUNT)


OUTCOMES: Final[dict[str, tuple[Fault | None, str, int]]] = {
    "done": (None, "OperationDone", logging.INFO),
    "refused": (Answer(409, body=error("wrong_inputs")), "OperationRefused", logging.INFO),
    "unknown": (Drop(), "OperationUnknown", logging.ERROR),
    "doubtful": (Answer(409, body=error("general_error")), "OperationUnknown", logging.ERROR),
}


@pytest.mark.parametrize("kind", ACTS)
@pytest.mark.parametrize("name", OUTCOMES)
async def test_one_event_for_each_outcome(
    name: str,
    kind: str,
    shop: Shop,
    sandbox: Sandbox,
    watched: Watch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After the record, however many callers there are, and logged with every id."""
    fault, event, level = OUTCOMES[name]
    act, session = ACTS[kind], shop()
    ready = await act.prepare(session, sandbox)
    if fault is not None:
        sandbox.inject(fault, endpoint=act.endpoint, times=None)
    seen = watched(session)
    await asyncio.gather(*(outcome_of(act.make(session, ready, KEY)) for _ in range(3)))
    found = await session.operations.get(kind=OperationKind(kind), key=KEY)
    lines = [one for one in caplog.records if f"({kind}:{KEY})" in one.getMessage()]

    assert found is not None
    assert [event] == seen.operations
    assert [level] == [one.levelno for one in lines]
    for told in (found.operation_id, found.reference_id):
        assert told in lines[0].getMessage()
    await outcome_of(act.make(shop(), ready, KEY)) if name == "done" else None
    assert [event] == seen.operations


async def test_an_event_comes_after_the_record_and_before_the_answer(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """A listener that looks finds the operation done, and runs in no task of the operation's."""
    session = shop()
    number = await authorized(session, sandbox)
    order, running = list[str](), list[Any]()

    def listen(event: Anything) -> None:
        if getattr(event, "idempotency_key", None) == KEY:
            order.append(f"{type(event).__name__} after {faulty.operations[-1]}")
            running.append(asyncio.current_task())

    session.events.add(listen)
    await CAPTURE.make(session, number, KEY)
    order.append("answer")

    assert ["OperationDone after swap", "answer"] == order
    assert [None] == running


async def test_a_cancelled_operation_is_an_error_in_the_log(
    shop: Shop, sandbox: Sandbox, watched: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    """An operation that was sent and is cancelled is unknown: one event, one line with its ids."""
    session = shop()
    number = await authorized(session, sandbox)
    seen = watched(session)
    sandbox.latency = {CAPTURE.endpoint: 0.3}
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    (running,) = executions()
    running.cancel()
    outcome = await caller
    (line,) = [one for one in caplog.records if one.levelno == logging.ERROR]

    assert ["OperationUnknown"] == seen.operations
    assert isinstance(outcome, OperationError)
    for told in (outcome.operation_id, outcome.reference_id, f"capture:{KEY}"):
        assert str(told) in line.getMessage()


@pytest.mark.parametrize("name", ["done", "refused", "unknown", "doubtful", "reused"])
async def test_nothing_shows_a_secret_or_an_account(
    name: str,
    shop: Shop,
    sandbox: Sandbox,
    watched: Watch,
    faulty: FaultyStore,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No event, error, log line or plain record has an account number, a token or a secret."""
    session = shop()
    seen = watched(session)
    order = await AUTHORIZE.prepare(session, sandbox)
    if name in OUTCOMES and OUTCOMES[name][0] is not None:
        sandbox.inject(OUTCOMES[name][0] or Drop(), endpoint=AUTHORIZE.endpoint, times=None)
    outcomes = [await outcome_of(AUTHORIZE.make(session, order, KEY))]
    if name == "reused":
        other: Act = AUTHORIZE
        more = await other.prepare(session, sandbox)
        object.__setattr__(more, "amount", order.amount + 1)
        outcomes.append(await outcome_of(other.make(session, more, KEY)))
    if name in {"unknown", "doubtful"}:
        clock.advance(1200)
        outcomes.append(await outcome_of(AUTHORIZE.make(session, order, KEY)))
    canaries = [
        str(ACCOUNT),
        str(order.widget_session_id),
        sandbox.client_secret,
        (await session.token()).access_token.reveal(),
    ]
    records = [
        entry.payload
        for key in [key async for key in faulty.keys("flexiti-operation-")]
        if (entry := await faulty.load(key))
    ]

    assert records
    for text in (caplog.text, repr(seen.events), *records):
        assert not [canary for canary in canaries if canary in text]
    for one in outcomes:
        if isinstance(one, BaseException):
            assert [] == sightings(one, *canaries)
        else:
            assert not [canary for canary in canaries if canary in repr(one)]
