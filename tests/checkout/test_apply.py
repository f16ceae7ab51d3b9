"""An application online: the widget, its event, and /apply under the same token."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from flexiti_async import (
    ApplyWidget,
    FlexitiSession,
    OnlineCheckout,
    PurchaseWidget,
    Reaction,
    Sharing,
    Step,
    ValidationError,
)
from flexiti_async.errors import (
    ApplicationDeclined,
    IdempotencyKeyReused,
    NotVerified,
    OperationError,
    OutcomeUnknown,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice

from ..conftest import MakeSession, PassOn
from ..support.canaries import sightings
from .customers import APPLICANT


async def ready_to_apply(
    checkout: OnlineCheckout, sandbox: Sandbox, widget: ApplyWidget = APPLICANT
) -> None:
    """Complete the widget for an applicant."""
    answer = await checkout.init_widget(widget)
    reaction = await checkout.handle_event(sandbox.play(answer.redirection_url))
    assert Reaction.APPLY is reaction


async def test_an_application_and_the_first_purchase_with_it(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """The application is approved, the account exists, and its credit can be used."""
    checkout = await pass_on(await session.checkout("order-1"))
    widget = await checkout.init_widget(APPLICANT)
    checkout = await pass_on(checkout)
    reaction = await checkout.handle_event(sandbox.play(widget.redirection_url))
    allowed = checkout.next_steps
    checkout = await pass_on(checkout)
    answer: Any = await checkout.apply(APPLICANT, more={"middle_name": "A-RR_L"})

    assert (Reaction.APPLY, {"apply", "init_widget"}) == (reaction, set(allowed))
    assert "approved" == answer.extra["status"]
    assert (Step.APPLIED, frozenset()) == (checkout.step, checkout.next_steps)

    account_number = answer.extra["account_number"]
    buying = await pass_on(await session.checkout("order-2"))
    bought = await buying.init_widget(PurchaseWidget(account_number=account_number))
    await buying.handle_event(sandbox.play(bought.redirection_url))
    buying = await pass_on(buying)
    await buying.authorize("500.00", transaction_type="regular_purchase", auto_capture=True)
    account = sandbox.account(account_number)

    assert (Decimal(1500), Decimal(500)) == (account.available_credit, account.balance)


async def test_apply_carries_the_token_of_the_widget(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """
    Flexiti compares /apply with the widget/init of the same token, so a resumed checkout keeps its
    token.
    """
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)
    resumed = await make_session().resume(checkout.reference_id)
    await resumed.apply(APPLICANT)
    calls = [call for call in sandbox.requests if call.endpoint in {"widget/init", "apply"}]

    assert Sharing.DEDICATED is resumed.sharing
    assert 1 == len({(call.token_id, call.reference_id) for call in calls})


@pytest.mark.parametrize(
    ("choice", "expected", "step"),
    [
        ("decline", Reaction.APPLY, Step.READY_TO_APPLY),
        ("cancel", Reaction.CANCELLED, Step.STOPPED),
        ("activation", Reaction.ACTIVATE, Step.STOPPED),
        ("retry", Reaction.RETRY, Step.STOPPED),
        ("failure", Reaction.FAILED, Step.STOPPED),
    ],
)
async def test_every_outcome_of_the_widget(
    session: FlexitiSession, sandbox: Sandbox, choice: Choice, expected: Reaction, step: Step
) -> None:
    """Each outcome of the widget leads to its reaction and step; another widget may follow."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(APPLICANT)
    reaction = await checkout.handle_event(sandbox.play(widget.redirection_url, choice))

    assert (expected, step) == (reaction, checkout.step)
    assert "init_widget" in checkout.next_steps


async def test_an_existing_account_needs_a_checkout_of_its_own(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The portal's page does not say how to continue here, so nothing changes."""
    ada = evolve(APPLICANT, first_name="Ada", last_name="Test")
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(ada)
    reaction = await checkout.handle_event(sandbox.play(widget.redirection_url, "purchase"))

    assert (Reaction.UNKNOWN, Step.WIDGET) == (reaction, checkout.step)
    assert checkout.account_number is None


async def test_a_rejected_application_may_be_sent_again(
    session: FlexitiSession, sandbox: Sandbox, pass_on: PassOn
) -> None:
    """After a refusal, for data that differ from the widget's, /apply may be sent again."""
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)
    with pytest.raises(NotVerified):
        await checkout.apply(evolve(APPLICANT, first_name="Eve"))
    checkout = await pass_on(checkout)
    answer = await checkout.apply(APPLICANT, more={"middle_name": "P-CREDIT"})

    assert "pending" == answer.extra["status"]


async def test_a_body_of_the_shops_own(session: FlexitiSession, sandbox: Sandbox) -> None:
    """The widget session of this checkout is added, and another one is rejected."""
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)
    token = checkout.token.access_token.reveal()
    body = {**(sandbox.init_payload(token) or {})}
    sent = len(sandbox.requests)
    for bad in ({"widget_session_id": "another"}, {"tos_agreement": False}):
        with pytest.raises(ValidationError) as caught:
            await checkout.apply({**body, **bad})
        assert [] == sightings(caught.value, "grace@example.com", "Applicant")
    with pytest.raises(ValidationError):
        await checkout.apply(body, more={"middle_name": "A-RR_L"})
    unsent = len(sandbox.requests)
    answer = await checkout.apply(body)

    assert sent == unsent
    assert "approved" == answer.extra["status"]


async def test_an_application_is_not_sent_twice(session: FlexitiSession, sandbox: Sandbox) -> None:
    """
    An application reaches a credit bureau, so it is sent once; if its outcome is lost, somebody
    records it.
    """
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)
    sandbox.fail("apply", status=504)
    with pytest.raises(OutcomeUnknown) as caught:
        await checkout.apply(APPLICANT)
    stuck_at = checkout.step
    with pytest.raises(OperationError):
        await checkout.init_widget(APPLICANT)
    await session.operations.resolve(caught.value.operation_id, executed=True, by="test")
    answer = await checkout.apply(APPLICANT)

    assert (Step.READY_TO_APPLY, Step.APPLIED) == (stuck_at, checkout.step)
    assert answer.replayed
    assert 1 == sandbox.count("apply")


async def test_an_application_of_a_third_party_that_was_slow_is_unknown(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """After a time-out of a third party the application may exist, so it is not sent again."""
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)
    with pytest.raises(OutcomeUnknown):
        await checkout.apply(APPLICANT, more={"middle_name": "D-EMAIL_DBL_TIMEOUT"})
    with pytest.raises(OperationError):
        await session.checkout("order-1")

    assert 1 == sandbox.count("apply")


async def test_a_declined_application_ran(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A decision ends the checkout, and is repeated; a correction needs another key."""
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)
    sandbox.fail(
        "apply", status=409, body=b'{"error": "application_declined", "message": "Declined."}'
    )
    for _ in range(2):
        with pytest.raises(ApplicationDeclined):
            await checkout.apply(APPLICANT)
    with pytest.raises(IdempotencyKeyReused) as caught:
        await session.checkout("order-1")

    assert (Step.APPLIED, frozenset()) == (checkout.step, checkout.next_steps)
    assert ("apply", "done") == (caught.value.kind, caught.value.phase)
    assert 1 == sandbox.count("apply")


async def test_data_of_an_applicant_are_not_saved(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The state has the flow and the widget session, and nothing about the applicant."""
    checkout = await session.checkout("order-1")
    await ready_to_apply(checkout, sandbox)

    assert "Grace" not in repr(checkout._flow.state)
    assert (None, "apply") == (checkout.account_number, checkout._flow.state.flow)
