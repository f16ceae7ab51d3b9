"""Forged and repeated widget events: none of them leads to an authorization."""

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from attrs import evolve

from flexiti_async import (
    CheckoutError,
    FlexitiSession,
    OnlineCheckout,
    PurchaseWidget,
    Reaction,
    Step,
)
from flexiti_async.errors import (
    CheckoutConflict,
    CustomerNotIdentified,
    EventRefused,
    MalformedEvent,
    NotVerified,
    ValidationError,
)
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession
from ..support.canaries import sightings
from .customers import ACCOUNT, BUY, OTHER_ACCOUNT, PLAN, money_requests, verified

Change = Callable[[dict[str, Any]], Any]

PERSON = PurchaseWidget(
    first_name="John", last_name="Smith", dob="1988-07-24", postal_code="M1M1M1"
)


def data(**changes: object) -> Change:
    """Return a change of an event's data."""

    def forge(event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "eventData": {**event["eventData"], **changes}}

    return forge


def without(name: str) -> Change:
    """Return a change that removes a field."""

    def forge(event: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in event["eventData"].items() if key != name}
        return {**event, "eventData": kept}

    return forge


async def nothing_can_be_bought(checkout: OnlineCheckout, sandbox: Sandbox) -> bool:
    """Try to authorize, and return whether nothing was sent."""
    with pytest.raises(CheckoutError):
        await checkout.authorize(300, **PLAN)
    return money_requests(sandbox) == []


FOREIGN: list[Change] = [
    data(widget_session_id="00000000-0000-4000-8000-000000000000"),
    data(widget_session_id=""),
    data(widget_session_id=None),
    data(widgetSessionId="00000000-0000-4000-8000-000000000000", widget_session_id=None),
    without("widget_session_id"),
    data(accountNumber=OTHER_ACCOUNT),
    data(accountNumber=f"{OTHER_ACCOUNT}"),
    data(accountNumber=1),
]


@pytest.mark.parametrize("forge", FOREIGN, ids=map(str, range(len(FOREIGN))))
async def test_an_event_that_does_not_belong_to_the_checkout_is_rejected(
    session: FlexitiSession, sandbox: Sandbox, forge: Change
) -> None:
    """
    An event with another session, no session or another account is rejected, and the real one still
    counts.
    """
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event = sandbox.play(widget.redirection_url)
    with pytest.raises(EventRefused) as caught:
        await checkout.handle_event(forge(copy.deepcopy(event)))
    after = (checkout.step, await nothing_can_be_bought(checkout, sandbox))
    reaction = await checkout.handle_event(event)

    assert checkout.reference_id == caught.value.reference_id
    assert [] == sightings(caught.value, str(OTHER_ACCOUNT))
    assert (Step.WIDGET, True) == after
    assert Reaction.AUTHORIZE is reaction


INCOMPLETE: list[tuple[Change, Reaction]] = [
    (data(accountNumber=None), Reaction.UNKNOWN),
    (data(verified=False), Reaction.PAY_OTHERWISE),
    (data(verified=None), Reaction.PAY_OTHERWISE),
    (without("verified"), Reaction.PAY_OTHERWISE),
    (data(action="apply"), Reaction.UNKNOWN),
    (data(action=None), Reaction.UNKNOWN),
    (data(action="PURCHASE"), Reaction.UNKNOWN),
    (lambda event: {**event, "eventType": "flx-failure"}, Reaction.FAILED),
    (lambda event: {**event, "eventType": "flx-cancel"}, Reaction.CANCELLED),
    (lambda event: {**event, "eventType": "FLX-SUCCESS"}, Reaction.UNKNOWN),
]


@pytest.mark.parametrize(("forge", "reaction"), INCOMPLETE, ids=map(str, range(len(INCOMPLETE))))
async def test_an_incomplete_event_does_not_lead_on(
    session: FlexitiSession, sandbox: Sandbox, forge: Change, reaction: Reaction
) -> None:
    """If the numeric account, `verified` or `purchase` is missing, nothing can be bought."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event = sandbox.play(widget.redirection_url)
    given = await checkout.handle_event(forge(event))

    assert reaction is given
    assert await nothing_can_be_bought(checkout, sandbox)


async def test_plans_show_nothing_of_an_account_that_an_event_has_named(
    session: FlexitiSession,
) -> None:
    """
    A customer who forges the event for another one's account, without a PIN, gets plans without
    that person's credit and name; the shop's own call has them.
    """
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    query = parse_qs(widget.redirection_url.partition("?")[2])
    forged = {
        "accountNumber": ACCOUNT,
        "verified": True,
        "action": "purchase",
        "widget_session_id": query["widget_session_id"][0],
    }
    reaction = await checkout.handle_event({"eventType": "flx-success", "eventData": forged})
    shown = await checkout.plans("300.00")
    own = await session.accounts.plans(ACCOUNT, "300.00")

    assert (Reaction.AUTHORIZE, Step.VERIFIED) == (reaction, checkout.step)
    assert None is shown.customer
    assert own.customer is not None
    assert own.customer.available_credit is not None
    assert evolve(own, customer=None) == shown


MALFORMED: list[Change] = [
    data(verified="true"),
    data(widget_session_id="\0"),
    data(widget_session_id=" "),
    data(widget_session_id="\ud800"),
    data(widget_session_id="\u202e"),
    data(accountNumber="10000001; --"),
    data(accountNumber=[ACCOUNT]),
    data(padding="x" * 20_000),
    lambda event: json.dumps(event)[:-1],
    lambda event: json.dumps(event).replace('"verified"', '"verified": false, "verified"'),
    lambda _: b"\x00" * 100,
    lambda _: "[" * 10_000,
    lambda _: None,
    lambda event: [event],
]


@pytest.mark.parametrize("forge", MALFORMED, ids=map(str, range(len(MALFORMED))))
async def test_a_malformed_event_is_rejected(
    session: FlexitiSession, sandbox: Sandbox, forge: Change
) -> None:
    """An oversized or malformed event is one typed error, which shows nothing of it."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event = sandbox.play(widget.redirection_url)
    for old_widget in (True, False):
        with pytest.raises(MalformedEvent) as caught:
            await checkout.handle_event(forge(copy.deepcopy(event)), old_widget=old_widget)

        assert [] == sightings(caught.value, str(ACCOUNT), "xxxxxxxxxx")
    assert Step.WIDGET is checkout.step
    assert await nothing_can_be_bought(checkout, sandbox)


async def test_a_forged_event_buys_nothing(session: FlexitiSession, sandbox: Sandbox) -> None:
    """The API rejects a purchase if the customer has not completed the widget."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    reaction = await checkout.handle_event(success(ACCOUNT, widget.session_id))
    with pytest.raises(CustomerNotIdentified):
        await checkout.authorize(300, **PLAN)

    assert (Reaction.AUTHORIZE, Step.VERIFIED) == (reaction, checkout.step)
    assert () == sandbox.authorizations


async def test_a_forged_account_number_is_rejected_by_the_api(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A customer identified by name can forge any account number, and buys with none."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(PERSON)
    event: Any = sandbox.play(widget.redirection_url)
    forged = data(accountNumber=ACCOUNT)(event)
    await checkout.handle_event(forged)
    with pytest.raises(NotVerified):
        await checkout.authorize(300, **PLAN)

    assert OTHER_ACCOUNT == event["eventData"]["accountNumber"]
    assert () == sandbox.authorizations


@pytest.mark.parametrize(
    "kept", [OTHER_ACCOUNT, ACCOUNT - 1, ACCOUNT + 1, str(ACCOUNT)[:-1], f"{ACCOUNT}0", 0, "", True]
)
async def test_another_account_than_the_shop_has_kept(
    session: FlexitiSession, sandbox: Sandbox, kept: int | str
) -> None:
    """Nothing is sent if the account that the shop names is not the checkout's."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    with pytest.raises(ValidationError) as caught:
        await checkout.authorize(300, **PLAN, account_number=kept)

    assert ["account_number"] == [error.param for error in caught.value.field_errors]
    assert () == sandbox.authorizations


@pytest.mark.parametrize("kept", [ACCOUNT, f" 000{ACCOUNT} "])
async def test_the_account_that_the_shop_has_kept(
    session: FlexitiSession, sandbox: Sandbox, kept: int | str
) -> None:
    """Zeros in front are no other account."""
    checkout = await verified(await session.checkout("order-1"), sandbox)
    await checkout.authorize(300, **PLAN, account_number=kept)

    assert 1 == len(sandbox.authorizations)


async def test_an_event_counts_once(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """An event that is posted again changes nothing, in any process."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event = sandbox.play(widget.redirection_url)
    await checkout.handle_event(event)
    other = await make_session().resume(checkout.reference_id)
    for who in (checkout, other):
        with pytest.raises(CheckoutError, match="handle_event"):
            await who.handle_event(event)
    await other.authorize(300, **PLAN)
    for who in (checkout, other):
        with pytest.raises(CheckoutError):
            await who.handle_event(event)

    assert Step.AUTHORIZED is other.step
    assert ["authorization"] == money_requests(sandbox)


async def test_of_two_processes_one_accepts_an_event(
    session: FlexitiSession, make_session: MakeSession, sandbox: Sandbox
) -> None:
    """An event that is posted twice at once leads to one purchase."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event = sandbox.play(widget.redirection_url)
    both = [await make_session().resume(checkout.reference_id) for _ in range(2)]
    results = await asyncio.gather(
        *(one.handle_event(event) for one in both), return_exceptions=True
    )
    lost = next(one for one, result in zip(both, results, strict=True) if result != "authorize")

    assert [False, True] == sorted(isinstance(result, CheckoutConflict) for result in results)
    assert Step.WIDGET is lost.step
    assert await nothing_can_be_bought(lost, sandbox)


async def test_the_event_of_an_earlier_widget_is_rejected(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """
    A widget that is opened again has another session, and the old session's event is rejected.
    """
    checkout = await session.checkout("order-1")
    first = await checkout.init_widget(BUY)
    event = sandbox.play(first.redirection_url)
    await checkout.init_widget(BUY)
    with pytest.raises(EventRefused):
        await checkout.handle_event(event)

    assert Step.WIDGET is checkout.step


async def test_the_event_of_another_checkout_is_rejected(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A real event of another checkout is rejected, even for the same account."""
    mine, other = await session.checkout("order-1"), await session.checkout("order-2")
    await mine.init_widget(BUY)
    widget = await other.init_widget(BUY)
    with pytest.raises(EventRefused):
        await mine.handle_event(sandbox.play(widget.redirection_url))

    assert await nothing_can_be_bought(mine, sandbox)


async def test_a_cancelled_widget_is_over(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A success after a cancellation is rejected; a new widget is allowed."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    cancelled = await checkout.handle_event({"eventType": "flx-cancel"})
    with pytest.raises(CheckoutError):
        await checkout.handle_event(success(ACCOUNT, widget.session_id))
    stopped_at = checkout.step
    await verified(checkout, sandbox)

    assert (Reaction.CANCELLED, Step.STOPPED) == (cancelled, stopped_at)
    assert Step.VERIFIED is checkout.step


async def test_leading_zeros_are_ignored(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Account numbers are compared without leading zeros, session ids without case."""
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event: Any = sandbox.play(widget.redirection_url)
    session_id = event["eventData"]["widget_session_id"].upper()
    written = data(accountNumber=f"000{ACCOUNT}", widget_session_id=session_id)(event)

    assert Reaction.AUTHORIZE is await checkout.handle_event(written)


async def test_events_of_old_widgets(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Events without a session id need `old_widget`; the account must match all the same."""
    sandbox.bare_redirection_url = True
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)
    event: Any = sandbox.play(widget.redirection_url)
    with pytest.raises(EventRefused):
        await checkout.handle_event(event)
    with pytest.raises(EventRefused):
        await checkout.handle_event(data(accountNumber=OTHER_ACCOUNT)(event), old_widget=True)
    reaction = await checkout.handle_event(event, old_widget=True)
    await checkout.authorize(300, **PLAN)

    assert Reaction.AUTHORIZE is reaction
    assert Step.AUTHORIZED is checkout.step


async def test_the_next_widget_is_not_an_old_one(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A new widget/init whose answer has a session id needs an event with it again."""
    sandbox.bare_redirection_url = True
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    await checkout.handle_event(success(ACCOUNT, None), old_widget=True)
    sandbox.bare_redirection_url = False
    await checkout.init_widget(BUY)
    with pytest.raises(EventRefused):
        await checkout.handle_event(success(ACCOUNT, None))

    assert {"init_widget", "handle_event"} == checkout.next_steps


async def test_a_failure_of_another_session_is_rejected(session: FlexitiSession) -> None:
    """If an event has a session id, it is compared."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    failure = {"error": 500, "message": "No.", "widget_session_id": "another"}
    with pytest.raises(EventRefused):
        await checkout.handle_event(failure)

    assert Reaction.FAILED is await checkout.handle_event({"error": 500, "message": "No."})


def success(account_number: int, session_id: str | None) -> dict[str, Any]:
    """Forge the event of a verified customer."""
    return {
        "eventType": "flx-success",
        "eventData": {
            "accountNumber": account_number,
            "verified": True,
            "action": "purchase",
            "widget_session_id": session_id,
        },
    }
