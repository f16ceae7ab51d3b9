"""
A purchase at a counter: lookup, plans, verification, authorization, all with a merchant token.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from flexiti_async import (
    CheckoutError,
    CheckoutNotFound,
    ConfigError,
    FlexitiSession,
    Scope,
    Step,
    ValidationError,
)
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import NotVerified, WrongVerification
from flexiti_async.sandbox import Sandbox, token_id
from flexiti_async.testing import ManualClock

from ..conftest import PassOn
from ..support.canaries import sightings
from .customers import ACCOUNT, BUY, COUNTER, OTHER_ACCOUNT, PLAN, at_the_counter, balances

CARD = "1070010000000001"


async def test_a_purchase_with_a_code_that_the_customer_reads_out(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """From the card to the authorization, in any process, the amounts are right."""
    checkout = await pass_on(await session.in_store_checkout("order-1"))
    found = await checkout.lookup(vcc_number="1070 0100 0000 0001")
    checkout = await pass_on(checkout)
    plans = await checkout.plans(600)
    checkout = await pass_on(checkout)
    verification = await checkout.verify("sms")
    checkout = await pass_on(checkout)
    await checkout.authorize(
        600, **PLAN, **COUNTER, verification_code=sandbox.messages[-1].code, auto_capture=True
    )
    checkout = await pass_on(checkout)

    assert (str(ACCOUNT), None) == (found.account_number, verification.code)
    assert Decimal(5000) == (plans.customer and plans.customer.available_credit)
    assert (Step.AUTHORIZED, str(ACCOUNT)) == (checkout.step, checkout.account_number)
    assert str(sandbox.captures[0].capture_id) == checkout.capture_id
    assert {"free": 4400, "held": 0, "owed": 600} == balances(sandbox)


async def test_a_code_in_the_answer_is_saved(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """A code in the answer is saved, and verification and authorization share the request id."""
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.verify("merchant_override")
    checkout = await pass_on(checkout)
    await checkout.authorize(600, **PLAN, **COUNTER)

    assert Step.AUTHORIZED is checkout.step
    assert Decimal(600) == sandbox.account(ACCOUNT).held


async def test_the_shops_own_request_id(session: FlexitiSession, sandbox: Sandbox) -> None:
    """The shop's own request id is kept for the next code."""
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.verify("sms", request_id="till-7-receipt-1")
    await checkout.verify("merchant_override")
    kept = checkout._flow.state.request_id
    await checkout.authorize(600, **PLAN, **COUNTER)

    assert "till-7-receipt-1" == kept
    assert Decimal(600) == sandbox.account(ACCOUNT).held


async def test_every_call_carries_the_same_merchant_token(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """
    All calls of the checkout use its merchant token, also those that take a customer token online.
    """
    await session.token(Scope.CUSTOMER)
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.plans(300)
    await checkout.verify("merchant_override")
    await checkout.authorize(300, **PLAN, **COUNTER)
    calls = [call for call in sandbox.requests if call.endpoint != "oauth/token"]

    assert Scope.MERCHANT is checkout.token.scope
    assert 4 == len(calls)
    assert {("merchant", checkout.reference_id)} == {(c.scope, c.reference_id) for c in calls}
    assert {token_id(checkout.token.access_token.reveal())} == {c.token_id for c in calls}


@pytest.mark.parametrize(
    ("steps", "call"),
    [
        (0, "plans"),
        (0, "verify"),
        (0, "authorize"),
        (1, "authorize"),
    ],
)
async def test_a_call_that_is_not_allowed_sends_nothing(
    session: FlexitiSession, sandbox: Sandbox, steps: int, call: str
) -> None:
    """The error names the step, and nothing is sent."""
    checkout = await session.in_store_checkout("order-1")
    if steps:
        await checkout.lookup(account_number=ACCOUNT)
    if steps > 1:
        await checkout.verify("merchant_override")
    sent = len(sandbox.requests)
    calls: dict[str, Any] = {
        "plans": lambda: checkout.plans(300),
        "verify": checkout.verify,
        "authorize": lambda: checkout.authorize(300, **PLAN, **COUNTER),
    }
    with pytest.raises(CheckoutError):
        await calls[call]()

    assert sent == len(sandbox.requests)


async def test_another_card_discards_the_verification(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A lookup of another customer discards the verification."""
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.verify("merchant_override")
    await checkout.lookup(account_number=OTHER_ACCOUNT)
    with pytest.raises(CheckoutError):
        await checkout.authorize(300, **PLAN, **COUNTER)

    assert (Step.ACCOUNT_FOUND, str(OTHER_ACCOUNT)) == (checkout.step, checkout.account_number)
    assert checkout._flow.state.verification_code is None
    assert 0 == sandbox.count("authorization")


async def test_another_code_is_allowed_after_a_wrong_one(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """A wrong code does not change the step, and another one can be entered."""
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.verify("sms")
    right = int(sandbox.messages[-1].code)
    checkout = await pass_on(checkout)
    with pytest.raises(NotVerified):
        await checkout.authorize(
            300, **PLAN, **COUNTER, verification_code=f"{(right + 1) % 10_000:04}"
        )
    checkout = await pass_on(checkout)
    await checkout.authorize(300, **PLAN, **COUNTER, verification_code=f"{right:04}")

    assert Step.AUTHORIZED is checkout.step


async def test_a_wrong_answer_does_not_verify(session: FlexitiSession) -> None:
    """A wrong answer does not change the step."""
    checkout = await session.in_store_checkout("order-1")
    found = await checkout.lookup(account_number=ACCOUNT)
    assert found.security_qid is not None
    with pytest.raises(WrongVerification) as caught:
        await checkout.verify(
            "security_question", security_qid=found.security_qid.id, security_answer="canary"
        )

    assert (Step.ACCOUNT_FOUND, None) == (checkout.step, checkout._flow.state.request_id)
    assert [] == sightings(caught.value, "canary")


@pytest.mark.parametrize("missing", ["verification_code", *COUNTER])
async def test_data_required_by_an_authorization_in_store(
    session: FlexitiSession, sandbox: Sandbox, missing: str
) -> None:
    """Missing data are rejected before anything is sent, by their names."""
    checkout = await session.in_store_checkout("order-1")
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.verify("sms")
    given = at_the_counter(**{"verification_code": "1234", missing: None})
    with pytest.raises(ValidationError) as caught:
        await checkout.authorize(300, **given)

    assert [missing] == [fault.param for fault in caught.value.field_errors]
    assert Step.CODE_SENT is checkout.step
    assert 0 == sandbox.count("authorization")


async def test_a_purchase_has_no_widget(session: FlexitiSession, sandbox: Sandbox) -> None:
    """
    A checkout in store has no steps of the widget, and sends no widget/init whose URL would carry a
    merchant token into a browser; neither does the session.
    """
    checkout = await session.in_store_checkout("order-1")
    sent = len(sandbox.requests)
    call = evolve(init_widget(BUY), scope=Scope.MERCHANT)
    for send in (checkout.send, session.send):
        with pytest.raises(ConfigError, match="customer scope"):
            await send(call)

    assert sent == len(sandbox.requests)
    assert not hasattr(checkout, "init_widget")
    assert not hasattr(checkout, "handle_event")

    widget = await checkout.send(init_widget(BUY))

    assert checkout.token.access_token.reveal() not in widget.redirection_url
    assert ["customer"] == [c.scope for c in sandbox.requests if c.endpoint == "widget/init"]


async def test_each_kind_is_resumed_by_its_own_method(session: FlexitiSession) -> None:
    """The other method says which one resumes it."""
    online, in_store = await session.checkout("order-1"), await session.in_store_checkout("order-2")
    with pytest.raises(CheckoutNotFound, match=r"is online: resume\(\)"):
        await session.resume_in_store(online.reference_id)
    with pytest.raises(CheckoutNotFound, match=r"is in store: resume_in_store\(\)"):
        await session.resume(in_store.reference_id)

    assert "order-1" == (await session.resume(online.reference_id)).idempotency_key
    assert "order-2" == (await session.resume_in_store(in_store.reference_id)).idempotency_key


async def test_a_rejected_token_is_replaced_before_the_first_lookup(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Before the first lookup, a rejected token is replaced."""
    await session.token(Scope.MERCHANT, min_ttl=None)
    clock.advance(100)
    checkout = await session.in_store_checkout("order-1")
    sandbox.revoke_all()
    await checkout.lookup(account_number=ACCOUNT)

    assert Step.ACCOUNT_FOUND is checkout.step


async def test_a_card_number_is_in_no_error_and_no_record(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A card number is in no error, and not in the saved state."""
    checkout = await session.in_store_checkout("order-1")
    with pytest.raises(ValidationError) as caught:
        await checkout.lookup(vcc_number=CARD, account_number=ACCOUNT)
    sandbox.fail("customers/lookup", status=404)
    with pytest.raises(Exception, match="lookup") as rejected:
        await checkout.lookup(vcc_number=CARD)
    await checkout.lookup(vcc_number=CARD)

    assert [] == sightings(caught.value, CARD)
    assert [] == sightings(rejected.value, CARD)
    assert CARD not in json.dumps(repr(checkout._flow.state))
