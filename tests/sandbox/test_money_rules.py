"""Rules of purchases that the API's pages leave open, or state in one place only."""

from decimal import Decimal

import pytest

from flexiti_async.sandbox import Sandbox

from .conftest import BUY, CUSTOMER, PERSON, PURCHASE, changed, without
from .shop import Shop

INTEREST = {"transaction_type": "promotional_purchase", "plan_id": 102, "term": 12}
DEFERRED = {"transaction_type": "promotional_purchase", "plan_id": 201, "term": 6}
FREE = {"transaction_type": "promotional_purchase", "plan_id": 101, "term": 12}


@pytest.mark.parametrize(
    ("option", "most"),
    # 12 payments of 83.33, one of 1000.00 after six months, and none of interest.
    [(INTEREST, "948.14"), (DEFERRED, "866.56"), (FREE, "1000.00")],
)
async def test_credit_exceeded_counts_interest(
    shop: Shop, sandbox: Sandbox, option: dict[str, object], most: str
) -> None:
    """The amount plus its interest has to fit (spec section 9); only the amount is held."""
    sandbox.account(10000001).credit_limit = Decimal("1000.00")
    session = await shop.verified()
    more = str(Decimal(most) + Decimal("0.01"))
    refused = await shop.authorize(more, widget_session_id=session, financing_option=option)
    held = await shop.authorize(most, widget_session_id=session, financing_option=option)

    assert (409, "credit_exceeded") == refused.refusal
    assert 200 == held.status
    assert Decimal(most) == sandbox.account(10000001).held


async def test_a_payment_that_is_made_twice(shop: Shop, sandbox: Sandbox) -> None:
    """By a setting, a widget session pays once; a refused authorization does not count."""
    sandbox.one_authorization_per_session = True
    session = await shop.verified()
    answers = [
        await shop.authorize(amount, widget_session_id=session)
        for amount in ("9999.00", "10.00", "10.00")
    ]

    assert ["credit_exceeded", None, "not_permitted"] == [
        answer.body.get("error") for answer in answers
    ]
    assert 200 == (await shop.authorize("10.00")).status
    assert 2 == len(sandbox.authorizations)


@pytest.mark.parametrize(
    ("param", "value"),
    [
        (f"{CUSTOMER}.account_number", 10000001),
        (f"{CUSTOMER}.vcc_number", "1070010000000001"),
        (f"{CUSTOMER}.vcc_number", "1070019999999999"),
        (f"{PERSON}.last_name", "Test"),
        (f"{PERSON}.dob", "1988-07-25"),
    ],
)
async def test_identifiers_that_contradict_each_other(
    shop: Shop, sandbox: Sandbox, param: str, value: object
) -> None:
    """By default the account number counts, then the card; by a setting they are refused."""
    body = changed(BUY, param, value)

    assert 200 == (await shop.api.call("widget/init", shop.customer, body)).status
    sandbox.conflicting_identifiers = "refused"
    answer = await shop.api.call("widget/init", shop.customer, body)
    assert (409, "wrong_inputs") == answer.refusal
    assert answer.field_errors
    for agreeing in (BUY, PURCHASE, without(BUY, f"{CUSTOMER}.account_number")):
        assert 200 == (await shop.api.call("widget/init", shop.customer, agreeing)).status
