"""Calls that must not run twice: concurrent processes, lost answers, and a failing store."""

import asyncio
from decimal import Decimal

import pytest

from flexiti_async import (
    Checkout,
    FlexitiSession,
    OutcomeUnknown,
    Step,
    StoreUnavailable,
    ValidationError,
)
from flexiti_async.errors import CheckoutConflict, CheckoutUnsettled
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock, Trouble

from ..conftest import MakeSession, PassOn
from .customers import (
    BUY,
    PLAN,
    authorized,
    balances,
    money_requests,
    verified,
)


async def test_of_two_processes_one_authorizes(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """One process sends the call, the other gets CheckoutConflict and sends nothing."""
    started = await verified(await session.checkout(), sandbox)
    both = [await make_session().resume(started.reference_id) for _ in range(2)]
    results = await asyncio.gather(
        *(checkout.authorize(300, **PLAN) for checkout in both), return_exceptions=True
    )

    assert 1 == sum(isinstance(result, CheckoutConflict) for result in results)
    assert ["authorization"] == money_requests(sandbox)
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)


async def test_of_two_clicks_in_one_process_one_authorizes(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Of several clicks one sends the call, also for a capture, which waits for a token."""
    checkout = await verified(await session.checkout(), sandbox)
    first = await asyncio.gather(
        *(checkout.authorize(300, **PLAN) for _ in range(3)), return_exceptions=True
    )
    then = await asyncio.gather(*(checkout.capture(300) for _ in range(3)), return_exceptions=True)

    for results in (first, then):
        assert 2 == sum(isinstance(result, CheckoutUnsettled) for result in results)
    assert ["authorization", "authorization/capture"] == money_requests(sandbox)


async def test_a_slow_step_does_not_overwrite_another_one(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A widget that was opened again during the authorization does not undo it."""
    checkout = await verified(await session.checkout(), sandbox)
    sandbox.latency = {"widget/init": 0.1}
    going_back = asyncio.create_task(checkout.init_widget(BUY))
    while sandbox.count("widget/init") < 2:
        await asyncio.sleep(0)
    await checkout.authorize(300, **PLAN)
    with pytest.raises(CheckoutConflict):
        await going_back

    assert Step.AUTHORIZED is checkout.step


async def test_no_step_is_allowed_while_another_process_authorizes(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Another process finds the claim, and may not take any step."""
    checkout = await verified(await session.checkout(), sandbox)
    seen: list[Exception] = []

    async def meanwhile() -> None:
        other = await make_session().resume(checkout.reference_id)
        for step in (other.authorize(300, **PLAN), other.init_widget(BUY), other.plans(1)):
            with pytest.raises(CheckoutUnsettled) as caught:
                await step
            seen.append(caught.value)

    sandbox.latency = {"authorization": 0.2}
    running = asyncio.create_task(checkout.authorize(300, **PLAN))
    while not sandbox.count("authorization"):
        await asyncio.sleep(0)
    await meanwhile()
    await running

    assert [checkout.reference_id] * 3 == [getattr(e, "reference_id", None) for e in seen]
    assert ["authorization"] == money_requests(sandbox)


async def test_a_lost_outcome_is_settled(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """
    Until the outcome is settled no step is allowed; then the checkout goes on as after an answer.
    """
    checkout = await verified(await session.checkout(), sandbox)
    await lose_the_answer(checkout, sandbox)
    checkout = await pass_on(checkout)
    with pytest.raises(CheckoutUnsettled):
        await checkout.authorize(300, **PLAN)
    with pytest.raises(ValidationError):
        await checkout.settle(ran=True)
    stuck_at, allowed = checkout.step, checkout.next_steps
    found = sandbox.authorizations[0]
    await checkout.settle(ran=True, authorization_id=found.authorization_id)
    checkout = await pass_on(checkout)
    await checkout.capture(100)

    assert (Step.AUTHORIZING, frozenset({"settle"})) == (stuck_at, allowed)
    assert Decimal(200) == checkout.open_amount
    assert {"free": 4700, "held": 200, "owed": 100} == balances(sandbox)


async def test_a_call_that_did_not_run_may_be_made_again(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """A call that was settled as not executed may be made again."""
    checkout = await verified(await session.checkout(), sandbox)
    sandbox.fail("authorization", status=502)
    with pytest.raises(Exception, match="authorization"):
        await checkout.authorize(300, **PLAN)
    checkout = await pass_on(checkout)
    stuck_at = checkout.step
    with pytest.raises(ValidationError):
        await checkout.settle(ran=False, authorization_id=1)
    await checkout.settle(ran=False)
    checkout = await pass_on(checkout)
    await checkout.authorize(300, **PLAN)

    assert Step.AUTHORIZING is stuck_at
    assert 1 == len(sandbox.authorizations)


async def test_a_process_that_dies_leaves_its_claim(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The next process finds the claim, and sends nothing before it is settled."""
    checkout = await authorized(await session.checkout(), sandbox)
    sandbox.latency = {"authorization/capture": 30}
    dying = asyncio.create_task(checkout.capture(100))
    while not sandbox.count("authorization/capture"):
        await asyncio.sleep(0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    resumed = await make_session().resume(checkout.reference_id)
    for step in (resumed.capture(100), resumed.release()):
        with pytest.raises(CheckoutUnsettled):
            await step
    await resumed.settle(ran=False)

    assert (Step.CAPTURING, Step.AUTHORIZED) == (checkout.step, resumed.step)
    assert Decimal("300.00") == resumed.open_amount


async def test_of_two_processes_one_settles(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Two processes cannot both settle a call, or both would repeat it."""
    checkout = await verified(await session.checkout(), sandbox)
    sandbox.fail("authorization", status=500)
    with pytest.raises(Exception, match="authorization"):
        await checkout.authorize(300, **PLAN)
    both = [await make_session().resume(checkout.reference_id) for _ in range(2)]
    results = await asyncio.gather(*(one.settle(ran=False) for one in both), return_exceptions=True)

    assert 1 == sum(isinstance(result, CheckoutConflict) for result in results)


async def test_an_answer_is_returned_although_the_store_is_down(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    If the store goes down during the call, the shop gets the answer, and the claim stays for other
    processes.
    """
    store = FaultyStore(clock.boot)
    session = make_session(store=store, on_store_failure="raise")
    checkout = await verified(await session.checkout(), sandbox)

    def go_down(_: object) -> None:
        store.down = True

    sandbox.on_request = go_down
    answer = await checkout.authorize(300, **PLAN)
    store.down = False
    other = await make_session(store=store).resume(checkout.reference_id)

    assert str(sandbox.authorizations[0].authorization_id) == answer.authorization_id
    assert (Step.AUTHORIZED, Step.AUTHORIZING) == (checkout.step, other.step)


async def test_without_the_store_a_saved_checkout_does_not_authorize(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Without the store no claim is possible, so nothing is sent, even in degraded mode."""
    store = FaultyStore(clock.boot)
    checkout = await verified(await make_session(store=store).checkout(), sandbox)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await checkout.authorize(300, **PLAN)
    step_after = checkout.step
    store.down = False
    await checkout.authorize(300, **PLAN)

    assert (Step.VERIFIED, Step.AUTHORIZED) == (step_after, checkout.step)
    assert ["authorization"] == money_requests(sandbox)


async def test_a_checkout_that_was_never_saved_authorizes_without_the_store(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A checkout that was never saved needs no claim."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store)
    await session.token(min_ttl=None)
    store.down = True
    unsaved = await authorized(await session.checkout(), sandbox)
    not_resumable = await authorized(await session.checkout(resumable=False), sandbox)

    assert [Step.AUTHORIZED] * 2 == [unsaved.step, not_resumable.step]


async def test_a_lost_record_is_not_recreated_by_a_claim(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    If the store has lost the checkout, another process may have taken the step, so nothing is sent.
    """
    store = FaultyStore(clock.boot)
    checkout = await verified(await make_session(store=store).checkout(), sandbox)
    store.evict()
    with pytest.raises(CheckoutConflict):
        await checkout.authorize(300, **PLAN)

    assert [] == money_requests(sandbox)


@pytest.mark.parametrize("trouble", ["written but unknown", "late", "written but denied"])
async def test_an_own_write_of_unknown_outcome_is_not_a_conflict(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, trouble: Trouble
) -> None:
    """An own write with an unknown outcome is not taken for another process's claim."""
    store = FaultyStore(clock.boot)
    checkout = await verified(await make_session(store=store).checkout(), sandbox)
    store.trouble.append(trouble)
    try:
        await checkout.authorize(300, **PLAN)
    except StoreUnavailable:
        await store.deliver()
        await checkout.authorize(300, **PLAN)

    assert Step.AUTHORIZED is checkout.step
    assert ["authorization"] == money_requests(sandbox)


async def lose_the_answer(checkout: Checkout, sandbox: Sandbox) -> None:
    """Authorize, and break the connection after the request has been processed."""

    def break_off(_: object) -> None:
        raise asyncio.CancelledError

    sandbox.on_request = break_off
    with pytest.raises(OutcomeUnknown):
        await checkout.authorize(300, **PLAN)
    sandbox.on_request = None
