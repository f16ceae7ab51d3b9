"""calculate-interest: exact amounts, and the answers of both versions."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.common import AccountType
from flexiti_async.api.plans import (
    AnnualRate,
    Fee,
    PlanCustomer,
    Plans,
    PromotionalPurchase,
    RegularPurchase,
    Term,
    calculate_interest,
)
from flexiti_async.errors import FieldError, MalformedAnswer, ValidationError
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import SAMPLES, answered, error_kind, read, rejected, sample, sent

CALL = calculate_interest(1, 1)


def test_on_the_wire() -> None:
    """The call is the portal's request at v2.5.1."""
    call = calculate_interest("10000001", "300.50", lang="fr")

    assert sample("calculate_interest") == sent(call)
    assert (Scope.CUSTOMER, Replay.SAFE) == (call.scope, call.replay)


def test_older_version() -> None:
    """`at_version` selects the deprecated version."""
    url = sent(calculate_interest(1, 1).at_version("v2.5"))["url"]

    assert "/flexiti/pos-api/v2.5/client-id/shop/accounts/1/calculate-interest" == url


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (300, b'{"amount":300}'),
        ("300", b'{"amount":300}'),
        ("300.5", b'{"amount":300.5}'),
        ("300.50", b'{"amount":300.50}'),
        (" 300.50 ", b'{"amount":300.50}'),
        (Decimal("300.5000"), b'{"amount":300.50}'),
        (Decimal("3E+2"), b'{"amount":300}'),
        (Decimal("0.01"), b'{"amount":0.01}'),
        (Decimal("9999999999999999.99"), b'{"amount":9999999999999999.99}'),
    ],
    ids=repr,
)
def test_amounts(amount: Decimal | int | str, expected: bytes) -> None:
    """An amount is a JSON number, digit for digit, with at most two decimal places."""
    assert expected == encode(calculate_interest(1, amount).body)


@pytest.mark.parametrize(
    ("amount", "msg"),
    [
        (None, "required"),
        ("", "required"),
        (0, "invalid"),
        (-5, "invalid"),
        ("-0.01", "invalid"),
        ("0.001", "wrong format"),
        (Decimal("10.005"), "wrong format"),
        (10**16, "length"),
        (Decimal("1E+400000"), "length"),
        ("12,50", "wrong format"),
        ("$12", "wrong format"),
        ("1e2", "wrong format"),
        (True, "wrong format"),
        (Decimal("NaN"), "wrong format"),
        (Decimal("sNaN"), "wrong format"),
        (Decimal("Infinity"), "wrong format"),
        (12.5, "wrong format"),
    ],
    ids=repr,
)
def test_invalid_amounts(amount: object, msg: str) -> None:
    """Anything but dollars and cents above 0 is rejected."""
    (error,) = rejected(calculate_interest, {"account_number": 1, "amount": amount})

    assert ("amount", msg) == (error.param, error.msg)


def test_floats_are_rejected_with_the_reason() -> None:
    """A float is rejected with the reason."""
    with pytest.raises(
        ValidationError, match=r"^amount: wrong format \(float\), must be .*Decimal"
    ):
        calculate_interest(1, 12.5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@given(st.decimals(Decimal("0.01"), Decimal("9999999999999999.99"), places=2))
def test_cents_survive(amount: Decimal) -> None:
    """Every amount of cents is sent exactly, in any spelling."""
    assert amount == sent(calculate_interest(1, amount))["body"]["amount"]
    assert amount == sent(calculate_interest(1, f"{amount:f}"))["body"]["amount"]


@given(st.decimals())
def test_any_decimal(amount: Decimal) -> None:
    """Any Decimal is sent exactly, with at most two decimal places, or rejected."""
    try:
        body = encode(calculate_interest(1, amount).body)
    except ValidationError:
        return
    number = body.removeprefix(b'{"amount":').removesuffix(b"}").decode()

    assert amount == Decimal(number)
    assert len(number.partition(".")[2]) <= 2
    assert "E" not in number


@pytest.mark.parametrize(
    ("given_", "error"),
    [
        ({"account_number": "1" * 15}, FieldError("account_number", "length", "15 characters")),
        ({"account_number": None}, FieldError("account_number", "required")),
        ({"lang": "de"}, FieldError("lang", "invalid", "2 characters")),
    ],
    ids=map(str, range(3)),
)
def test_rejects(given_: dict[str, Any], error: FieldError) -> None:
    """Numbers that are too long, and unknown languages, are rejected."""
    assert (error,) == rejected(calculate_interest, {"account_number": 1, "amount": 1, **given_})


def test_answer() -> None:
    """The portal's example at v2.5.1 is read exactly; its single rate is a list of one."""
    rate = AnnualRate("Rate", Decimal(0), "x", "0 %")
    fee = Fee("Fee", Decimal("1.25"), "admin_monthly", "m")
    term = Term(12, Decimal(25), [rate], None, [fee])  # type: ignore[arg-type]
    expected = Plans(
        account_number="10000001",  # type: ignore[arg-type]
        account_type=AccountType.CONSUMER,
        amount=Decimal(300),
        customer=PlanCustomer(
            Decimal(5000), Decimal("0.2899"), "Ada", "Test", category_type="preferred"
        ),
        regular_purchase=RegularPurchase(
            Decimal(300),
            Decimal("0.2899"),
            verify=True,
            fees=[Fee("Fee", Decimal(0), "admin_total", "None")],
        ),
        promotional_purchase=[PromotionalPurchase(101, "Sample plan", [term])],  # type: ignore[arg-type]
    )
    plans = answered(CALL, json.loads((SAMPLES / "answer_calculate_interest.json").read_text()))

    assert expected == plans
    assert plans.customer is not None
    assert "preferred" == plans.customer.category
    assert expected.promotional_purchase[0] == plans.plan(101)
    assert plans.plan(102) is None


def _term(given: dict[str, object]) -> Term:
    plans = answered(CALL, {"promotional_purchase": [{"terms": [given]}]})
    return plans.promotional_purchase[0].terms[0]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"apr": 0.2899}, Term(apr=Decimal("0.2899"))),
        ({"apr": "28.99"}, Term(apr=Decimal("28.99"))),
        ({"annual_rates": []}, Term()),
        ({"annual_rates": None}, Term()),
        (
            {"annual_rates": [{"rate": 0}, {"rate": "1.5", "new": 1}]},
            Term(
                annual_rates=[
                    AnnualRate(rate=Decimal(0)),
                    AnnualRate(rate=Decimal("1.5"), extra={"new": 1}),
                ]
            ),
        ),
        ({"term": "12"}, Term(term=12)),  # type: ignore[arg-type]
        ({"bonus": True}, Term(extra={"bonus": True})),
    ],
    ids=map(str, range(7)),
)
def test_terms_of_either_version(given_: dict[str, object], expected: Term) -> None:
    """v2.5 has one `apr`, v2.5.1 an object or a list; unknown fields are kept."""
    assert expected == _term(given_)


@pytest.mark.parametrize("name", ["category_type", "customer_category_type"])
def test_either_name_of_the_category(name: str) -> None:
    """The category is read under both of its names, and may be an unknown word."""
    customer = answered(CALL, {"customer": {name: "platinum"}}).customer

    assert customer is not None
    assert "platinum" == customer.category


def test_malformed() -> None:
    """Anything but an object is a malformed answer."""
    assert isinstance(read(CALL, []), MalformedAnswer)


def test_one_odd_field_does_not_lose_the_plans() -> None:
    """Whole decimals are numbers, an empty text and null are nothing, the odd goes to `extra`."""
    rate, term = {"rate": "28.99%"}, {"term": "12.0", "term_amount": "", "apr": "28.99%"}
    plans = answered(
        CALL,
        {
            "amount": "much",
            "customer": [],
            "regular_purchase": {"verify": 1, "air": 0.2899},
            "promotional_purchase": [
                {"plan_id": 101.0, "terms": [term, {"term": 24, "annual_rates": rate}]},
                None,
                {"plan_id": "x", "plan_name": "Y"},
            ],
        },
    )
    plan = plans.plan(101)
    terms = [
        Term(term=12, extra={"apr": "28.99%"}),  # type: ignore[arg-type]
        Term(term=24, annual_rates=[AnnualRate(extra=rate)]),  # type: ignore[arg-type]
    ]

    assert PromotionalPurchase(101, terms=terms) == plan  # type: ignore[arg-type]
    assert PromotionalPurchase(None, "Y", extra={"plan_id": "x"}) == plans.promotional_purchase[1]
    assert RegularPurchase(air=Decimal("0.2899"), extra={"verify": 1}) == plans.regular_purchase
    assert {"amount": "much", "customer": []} == plans.extra


def test_unknown_codes() -> None:
    """The undocumented codes are kept, in the class of the status."""
    assert ("Conflict", "NotFound") == (
        error_kind(CALL, 409, "brand_new"),
        error_kind(CALL, 404, "brand_new"),
    )


def test_nothing_personal_shows() -> None:
    """No call, answer or error shows personal data."""
    canary = "987654321098"
    with pytest.raises(ValidationError) as caught:
        calculate_interest(canary, "-1")
    plans = answered(CALL, {"account_number": canary, "customer": {"last_name": canary}})

    assert [] == sightings(caught.value, canary)
    assert canary not in f"{calculate_interest(canary, 1)} {plans}"
