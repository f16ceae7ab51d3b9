"""Search, lookup, verify, calculate-interest, close, and the bar code (spec 5.4 to 5.10)."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox

from .shop import ACCOUNT, REGULAR, REQUEST_ID, Shop

ADA = "?first_name=ada&last_name=test&dob=1990-01-31"
SCAN = """@
ANSI 636012030001DL00000000
DLDCSTEST
DACADA
DADMARIE
DBB19900131
DAG1 SAMPLE ST
DAIOTTAWA
DAJON
DAKK1A 0B1
DAQT1234-56789-00131
DBA20300131
"""


async def test_search(shop: Shop) -> None:
    """A person's accounts are returned as an array, with quoted amounts."""
    answer = await shop.get("customers/search", f"{ADA}&postal_code=K1A0B1", version="v2.5")
    rows: Any = answer.body

    assert [10000001, 10000002] == [row["account_number"] for row in rows]
    assert {
        "customer_id": "10000001-00001",
        "account_status": "N",
        "account_status_reason_code": "NNOR",
        "tos_agreement": True,
        "risk_rating": "L",
        "account_number": 10000001,
        "account_type": "consumer",
        "credit_limit": "5000.00",
        "available_credit": "5000.00",
        "originating_merchant_id": "100200",
        "originating_merchant_name": "Sandbox Store",
        "creation_date": "2022-01-31",
        "first_name": "Ada",
        "last_name": "Test",
        "card_ending_in": "0001",
        "preferred_language": "en-CA",
    } == rows[0]


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        (f"{ADA}&postal_code=M1M1M1", (404, "not_found")),
        ("?first_name=ada&last_name=test&dob=1990-01-30", (404, "not_found")),
        ("?first_name=ada&last_name=test", (409, "wrong_inputs")),
        (f"{ADA}&postal_code=K1A%200B1", (409, "wrong_inputs")),
        (f"{ADA}&x=1", (409, "wrong_inputs")),
        ("?first_name=a&last_name=b&dob=1990-02-30", (409, "wrong_inputs")),
    ],
)
async def test_search_refusals(shop: Shop, query: str, refusal: tuple[int, str]) -> None:
    """An unknown person is a 404, and invalid fields are reported."""
    assert refusal == (await shop.get("customers/search", query, version="v2.5")).refusal


@pytest.mark.parametrize(
    "query",
    [
        "?account_number=10000001",
        "?vcc_number=1070010000000001",
        "?customer_id=10000001-00001",
        "?account_number=10000001&vcc_number=1070010000000001",
    ],
)
async def test_lookup(shop: Shop, query: str) -> None:
    """Any identifier finds the account; several must agree."""
    answer = await shop.get("customers/lookup", query, version="v2.5")

    assert (200, ACCOUNT, Decimal("5000.00")) == (
        answer.status,
        answer.body["account_number"],
        answer.body["available_credit"],
    )
    assert "ada@example.com" == answer.body["email"]
    assert 4 == answer.body["security_qid"]["id"]
    assert [101, 102, 201] == [offer["plan_id"] for offer in answer.body["offer_types"]]


async def test_lookup_in_french(shop: Shop) -> None:
    """The plans are in the language of the query."""
    answer = await shop.get("customers/lookup", "?account_number=10000003&lang=fr", version="v2.5")

    assert "Versements égaux, sans intérêt" == answer.body["offer_types"][0]["plan_name"]


async def test_lookup_by_a_child_card(shop: Shop) -> None:
    """With an authorised user's card, e-mail and phone are masked."""
    answer = await shop.get("customers/lookup", "?vcc_number=1070010000000012", version="v2.5")

    assert ("***********.com", "******0100") == (
        answer.body["email"],
        answer.body["phone_number"],
    )


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "wrong_inputs"),
        ("?account_number=99", "not_found"),
        ("?account_number=10000001&vcc_number=1070010000000002", "not_found"),
        ("?account_number=10000005", "user_not_able_to_purchase"),
        ("?account_number=10000006", "user_not_active"),
        ("?account_number=10000004", "merchant_not_support_nonprime_regularpurchase"),
    ],
)
async def test_lookup_refusals(shop: Shop, sandbox: Sandbox, query: str, error: str) -> None:
    """Each reason has its own error code."""
    sandbox.nonprime_regular_purchase = False

    assert error == (await shop.get("customers/lookup", query, version="v2.5")).body["error"]


async def test_verify_by_message(shop: Shop, sandbox: Sandbox) -> None:
    """A code by sms or e-mail is in the message and not in the answer."""
    answers: list[object] = []
    for how in ("sms", "email"):
        body = {"format": how, "request_id": REQUEST_ID}
        answers.append((await shop.post(f"account/{ACCOUNT}/verify", body)).body)

    assert [
        {"verification_code": "verification_sent_to_sms"},
        {"verification_code": "verification_sent_to_email"},
    ] == answers
    assert [("sms", 4), ("email", 4)] == [
        (message.channel, len(message.code)) for message in sandbox.messages
    ]


async def test_security_question(shop: Shop, sandbox: Sandbox) -> None:
    """Three wrong answers in 48 hours are allowed; after the fourth even the right one fails."""
    body = {"format": "security_question", "request_id": REQUEST_ID, "security_qid": 4}
    path = f"account/{ACCOUNT}/verify"
    answers: list[Any] = [
        (await shop.post(path, {**body, "security_answer": answer})).body
        for answer in ("red", "BLUE", "red", "green", "blue", "pink", "blue")
    ]
    sandbox.advance(48 * 3600)
    shop.merchant = await shop.api.access_token("merchant")
    answers.append((await shop.post(path, {**body, "security_answer": "blue"})).body)

    wrong = "secret_answer_mismatch"
    assert [wrong, None, wrong, wrong, None, "tries_exceed", "tries_exceed", None] == [
        each.get("error") for each in answers
    ]
    assert 1000 <= answers[1]["verification_code"] <= 9999


async def test_verify_refusals(shop: Shop, sandbox: Sandbox) -> None:
    """Options that merchant or customer lack are refused."""
    sandbox.merchant_override = False
    sandbox.account(10000002).phone_number = None
    bodies: list[tuple[int, dict[str, str]]] = [
        (ACCOUNT, {"format": "merchant_override"}),
        (10000002, {"format": "sms"}),
        (99, {"format": "sms"}),
        (ACCOUNT, {"format": "sms", "vcc_number": "1070010000000002"}),
        (ACCOUNT, {"format": "security_question"}),
        (ACCOUNT, {"format": "letter"}),
        (ACCOUNT, {}),
    ]
    answers = [
        await shop.post(f"account/{number}/verify", {"request_id": "r", **body})
        for number, body in bodies
    ]

    assert [
        (409, "merchant_override_is_not_allowed"),
        (400, "sms_not_valid_phone"),
        (404, "not_found"),
        (404, "not_found"),
        (409, "wrong_inputs"),
        (409, "wrong_inputs"),
        (409, "wrong_inputs"),
    ] == [answer.refusal for answer in answers]


async def test_bypass_after_many_purchases(shop: Shop) -> None:
    """More than three regular purchases in a day require a real verification."""
    path = f"account/{ACCOUNT}/verify"
    body = {"format": "regular_purchase_bypass", "request_id": REQUEST_ID}
    errors: list[object] = []
    for _ in range(5):
        errors.append((await shop.post(path, body)).body.get("error"))
        await shop.authorize(1, financing_option=REGULAR)

    assert [None] * 4 + ["regular_purchase_bypass_is_not_allowed"] == errors


async def test_calculate_interest(shop: Shop) -> None:
    """The answer has plans, terms, payments, and whether the bypass is allowed."""
    path = f"accounts/{ACCOUNT}/calculate-interest"
    answer = await shop.post(path, {"amount": 100}, token=shop.customer, version="v2.5.1")
    body = answer.body

    assert (ACCOUNT, "consumer", Decimal(100)) == (
        body["account_number"],
        body["account_type"],
        body["amount"],
    )
    assert {
        "available_credit": Decimal("5000.00"),
        "air": Decimal("0.2899"),
        "first_name": "Ada",
        "last_name": "Test",
        "category_type": "preferred",
    } == body["customer"]
    assert True is body["regular_purchase"]["verify"]
    payments = {
        plan["plan_id"]: {term["term"]: term["term_amount"] for term in plan["terms"]}
        for plan in body["promotional_purchase"]
    }
    assert {6: Decimal("16.67"), 12: Decimal("8.33"), 24: Decimal("4.17")} == payments[101]
    # 100 * i / (1 - (1 + i)**-12) with i = 0.0995 / 12, worked out with a calculator
    assert Decimal("8.79") == payments[102][12]
    assert Decimal("115.40") == payments[201][6]


async def test_both_versions_of_the_rates(shop: Shop) -> None:
    """v2.5 has `apr`, v2.5.1 `annual_rates`."""
    path = f"accounts/{ACCOUNT}/calculate-interest"
    terms = [
        (await shop.post(path, {"amount": "201"}, version=version)).body
        for version in ("v2.5", "v2.5.1")
    ]
    old, new = (each["promotional_purchase"][1]["terms"][0] for each in terms)

    assert (Decimal("0.0995"), False) == (old["apr"], "annual_rates" in old)
    assert (Decimal("0.0995"), False) == (new["annual_rates"]["rate"], "apr" in new)
    assert False is terms[0]["regular_purchase"]["verify"]


async def test_close(shop: Shop, sandbox: Sandbox) -> None:
    """A Quebec account can be closed once; others cannot."""
    answers = [
        await shop.post(f"accounts/{number}/close", token=shop.customer)
        for number in (10000003, 10000003, ACCOUNT, 99)
    ]

    assert (200, {}) == (answers[0].status, answers[0].body)
    assert [(403, "not_permitted")] * 2 + [(404, "not_found")] == [
        answer.refusal for answer in answers[1:]
    ]
    assert "C" == sandbox.account(10000003).account_status


async def test_drivers_license(shop: Shop) -> None:
    """A scan is decoded, element by element."""
    answer = await shop.post("customers/driverslicense", {"code": SCAN}, token=shop.customer)

    assert {
        "first_name": "ADA",
        "middle_name": "MARIE",
        "last_name": "TEST",
        "dob": "1990-01-31",
        "address_1": "1 SAMPLE ST",
        "city": "OTTAWA",
        "province": "ON",
        "postal_code": "K1A0B1",
        "govid_type": "CADL",
        "govid_issuedby": "ON",
        "govid_number": "T1234-56789-00131",
        "govid_expiry": "2030-01-31",
    } == answer.body


@pytest.mark.parametrize(
    "scan", ["", "x", SCAN.replace("DAC", "ZZZ"), SCAN.replace("0131", "0231")]
)
async def test_wrong_scan(shop: Shop, scan: str) -> None:
    """A scan that is not a licence is refused."""
    answer = await shop.post("customers/driverslicense", {"code": scan})

    assert (409, "wrong_inputs", ["code"]) == (
        *answer.refusal,
        [name for name, _ in answer.field_errors],
    )
