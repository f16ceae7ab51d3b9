"""
calculate-interest: the plans that a customer may choose from, and their cost (spec 5.9).

v2.5.1 and the deprecated v2.5 differ in one name: the annual cost of a term is `annual_rates` in
one and `apr` in the other. One model reads both.
"""

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from flexiti_async.api.common import (
    ACCOUNT_TEXT,
    LANGUAGE,
    AccountType,
    Language,
    LanguageWord,
    money,
)
from flexiti_async.api.converters import to_language, to_money, to_number_text
from flexiti_async.api.endpoints import CALCULATE_INTEREST
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import not_pickled
from flexiti_async.protocol.structuring import NumberText, WholeNumber, no_extra, one_or_many
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validation import Rule, sensitive_arguments, takes, validated

__all__ = [
    "AnnualRate",
    "Fee",
    "PlanCustomer",
    "Plans",
    "PromotionalPurchase",
    "RegularPurchase",
    "Term",
    "calculate_interest",
]


@frozen
class Fee(AnswerModel):
    """
    A fee of a plan.

    Attributes:
        description: For people.
        amount: Dollars.
        type: `admin_total` or `admin_monthly`.
        message: For people, in the language of the call.
        extra: Fields of the answer that this release does not know.
    """

    description: str | None = None
    amount: Decimal | None = None
    type: str | None = None
    message: str | None = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@frozen
class AnnualRate(AnswerModel):
    """
    The annual cost of a term.

    Attributes:
        description: For people.
        rate: The rate as received: the portal's only sample is 0, so whether 0.2899 or 28.99 means
            28.99 % is UNKNOWN.
        type: Kind of rate; the vocabulary is UNKNOWN.
        message: For people, in the language of the call.
        extra: Fields of the answer that this release does not know.
    """

    description: str | None = None
    rate: Decimal | None = None
    type: str | None = None
    message: str | None = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@frozen
class Term(AnswerModel):
    """
    One term of a plan.

    Attributes:
        term: Months; authorization takes it as `term`.
        term_amount: Monthly payment in dollars.
        annual_rates: v2.5.1; the API's single object becomes a list of one.
        apr: v2.5; None at v2.5.1. See `AnnualRate.rate` for its scale.
        fees: Fees.
        extra: Fields of the answer that this release does not know.
    """

    term: WholeNumber | None = None
    term_amount: Decimal | None = None
    annual_rates: list[AnnualRate] = field(factory=list[AnnualRate], metadata=one_or_many())
    apr: Decimal | None = None
    fees: list[Fee] = field(factory=list[Fee])
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@frozen
class PromotionalPurchase(AnswerModel):
    """
    A plan with equal or deferred payments.

    Attributes:
        plan_id: Authorization takes it as `plan_id`.
        plan_name: For people (since release 22.9.0).
        terms: The terms to choose from.
        extra: Fields of the answer that this release does not know.
    """

    plan_id: WholeNumber | None = None
    plan_name: str | None = None
    terms: list[Term] = field(factory=list[Term])
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@frozen
class RegularPurchase(AnswerModel):
    """
    A purchase without a plan.

    Attributes:
        term_amount: Dollars.
        air: Annual interest rate, `0.2899` for 28.99 %.
        verify: In store, `regular_purchase_bypass` is allowed: at most 3 regular purchases within
            24 hours, and at most $200.
        fees: Fees.
        extra: Fields of the answer that this release does not know.
    """

    term_amount: Decimal | None = None
    air: Decimal | None = None
    verify: bool | None = None
    fees: list[Fee] = field(factory=list[Fee])
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@not_pickled
@frozen
class PlanCustomer(AnswerModel):
    """
    The customer of the plans. Personal data are not in the repr.

    Attributes:
        available_credit: Dollars.
        air: Annual interest rate, `0.2899` for 28.99 %.
        first_name: First name.
        last_name: Last name.
        category: `preferred`, `premium` or `standard`: `category_type` of the API's sample, or
            `customer_category_type` of its older table (spec section 8 row 21).
        extra: Fields of the answer that this release does not know.
    """

    available_credit: Decimal | None = field(default=None, repr=False)
    air: Decimal | None = None
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    category_type: str | None = field(default=None, repr=False)
    customer_category_type: str | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    @property
    def category(self) -> str | None:
        """Either spelling of the customer's category."""
        return self.category_type or self.customer_category_type


@not_pickled
@frozen
class Plans(AnswerModel):
    """
    The answer of calculate-interest, for one account and one amount.

    Attributes:
        account_number: Up to 14 digits.
        account_type: Consumer or business.
        amount: Dollars.
        customer: The owner of the account, not to be shown to a customer who has not proved to be
            that owner; None in the plans of an online checkout, whose account an event of the
            widget has named, and events can be forged.
        regular_purchase: Purchase without a plan; None if it is not offered.
        promotional_purchase: The plans to choose from.
        extra: Fields of the answer that this release does not know.
    """

    account_number: NumberText | None = field(default=None, repr=False)
    account_type: AccountType | str | None = None
    amount: Decimal | None = None
    customer: PlanCustomer | None = None
    regular_purchase: RegularPurchase | None = None
    promotional_purchase: list[PromotionalPurchase] = field(factory=list[PromotionalPurchase])
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    def plan(self, plan_id: int) -> PromotionalPurchase | None:
        """Return the plan of an id, None if it is not offered."""
        return next((plan for plan in self.promotional_purchase if plan.plan_id == plan_id), None)


@validated
@frozen(kw_only=True, slots=False)
class _Question:
    account_number: str = field(
        converter=to_number_text,
        repr=False,
        metadata=takes(Rule(ACCOUNT_TEXT, required=True)),
    )
    amount: Decimal = field(converter=to_money, repr=False, metadata=takes(money(required=True)))
    lang: Language | LanguageWord = field(converter=to_language, metadata=takes(LANGUAGE))


@sensitive_arguments
def calculate_interest(
    account_number: int | str,
    amount: Decimal | int | str,
    *,
    lang: Language | LanguageWord = Language.ENGLISH,
) -> Call[Plans]:
    """
    Build the call of calculate-interest, at v2.5.1; v2.5 is deprecated.

    The offer depends on the merchant's plans, the customer's risk rating and the province. It moves
    no money: safe to repeat. Its own error codes are UNKNOWN.

    Args:
        account_number: Up to 14 digits; online, from the event of the widget.
        amount: Dollars with at most two decimal places, greater than 0; not a float.
        lang: Language of the messages.

    Raises:
        ValidationError: The data are invalid; all problems are reported together.
    """
    asked = _Question(account_number=account_number, amount=amount, lang=lang)
    return Call(
        endpoint=CALCULATE_INTEREST,
        method="POST",
        path="client-id/{client_id}/accounts/{account_number}/calculate-interest",
        scope=Scope.CUSTOMER,
        result=Plans,
        replay=Replay.SAFE,
        version="v2.5.1",
        body={"amount": asked.amount},
        query={"lang": str(asked.lang)},
        path_values={"account_number": asked.account_number},
    )
