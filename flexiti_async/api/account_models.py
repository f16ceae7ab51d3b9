"""The answers of customers/search and customers/lookup (spec sections 5.6 and 5.7)."""

import enum
from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from flexiti_async.api.common import AccountType, Province
from flexiti_async.protocol.model import AnswerModel
from flexiti_async.protocol.secret import not_pickled
from flexiti_async.protocol.structuring import Day, NumberText, WholeNumber, no_extra

__all__ = ["AccountStatus", "CustomerAccount", "FoundAccount", "OfferType", "SecurityQuestion"]


class AccountStatus(enum.StrEnum):
    """Status of an account: only `NORMAL` accounts can buy (spec section 5.6)."""

    NORMAL = "N"
    AUTHORISATION_PROHIBITED = "A"
    """Set automatically, and reversible."""
    FROZEN = "F"
    """Set by a person."""
    CHARGED_OFF = "Z"
    """Six months overdue, or more."""
    CLOSED = "C"
    """Older accounts only."""


@not_pickled
@frozen
class FoundAccount(AnswerModel):
    """
    One account found by customers/search.

    Any field may be missing. Names, numbers and money are not in the repr.

    Attributes:
        customer_id: Such as `1234567-12345`; older ones are digits only.
        account_number: Up to 14 digits, leading zeros kept.
        account_status: Status; the API's text for a status that this release does not know.
        account_status_reason_code: Four letters; `NNOR` means normal.
        account_type: Consumer or business.
        tos_agreement: The customer has accepted the cardholder agreement.
        risk_rating: `L`, `M`, `H`, …: an open list; its letters have changed over time.
        credit_limit: Dollars.
        available_credit: Dollars.
        originating_merchant_id: The store that opened the account.
        originating_merchant_name: Its name.
        creation_date: A date if the answer has `YYYY-MM-DD`; the format is UNKNOWN, so otherwise
            the text of the answer.
        first_name: First name.
        last_name: Last name.
        card_ending_in: Last digits of the card.
        preferred_language: `fr-CA` or `en-CA`.
        extra: Fields of the answer that this release does not know.
    """

    customer_id: NumberText | None = field(default=None, repr=False)
    account_number: NumberText | None = field(default=None, repr=False)
    account_status: AccountStatus | str | None = None
    account_status_reason_code: str | None = None
    account_type: AccountType | str | None = None
    tos_agreement: bool | None = None
    risk_rating: str | None = None
    credit_limit: Decimal | None = field(default=None, repr=False)
    available_credit: Decimal | None = field(default=None, repr=False)
    originating_merchant_id: NumberText | None = None
    originating_merchant_name: str | None = None
    creation_date: Day | None = None
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    card_ending_in: NumberText | None = field(default=None, repr=False)
    preferred_language: str | None = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)

    @property
    def can_purchase(self) -> bool:
        """Whether its status allows purchases; the API has the last word."""
        return self.account_status == AccountStatus.NORMAL


@not_pickled
@frozen
class SecurityQuestion(AnswerModel):
    """
    The security question that verify can ask (`security_qid`).

    Attributes:
        id: Its number, for verify.
        text: The question.
        extra: Fields of the answer that this release does not know.
    """

    id: WholeNumber | None = None
    text: str | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@frozen
class OfferType(AnswerModel):
    """
    A plan listed by customers/lookup; calculate-interest returns its cost.

    Attributes:
        plan_name: For people.
        plan_id: For authorization.
        offer_category: `equal_billing` or `deferred_payment`.
        term_options: The portal's table says number(3) and does not show whether it is one number
            or a list, so it is kept as received.
        extra: Fields of the answer that this release does not know.
    """

    plan_name: str | None = None
    plan_id: WholeNumber | None = None
    offer_category: str | None = None
    term_options: object = None
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)


@not_pickled
@frozen
class CustomerAccount(AnswerModel):
    """
    The answer of customers/lookup. The portal's table is truncated, so `extra` may hold more.

    Any field may be missing. The API masks e-mail address and phone number of a child account
    (since release 21.3). Personal data are not in the repr.

    Attributes:
        available_credit: Dollars.
        account_number: Up to 14 digits, leading zeros kept.
        customer_id: As in customers/search.
        security_qid: The question for verify.
        email: E-mail address, possibly masked.
        phone_number: Phone number, possibly masked.
        address_1: Address line 1.
        address_2: Address line 2.
        city: City.
        postal_code: Postal code as received.
        province: Province; the API's text if it is not one of the 13 codes.
        payment_protection: The account is insured.
        risk_rating: See `FoundAccount`.
        offer_types: Plans.
        extra: Fields of the answer that this release does not know.
    """

    available_credit: Decimal | None = field(default=None, repr=False)
    account_number: NumberText | None = field(default=None, repr=False)
    customer_id: NumberText | None = field(default=None, repr=False)
    security_qid: SecurityQuestion | None = None
    email: str | None = field(default=None, repr=False)
    phone_number: NumberText | None = field(default=None, repr=False)
    address_1: str | None = field(default=None, repr=False)
    address_2: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    province: Province | str | None = None
    payment_protection: bool | None = None
    risk_rating: str | None = None
    offer_types: list[OfferType] = field(factory=list[OfferType])
    extra: Mapping[str, object] = field(factory=no_extra, repr=False)
