"""How a widget ends, and the event that the shop receives (spec sections 7.3 and 7.4)."""

from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice

from .conftest import APPLY, PURCHASE
from .shop import ACCOUNT, Shop

PERSON = {
    "first_name": "Nora",
    "last_name": "New",
    "dob": "2000-12-24",
    "postal_code": "K1A 0B1",
}


def purchase(**identification: object) -> dict[str, object]:
    """Build a widget/init for a purchase."""
    return {"customer_identification": identification, "flow": "purchase"}


def application(**person: object) -> dict[str, object]:
    """Build a widget/init for an application."""
    return {**APPLY, "customer_identification": {"personal_information": person}}


ADA = {**PERSON, "first_name": "Ada", "last_name": "Test", "dob": "1990-01-31"}
FRAN = {**PERSON, "first_name": "Fran", "last_name": "Frozen", "dob": "1970-02-28"}


async def test_verified_purchase(shop: Shop, sandbox: Sandbox) -> None:
    """The event of a verified purchase has all fields of the spec."""
    url = await shop.widget()
    session_id = url.rpartition("=")[2]

    assert {
        "eventType": "flx-success",
        "eventData": {
            "accountNumber": ACCOUNT,
            "verified": True,
            "action": "purchase",
            "mfaOptionSelected": "sms",
            "widget_session_id": session_id,
            "customerId": "10000001-00001",
            "accountType": "consumer",
        },
    } == sandbox.play(session_id)


@pytest.mark.parametrize(
    ("body", "choice", "data"),
    [
        (PURCHASE, "approve", (ACCOUNT, True, "purchase")),
        (PURCHASE, "decline", (ACCOUNT, False, "purchase")),
        (PURCHASE, "activation", (None, False, "activation")),
        (PURCHASE, "retry", (None, False, "retry")),
        (purchase(account_number=10000005), "approve", (None, False, None)),
        (purchase(account_number=10000006), "approve", (None, False, "activation")),
        (purchase(vcc_number="1070010000000012"), "approve", (10000002, True, "purchase")),
        (purchase(personal_information=PERSON), "apply", (None, False, "apply")),
        (APPLY, "approve", (None, True, "apply")),
        (APPLY, "decline", (None, False, "apply")),
        (APPLY, "activation", (None, False, "activation")),
        (APPLY, "retry", (None, False, "retry")),
        (application(**ADA), "approve", (None, True, "apply")),
        (application(**ADA), "purchase", (ACCOUNT, False, "purchase")),
        (application(**FRAN), "approve", (None, False, None)),
    ],
)
async def test_scenarios(
    shop: Shop,
    sandbox: Sandbox,
    body: dict[str, object],
    choice: Choice,
    data: tuple[object, ...],
) -> None:
    """Each row of the tables has its account, verification and action."""
    event: Any = sandbox.play(await shop.widget(body), choice)

    assert "flx-success" == event["eventType"]
    result = event["eventData"]
    assert data == (result["accountNumber"], result["verified"], result["action"])


async def test_cancel(shop: Shop, sandbox: Sandbox) -> None:
    """A cancelled widget posts nothing but that."""
    assert {"eventType": "flx-cancel"} == sandbox.play(await shop.widget(), "cancel")


@pytest.mark.parametrize(
    ("body", "choice", "status"),
    [(PURCHASE, "failure", 500), (purchase(account_number=77), "approve", 404)],
)
async def test_failure(
    shop: Shop, sandbox: Sandbox, body: dict[str, object], choice: Choice, status: int
) -> None:
    """A failure has a status and a message, without `eventData`."""
    event = sandbox.play(await shop.widget(body), choice)

    assert ("flx-failure", status) == (event["eventType"], event["error"])
    assert ["eventType", "error", "message"] == list(event)


async def test_token_expires_before_the_customer_finishes(shop: Shop, sandbox: Sandbox) -> None:
    """After the token has expired, the widget can only fail, and verifies nobody."""
    url = await shop.widget()
    sandbox.advance(1200)
    event = sandbox.play(url)
    shop.customer = await shop.api.access_token()
    answer = await shop.authorize(widget_session_id=url.rpartition("=")[2])

    assert ("flx-failure", 401) == (event["eventType"], event["error"])
    assert (404, "customer_identity_not_found") == answer.refusal


async def test_widget_ends_once(shop: Shop, sandbox: Sandbox) -> None:
    """A widget session ends only once."""
    url = await shop.widget()
    sandbox.play(url, "cancel")

    with pytest.raises(ValueError, match="has ended"):
        sandbox.play(url)


async def test_impossible_plays(shop: Shop, sandbox: Sandbox) -> None:
    """An unknown session, and a choice or account that it does not have, are refused."""
    url = await shop.widget()

    with pytest.raises(LookupError, match="has not opened this widget session"):
        sandbox.play("00000000-0000-4000-8000-000000000000")
    with pytest.raises(ValueError, match="'purchase' is not allowed in this session"):
        sandbox.play(url, "purchase")
    with pytest.raises(ValueError, match="not one of the session's candidates"):
        sandbox.play(url, account_number=10000002)


async def test_bare_url(shop: Shop, sandbox: Sandbox) -> None:
    """A URL without ids refers to the last session of its token."""
    sandbox.bare_redirection_url = True
    await shop.widget()
    event: Any = sandbox.play(await shop.widget(purchase(account_number=10000002)))

    assert 10000002 == event["eventData"]["accountNumber"]


async def test_event_is_a_copy(shop: Shop, sandbox: Sandbox) -> None:
    """Changing the event does not change the sandbox."""
    url = await shop.widget()
    event: Any = sandbox.play(url, "decline")
    event["eventData"]["verified"] = True

    answer = await shop.authorize(widget_session_id=url.rpartition("=")[2])
    assert 404 == answer.status
