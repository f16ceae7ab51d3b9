"""Calls that must not run twice: others at it, lost answers, and a store that fails."""

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

from ..conftest import Hand, MakeSession
from .customers import (
    BUY,
    PLAN,
    authorized,
    books,
    money_requests,
    verified,
)


async def test_of_two_processes_one_authorizes(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The other one is told so, and has sent nothing."""
    started = await verified(await session.checkout(), sandbox)
    both = [await make_session().resume(started.reference_id) for _ in range(2)]
    results = await asyncio.gather(
        *(checkout.authorize(300, **PLAN) for checkout in both), return_exceptions=True
    )

    assert 1 == sum(isinstance(result, CheckoutConflict) for result in results)
    assert ["authorization"] == money_requests(sandbox)
    assert {"free": 4700, "held": 300, "owed": 0} == books(sandbox)


async def test_of_two_clicks_in_one_process_one_authorizes(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Also a capture, whose token has to be waited for."""
    checkout = await verified(await session.checkout(), sandbox)
    first = await asyncio.gather(
        *(checkout.authorize(300, **PLAN) for _ in range(3)), return_exceptions=True
    )
    then = await asyncio.gather(*(checkout.capture(300) for _ in range(3)), return_exceptions=True)

    for results in (first, then):
        assert 2 == sum(isinstance(result, CheckoutUnsettled) for result in results)
    assert ["authorization", "authorization/capture"] == money_requests(sandbox)


async def test_a_step_does_not_overtake_another_one(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A customer goes back to the widget while their purchase is authorized: it counts."""
    checkout = await verified(await session.checkout(), sandbox)
    sandbox.latency = {"widget/init": 0.1}
    going_back = asyncio.create_task(checkout.init_widget(BUY))
    while sandbox.count("widget/init") < 2:
        await asyncio.sleep(0)
    await checkout.authorize(300, **PLAN)
    with pytest.raises(CheckoutConflict):
        await going_back

    assert Step.AUTHORIZED is checkout.step


async def test_a_process_that_comes_while_another_one_authorizes_is_refused(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """It finds the claim, whatever it wants to do."""
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


async def test_a_lost_outcome_is_settled_by_who_has_looked_it_up(
    session: FlexitiSession, sandbox: Sandbox, hand: Hand
) -> None:
    """Until then nothing leads on; and what ran goes on as if its answer had come."""
    checkout = await verified(await session.checkout(), sandbox)
    await lose_the_answer(checkout, sandbox)
    checkout = await hand(checkout)
    with pytest.raises(CheckoutUnsettled):
        await checkout.authorize(300, **PLAN)
    with pytest.raises(ValidationError):
        await checkout.settle(ran=True)
    stuck_at, may_come = checkout.step, checkout.next_steps
    found = sandbox.authorizations[0]
    await checkout.settle(ran=True, authorization_id=found.authorization_id)
    checkout = await hand(checkout)
    await checkout.capture(100)

    assert (Step.AUTHORIZING, frozenset({"settle"})) == (stuck_at, may_come)
    assert Decimal(200) == checkout.open_amount
    assert {"free": 4700, "held": 200, "owed": 100} == books(sandbox)


async def test_a_call_that_did_not_run_may_be_made_again(
    session: FlexitiSession, sandbox: Sandbox, hand: Hand
) -> None:
    """Once the shop has made sure of it."""
    checkout = await verified(await session.checkout(), sandbox)
    sandbox.fail("authorization", status=502)
    with pytest.raises(Exception, match="authorization"):
        await checkout.authorize(300, **PLAN)
    checkout = await hand(checkout)
    stuck_at = checkout.step
    with pytest.raises(ValidationError):
        await checkout.settle(ran=False, authorization_id=1)
    await checkout.settle(ran=False)
    checkout = await hand(checkout)
    await checkout.authorize(300, **PLAN)

    assert Step.AUTHORIZING is stuck_at
    assert 1 == len(sandbox.authorizations)


async def test_a_process_that_dies_leaves_its_claim(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The next one finds it, and asks nothing of the API before it is settled."""
    checkout = await authorized(await session.checkout(), sandbox)
    sandbox.latency = {"authorization/capture": 30}
    dying = asyncio.create_task(checkout.capture(100))
    while not sandbox.count("authorization/capture"):
        await asyncio.sleep(0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    heir = await make_session().resume(checkout.reference_id)
    for step in (heir.capture(100), heir.release()):
        with pytest.raises(CheckoutUnsettled):
            await step
    await heir.settle(ran=False)

    assert (Step.CAPTURING, Step.AUTHORIZED) == (checkout.step, heir.step)
    assert Decimal("300.00") == heir.open_amount


async def test_of_two_who_settle_one_is_heard(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Otherwise both would make the call again."""
    checkout = await verified(await session.checkout(), sandbox)
    sandbox.fail("authorization", status=500)
    with pytest.raises(Exception, match="authorization"):
        await checkout.authorize(300, **PLAN)
    both = [await make_session().resume(checkout.reference_id) for _ in range(2)]
    results = await asyncio.gather(*(one.settle(ran=False) for one in both), return_exceptions=True)

    assert 1 == sum(isinstance(result, CheckoutConflict) for result in results)


async def test_an_answer_is_not_lost_with_the_store(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Money has moved: the shop gets the answer, and the claim stays for the others."""
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


async def test_without_the_store_nobody_authorizes_what_another_could(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Also where sessions go on without their store: this is money."""
    store = FaultyStore(clock.boot)
    checkout = await verified(await make_session(store=store).checkout(), sandbox)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await checkout.authorize(300, **PLAN)
    refused_at = checkout.step
    store.down = False
    await checkout.authorize(300, **PLAN)

    assert (Step.VERIFIED, Step.AUTHORIZED) == (refused_at, checkout.step)
    assert ["authorization"] == money_requests(sandbox)


async def test_a_checkout_that_was_never_saved_is_nobody_elses(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Begun without the store, or without being resumable, it goes to its end."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store)
    await session.token(min_ttl=None)
    store.down = True
    unsaved = await authorized(await session.checkout(), sandbox)
    alone = await authorized(await session.checkout(resumable=False), sandbox)

    assert [Step.AUTHORIZED] * 2 == [unsaved.step, alone.step]


async def test_a_claim_is_not_put_down_anew_where_the_store_has_lost_it(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Whoever else had taken the step is lost with it, so nobody can tell."""
    store = FaultyStore(clock.boot)
    checkout = await verified(await make_session(store=store).checkout(), sandbox)
    store.evict()
    with pytest.raises(CheckoutConflict):
        await checkout.authorize(300, **PLAN)

    assert [] == money_requests(sandbox)


@pytest.mark.parametrize("trouble", ["written but unknown", "late", "written but denied"])
async def test_a_claim_of_ones_own_is_no_foreign_one(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, trouble: Trouble
) -> None:
    """What the store has written without saying so hinders nobody but the others."""
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
    """Authorize, and break the connection when the request has been processed."""

    def break_off(_: object) -> None:
        raise asyncio.CancelledError

    sandbox.on_request = break_off
    with pytest.raises(OutcomeUnknown):
        await checkout.authorize(300, **PLAN)
    sandbox.on_request = None
