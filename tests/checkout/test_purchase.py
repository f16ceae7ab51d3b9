"""A purchase online, from the widget to the authorization, and the money after it."""

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
    CreditExceeded,
    PlanNotAvailable,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession, PassOn
from ..support.patience import PATIENCE
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
    checkout = await pass_on(await session.checkout("order-1"))
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

    assert Step.AUTHORIZED is checkout.step
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)

    checkout = await pass_on(checkout)
    number = checkout.authorization_id
    assert number is not None
    money = session.authorizations
    parcel = await money.capture(
        number, "120.50", idempotency_key="parcel-1", reference_id=checkout.reference_id
    )

    assert Decimal("179.50") == parcel.remaining_authorization_amount
    assert {"free": 4700, "held": Decimal("179.50"), "owed": Decimal("120.50")} == balances(sandbox)

    await money.release(
        number, amount="79.50", idempotency_key="order-1", reference_id=checkout.reference_id
    )
    await money.return_(
        number,
        parcel.capture_id or "",
        amount=20,
        idempotency_key="return-1",
        reference_id=checkout.reference_id,
    )
    await money.refund(
        checkout.account_number or "",
        "0.50",
        idempotency_key="goodwill-1",
        reference_id=checkout.reference_id,
    )

    assert {"free": 4800, "held": 100, "owed": 100} == balances(sandbox)
    calls = [request for request in sandbox.requests if request.endpoint != "oauth/token"]
    assert {checkout.reference_id} == {call.reference_id for call in calls}


async def test_a_purchase_with_a_process_for_each_step(
    sandbox: Sandbox, make_session: MakeSession, tmp_path: Path
) -> None:
    """Real processes over a file store share nothing but the reference id."""
    store = f"file://{tmp_path}/tokens?timeout={PATIENCE}"

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
        (await run("authorize", reference_id, "300", str(ACCOUNT)))["step"],
        (await run("authorize", reference_id, "300", str(ACCOUNT)))["step"],
    ]
    session = make_session(store=store)
    last = await session.resume(reference_id)

    assert ["verified", "verified", "authorized", "authorized"] == steps
    assert str(sandbox.authorizations[0].authorization_id) == last.authorization_id
    assert {"free": 4700, "held": 300, "owed": 0} == balances(sandbox)


async def test_a_purchase_that_is_captured_at_once(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """With auto_capture the answer has the capture, and the checkout keeps its number."""
    checkout = await authorized(await session.checkout("order-1"), sandbox, auto_capture=True)
    checkout = await pass_on(checkout)

    assert (Step.AUTHORIZED, frozenset()) == (checkout.step, checkout.next_steps)
    assert str(sandbox.captures[0].capture_id) == checkout.capture_id
    assert {"free": 4700, "held": 0, "owed": 300} == balances(sandbox)


async def test_another_plan_is_allowed_after_a_rejected_one(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """A rejected plan does not change the step, in this process and in the next one."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
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


@pytest.mark.parametrize(
    ("steps", "call"),
    [
        (0, "handle_event"),
        (0, "plans"),
        (0, "authorize"),
        (0, "apply"),
        (1, "authorize"),
        (1, "plans"),
        (2, "handle_event"),
        (2, "apply"),
        (3, "init_widget"),
        (3, "plans"),
        (3, "handle_event"),
    ],
)
async def test_a_call_that_is_not_allowed_sends_nothing(
    session: FlexitiSession, sandbox: Sandbox, steps: int, call: str
) -> None:
    """The error names the allowed calls, and nothing is sent."""
    checkout = await session.checkout("order-1")
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
    }
    with pytest.raises(CheckoutError) as caught:
        await calls[call]()

    assert ", ".join(sorted(checkout.next_steps)) in str(caught.value)
    assert sent == len(sandbox.requests)


async def test_invalid_data_are_rejected_before_any_request(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Invalid data are rejected before any request, and the step does not change."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    sent = len(sandbox.requests)
    bads: list[dict[str, Any]] = [
        {"plan_id": None},
        {"reference": "x" * 41},
    ]
    for bad in bads:
        with pytest.raises(ValidationError):
            await checkout.authorize(300, **plan(**bad))

    with pytest.raises(ValidationError):
        await checkout.authorize(0.1, **PLAN)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]

    assert Step.VERIFIED is checkout.step
    assert sent == len(sandbox.requests)


async def test_a_rejected_token_does_not_change_the_step(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A call with a rejected token was not executed, so the key may be used again."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    clock.advance(100)
    sandbox.revoke_all()
    with pytest.raises(CheckoutTokenRejected):
        await checkout.authorize(300, **PLAN)

    assert Step.VERIFIED is checkout.step
    await authorized(await session.checkout("order-1"), sandbox)


async def test_another_flow_needs_another_checkout(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """An application needs a dedicated token, which a purchase in progress cannot get."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    with pytest.raises(CheckoutError, match="another"):
        await checkout.init_widget(APPLICANT)

    assert 1 == sandbox.count("widget/init")


async def test_the_repr_does_not_show_the_account(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The repr shows neither the account nor the token."""
    checkout = await verified(await session.checkout("order-1"), sandbox)

    assert str(ACCOUNT) not in repr(checkout)
    assert str(ACCOUNT) not in repr(checkout._flow.state)
