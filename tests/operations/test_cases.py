"""The cases of issue 16, which went wrong without a journal, each as a shop meets it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.errors import JournalForgot, OutcomeUnknown, ValidationError
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Alter, Answer, Drop, Fault
from flexiti_async.testing import FaultyStore

from ..support.patience import OVERLAP
from .acts import (
    ACCOUNT,
    ACTS,
    AUTHORIZE,
    CAPTURE,
    application,
    authorized,
    outcome_of,
    purchase,
    until,
)

KEY: Final = "order-9"
Shop = Callable[..., FlexitiSession]


class SafeText(str):
    """A text as `mark_safe` of Django returns it."""

    __slots__ = ()


async def test_case_2_what_cannot_be_encoded_locks_nothing(shop: Shop, sandbox: Sandbox) -> None:
    """A safe text is text; half an emoji and NaN are ValidationErrors; the key stays free."""
    session = shop()
    order = await purchase(session, sandbox, reference=SafeText("order-1"))
    body = await application(session, sandbox)
    number = await authorized(session, sandbox)
    nan = {**body, "income": float("nan")}
    for bad in (
        lambda: session.applications.apply(nan, idempotency_key=KEY),
        lambda: session.authorizations.capture(number, 5, idempotency_key=KEY, reference="\ud83d"),
        lambda: session.authorizations.refund(ACCOUNT, 5, idempotency_key=KEY, reference="\ud83d"),
        lambda: session.authorizations.release(number, idempotency_key=KEY, amount="NaN"),
    ):
        with pytest.raises(ValidationError):
            await bad()

    assert [] == [one async for one in session.operations.pending()]
    assert (await session.authorizations.authorize(order, idempotency_key=KEY)).authorization_id
    assert "order-1" == sandbox.authorizations[-1].reference
    assert not (await session.applications.apply(body, idempotency_key=KEY)).replayed
    assert (await CAPTURE.make(session, number, KEY)).capture_id


async def test_case_3_a_browser_that_leaves(
    shop: Shop, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The view is cancelled, the operation is not: it is recorded, and the next click gets it."""
    session = shop()
    order = await AUTHORIZE.prepare(session, sandbox)
    sandbox.latency = {AUTHORIZE.endpoint: OVERLAP}
    view = asyncio.create_task(AUTHORIZE.make(session, order, KEY))
    await until(lambda: AUTHORIZE.sent(sandbox))
    view.cancel()
    with pytest.raises(asyncio.CancelledError):
        await view
    sandbox.latency = {}
    made = await AUTHORIZE.make(session, order, KEY)

    assert str(sandbox.authorizations[0].authorization_id) == made.authorization_id
    assert 1 == AUTHORIZE.sent(sandbox)
    warned = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert [] == [text for text in warned if not text.startswith("first operation of account")]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("kind", ACTS)
async def test_case_4_second_clicks(
    kind: str,
    at_once: bool,
    shop: Shop,
    sandbox: Sandbox,
) -> None:
    """Eight clicks, one after the other or at once, are one request."""
    act, session = ACTS[kind], shop()
    ready = await act.prepare(session, sandbox)
    before = act.sent(sandbox), act.moved(sandbox)
    clicks = [act.make(session, ready, KEY) for _ in range(8)]
    answers = await asyncio.gather(*clicks) if at_once else [await click for click in clicks]

    assert (before[0] + 1, before[1] + 1) == (act.sent(sandbox), act.moved(sandbox))
    assert at_once or [False] + [True] * 7 == [one.replayed for one in answers]


async def test_case_5_a_store_that_goes_back_in_time(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """A standby without the claim is promoted: the order is not authorized a second time."""
    session = shop()
    await session.token(Scope.MERCHANT)
    order = await AUTHORIZE.prepare(session, sandbox)
    await outcome_of(CAPTURE.make(session, 1, "anything"))  # this process has seen the journal
    faulty.snapshot()
    await AUTHORIZE.make(session, order, KEY)
    faulty.roll_back()
    faulty.fingerprint = "the standby"
    for process in (session, shop()):
        with pytest.raises(JournalForgot):
            await AUTHORIZE.make(process, order, KEY)

    assert 1 == len(sandbox.authorizations)


NAMINGS: Final[dict[str, Any]] = {
    "id": {"id": 1000000000000001},
    "camel case": {"authorizationId": "1000000000000001"},
    "nested": {"authorization": {"authorization_id": 1000000000000001}},
    "a fraction": {"authorization_id": "1000000000000001.0"},
}


@pytest.mark.parametrize("name", NAMINGS)
async def test_case_6_the_number_under_another_name(
    name: str, shop: Shop, sandbox: Sandbox
) -> None:
    """It is found, recorded and replayed."""
    session = shop()
    order = await AUTHORIZE.prepare(session, sandbox)
    fault = Alter(fields=NAMINGS[name], omit=("authorization_id",))
    if "authorization_id" in NAMINGS[name]:
        fault = Alter(fields=NAMINGS[name])
    sandbox.inject(fault, endpoint=AUTHORIZE.endpoint)
    first, second = [await AUTHORIZE.make(session, order, KEY) for _ in range(2)]
    found = await session.operations.get(kind="authorize", key=KEY)

    assert found is not None
    numbers = {first.authorization_id, second.authorization_id, found.authorization_id}
    assert {"1000000000000001"} == numbers


@pytest.mark.parametrize(
    "fault",
    [
        Answer(200, body=b'{"error": "declined"}', commit=True),
        Alter(fields={"authorization_status": "unauthorized"}),
        Alter(fields={"authorization_status": "onhold"}),
    ],
    ids=["error", "unauthorized", "onhold"],
)
async def test_case_6_a_success_that_is_none(fault: Fault, shop: Shop, sandbox: Sandbox) -> None:
    """It is neither a success nor a refusal: somebody has to find out."""
    session = shop()
    order = await AUTHORIZE.prepare(session, sandbox)
    sandbox.inject(fault, endpoint=AUTHORIZE.endpoint)

    assert isinstance(await outcome_of(AUTHORIZE.make(session, order, KEY)), OutcomeUnknown)
    assert [KEY] == [one.idempotency_key for one in await AUTHORIZE.pending(session)]


HOSTILE: Final[dict[str, Any]] = {
    "a number that fills the memory": {"id": 1.5e300, "authorization_id": None},
    "many digits": {"authorization_id": 10**400},
    "a long text": {"authorization_id": "1" * 10_000},
    "half a surrogate": {"message": "\ud83d", "reference": "\ud83d"},
    "a list": {"authorization_id": [1], "capture_id": {"a": 1}},
    "other types": {"amount": True, "date": 5, "status": None, "authorization_status": 7},
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ACTS)
async def test_case_6_an_odd_answer_is_recorded(
    name: str, kind: str, shop: Shop, sandbox: Sandbox
) -> None:
    """A call with an odd success ran: it is recorded and replayed, or unknown."""
    act, session = ACTS[kind], shop()
    ready = await act.prepare(session, sandbox)
    sandbox.inject(Alter(fields=HOSTILE[name]), endpoint=act.endpoint)
    before = act.sent(sandbox)
    outcome = await outcome_of(act.make(session, ready, KEY))
    found = await session.operations.get(kind=OperationKind(kind), key=KEY)

    assert found is not None
    if isinstance(outcome, OutcomeUnknown):
        assert "pending" == found.phase
    else:
        assert "done" == found.phase
        assert not isinstance(outcome, BaseException), outcome
        assert (await act.make(session, ready, KEY)).replayed
    assert before + 1 == act.sent(sandbox)


async def test_case_8_a_connection_that_the_server_closes(shop: Shop, sandbox: Sandbox) -> None:
    """Pooled connections that end amid many calls make no operation unknown."""
    session = shop()
    numbers = [await authorized(session, sandbox, amount="10.00") for _ in range(20)]
    await asyncio.gather(*(session.authorizations.get(number) for number in numbers))
    await sandbox.aclose()  # closes every idle connection of the pool
    await sandbox.start()
    made = await asyncio.gather(
        *(CAPTURE.make(session, number, f"{KEY}-{number}") for number in numbers)
    )

    assert 20 == len({one.capture_id for one in made})
    assert [] == await CAPTURE.pending(session)


async def test_a_drop_is_pending_even_if_nobody_waits(shop: Shop, sandbox: Sandbox) -> None:
    """A view that left before the answer was lost: the journal has it, and the log."""
    session = shop()
    number = await authorized(session, sandbox)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint)
    view = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    view.cancel()
    await session.aclose()

    assert [KEY] == [one.idempotency_key for one in await CAPTURE.pending(shop())]
