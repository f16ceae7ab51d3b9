"""Vocabularies and rules that several pages of the API share."""

import enum
from typing import Final, Literal

from flexiti_async.protocol.validation import Rule
from flexiti_async.protocol.validators import (
    digits_check,
    money_check,
    number_check,
    one_of_check,
    pattern_check,
)

__all__ = ["AccountType", "AccountTypeWord", "Language", "LanguageWord", "Province"]


class Language(enum.StrEnum):
    """Language of the widget and of messages (spec section 1.4)."""

    ENGLISH = "en"
    FRENCH = "fr"

    @classmethod
    def _missing_(cls, value: object) -> "Language | None":
        """Take a tag, such as `fr-CA`, as its language."""
        language = value[:2].lower() if isinstance(value, str) and value[2:3] in "-_" else ""
        return cls(language) if language in frozenset(cls) else None


LanguageWord = Literal["en", "fr", "en-CA", "fr-CA"]
"""A `Language` as text; a tag counts as its language."""


class Province(enum.StrEnum):
    """Provinces and territories that the API accepts (spec section 4.1)."""

    ALBERTA = "AB"
    BRITISH_COLUMBIA = "BC"
    MANITOBA = "MB"
    NEW_BRUNSWICK = "NB"
    NEWFOUNDLAND_AND_LABRADOR = "NL"
    NOVA_SCOTIA = "NS"
    NORTHWEST_TERRITORIES = "NT"
    NUNAVUT = "NU"
    ONTARIO = "ON"
    PRINCE_EDWARD_ISLAND = "PE"
    QUEBEC = "QC"
    SASKATCHEWAN = "SK"
    YUKON = "YT"


class AccountType(enum.StrEnum):
    """Kind of account (spec section 4.2, since page 1486323824)."""

    CONSUMER = "consumer"
    BUSINESS = "business"


AccountTypeWord = Literal["consumer", "business"]
"""An `AccountType` as text."""


def money(
    *, required: bool = False, param: str | None = None, digits: int = 18, signed: bool = False
) -> Rule:
    """Return the rule of an amount: `number(digits,2)` (see `money_check`)."""
    return Rule(money_check(digits, signed=signed), required=required, param=param)


ACCOUNT_NUMBER: Final = Rule(
    number_check(14, example="20009100"), param="customer_identification.account_number"
)
CARD: Final = digits_check(16, "1234567890123456")
"""A `vcc_number`."""
VCC_NUMBER: Final = Rule(CARD, param="customer_identification.vcc_number")
ACCOUNT_TEXT: Final = digits_check(14, "20009100")
"""An `account_number` in a URL."""
# The local part has none of the characters that RFC 5322 allows in quotes only, so neither a scheme
# (mailto:) nor brackets or a comma around the address pass. The `u` makes `\s` any blank.
EMAIL: Final = pattern_check(
    r"(?u:[^\s@()<>\[\]:;,\\\"]+@([^\s@\x00-,/:-@\[-`{-\x7f.]+\.)+[^\s@\x00-,/:-@\[-`{-\x7f.]+)",
    100,
    "must be an e-mail address of at most 100 characters, such as name@example.com",
)
LANGUAGE: Final = Rule(one_of_check(Language), required=True, param="lang")
PROVINCE_CHECK: Final = one_of_check(Province, "or the name, such as Québec")
ACCOUNT_TYPE: Final = one_of_check(AccountType)
