"""
The plans as choices on a page: each with its payments, its total and its cost of credit.

The API returns the amount of one payment, the number of months and the fees (specification, section
5.9); total and cost of credit are the shop's own sums of these, and the page says so. A plan whose
payments cannot be told from the answer is shown without them.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Final

from attrs import evolve, frozen

from flexiti_async.api import Fee, Plans, PromotionalPurchase, Term

__all__ = ["REGULAR", "Choice", "Offer", "offers_of", "within_credit"]

REGULAR: Final = "regular"
"""The choice of a purchase without a plan."""
_ZERO: Final = Decimal(0)
_HALF_A_CENT: Final = Decimal("0.005")


@frozen
class Choice:
    """
    One choice of the page.

    Attributes:
        value: Value of the form's field: `plan_id:term`, or `regular`.
        term: Months; None for a purchase without a plan.
        payment: Amount of one payment, dollars.
        payments: Number of payments; None if the answer does not show it.
        fees: Fees over the whole term, dollars; None if the answer does not show them.
        amount: Amount of the purchase, dollars.
        air: Annual interest rate of a purchase without a plan, `0.2899` for 28.99 %.
    """

    value: str
    term: int | None
    payment: Decimal
    payments: int | None
    fees: Decimal | None
    amount: Decimal
    air: Decimal | None = None

    @property
    def credit(self) -> Decimal:
        """Credit that the purchase requires: the amount and its interest (section 9)."""
        return self.amount if self.payments is None else self.payments * self.payment

    @property
    def total(self) -> Decimal | None:
        """Everything that the customer pays, dollars; None if it is not known."""
        if self.payments is None or self.fees is None:
            return None
        return self.payments * self.payment + self.fees

    @property
    def cost(self) -> Decimal | None:
        """
        Cost of credit, dollars: total less amount; None if the total is not known.

        Payments are rounded to a cent, which is no cost.
        """
        if self.payments is None or self.fees is None:
            return None
        interest = self.payments * self.payment - self.amount
        return self.fees + (_ZERO if abs(interest) <= self.payments * _HALF_A_CENT else interest)


@frozen
class Offer:
    """
    A plan with its choices.

    Attributes:
        name: Name of the plan, in the customer's language; None for a purchase without a plan.
        choices: At least one.
    """

    name: str | None
    choices: Sequence[Choice]


def offers_of(plans: Plans, amount: Decimal) -> list[Offer]:
    """Return the plans of an answer for an amount, and the purchase without a plan at the end."""
    offers = [_promotion(plan, amount) for plan in plans.promotional_purchase]
    regular = plans.regular_purchase
    if regular is not None:
        payment = amount if regular.term_amount is None else regular.term_amount
        fees = _fees(regular.fees)
        choice = Choice(REGULAR, None, payment, None, fees, amount, regular.air)
        offers.append(Offer(None, [choice]))
    return [offer for offer in offers if offer.choices]


def within_credit(offers: Iterable[Offer], refused: Collection[str]) -> list[Offer]:
    """
    Return the offers without the choices that need as much credit as a refused one, or more.

    The shop does not know the available credit: an event of the widget can be forged, so nothing of
    an account is shown, or to be concluded, before Flexiti has checked the customer's identity. It
    does so when it authorizes, and only then says that the credit is not enough.

    Args:
        offers: The offers for an amount.
        refused: Values of the choices that Flexiti refused at this amount, for lack of credit.
    """
    offers = list(offers)
    needed = [each.credit for one in offers for each in one.choices if each.value in refused]
    if not needed:
        return offers
    kept = (
        evolve(one, choices=[each for each in one.choices if each.credit < min(needed)])
        for one in offers
    )
    return [offer for offer in kept if offer.choices]


def _promotion(plan: PromotionalPurchase, amount: Decimal) -> Offer:
    return Offer(
        plan.plan_name or "",
        [
            Choice(
                f"{plan.plan_id}:{term.term}",
                term.term,
                term.term_amount,
                _payments(term, amount),
                _fees(term.fees),
                amount,
            )
            for term in plan.terms
            if plan.plan_id is not None and term.term and term.term_amount is not None
        ],
    )


def _payments(term: Term, amount: Decimal) -> int | None:
    """
    Return the number of payments.

    The answer does not contain the kind of a plan. A payment of at least the whole amount is the
    only one, at the end of the term: that is a plan with a deferred payment.
    """
    if not term.term_amount:
        return None
    return 1 if term.term_amount >= amount else term.term


def _fees(fees: Iterable[Fee]) -> Decimal | None:
    """Return all fees of a term; None if only those of a month are known."""
    amounts = [(fee.type, fee.amount or _ZERO) for fee in fees]
    if any(kind == "admin_total" for kind, _ in amounts):
        return sum((amount for kind, amount in amounts if kind == "admin_total"), _ZERO)
    return None if any(amount for _, amount in amounts) else _ZERO
