"""POST authorization: permissions, credit and verification (spec section 5.12)."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.page.scenarios import Choice

from .conftest import PURCHASE
from .shop import ACCOUNT, IN_STORE, PLAN, REGULAR, Shop

SMALL = {"financing_option": REGULAR, "amount": 200}


async def test_online_purchase(shop: Shop, sandbox: Sandbox) -> None:
    """A verified customer's purchase is held, not captured."""
    answer = await shop.authorize("300.10")

    body = dict(answer.body)
    rates = body.pop("annual_rates")
    assert {
        "authorization_id": 1000000000000001,
        "authorization_status": "opened",
        "account_number": ACCOUNT,
        "reference": "order-1",
        "date": "2027-01-15T08:00:00Z",
        "amount": Decimal("300.10"),
        "remaining_authorization_amount": Decimal("300.10"),
        "financing_option": PLAN,
        "capture_id": None,
        "capture_ids": [],
        "message": "The purchase was authorized.",
    } == body
    assert 0 == rates["rate"]
    assert Decimal("4699.90") == sandbox.account(ACCOUNT).available_credit


async def test_auto_capture(shop: Shop, sandbox: Sandbox) -> None:
    """With auto_capture the whole amount is captured at once."""
    body = (await shop.authorize(300, auto_capture=True)).body

    assert ("closed", 0, 100000001) == (
        body["authorization_status"],
        body["remaining_authorization_amount"],
        body["capture_id"],
    )
    account = sandbox.account(ACCOUNT)
    assert (Decimal(0), Decimal(300)) == (account.held, account.balance)


async def test_versions_and_languages(shop: Shop) -> None:
    """v2.5 has `apr`, v2.5.1 `annual_rates`; the message is in the language of the query."""
    order = await shop.order(100)
    old = await shop.post("authorization", order, query="?lang=fr")
    new = await shop.post("authorization", order, version="v2.5.1")

    assert ("L'achat a été autorisé.", 0) == (old.body["message"], old.body["apr"])
    assert ("annual_rates" in new.body, "apr" in new.body) == (True, False)


async def test_purchase_in_store(shop: Shop) -> None:
    """In store, code and request id replace the widget; a code can be used once."""
    order = await shop.order(100, widget_session_id="x")
    del order["widget_session_id"]
    order |= {**IN_STORE, "verification_code": await shop.code()}
    first = await shop.post("authorization", order)
    second = await shop.post("authorization", order)

    assert 200 == first.status
    assert (409, "not_verified") == second.refusal


@pytest.mark.parametrize(
    "changes", [{"verification_code": 1}, {"request_id": "another"}, {"account_number": 10000002}]
)
async def test_wrong_code(shop: Shop, changes: dict[str, object]) -> None:
    """A wrong code, another request id and another account are not verified."""
    order = await shop.order(100, widget_session_id="x")
    del order["widget_session_id"]
    order |= {**IN_STORE, "verification_code": await shop.code(), **changes}

    assert (409, "not_verified") == (await shop.post("authorization", order)).refusal


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        (SMALL, 200),
        ({**SMALL, "amount": "200.01"}, 409),
        ({"amount": 100}, 409),
    ],
)
async def test_bypass_is_for_small_regular_purchases(
    shop: Shop, changes: dict[str, object], status: int
) -> None:
    """The code of the bypass is valid up to $200, without a plan."""
    order = await shop.order(100, widget_session_id="x")
    del order["widget_session_id"]
    code = await shop.code(how="regular_purchase_bypass")
    order |= {**IN_STORE, "verification_code": code, **changes}

    assert status == (await shop.post("authorization", order)).status


@pytest.mark.parametrize("choice", ["decline", "cancel", "activation", "retry", "failure"])
async def test_unverified_widget(shop: Shop, sandbox: Sandbox, choice: Choice) -> None:
    """A widget that ended differently does not identify the customer."""
    url = await shop.widget()
    sandbox.play(url, choice)
    answer = await shop.authorize(widget_session_id=url.rpartition("=")[2])

    assert (404, "customer_identity_not_found") == answer.refusal


async def test_forged_sessions(shop: Shop, sandbox: Sandbox) -> None:
    """An invented or open session, or one of another client or account, cannot pay."""
    unplayed = (await shop.widget()).rpartition("=")[2]
    invented = "00000000-0000-4000-8000-000000000000"
    other_account = await shop.verified(10000002)
    applied: Any = (await shop.application())["widget_session_id"]
    refusals = [
        (await shop.authorize(widget_session_id=each)).refusal
        for each in (unplayed, invented, applied, other_account)
    ]

    assert [(404, "customer_identity_not_found")] * 3 + [(409, "not_verified")] == refusals
    mine = await shop.verified()
    sandbox.client_id = "another-client"
    answer = await shop.authorize(widget_session_id=mine)
    assert (404, "customer_identity_not_found") == answer.refusal
    assert () == sandbox.authorizations


async def test_credit(shop: Shop) -> None:
    """Credit can be used to the cent and no further, also by the same session twice."""
    session_id = await shop.verified()
    answers = [
        await shop.authorize(amount, widget_session_id=session_id)
        for amount in ("5000.01", "4000.00", "1000.01", "1000.00", "0.01")
    ]

    exceeded = [answer.body.get("error") for answer in answers]
    assert ["credit_exceeded", None, "credit_exceeded", None, "credit_exceeded"] == exceeded


@pytest.mark.parametrize(
    ("account_number", "option", "error"),
    [
        (ACCOUNT, {"plan_id": 101, "term": 12}, None),
        (ACCOUNT, {"plan_id": 101}, "plan_term_not_set"),
        (ACCOUNT, {"plan_id": 101, "term": 13}, "plan_term_not_available"),
        (ACCOUNT, {"plan_id": 999, "term": 12}, "plan_term_not_available"),
        (ACCOUNT, {"plan_id": 201}, None),
        (ACCOUNT, {"plan_id": 202}, "plan_term_not_available"),
        (10000003, {"plan_id": 201}, "plan_term_not_available"),
        (10000003, {"plan_id": 202}, None),
        (10000004, {"plan_id": 101, "term": 12}, "plan_term_not_available"),
        (10000004, {"plan_id": 102, "term": 12}, None),
    ],
)
async def test_plans(
    shop: Shop, account_number: int, option: dict[str, object], error: str | None
) -> None:
    """A plan is restricted to some customers and provinces, and has terms."""
    option = {"transaction_type": "promotional_purchase", **option}
    answer = await shop.authorize(100, account_number=account_number, financing_option=option)

    assert error == answer.body.get("error")


async def test_state_of_the_account(shop: Shop, sandbox: Sandbox) -> None:
    """An account that is frozen after the widget cannot purchase."""
    session_id = await shop.verified()
    sandbox.account(ACCOUNT).account_status = "A"

    answer = await shop.authorize(widget_session_id=session_id)
    assert (409, "user_not_able_to_purchase") == answer.refusal


async def test_cards(shop: Shop) -> None:
    """A card must exist and belong to the account; an authorised user's card does."""
    refusals = [
        (await shop.authorize(1, account_number=10000002, vcc_number=card)).body.get("error")
        for card in ("1070010000000012", "1070010000000001", "1070010000009999")
    ]

    assert [None, "vcc_account_mismatch", "not_found"] == refusals


async def test_merchant_rules(shop: Shop, sandbox: Sandbox) -> None:
    """Purchases that the merchant is not set up for are refused, each with its own code."""
    sandbox.pre_authorization = False
    sandbox.nonprime_regular_purchase = False
    sandbox.external_location_ids = frozenset({"store-1"})
    answers = [
        await shop.authorize(1),
        await shop.authorize(1, auto_capture=True),
        await shop.authorize(1, account_number=10000004, financing_option=REGULAR),
        await shop.authorize(1, external_location_id="store-2"),
    ]
    sandbox.account_types = frozenset({"consumer"})
    answers.append(await shop.authorize(1, account_number=10000002))

    assert [
        "auth_not_allowed",
        None,
        "not_permitted",
        "external_location_id_not_found",
        "account_type_not_permitted",
    ] == [answer.body.get("error") for answer in answers]


async def test_fields(shop: Shop) -> None:
    """All field errors are reported together, unknown fields included."""
    body = {
        "financing_option": {"transaction_type": "promotional_purchase", "x": 1},
        "amount": "1.001",
        "auto_capture": "true",
        "verification_code": 1234,
        "reference": "r" * 41,
        "sku_data": {"anything": ["goes"]},
    }
    answer = await shop.post("authorization", body, token=shop.customer)

    assert (409, "wrong_inputs") == answer.refusal
    assert {
        ("account_number", "required"),
        ("reference", "length"),
        ("financing_option.plan_id", "required"),
        ("financing_option.x", "invalid"),
        ("amount", "wrong format"),
        ("auto_capture", "wrong format"),
        ("widget_session_id", "required"),
        ("verification_code", "invalid"),
    } == set(answer.field_errors)


async def test_fields_in_store(shop: Shop) -> None:
    """Without a widget session, a merchant's request is in store and needs those fields."""
    answer = await shop.post(
        "authorization",
        {"account_number": ACCOUNT, "financing_option": PLAN, "amount": 1, "auto_capture": True},
    )

    assert [
        ("verification_code", "required"),
        ("request_id", "required"),
        ("external_location_id", "required"),
        ("external_employee_id", "required"),
    ] == answer.field_errors


async def test_amounts(shop: Shop) -> None:
    """An amount is a number, quoted or not, positive, with 16 digits and two decimals at most."""
    right = [1, "1", "1.5", 1.25, "4000.00"]
    wrong = [0, -1, "0.00", "1.005", 1.005, "1e3", " 1", "", None, True, [1], 10**16, "9" * 17]
    answers = [(await shop.authorize(amount)).body.get("error") for amount in (*right, *wrong)]

    assert [None] * len(right) + ["wrong_inputs"] * len(wrong) == answers


async def test_unknown_account(shop: Shop) -> None:
    """An unknown account is a 404."""
    session_id = await shop.verified()
    answer = await shop.authorize(account_number=99, widget_session_id=session_id)

    assert (404, "not_found") == answer.refusal


async def test_person_without_account_number(shop: Shop, sandbox: Sandbox) -> None:
    """A customer found by name chooses one of several accounts, and only that one may pay."""
    person = {
        "first_name": "ada",
        "last_name": "TEST",
        "dob": "1990-01-31",
        "postal_code": "k1a 0b1",
    }
    url = await shop.widget(
        {**PURCHASE, "customer_identification": {"personal_information": person}}
    )
    event: Any = sandbox.play(url, account_number=10000002, mfa="email")
    session_id = event["eventData"]["widget_session_id"]
    own = await shop.authorize(1, widget_session_id=session_id)
    chosen = await shop.authorize(1, account_number=10000002, widget_session_id=session_id)

    assert [(409, "not_verified"), 200] == [own.refusal, chosen.status]
