"""Second callers: one request, one outcome for all of them, in one process and in several."""

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.api.captures import capture
from flexiti_async.errors import (
    AmountExceeded,
    IdempotencyKeyReused,
    JournalForgot,
    OperationInProgress,
    OutcomeUnknown,
    SessionClosed,
    ValidationError,
)
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Answer, Drop
from flexiti_async.testing import FaultyStore, ManualClock

from ..support.patience import OVERLAP, PATIENT
from .acts import CAPTURE, Anything, authorized, executions, outcome_of, until
from .conftest import Seen

SLOW = {CAPTURE.endpoint: OVERLAP}
REFUSED = Answer(409, body=b'{"error": "auth_amount_exceeded", "message": "Too much."}')
Shop = Callable[..., FlexitiSession]


@pytest.fixture(params=["one process", "two processes"])
async def pair(
    request: pytest.FixtureRequest, shop: Shop, sandbox: Sandbox
) -> tuple[FlexitiSession, FlexitiSession, str]:
    """Return the sessions of two callers, and an authorization; the sandbox answers slowly."""
    first = shop()
    second = first if request.param == "one process" else shop()
    number = await authorized(first, sandbox)
    await asyncio.gather(first.token(Scope.MERCHANT), second.token(Scope.MERCHANT))
    sandbox.latency = SLOW
    return first, second, number


async def both(
    pair: tuple[FlexitiSession, FlexitiSession, str], sandbox: Sandbox, clock: ManualClock
) -> list[Any]:
    """Make one capture from both sessions, the second while the first is in flight."""
    first, second, number = pair
    callers = [asyncio.create_task(outcome_of(CAPTURE.make(first, number, "parcel-1")))]
    await until(lambda: CAPTURE.sent(sandbox))
    callers.append(asyncio.create_task(outcome_of(CAPTURE.make(second, number, "parcel-1"))))
    await callers[0]
    found = await first.operations.get(kind="capture", key="parcel-1")
    if found is not None and found.phase == "pending":
        clock.advance(found.deadline)
    return list(await asyncio.gather(*callers))


async def test_the_second_gets_the_answer(
    pair: tuple[FlexitiSession, FlexitiSession, str], sandbox: Sandbox, clock: ManualClock
) -> None:
    """One request, and both have the number of the capture."""
    first, second = await both(pair, sandbox, clock)

    assert first.capture_id == second.capture_id is not None
    assert not first.replayed
    assert second.replayed is (pair[0] is not pair[1])
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


async def test_the_second_gets_the_refusal(
    pair: tuple[FlexitiSession, FlexitiSession, str], sandbox: Sandbox, clock: ManualClock
) -> None:
    """A refusal of the API reaches both, and one request was sent."""
    sandbox.inject(REFUSED, endpoint=CAPTURE.endpoint, times=None)
    outcomes = await both(pair, sandbox, clock)

    assert [AmountExceeded] * 2 == [type(one) for one in outcomes]
    assert {(409, "auth_amount_exceeded", "Too much.")} == {
        (one.status, one.code, one.message) for one in outcomes
    }
    assert outcomes[0] is not outcomes[1]
    assert 1 == CAPTURE.sent(sandbox)


async def test_the_second_gets_the_unknown_outcome(
    pair: tuple[FlexitiSession, FlexitiSession, str], sandbox: Sandbox, clock: ManualClock
) -> None:
    """A lost answer is unknown to both, and one request was sent."""
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint)
    outcomes = await both(pair, sandbox, clock)

    assert [OutcomeUnknown] * 2 == [type(one) for one in outcomes]
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


async def test_another_amount_is_an_error_at_once(
    pair: tuple[FlexitiSession, FlexitiSession, str], sandbox: Sandbox
) -> None:
    """Also while the first is in flight, and with the facts of the recorded operation."""
    first, second, number = pair
    caller = asyncio.create_task(CAPTURE.make(first, number, "parcel-1"))
    await until(lambda: CAPTURE.sent(sandbox))
    other = second.authorizations.capture(number, 6, idempotency_key="parcel-1")
    with pytest.raises(IdempotencyKeyReused) as in_flight:
        await other

    assert not caller.done()
    assert ("pending", "5") == (in_flight.value.phase, in_flight.value.amount)
    assert in_flight.value.reference_id in {one.reference_id for one in sandbox.requests}
    await caller
    with pytest.raises(IdempotencyKeyReused, match=r"of \$5, which is done already") as later:
        await second.authorizations.capture(number, 6, idempotency_key="parcel-1")
    assert "done" == later.value.phase
    assert 1 == CAPTURE.sent(sandbox)


async def test_it_need_not_wait(
    pair: tuple[FlexitiSession, FlexitiSession, str], sandbox: Sandbox
) -> None:
    """With `wait=0` the second caller learns at once when to come again."""
    first, second, number = pair
    caller = asyncio.create_task(CAPTURE.make(first, number, "parcel-1"))
    await until(lambda: CAPTURE.sent(sandbox))
    for wait in (0, 0.05):
        with pytest.raises(OperationInProgress) as caught:
            await second.operations.run(capture(number, 5), idempotency_key="parcel-1", wait=wait)
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 2 * PATIENT["request_timeout"] + 600
        assert "pending" == caught.value.phase
    assert not caller.done()
    await caller


async def test_a_hundred_at_once_are_one_request(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A hundred clicks in one process: one request, and the same answer for all."""
    number = await authorized(session, sandbox)
    answers = await asyncio.gather(*(CAPTURE.make(session, number, "parcel-1") for _ in range(100)))

    assert 1 == len({one.capture_id for one in answers})
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


async def test_a_race_of_processes_is_one_request(shop: Shop, sandbox: Sandbox) -> None:
    """Ten processes that begin at the same moment: one sends, and all have the answer."""
    sessions = [shop() for _ in range(10)]
    number = await authorized(sessions[0], sandbox)
    answers = await asyncio.gather(*(CAPTURE.make(one, number, "parcel-1") for one in sessions))

    assert 1 == len({one.capture_id for one in answers})
    assert [False] + [True] * 9 == sorted(one.replayed for one in answers)
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


async def test_a_race_of_processes_for_a_refusal_is_one_request(
    shop: Shop, sandbox: Sandbox
) -> None:
    """The losers of the race get the winner's refusal, and send nothing themselves."""
    sessions = [shop() for _ in range(5)]
    number = await authorized(sessions[0], sandbox)
    sandbox.inject(REFUSED, endpoint=CAPTURE.endpoint, times=None)
    for attempt in itertools.count(1):
        outcomes = await asyncio.gather(
            *(outcome_of(CAPTURE.make(one, number, "parcel-1")) for one in sessions)
        )
        assert {AmountExceeded} == {type(one) for one in outcomes}
        assert attempt == CAPTURE.sent(sandbox)
        if attempt == 3:
            return


async def test_a_second_caller_of_a_cancelled_operation_sends_nothing(
    shop: Shop, sandbox: Sandbox
) -> None:
    """If the first was never sent, the second is asked to come again."""
    session = shop()
    number = await authorized(session, sandbox)
    callers = [
        asyncio.create_task(outcome_of(CAPTURE.make(session, number, "parcel-1"))) for _ in range(2)
    ]
    await until(executions)
    (running,) = executions()
    while await session.operations.get(kind="capture", key="parcel-1") is None:
        await asyncio.sleep(0)
    running.cancel()
    outcomes = await asyncio.gather(*callers)

    assert [OperationInProgress] * 2 == [type(one) for one in outcomes]
    assert 0 == CAPTURE.sent(sandbox)
    assert (await CAPTURE.make(session, number, "parcel-1")).capture_id


async def test_a_waiter_never_sends_when_the_record_is_gone(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, watched: Callable[[FlexitiSession], Seen]
) -> None:
    """A claim that vanishes was lost by the store; the first caller still gets its answer."""
    first, second = shop(), shop()
    number = await authorized(first, sandbox)
    await second.token(Scope.MERCHANT)
    seen = watched(first)
    faulty.snapshot()
    sandbox.latency = SLOW
    caller = asyncio.create_task(CAPTURE.make(first, number, "parcel-1"))
    await until(lambda: CAPTURE.sent(sandbox))
    waiter = asyncio.create_task(outcome_of(CAPTURE.make(second, number, "parcel-1")))
    loads = len(faulty.operations)
    await until(lambda: len(faulty.operations) > loads + 1)
    faulty.roll_back()

    assert isinstance(await waiter, JournalForgot)
    assert (await caller).capture_id
    await until(lambda: len(seen.operations) == 2)
    assert {"OperationConflict", "OperationDone"} == set(seen.operations)
    assert 1 == CAPTURE.sent(sandbox)


async def test_a_slow_clock_does_not_keep_a_caller_waiting(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, clock: ManualClock
) -> None:
    """A claim that was watched for its deadline is past it, whatever wall clock and store say."""
    faulty.ageless = True
    number = await authorized(shop(), sandbox)
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint)
    sandbox.on_request = lambda _: faulty.snapshot()  # with the claim of a process that dies then
    await outcome_of(CAPTURE.make(shop(), number, "parcel-1"))
    faulty.roll_back()
    late = ManualClock(clock.wall() - 3600, clock.boot())
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=faulty,
        **PATIENT,
    )
    async with FlexitiSession(config, clock=late) as session:
        waiter = asyncio.create_task(outcome_of(CAPTURE.make(session, number, "parcel-1")))
        loads = len(faulty.operations)
        await until(lambda: len(faulty.operations) > loads + 1)
        late.advance(PATIENT["request_timeout"] * 4)

        assert isinstance(await waiter, OutcomeUnknown)


@pytest.mark.parametrize("wait", [-1, math.nan, True, "5"], ids=str)
async def test_a_wait_is_a_number_of_seconds(wait: Anything, session: FlexitiSession) -> None:
    """Anything else is an error before anything is sent."""
    with pytest.raises(ValidationError, match="wait"):
        await session.operations.run(capture(1, 5), idempotency_key="parcel-1", wait=wait)


@pytest.mark.parametrize("aside", [False, True])
async def test_an_operation_that_waits_for_itself_is_an_error(
    sandbox: Sandbox,
    clock: ManualClock,
    faulty: FaultyStore,
    aside: bool,
) -> None:
    """A callback of the lent client session that makes the same call again does not hang."""
    number, inner = "", list[Any]()

    async def again(_: aiohttp.ClientSession, __: SimpleNamespace, sent: Anything) -> None:
        if sent.url.path.endswith("/capture") and not inner:
            call: Awaitable[Any] = CAPTURE.make(session, number, "parcel-1")
            inner.append(await outcome_of(asyncio.ensure_future(call) if aside else call))

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(again)
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=faulty,
        **PATIENT,
    )
    async with (
        aiohttp.ClientSession(trace_configs=[trace]) as lent,
        FlexitiSession(config, client_session=lent, clock=clock) as session,
    ):
        number = await authorized(session, sandbox)
        made = await CAPTURE.make(session, number, "parcel-1")

    assert made.capture_id
    assert "waits for its own outcome" in str(inner[0])
    assert 1 == CAPTURE.sent(sandbox)


async def test_a_waiter_ends_with_its_session(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """A caller that waits for another process is not kept when its own session is closed."""
    first, second = shop(), shop()
    number = await authorized(first, sandbox)
    await second.token(Scope.MERCHANT)
    sandbox.latency = SLOW
    caller = asyncio.create_task(CAPTURE.make(first, number, "parcel-1"))
    await until(lambda: CAPTURE.sent(sandbox))
    waiter = asyncio.create_task(outcome_of(CAPTURE.make(second, number, "parcel-1")))
    loads = len(faulty.operations)
    await until(lambda: len(faulty.operations) > loads + 1)
    await second.aclose()

    assert isinstance(await waiter, SessionClosed)
    assert (await caller).capture_id
