"""POST transactions: payments, executed once (spec sections 1.3 and 5.11)."""

from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.sandbox import Sandbox

from .conftest import Answer
from .shop import ACCOUNT, IN_STORE, Shop


async def pay(
    shop: Shop, *, key: str | None = None, digest: str | None = None, **changes: Any
) -> Answer:
    """Pay $100 in store, with changes."""
    body = {
        "transaction_type": "instore_payment",
        "amount": "100.00",
        "account_number": str(ACCOUNT),
        "verification_code": changes.pop("code", None) or await shop.code(),
        **IN_STORE,
        **changes,
    }
    headers = {"x-idempotency-key": key, "x-context-hash": digest}
    version = "v2.5.1"
    return await shop.post("transactions", body, headers=headers, version=version)


async def test_payment(shop: Shop, sandbox: Sandbox) -> None:
    """A payment lowers the balance."""
    answer = await pay(shop)

    assert {
        "transaction_id": 3000000000000001,
        "transaction_type": "instore_payment",
        "account_number": ACCOUNT,
        "amount": Decimal("100.00"),
        "date": "2027-01-15T08:00:00Z",
    } == answer.body
    assert Decimal("-100.00") == sandbox.account(ACCOUNT).balance


async def test_code_is_valid_once(shop: Shop) -> None:
    """A code is valid for one transaction."""
    code = await shop.code()
    first = await pay(shop, code=code)
    second = await pay(shop, code=code)

    assert 200 == first.status
    assert (409, "not_verified") == second.refusal


async def test_duplicate(shop: Shop, sandbox: Sandbox) -> None:
    """The same key returns the earlier answer, and nothing is paid again."""
    first = await pay(shop, key="payment-1", digest="h")
    second = await pay(shop, key="payment-1", digest="h", code=1, amount="7.00")
    third = await pay(shop, key="payment-2", digest="h")

    assert first.body == second.body
    assert first.body["transaction_id"] != third.body["transaction_id"]
    assert 2 == len(sandbox.payments)


async def test_failure_is_not_remembered(shop: Shop, sandbox: Sandbox) -> None:
    """Only a success is repeated: after a refusal the same key may try again."""
    refused = await pay(shop, key="payment-1", code=1)
    paid = await pay(shop, key="payment-1")

    assert (409, "not_verified") == refused.refusal  # no code was given out yet
    assert 200 == paid.status
    assert 1 == len(sandbox.payments)


async def test_another_hash(shop: Shop, sandbox: Sandbox) -> None:
    """The same key with another body is refused."""
    await pay(shop, key="payment-1", digest="one")
    answer = await pay(shop, key="payment-1", digest="two")

    assert (409, "wrong_inputs") == answer.refusal
    assert [("x-context-hash", "invalid")] == answer.field_errors
    assert 1 == len(sandbox.payments)


async def test_hash_needs_a_key(shop: Shop) -> None:
    """A context hash without a key is refused."""
    assert [("x-idempotency-key", "required")] == (await pay(shop, digest="one")).field_errors


async def test_daily_limit(shop: Shop, sandbox: Sandbox) -> None:
    """The limit is $10,000 in 24 hours, for all payments together."""
    errors = [
        (await pay(shop, amount=amount)).body.get("error")
        for amount in ("9999.99", "0.02", "0.01", "0.01")
    ]
    sandbox.advance(86_400)
    shop.merchant = await shop.api.access_token("merchant")
    errors.append((await pay(shop)).body.get("error"))

    assert [None, "limit_payment_amount_24", None, "limit_payment_amount_24", None] == errors


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"transaction_type": "gift"}, "invalid_transaction_type"),
        ({"transaction_type": "regular_purchase"}, "invalid_transaction_type"),
        ({"verification_code": None}, "verification_code_required"),
        ({"verification_code": 1}, "wrong_verification_code"),
        ({"request_id": "another"}, "not_verified"),
        ({"account_number": 99}, "not_found"),
        ({"vcc_number": "1070010000000002"}, "vcc_account_mismatch"),
        ({"vcc_number": "9"}, "not_found"),
        ({"customer_id": "9"}, "not_found"),
        ({"account_number": None, "vcc_number": "9"}, "not_found"),
        ({"account_number": None}, "wrong_inputs"),
        ({"amount": 0}, "wrong_inputs"),
        ({"request_id": None}, "wrong_inputs"),
        ({"account_number": None, "vcc_number": "1070010000000001"}, None),
        ({"account_number": None, "customer_id": "10000001-00001"}, None),
        ({"transaction_type": "deposit"}, None),
        ({"transaction_type": "tradein"}, None),
    ],
)
async def test_rules(shop: Shop, changes: dict[str, Any], error: str | None) -> None:
    """Each rule has its own error code."""
    assert error == (await pay(shop, **changes)).body.get("error")


async def test_inactive_account(shop: Shop, sandbox: Sandbox) -> None:
    """An inactive account accepts no payment."""
    sandbox.account(ACCOUNT).activated = False

    assert (409, "user_not_active") == (await pay(shop)).refusal


async def test_purchases_of_the_old_version(shop: Shop, sandbox: Sandbox) -> None:
    """Under v2.5 a purchase is charged, within the available credit."""
    body = {"transaction_type": "regular_purchase", "account_number": ACCOUNT, **IN_STORE}
    errors: list[object] = []
    for amount in ("5000.01", "5000.00"):
        body |= {"verification_code": await shop.code(), "amount": amount}
        errors.append((await shop.post("transactions", body)).body.get("error"))

    sandbox.account(ACCOUNT).account_status = "A"
    body["verification_code"] = await shop.code()
    errors.append((await shop.post("transactions", body)).body.get("error"))

    assert ["not_enough_credit", None, "user_not_able_to_purchase"] == errors
    assert 0 == sandbox.account(ACCOUNT).available_credit
