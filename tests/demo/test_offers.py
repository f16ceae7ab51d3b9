"""The plans as the demo shop shows them: sums of what Flexiti returned, and nothing invented."""

from decimal import Decimal

import pytest

from flexiti_async.api import Fee, Plans, PromotionalPurchase, RegularPurchase, Term
from flexiti_async.demo.offers import Choice, Offer, offers_of, within_credit
from flexiti_async.protocol.structuring import WholeNumber

AMOUNT = Decimal("600.00")


def plan(plan_id: int, term: int, payment: str | None, *fees: Fee) -> PromotionalPurchase:
    """Return a plan with one term."""
    amount = None if payment is None else Decimal(payment)
    terms = [Term(term=WholeNumber(term), term_amount=amount, fees=list(fees))]
    return PromotionalPurchase(plan_id=WholeNumber(plan_id), plan_name="A plan", terms=terms)


def choice(plan: PromotionalPurchase) -> Choice:
    """Return the only choice of a plan."""
    (offer,) = offers_of(Plans(promotional_purchase=[plan]), AMOUNT)
    (only,) = offer.choices
    return only


TOTAL = Fee(type="admin_total", amount=Decimal("18.00"))
MONTHLY = Fee(type="admin_monthly", amount=Decimal("1.50"))


@pytest.mark.parametrize(
    ("plan", "payments", "total", "cost"),
    [
        (plan(101, 12, "50.00"), 12, "600.00", "0"),
        (plan(101, 7, "85.71"), 7, "599.97", "0"),
        (plan(102, 12, "52.00", MONTHLY, TOTAL), 12, "642.00", "42.00"),
        (plan(201, 6, "690.00"), 1, "690.00", "90.00"),
        (plan(202, 6, "600.00"), 1, "600.00", "0"),
        (plan(103, 12, "52.00", MONTHLY), 12, None, None),
        (plan(104, 6, "0"), None, None, None),
    ],
    ids=["equal", "rounded", "fees", "deferred", "no interest", "no total fee", "no payment"],
)
def test_the_sums_of_a_plan(
    plan: PromotionalPurchase, payments: int | None, total: str | None, cost: str | None
) -> None:
    """Total and cost of credit are sums of payments and fees, or unknown where one is missing."""
    shown = choice(plan)

    assert payments == shown.payments
    assert (total and Decimal(total), cost and Decimal(cost)) == (shown.total, shown.cost)


def test_what_cannot_be_chosen_is_not_shown() -> None:
    """A term without a payment, and a plan without an id or terms, are left out."""
    plans = Plans(
        promotional_purchase=[
            plan(101, 12, None),
            PromotionalPurchase(
                plan_name="No id", terms=[Term(term=WholeNumber(6), term_amount=AMOUNT)]
            ),
            PromotionalPurchase(plan_id=WholeNumber(102)),
        ],
        regular_purchase=RegularPurchase(air=Decimal("0.2899")),
    )
    (regular,) = offers_of(plans, AMOUNT)

    assert (None, "regular", None) == (
        regular.name,
        regular.choices[0].value,
        regular.choices[0].total,
    )


def test_no_plan_that_the_credit_does_not_reach() -> None:
    """No choice that needs as much credit as a refused one is offered again."""
    plans = Plans(
        promotional_purchase=[
            plan(101, 12, "50.00"),
            plan(102, 12, "52.00", TOTAL),
            plan(103, 24, "27.00"),
            plan(201, 6, "690.00"),
        ]
    )
    offers = offers_of(plans, AMOUNT)

    def values(refused: list[str]) -> list[str]:
        shown: list[Offer] = within_credit(offers, refused)
        return [each.value for offer in shown for each in offer.choices]

    assert ["101:12", "102:12", "103:24", "201:6"] == values([])
    assert ["101:12"] == values(["102:12"])
    assert ["101:12", "102:12", "103:24"] == values(["201:6"])
    assert [] == values(["201:6", "101:12"])
