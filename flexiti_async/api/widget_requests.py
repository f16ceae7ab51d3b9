"""Requests of widget/init, to apply or to buy (spec section 4.1)."""

import datetime
import enum
from collections.abc import Iterable
from typing import ClassVar, Final

from attrs import field, frozen

from flexiti_async.api.canada import PHONE_NUMBER, to_compact, to_optional_phone, to_phone
from flexiti_async.api.common import (
    ACCOUNT_NUMBER,
    ACCOUNT_TYPE,
    EMAIL,
    PROVINCE_CHECK,
    VCC_NUMBER,
    AccountType,
    AccountTypeWord,
    Language,
    LanguageWord,
    Province,
)
from flexiti_async.api.converters import (
    to_account_number,
    to_account_type,
    to_card,
    to_iso_date,
    to_language,
    to_optional_text,
    to_province,
    to_text,
)
from flexiti_async.errors import FieldError
from flexiti_async.protocol.model import RequestModel
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule, missing, takes, validated
from flexiti_async.protocol.validators import (
    REQUIRED,
    date_check,
    flag_check,
    one_of_check,
    text_check,
    true_check,
)

__all__ = ["ApplyWidget", "Flow", "PurchaseWidget"]

CUSTOMER: Final = "customer_identification"
PERSON: Final = f"{CUSTOMER}.personal_information."
PERSON_FIELDS: Final = ("first_name", "last_name", "dob", "postal_code")
CONTACT_FIELDS: Final = (
    *("email", "phone_number", "address_1", "address_2", "city", "province", "tos_agreement"),
)

# The start page's table: lengths in characters.
_FIRST_NAME: Final = text_check(80, "John")
_LAST_NAME: Final = text_check(130, "Smith")
_POSTAL_CODE: Final = text_check(10, "K1A 0B1")
_ADDRESS_1: Final = text_check(250, "Fake 445")
_ADDRESS_2: Final = text_check(100, "Suite 12")
_CITY: Final = text_check(100, "Toronto")
_LANG: Final = Rule(one_of_check(Language))


class Flow(enum.StrEnum):
    """Flow of the widget."""

    APPLY = "apply"
    PURCHASE = "purchase"


@validated
@frozen(kw_only=True, slots=False)
class ApplyWidget(RequestModel):
    """
    A customer who applies for an account.

    The fields are those of the start page's table. Invalid data raise `ValidationError` at
    construction, all problems together; `init_widget` checks `LocalRules`. Texts lose the blanks
    around them, and an optional one that is blank counts as missing. Personal data are not in the
    repr.

    Attributes:
        first_name: At most 80 characters.
        last_name: At most 130 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`.
        postal_code: At most 10 characters; `K1A 0B1` is sent as `K1A0B1`, in the case that was
            given.
        email: At most 100 characters, used for multi-factor authentication.
        phone_number: Mobile number of ten digits, used for multi-factor authentication by SMS; text
            such as `(613) 555-0100`, `+1 613 555 0100` or `tel:+1-613-555-0100` is accepted.
        address_1: Address line 1, at most 250 characters.
        address_2: Address line 2, at most 100 characters.
        city: At most 100 characters.
        province: One of the 13 codes of `Province`; its name in English or French, or ISO 3166-2
            (`CA-ON`), becomes the code.
        tos_agreement: The customer accepts the cardholder agreement; must be True.
        account_number: Up to 14 digits, of a customer who has an account; the page does not require
            it.
        vcc_number: As `account_number`, the FlexitiCard number, up to 16 digits.
        account_type: Consumer or business; `account_type_place` sets its place in the body.
        lang: Language of the widget, also as a tag such as `fr-CA`. None sends none: the API's
            default is English.
    """

    first_name: str = field(
        converter=to_text,
        repr=False,
        metadata=takes(Rule(_FIRST_NAME, required=True, param=PERSON + "first_name")),
    )
    last_name: str = field(
        converter=to_text,
        repr=False,
        metadata=takes(Rule(_LAST_NAME, required=True, param=PERSON + "last_name")),
    )
    dob: str | datetime.date = field(
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(date_check, required=True, param=PERSON + "dob")),
    )
    postal_code: str = field(
        converter=to_compact,
        repr=False,
        metadata=takes(Rule(_POSTAL_CODE, required=True, param=PERSON + "postal_code")),
    )
    email: str = field(converter=to_text, repr=False, metadata=takes(Rule(EMAIL, required=True)))
    phone_number: int | str = field(
        converter=to_phone, repr=False, metadata=takes(Rule(PHONE_NUMBER, required=True))
    )
    address_1: str = field(
        converter=to_text, repr=False, metadata=takes(Rule(_ADDRESS_1, required=True))
    )
    address_2: str | None = field(
        default=None, converter=to_optional_text, repr=False, metadata=takes(Rule(_ADDRESS_2))
    )
    city: str = field(converter=to_text, repr=False, metadata=takes(Rule(_CITY, required=True)))
    province: Province | str = field(
        converter=to_province, repr=False, metadata=takes(Rule(PROVINCE_CHECK, required=True))
    )
    tos_agreement: bool = field(default=False, metadata=takes(Rule(true_check, required=True)))
    account_number: int | str | None = field(
        default=None, converter=to_account_number, repr=False, metadata=takes(ACCOUNT_NUMBER)
    )
    vcc_number: Secret | str | None = field(
        default=None, converter=to_card, repr=False, metadata=takes(VCC_NUMBER)
    )
    account_type: AccountType | AccountTypeWord = field(
        default=AccountType.CONSUMER,
        converter=to_account_type,
        metadata=takes(Rule(ACCOUNT_TYPE, required=True, param=f"{CUSTOMER}.account_type")),
    )
    lang: Language | LanguageWord | None = field(
        default=None, converter=to_language, metadata=takes(_LANG)
    )

    flow: ClassVar[Flow] = Flow.APPLY


@validated
@frozen(kw_only=True, slots=False)
class PurchaseWidget(RequestModel):
    """
    A customer who buys with their account.

    The account number, the card number, or all four personal fields identify the customer. If
    several are given, the server decides (which one wins is UNKNOWN, spec section 4.1). All other
    fields are optional in the start page's table. Invalid data raise `ValidationError` at
    construction, all problems together; `init_widget` checks `LocalRules`. Texts lose the blanks
    around them, and a blank one counts as missing.

    Attributes:
        account_number: Up to 14 digits; neither the card number nor the customer id.
        vcc_number: FlexitiCard number, up to 16 digits; spaces and dashes are accepted.
        first_name: At most 80 characters.
        last_name: At most 130 characters.
        dob: Date of birth, a date or `YYYY-MM-DD`.
        postal_code: At most 10 characters; `K1A 0B1` is sent as `K1A0B1`, in the case that was
            given.
        lang: Language of the widget, also as a tag such as `fr-CA`. None sends none: the API's
            default is English.
        email: As in `ApplyWidget`, and so are all that follow.
        phone_number: Mobile number of ten digits.
        address_1: Address line 1.
        address_2: Address line 2.
        city: City.
        province: Province.
        tos_agreement: Whether the customer accepts the cardholder agreement.
    """

    account_number: int | str | None = field(
        default=None, converter=to_account_number, repr=False, metadata=takes(ACCOUNT_NUMBER)
    )
    vcc_number: Secret | str | None = field(
        default=None, converter=to_card, repr=False, metadata=takes(VCC_NUMBER)
    )
    first_name: str | None = field(
        default=None,
        converter=to_optional_text,
        repr=False,
        metadata=takes(Rule(_FIRST_NAME, param=PERSON + "first_name")),
    )
    last_name: str | None = field(
        default=None,
        converter=to_optional_text,
        repr=False,
        metadata=takes(Rule(_LAST_NAME, param=PERSON + "last_name")),
    )
    dob: str | datetime.date | None = field(
        default=None,
        converter=to_iso_date,
        repr=False,
        metadata=takes(Rule(date_check, param=PERSON + "dob")),
    )
    postal_code: str | None = field(
        default=None,
        converter=to_compact,
        repr=False,
        metadata=takes(Rule(_POSTAL_CODE, param=PERSON + "postal_code")),
    )
    lang: Language | LanguageWord | None = field(
        default=None, converter=to_language, metadata=takes(_LANG)
    )
    email: str | None = field(
        default=None, converter=to_optional_text, repr=False, metadata=takes(Rule(EMAIL))
    )
    phone_number: int | str | None = field(
        default=None, converter=to_optional_phone, repr=False, metadata=takes(Rule(PHONE_NUMBER))
    )
    address_1: str | None = field(
        default=None, converter=to_optional_text, repr=False, metadata=takes(Rule(_ADDRESS_1))
    )
    address_2: str | None = field(
        default=None, converter=to_optional_text, repr=False, metadata=takes(Rule(_ADDRESS_2))
    )
    city: str | None = field(
        default=None, converter=to_optional_text, repr=False, metadata=takes(Rule(_CITY))
    )
    province: Province | str | None = field(
        default=None, converter=to_province, repr=False, metadata=takes(Rule(PROVINCE_CHECK))
    )
    tos_agreement: bool | None = field(default=None, metadata=takes(Rule(flag_check)))

    flow: ClassVar[Flow] = Flow.PURCHASE

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Yield what is missing of the person if both numbers are; one error without any."""
        # An invalid number has its own error already.
        if self.account_number not in (None, "") or self.vcc_number:
            return ()
        absent = [name for name in PERSON_FIELDS if not getattr(self, name)]
        if len(absent) == len(PERSON_FIELDS):
            return (FieldError(CUSTOMER, REQUIRED, hint=_ONE_OF_THREE),)
        return missing(self, *absent)


_ONE_OF_THREE: Final = (
    "one of the three identifies the customer: account_number, vcc_number, or first_name, "
    "last_name, dob and postal_code together, such as account_number=20009100"
)
