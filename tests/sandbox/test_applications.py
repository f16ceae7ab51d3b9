"""POST apply: token, widget and application must match (spec 2.6, 5.5, 7.6)."""

from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice

from .conftest import APPLY, CUSTOMER, PERSON, changed
from .shop import Shop

NEW: dict[str, Any] = changed(APPLY, f"{PERSON}.first_name", "Zoe")


async def applied(shop: Shop, **changes: object) -> dict[str, Any]:
    """Finish the widget, apply, and return the body of the answer."""
    body = await application(shop, **changes)
    return (await shop.post("apply", body, token=shop.customer)).body


async def application(shop: Shop, **changes: object) -> dict[str, object]:
    """Finish the widget, and build the application of a person without an account."""
    event: Any = shop.sandbox.play(await shop.widget(NEW))
    return {**NEW, "widget_session_id": event["eventData"]["widget_session_id"], **changes}


async def test_approved(shop: Shop, sandbox: Sandbox) -> None:
    """An approved applicant has an account, and can buy with it."""
    body = await applied(shop)
    answer = await shop.authorize(10, account_number=body["account_number"])

    assert ("approved", 30000001, "L") == (
        body["status"],
        body["account_number"],
        body["risk_rating"],
    )
    assert "M1M1M1" == sandbox.account(30000001).postal_code
    assert 200 == answer.status


@pytest.mark.parametrize(
    ("key", "result"),
    [
        ("P-MISSING_INFO", "pending"),
        ("P-REVIEW_MISC", "pending"),
        ("P-FRAUD", "pending"),
        ("D-DUPLICATE", "declined"),
        ("D-NO_HIT", "declined"),
        ("A-RR_L", "approved"),
        ("A-RR_X", "approved"),
        ("A-RR_XX", "approved"),
        ("D-EMAIL_DBL_TIMEOUT", "application_create_error"),
        ("Marie", "approved"),
    ],
)
async def test_keys(shop: Shop, key: str, result: str) -> None:
    """The middle name decides the application."""
    body = await applied(shop, middle_name=key)

    assert result == body.get("status", body.get("error"))


async def test_keys_of_standard_accounts(shop: Shop, sandbox: Sandbox) -> None:
    """Without standard accounts, two keys are declined."""
    sandbox.standard_accounts = False
    results = [(await applied(shop, middle_name=key))["status"] for key in ("A-RR_XX", "A-RR_XXX")]

    assert ["declined", "declined"] == results


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"email": "other@email.com"}, "not_verified"),
        ({"phone_number": 1231231235}, "not_verified"),
        ({"widget_session_id": "x"}, "not_verified"),
        ({"widget_session_id": None}, "not_verified"),
        ({CUSTOMER: {}}, "not_verified"),
        ({CUSTOMER: {"personal_information": {"first_name": "Eve"}}}, "not_verified"),
        ({"tos_agreement": False}, "tos_agreement_required"),
        ({"external_location_id": "nowhere"}, "external_location_id_not_found"),
        ({"account_type": "business"}, "account_type_not_permitted"),
    ],
)
async def test_refusals(
    shop: Shop, sandbox: Sandbox, changes: dict[str, object], error: str
) -> None:
    """Every difference from the widget/init payload is refused."""
    sandbox.account_types = frozenset({"consumer"})
    sandbox.external_location_ids = frozenset()

    assert error == (await applied(shop, **changes))["error"]


async def test_another_token(shop: Shop) -> None:
    """An application is accepted with the access token of its widget only."""
    body = await application(shop)
    other = await shop.api.access_token()

    assert (409, "not_verified") == (await shop.post("apply", body, token=other)).refusal


async def test_session_of_another_token(shop: Shop) -> None:
    """With the same applicant under two tokens, each application needs its own session."""
    body = await application(shop)
    shop.customer = await shop.api.access_token()
    await shop.widget(NEW)

    answer = await shop.post("apply", body, token=shop.customer)
    assert (409, "not_verified") == answer.refusal


async def test_two_applications_under_one_token(shop: Shop) -> None:
    """Only the last init of a token counts: the earlier applicant is refused."""
    earlier = await application(shop)
    await shop.widget(APPLY)

    answer = await shop.post("apply", earlier, token=shop.customer)
    assert (409, "not_verified") == answer.refusal


@pytest.mark.parametrize("choice", ["cancel", "failure", "activation", "retry", None])
async def test_unfinished_widget(shop: Shop, sandbox: Sandbox, choice: Choice | None) -> None:
    """An application is refused unless its widget ended with `apply`."""
    url = await shop.widget(NEW)
    if choice is not None:
        sandbox.play(url, choice)
    body = {**NEW, "widget_session_id": url.rpartition("=")[2]}

    answer = await shop.post("apply", body, token=shop.customer)
    assert (409, "not_verified") == answer.refusal


async def test_session_of_a_purchase(shop: Shop, sandbox: Sandbox) -> None:
    """A purchase's widget session is refused, even if it ended with `apply`."""
    person = {"personal_information": NEW[CUSTOMER]["personal_information"]}
    url = await shop.widget({"flow": "purchase", CUSTOMER: person})
    sandbox.play(url, "apply")
    errors = [
        (await applied(shop, widget_session_id=session_id))["error"]
        for session_id in (await shop.verified(), url.rpartition("=")[2])
    ]

    assert ["not_verified"] * 2 == errors


async def test_derogatory_applicant(shop: Shop, sandbox: Sandbox) -> None:
    """A derogatory applicant is not verified, so the application is refused."""
    fran = {
        "first_name": "Fran",
        "last_name": "Frozen",
        "dob": "1970-02-28",
        "postal_code": "K1A0B1",
    }
    body = {**APPLY, CUSTOMER: {"personal_information": fran}}
    event: Any = sandbox.play(await shop.widget(body))
    body["widget_session_id"] = event["eventData"]["widget_session_id"]

    answer = await shop.post("apply", body, token=shop.customer)
    assert (409, "not_verified") == answer.refusal


async def test_existing_customer(shop: Shop) -> None:
    """A second account of the same type is not opened."""
    assert "approved" == (await applied(shop))["status"]
    assert "customer_already_exists" == (await applied(shop))["error"]
    assert "approved" == (await applied(shop, account_type="business"))["status"]
