"""Requests of widget/init, to apply or to buy (spec section 4.1)."""

import datetime
import enum
from collections.abc import Iterable
from typing import ClassVar, Final

from attrs import field, frozen

from flexiti_async.api.canada import (
    PHONE_NUMBER,
    birth_date_check,
    postal_code_check,
    to_compact,
    to_phone,
)
from flexiti_async.api.common import (
    ACCOUNT_NUMBER,
    ACCOUNT_TYPE,
    EMAIL,
    LANGUAGE,
    PROVINCE,
    VCC_NUMBER,
    AccountType,
    Language,
    Province,
    to_card,
    to_digits,
    to_iso_date,
    to_upper,
)
from flexiti_async.errors import FieldError
from flexiti_async.protocol.model import RequestModel
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import REQUIRED, text_check, true_check

__all__ = ["ApplyWidget", "Flow", "PurchaseWidget"]

PERSON: Final = "customer_identification.personal_information."
PERSON_FIELDS: Final = ("first_name", "last_name", "dob", "postal_code")


class Flow(enum.StrEnum):
    """Flow of the widget."""

    APPLY = "apply"
    PURCHASE = "purchase"


@validated
@frozen(kw_only=True, slots=False)
class ApplyWidget(RequestModel):
    """
    A customer who applies for an account.

    The fields are those of the start page's table; all but `address_2` are required. Invalid data
    raise `ValidationError` at construction, all problems together. Personal data are not in the
    repr.

    Attributes:
        first_name: At most 80 characters.
        last_name: At most 130 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`, from 1900.
        postal_code: Canadian; `K1A 0B1` is sent as `K1A0B1`, in the case that was given.
        email: At most 100 characters, used for multi-factor authentication.
        phone_number: Mobile number of ten digits, used for multi-factor authentication by SMS; text
            such as `(613) 555-0100` is accepted.
        address_1: Address line 1, at most 250 characters.
        address_2: Address line 2, at most 100 characters.
        city: At most 100 characters.
        province: One of the 13 codes of `Province`.
        tos_agreement: The customer accepts the cardholder agreement; must be True.
        account_type: Consumer or business; `account_type_place` sets its place in the body.
        lang: Language of the widget.
    """

    first_name: str = field(
        repr=False,
        metadata=takes(Rule(text_check(80), required=True, param=PERSON + "first_name")),
    )
    last_name: str = field(
        repr=False,
        metadata=takes(Rule(text_check(130), required=True, param=PERSON + "last_name")),
    )
    dob: str | datetime.date = field(
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(birth_date_check, required=True, param=PERSON + "dob")),
    )
    postal_code: str = field(
        converter=to_compact,
        repr=False,
        metadata=takes(Rule(postal_code_check, required=True, param=PERSON + "postal_code")),
    )
    email: str = field(repr=False, metadata=takes(Rule(EMAIL, required=True)))
    phone_number: int | str = field(
        converter=to_phone, repr=False, metadata=takes(Rule(PHONE_NUMBER, required=True))
    )
    address_1: str = field(repr=False, metadata=takes(Rule(text_check(250), required=True)))
    address_2: str | None = field(default=None, repr=False, metadata=takes(Rule(text_check(100))))
    city: str = field(repr=False, metadata=takes(Rule(text_check(100), required=True)))
    province: Province | str = field(converter=to_upper, repr=False, metadata=takes(PROVINCE))
    tos_agreement: bool = field(default=False, metadata=takes(Rule(true_check, required=True)))
    account_type: AccountType | str = field(
        default=AccountType.CONSUMER,
        metadata=takes(
            Rule(ACCOUNT_TYPE, required=True, param="customer_identification.account_type")
        ),
    )
    lang: Language | str = field(default=Language.ENGLISH, metadata=takes(LANGUAGE))

    flow: ClassVar[Flow] = Flow.APPLY


@validated
@frozen(kw_only=True, slots=False)
class PurchaseWidget(RequestModel):
    """
    A customer who buys with their account.

    The account number, the card number, or all four personal fields identify the customer. If
    several are given, the server decides (which one wins is UNKNOWN, spec section 4.1). Invalid
    data raise `ValidationError` at construction, all problems together.

    Attributes:
        account_number: Up to 14 digits; neither the card number nor the customer id.
        vcc_number: FlexitiCard number, up to 16 digits; spaces are accepted.
        first_name: At most 80 characters.
        last_name: At most 130 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`, from 1900.
        postal_code: Canadian; `K1A 0B1` is sent as `K1A0B1`, in the case that was given.
        lang: Language of the widget.
    """

    account_number: int | str | None = field(
        default=None, converter=to_digits, repr=False, metadata=takes(ACCOUNT_NUMBER)
    )
    vcc_number: Secret | str | None = field(
        default=None, converter=to_card, repr=False, metadata=takes(VCC_NUMBER)
    )
    first_name: str | None = field(
        default=None,
        repr=False,
        metadata=takes(Rule(text_check(80), param=PERSON + "first_name")),
    )
    last_name: str | None = field(
        default=None,
        repr=False,
        metadata=takes(Rule(text_check(130), param=PERSON + "last_name")),
    )
    dob: str | datetime.date | None = field(
        default=None,
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(birth_date_check, param=PERSON + "dob")),
    )
    postal_code: str | None = field(
        default=None,
        converter=to_compact,
        repr=False,
        metadata=takes(Rule(postal_code_check, param=PERSON + "postal_code")),
    )
    lang: Language | str = field(default=Language.ENGLISH, metadata=takes(LANGUAGE))

    flow: ClassVar[Flow] = Flow.PURCHASE

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield the personal fields that are required because both numbers are missing."""
        # An invalid number has its own error already.
        if self.account_number not in (None, "") or self.vcc_number:
            return ()
        return self._missing_of_person()

    def _missing_of_person(self) -> Iterable[FieldError]:
        missing = [name for name in PERSON_FIELDS if not getattr(self, name)]
        if len(missing) == len(PERSON_FIELDS):
            # No identification at all: any of the three would do.
            yield FieldError("customer_identification.account_number", REQUIRED)
            yield FieldError("customer_identification.vcc_number", REQUIRED)
        for name in missing:
            yield FieldError(PERSON + name, REQUIRED)
