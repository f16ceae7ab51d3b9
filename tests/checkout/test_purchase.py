"""A purchase online, from the widget to the refund."""

import asyncio
import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flexiti_async import (
    CheckoutError,
    FlexitiSession,
    Reaction,
    Step,
    ValidationError,
)
from flexiti_async.errors import (
    CheckoutTokenRejected,
    Conflict,
    CreditExceeded,
    PlanNotAvailable,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession, PassOn
from .customers import (
    ACCOUNT,
    APPLICANT,
    BUY,
    PLAN,
    authorized,
    balances,
    plan,
    verified,
)

SHOPPER = Path(__file__).parent / "checkout_process.py"


async def test_a_purchase_from_the_widget_to_the_refund(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """Each step finds the state of the last one, in any process, and the amounts are right."""
    checkout = await pass_on(await session.checkout())
    widget = await checkout.init_widget(BUY)
    checkout = await pass_on(checkout)
    event = json.dumps(sandbox.play(widget.redirection_url)).encode()

    assert Reaction.AUTHORIZE is await checkout.handle_event(event)
    assert (Step.VERIFIED, str(ACCOUNT)) == (checkout.step, checkout.account_number)

    checkout = await pass_on(checkout)
    plans = await checkout.plans(Decimal(300))
    chosen = next(offer for offer in plans.promotional_purchase if offer.plan_id == 101)
    term = next(term for term in chosen.terms if term.term == 12)

    assert Decimal(25) == term.term_amount

    checkout = await pass_on(checkout)
    await checkout.authorize(
        Decimal("300.00"),
        transaction_type="promotional_purchase",
        plan_id=chosen.plan_id,
        term=term.term,
        reference="order-1",
    )

    assert (Step.AUTHORIZED, Decimal("300.00")) == (checkout.step, checkout.open_amount)
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)

    checkout = await pass_on(checkout)
    await checkout.capture("120.50", reference="parcel-1")

    assert (Step.CAPTURED, Decimal("179.50")) == (checkout.step, checkout.open_amount)
    assert {"free": 4700, "held": Decimal("179.50"), "owed": Decimal("120.50")} == balances(sandbox)

    checkout = await pass_on(checkout)
    returned = await checkout.return_capture(amount=20)

    assert (Step.CAPTURED, Decimal("179.50")) == (checkout.step, checkout.open_amount)
    assert Decimal("100.50") == returned.remaining_capture_amount
    assert {"free": 4720, "held": Decimal("179.50"), "owed": Decimal("100.50")} == balances(sandbox)

    checkout = await pass_on(checkout)
    await checkout.release("79.50")

    assert (Step.CAPTURED, Decimal(100)) == (checkout.step, checkout.open_amount)

    checkout = await pass_on(checkout)
    await checkout.capture(100)

    assert (Step.CLOSED, Decimal(0)) == (checkout.step, checkout.open_amount)
    assert 2 == len(checkout.capture_ids)
    assert frozenset({"return_capture", "refund"}) == checkout.next_steps

    checkout = await pass_on(checkout)
    await checkout.refund("50.25", capture_id=checkout.capture_ids[1])

    assert {"free": Decimal("4849.75"), "held": 0, "owed": Decimal("150.25")} == balances(sandbox)
    assert "closed" == sandbox.authorizations[0].status
    calls = [request for request in sandbox.requests if request.endpoint != "oauth/token"]
    assert {checkout.reference_id} == {call.reference_id for call in calls}


async def test_a_purchase_with_a_process_for_each_step(
    sandbox: Sandbox, make_session: MakeSession, tmp_path: Path
) -> None:
    """Real processes over a file store share nothing but the reference id."""
    store = f"file://{tmp_path}/tokens"

    async def run(step: str, *more: str) -> Mapping[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SHOPPER),
            *(sandbox.base_url, sandbox.client_id, sandbox.client_secret, store, step),
            *more,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert 0 == process.returncode
        answer: Mapping[str, Any] = json.loads(output)
        return answer

    started = await run("start", str(ACCOUNT))
    reference_id = started["reference_id"]
    event = json.dumps(sandbox.play(started["session_id"]))
    steps = [
        (await run("event", reference_id, event))["step"],
        (await run("plans", reference_id, "300"))["step"],
        (await run("authorize", reference_id, "300"))["step"],
        (await run("capture", reference_id, "120.50"))["step"],
        (await run("return", reference_id, "20"))["step"],
        (await run("refund", reference_id, "10"))["step"],
    ]
    session = make_session(store=store)
    last = await session.resume(reference_id)

    assert ["verified", "verified", "authorized", "captured", "captured", "captured"] == steps
    assert Decimal("179.50") == last.open_amount
    assert {"free": 4730, "held": Decimal("179.50"), "owed": Decimal("90.50")} == balances(sandbox)


async def test_a_purchase_that_is_captured_at_once(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """With auto_capture nothing is left to capture, and the capture can be returned."""
    checkout = await authorized(await session.checkout(), sandbox, auto_capture=True)
    await checkout.return_capture(full_return=True)

    assert (Step.CLOSED, Decimal(0)) == (checkout.step, checkout.open_amount)
    assert {"free": 5000, "held": 0, "owed": 0} == balances(sandbox)


async def test_a_purchase_that_is_released(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A purchase is released in two parts; then no step is allowed."""
    checkout = await authorized(await session.checkout(), sandbox)
    await checkout.release(100)
    step_between = checkout.step
    await checkout.release()

    assert (Step.AUTHORIZED, Step.RELEASED) == (step_between, checkout.step)
    assert frozenset() == checkout.next_steps
    assert {"free": 5000, "held": 0, "owed": 0} == balances(sandbox)


async def test_another_plan_is_allowed_after_a_rejected_one(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """A rejected plan does not change the step, in this process and in the next one."""
    checkout = await verified(await session.checkout(), sandbox)
    with pytest.raises(PlanNotAvailable):
        await checkout.authorize(300, **plan(plan_id=202, term=6))
    step_after = checkout.step
    checkout = await pass_on(checkout)
    with pytest.raises(CreditExceeded):
        await checkout.authorize(9999, **PLAN)
    checkout = await pass_on(checkout)
    await checkout.authorize(300, **PLAN)

    assert (Step.VERIFIED, Step.AUTHORIZED) == (step_after, checkout.step)
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)


async def test_a_rejected_capture_does_not_change_the_step(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The API rejects a capture above the open amount, and the step does not change."""
    checkout = await authorized(await session.checkout(), sandbox)
    with pytest.raises(Conflict):
        await checkout.capture("300.01")

    assert (Step.AUTHORIZED, Decimal("300.00")) == (checkout.step, checkout.open_amount)
    assert "capture" in checkout.next_steps


@pytest.mark.parametrize(
    ("steps", "call"),
    [
        (0, "handle_event"),
        (0, "plans"),
        (0, "authorize"),
        (0, "lookup"),
        (0, "apply"),
        (1, "authorize"),
        (1, "plans"),
        (2, "handle_event"),
        (2, "capture"),
        (2, "verify"),
        (2, "settle"),
        (3, "authorize"),
        (3, "init_widget"),
        (3, "return_capture"),
        (3, "refund"),
    ],
)
async def test_a_call_that_is_not_allowed_sends_nothing(
    session: FlexitiSession, sandbox: Sandbox, steps: int, call: str
) -> None:
    """The error names the allowed calls, and nothing is sent."""
    checkout = await session.checkout()
    if steps == 1:
        await checkout.init_widget(BUY)
    if steps == 2:
        await verified(checkout, sandbox)
    if steps == 3:
        await authorized(checkout, sandbox)
    sent = len(sandbox.requests)
    calls: Mapping[str, Any] = {
        "init_widget": lambda: checkout.init_widget(BUY),
        "handle_event": lambda: checkout.handle_event({"eventType": "flx-cancel"}),
        "plans": lambda: checkout.plans(300),
        "authorize": lambda: checkout.authorize(300, **PLAN),
        "apply": lambda: checkout.apply({}),
        "lookup": lambda: checkout.lookup(account_number=ACCOUNT),
        "verify": checkout.verify,
        "capture": lambda: checkout.capture(1),
        "return_capture": lambda: checkout.return_capture(amount=1),
        "refund": lambda: checkout.refund(1),
        "settle": lambda: checkout.settle(ran=True),
    }
    with pytest.raises(CheckoutError) as caught:
        await calls[call]()

    assert ", ".join(sorted(checkout.next_steps)) in str(caught.value)
    assert sent == len(sandbox.requests)


async def test_invalid_data_are_rejected_before_any_request(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Invalid data are rejected before any request, and the step does not change."""
    checkout = await verified(await session.checkout(), sandbox)
    sent = len(sandbox.requests)
    bads: list[dict[str, Any]] = [
        {"plan_id": None},
        {"verification_code": "2222"},
        {"reference": "x" * 41},
    ]
    for bad in bads:
        with pytest.raises(ValidationError):
            await checkout.authorize(300, **plan(**bad))

    with pytest.raises(ValidationError):
        await checkout.authorize(0.1, **PLAN)  # type: ignore[arg-type]

    assert Step.VERIFIED is checkout.step
    assert sent == len(sandbox.requests)


async def test_a_rejected_token_does_not_change_the_step(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A call with a rejected token was not executed, so nothing has to be settled."""
    checkout = await verified(await session.checkout(), sandbox)
    clock.advance(100)
    sandbox.revoke_all()
    with pytest.raises(CheckoutTokenRejected):
        await checkout.authorize(300, **PLAN)

    assert Step.VERIFIED is checkout.step


async def test_another_flow_needs_another_checkout(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """An application needs a dedicated token, which a purchase in progress cannot get."""
    checkout = await session.checkout()
    await checkout.init_widget(BUY)
    with pytest.raises(CheckoutError, match="another"):
        await checkout.init_widget(APPLICANT)

    assert 1 == sandbox.count("widget/init")


async def test_the_repr_does_not_show_the_account(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The repr shows neither the account nor the token."""
    checkout = await verified(await session.checkout(), sandbox)

    assert str(ACCOUNT) not in repr(checkout)
    assert str(ACCOUNT) not in repr(checkout._state)
