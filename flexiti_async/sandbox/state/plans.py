"""The financing plans of the sandbox's merchant, their eligibility and their cost."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from attrs import field, frozen, validators

from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.money import ZERO, cents

__all__ = ["SEED_PLANS", "Plan", "interest", "offered", "term_amount"]


def _terms(terms: Iterable[int]) -> tuple[int, ...]:
    return tuple(terms)


@frozen(kw_only=True)
class Plan:
    """
    One plan.

    Attributes:
        plan_id: Up to three digits.
        plan_name: Its name in English.
        plan_name_fr: Its name in French.
        offer_category: `equal_billing` or `deferred_payment` (spec section 5.7).
        terms: The terms to choose from, in months; at least one.
        rate: Annual interest rate as a fraction: 0.0995 is 9.95 %.
        monthly_fee: Monthly administration fee, in dollars.
        prime_only: Whether standard customers are excluded (spec section 6.3).
        interest_accrues: Whether it is a deferred-payment plan that accrues interest: not in
            Quebec (spec section 6.3).
        no_interest: Whether it is the deferred plan without payment and interest: Quebec only.
    """

    plan_id: int
    plan_name: str
    plan_name_fr: str
    offer_category: Literal["equal_billing", "deferred_payment"] = "equal_billing"
    terms: tuple[int, ...] = field(converter=_terms, validator=validators.min_len(1))
    rate: Decimal = Decimal("0.0000")
    monthly_fee: Decimal = ZERO
    prime_only: bool = False
    interest_accrues: bool = False
    no_interest: bool = False

    def for_account(self, account: Account) -> bool:
        """Whether the plan is available to this customer (by the reasons of spec section 6.3)."""
        quebec = account.province == "QC"
        return not (
            (self.prime_only and account.category == "standard")
            or (self.interest_accrues and quebec)
            or (self.no_interest and not quebec)
        )


SEED_PLANS: tuple[Plan, ...] = (
    Plan(
        plan_id=101,
        plan_name="Equal payments, no interest",
        plan_name_fr="Versements égaux, sans intérêt",
        terms=(6, 12, 24),
        prime_only=True,
    ),
    Plan(
        plan_id=102,
        plan_name="Equal payments",
        plan_name_fr="Versements égaux",
        terms=(6, 12, 24, 36),
        rate=Decimal("0.0995"),
        monthly_fee=Decimal("1.50"),
    ),
    Plan(
        plan_id=201,
        plan_name="Pay later, interest accrues",
        plan_name_fr="Payez plus tard, intérêts courus",
        offer_category="deferred_payment",
        terms=(6,),
        rate=Decimal("0.2899"),
        interest_accrues=True,
    ),
    Plan(
        plan_id=202,
        plan_name="No payment, no interest",
        plan_name_fr="Aucun versement, aucun intérêt",
        offer_category="deferred_payment",
        terms=(6,),
        no_interest=True,
    ),
)
"""The initial plans of every sandbox: `Settings.plans`."""


def offered(plans: Iterable[Plan], account: Account) -> list[Plan]:
    """Return the plans that are available to a customer."""
    return [plan for plan in plans if plan.for_account(account)]


def term_amount(plan: Plan, term: int, amount: Decimal) -> Decimal:
    """
    Compute one of the equal payments, or the final payment of a deferred plan.

    Flexiti's formula is unknown; this is the annuity, rounded to a cent.
    """
    monthly = plan.rate / 12
    growth = (1 + monthly) ** term
    if plan.offer_category == "deferred_payment":
        return cents(amount * growth)
    if not monthly:
        return cents(amount / term)
    return cents(amount * monthly * growth / (growth - 1))


def interest(plan: Plan | None, term: int | None, amount: Decimal) -> Decimal:
    """Compute the interest of a purchase over its term; a regular purchase has none."""
    if plan is None or term is None or not plan.rate:
        return ZERO
    payments = 1 if plan.offer_category == "deferred_payment" else term
    return payments * term_amount(plan, term, amount) - amount
