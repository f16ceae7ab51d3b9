"""The journal is the authority, and the checkout follows it: known keys, lost answers, clicks."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from flexiti_async import (
    CheckoutError,
    FlexitiSession,
    IdempotencyKeyReused,
    OnlineCheckout,
    OperationError,
    OutcomeUnknown,
    Step,
    StoreUnavailable,
    ValidationError,
)
from flexiti_async.errors import (
    CheckoutConflict,
    CheckoutExpired,
    CheckoutNotFound,
    JournalForgot,
    OperationInProgress,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry, Life
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession, PassOn
from ..support.keys import encryption_key
from ..support.patience import OVERLAP, PATIENCE
from .customers import (
    ACCOUNT,
    APPLICANT,
    BUY,
    COUNTER,
    OTHER_ACCOUNT,
    PLAN,
    authorized,
    balances,
    money_requests,
    plan,
    verified,
    with_code,
)

QUICK = {"request_timeout": 10, "connect_timeout": 10, "store_timeout": 5}
"""An operation's deadline is 30 seconds of the test's clock, which the test moves."""


async def lose_the_answer(checkout: OnlineCheckout, sandbox: Sandbox) -> OutcomeUnknown:
    """Authorize, and break the connection after the request has been processed."""

    def break_off(_: object) -> None:
        raise asyncio.CancelledError

    sandbox.on_request = break_off
    with pytest.raises(OutcomeUnknown) as caught:
        await checkout.authorize(300, **PLAN)
    sandbox.on_request = None
    return caught.value


# The key, when a checkout starts


async def test_a_paid_order_starts_no_checkout(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A paid order is raised before a token is obtained, online and in store."""
    paid = await authorized(await session.checkout("order-1"), sandbox)
    sent = len(sandbox.requests)
    for start in (session.checkout, session.in_store_checkout):
        with pytest.raises(IdempotencyKeyReused, match="done already") as caught:
            await start("order-1")

        assert ("done", "300.00") == (caught.value.phase, caught.value.amount)
        assert paid.authorization_id == caught.value.authorization_id
    assert sent == len(sandbox.requests)


async def test_an_order_whose_outcome_is_unknown_starts_no_checkout(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """It is unknown for all as soon as its caller has given up, also after its token's end."""
    session = make_session(**QUICK)
    lost = await lose_the_answer(await verified(await session.checkout(9), sandbox), sandbox)
    with pytest.raises(OutcomeUnknown) as early:
        await session.checkout("9")
    clock.advance(1200)
    with pytest.raises(OutcomeUnknown) as late:
        await session.checkout("9")

    assert lost.operation_id == early.value.operation_id == late.value.operation_id
    assert ["authorization"] == money_requests(sandbox)


async def test_an_order_that_did_not_run_is_paid_anew(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """After somebody has recorded that it did not run, the same key pays once."""
    session = make_session(**QUICK)
    checkout = await verified(await session.checkout("order-1"), sandbox)
    sandbox.fail("authorization", status=502)
    with pytest.raises(OutcomeUnknown) as caught:
        await checkout.authorize(300, **PLAN)
    with pytest.raises(OperationInProgress):
        await session.operations.resolve(caught.value.operation_id, executed=False, by="test")
    clock.advance(1000)
    await session.operations.resolve(caught.value.operation_id, executed=False, by="test")
    await authorized(await session.checkout("order-1"), sandbox)

    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)


@pytest.mark.parametrize("bad", ["", " order-1", "é", "x" * 256, None, True, 1.5])
async def test_invalid_keys(session: FlexitiSession, sandbox: Sandbox, bad: object) -> None:
    """A key is 1 to 255 printable characters, an int or a UUID; nothing is sent for another one."""
    with pytest.raises(ValidationError) as caught:
        await session.checkout(bad)  # type: ignore[arg-type]

    assert ["idempotency_key"] == [error.param for error in caught.value.field_errors]
    assert [] == list(sandbox.requests)


async def test_nothing_starts_without_the_journal(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A journal that is down, or may have forgotten, is raised before a customer is asked."""
    journal = FaultyStore(clock.boot)
    session = make_session(journal=journal)
    await session.checkout("order-1")
    sent = len(sandbox.requests)
    journal.down = True
    with pytest.raises(StoreUnavailable):
        await session.checkout("order-2")
    journal.down = False
    journal.evict()
    with pytest.raises(JournalForgot) as caught:
        await session.in_store_checkout("order-2")

    assert "order-2" == caught.value.idempotency_key
    assert sent == len(sandbox.requests)


# Second callers


async def test_two_processes_authorize_once(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Both get the same authorization, and one request is sent."""
    started = await verified(await session.checkout("order-1"), sandbox)
    both = [await make_session().resume(started.reference_id) for _ in range(2)]
    answers = await asyncio.gather(*(one.authorize(300, **PLAN) for one in both))

    assert 1 == len({answer.authorization_id for answer in answers})
    assert [Step.AUTHORIZED] * 2 == [one.step for one in both]
    assert ["authorization"] == money_requests(sandbox)
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)


async def test_clicks_authorize_once(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Concurrent clicks share one answer; a later one gets the recorded answer."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    answers = await asyncio.gather(*(checkout.authorize(300, **PLAN) for _ in range(3)))
    later = await checkout.authorize(300, **PLAN)

    assert {checkout.authorization_id} == {one.authorization_id for one in (*answers, later)}
    assert later.replayed
    assert ["authorization"] == money_requests(sandbox)


async def test_another_plan_after_the_payment(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A second tab that pays with another plan reads that the order is paid."""
    tabs = [await verified(await session.checkout("order-1"), sandbox) for _ in range(2)]
    paid = await tabs[0].authorize(300, **PLAN)
    with pytest.raises(IdempotencyKeyReused) as caught:
        await tabs[1].authorize(300, transaction_type="regular_purchase")

    assert ("done", paid.authorization_id) == (caught.value.phase, caught.value.authorization_id)
    assert ["authorization"] == money_requests(sandbox)


async def test_a_slow_step_does_not_overwrite_the_authorization(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A widget that was opened again during the authorization does not undo it."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    sandbox.latency = {"widget/init": OVERLAP}
    going_back = asyncio.create_task(checkout.init_widget(BUY))
    while sandbox.count("widget/init") < 2:
        await asyncio.sleep(0)
    await checkout.authorize(300, **PLAN)
    with pytest.raises(CheckoutConflict):
        await going_back

    assert Step.AUTHORIZED is checkout.step


class HeldStore(MemoryStore):
    """A store that holds one swap back until its gate is opened."""

    gate: asyncio.Event | None = None
    held = False

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write it, later than the next one if there is a gate."""
        gate, self.gate = self.gate, None
        if gate is not None:
            self.held = True
            await gate.wait()
        return await super().swap(key, entry, expected=expected, life=life)


async def test_a_save_does_not_overtake_another(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """The second one of a checkout waits for the first: neither conflicts with the other."""
    store = HeldStore(clock=clock.boot)
    checkout = await make_session(store=store).checkout("order-1")
    gate = store.gate = asyncio.Event()
    first = asyncio.create_task(checkout.save())
    while not store.held:
        await asyncio.sleep(0)
    second = asyncio.create_task(checkout.save())
    for _ in range(20):
        await asyncio.sleep(0)
    gate.set()

    await asyncio.gather(first, second)  # neither raises

    assert checkout.saved


async def test_a_caller_that_leaves_does_not_end_the_operation(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The customer closes the page while the API works; the next process finds the payment."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    sandbox.latency = {"authorization": OVERLAP}
    leaving = asyncio.create_task(checkout.authorize(300, **PLAN))
    while not sandbox.count("authorization"):
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    resumed = await make_session().resume(checkout.reference_id)
    answer = await resumed.authorize(300, **PLAN)

    assert (Step.AUTHORIZED, answer.authorization_id) == (resumed.step, resumed.authorization_id)
    assert ["authorization"] == money_requests(sandbox)


# A pending operation


async def test_steps_while_the_outcome_is_unknown(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """Plans are shown, a new widget is refused before any request; the answer leads on."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    lost = await lose_the_answer(checkout, sandbox)
    checkout = await pass_on(checkout)
    step = checkout.step
    await checkout.plans(300)
    sent = len(sandbox.requests)
    with pytest.raises(OutcomeUnknown) as caught:
        await checkout.init_widget(BUY)
    assert sent == len(sandbox.requests)
    number = sandbox.authorizations[0].authorization_id
    await session.operations.resolve(
        lost.operation_id, executed=True, authorization_id=number, by="test"
    )
    checkout = await pass_on(checkout)
    answer = await checkout.authorize(300, **PLAN)

    assert Step.VERIFIED is step
    assert lost.operation_id == caught.value.operation_id
    assert (Step.AUTHORIZED, str(number)) == (checkout.step, checkout.authorization_id)
    assert (True, str(number)) == (answer.replayed, answer.authorization_id)
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)


async def test_steps_in_store_while_the_outcome_is_unknown(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """Another card and another code are refused before any request."""
    checkout = await with_code(await session.in_store_checkout("order-1"))
    sandbox.fail("authorization", status=503)
    with pytest.raises(OutcomeUnknown):
        await checkout.authorize(300, **PLAN, **COUNTER)
    checkout = await pass_on(checkout)
    await checkout.plans(300)
    sent = len(sandbox.requests)
    for step in (checkout.verify("sms"), checkout.lookup(account_number=OTHER_ACCOUNT)):
        with pytest.raises(OperationError):
            await step

    assert sent == len(sandbox.requests)
    assert (Step.CODE_SENT, str(ACCOUNT)) == (checkout.step, checkout.account_number)


async def test_the_end_of_the_token_while_the_outcome_is_unknown(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The unknown outcome is raised, never that the flow has ended; a resume names no new start."""
    session = make_session(**QUICK)
    checkout = await verified(await session.checkout("order-1"), sandbox)
    await lose_the_answer(checkout, sandbox)
    clock.advance(1200)
    steps: list[Callable[[], Coroutine[object, None, object]]] = [
        lambda: checkout.plans(300),
        lambda: checkout.init_widget(BUY),
        lambda: checkout.authorize(300, **PLAN),
        lambda: session.checkout("order-1"),
    ]
    for step in steps:
        with pytest.raises(OutcomeUnknown):
            await step()
    with pytest.raises(CheckoutNotFound) as caught:
        await session.resume(checkout.reference_id)

    assert "start" not in str(caught.value)
    assert ["authorization"] == money_requests(sandbox)


async def test_the_end_of_the_token_without_an_operation(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Nothing was sent, nothing is claimed, and the same key starts another checkout."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    clock.advance(1200)
    for step in (checkout.plans(300), checkout.authorize(300, **PLAN)):
        with pytest.raises(CheckoutExpired):
            await step
    await authorized(await session.checkout("order-1"), sandbox)

    assert ["authorization"] == money_requests(sandbox)


# An operation that is done


async def test_the_recorded_answer_outlives_the_token(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A click after the checkout has ended gets the recorded answer, without a request."""
    checkout = await authorized(await session.checkout("order-1"), sandbox)
    clock.advance(1200)
    sent = len(sandbox.requests)
    answer = await checkout.authorize(300, **PLAN)

    assert (True, checkout.authorization_id) == (answer.replayed, answer.authorization_id)
    assert sent == len(sandbox.requests)


async def test_an_answer_is_returned_although_the_store_is_down(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """If the step cannot be saved, the journal moves the checkout forward when it is resumed."""
    store, journal = FaultyStore(clock.boot), MemoryStore(clock=clock.boot)
    session = make_session(store=store, journal=journal, on_store_failure="raise")
    checkout = await verified(await session.checkout("order-1"), sandbox)

    def go_down(_: object) -> None:
        store.down = True

    sandbox.on_request = go_down
    answer = await checkout.authorize(300, **PLAN, auto_capture=True)
    saved = checkout.saved
    store.down = False
    other = await make_session(store=store, journal=journal).resume(checkout.reference_id)

    assert not saved
    assert str(sandbox.authorizations[0].authorization_id) == answer.authorization_id
    assert (Step.AUTHORIZED, answer.authorization_id) == (other.step, other.authorization_id)
    assert answer.capture_id is not None
    assert answer.capture_id == other.capture_id == checkout.capture_id


async def test_a_step_that_is_out_of_order_sends_nothing(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The journal knows nothing, so the table counts, also with all data at hand."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    for step in (checkout.authorize(300, **PLAN), checkout.apply(APPLICANT)):
        with pytest.raises(CheckoutError, match="step widget"):
            await step

    assert [] == money_requests(sandbox)
    assert await session.operations.get(kind="authorize", key="order-1") is None


async def test_a_tab_without_data_reads_what_the_other_one_did(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A checkout that is not verified cannot be compared: the order is done, or being made."""
    paying, waiting = [await session.checkout("order-1") for _ in range(2)]
    await authorized(paying, sandbox)
    with pytest.raises(IdempotencyKeyReused) as caught:
        await waiting.authorize(300, **PLAN)

    assert ("done", paying.authorization_id) == (caught.value.phase, caught.value.authorization_id)


async def test_without_the_journal_a_checkout_does_not_authorize(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Nothing is sent, even in degraded mode, and the step is as before."""
    store = FaultyStore(clock.boot)
    checkout = await verified(await make_session(store=store).checkout("order-1"), sandbox)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await checkout.authorize(300, **PLAN)
    step_after = checkout.step
    store.down = False
    await checkout.authorize(300, **PLAN)

    assert (Step.VERIFIED, Step.AUTHORIZED) == (step_after, checkout.step)
    assert ["authorization"] == money_requests(sandbox)


async def test_a_lost_checkout_is_no_second_authorization(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A token store that goes back in time costs no second execution: the journal decides."""
    store, journal = FaultyStore(clock.boot), MemoryStore(clock=clock.boot)
    session = make_session(store=store, journal=journal)
    checkout = await verified(await session.checkout("order-1"), sandbox)
    tabs = [await session.resume(checkout.reference_id) for _ in range(2)]
    await tabs[0].authorize(300, **PLAN, account_number=ACCOUNT)
    store.evict()
    answer = await tabs[1].authorize(300, **PLAN, account_number=ACCOUNT)

    assert answer.replayed
    assert Step.AUTHORIZED is (await session.resume(checkout.reference_id)).step
    assert ["authorization"] == money_requests(sandbox)


# The account


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_saved_account_is_confirmed_or_encrypted(
    make_session: MakeSession, sandbox: Sandbox, tmp_path: Path, *, encrypted: bool
) -> None:
    """
    Others may have written a plain record in a shared store, so the shop names the account; another
    one is rejected in any case.
    """
    keys = [encryption_key("checkouts")] if encrypted else []
    session = make_session(store=f"file://{tmp_path}/tokens?timeout={PATIENCE}", token_keys=keys)
    started = await verified(await session.checkout("order-1"), sandbox)
    resumed = await session.resume(started.reference_id)
    with pytest.raises(ValidationError, match="must be the account"):
        await resumed.authorize(300, **PLAN, account_number=OTHER_ACCOUNT)
    sent = len(sandbox.requests)
    if encrypted:
        await resumed.authorize(300, **PLAN)
    else:
        with pytest.raises(ValidationError, match="token_keys") as caught:
            await resumed.authorize(300, **PLAN)
        assert ["account_number"] == [error.param for error in caught.value.field_errors]
        assert sent == len(sandbox.requests)
        await resumed.authorize(300, **PLAN, account_number=f"00{ACCOUNT}")

    assert ["authorization"] == money_requests(sandbox)


async def test_the_object_that_was_started_knows_its_account(
    make_session: MakeSession, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A checkout that was not loaded needs no confirmation."""
    session = make_session(store=f"file://{tmp_path}/tokens?timeout={PATIENCE}")
    await authorized(await session.checkout("order-1"), sandbox)

    assert ["authorization"] == money_requests(sandbox)


# The order number


@pytest.mark.parametrize(
    ("key", "given", "sent"),
    [
        ("order-1", {}, "order-1"),
        ("order-1", {"reference": "A-17"}, "A-17"),
        ("k" * 40, {}, "k" * 40),
        ("k" * 41, {}, ""),
    ],
)
async def test_the_reference_is_the_key_where_it_fits(
    session: FlexitiSession,
    sandbox: Sandbox,
    key: str,
    given: dict[str, str],
    sent: str,
) -> None:
    """A lost authorization can be found by the order's own name."""
    checkout = await verified(await session.checkout(key), sandbox)
    await checkout.authorize(300, **plan(**{"reference": None, **given}))

    assert sent == sandbox.authorizations[0].reference
