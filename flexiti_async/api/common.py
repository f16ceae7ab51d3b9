"""Words and fields that several pages of the API share."""

import datetime
import enum
import re
from typing import Any, Final

from flexiti_async.sansio.rules import (
    Rule,
    number_check,
    one_of_check,
    pattern_check,
)
from flexiti_async.sansio.secret import Secret

__all__ = ["AccountType", "Language", "Province"]


class Language(enum.StrEnum):
    """Language of the widget and of messages (spec section 1.4)."""

    ENGLISH = "en"
    FRENCH = "fr"


class Province(enum.StrEnum):
    """Provinces and territories that the API takes (spec section 4.1)."""

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
    """Whose account (spec section 4.2, since page 1486323824)."""

    CONSUMER = "consumer"
    BUSINESS = "business"


# Converters take what a user may write. They give `Any`, because what they do not understand stays
# as it is, for the field's rule to refuse.

_SEPARATORS: Final = re.compile(r"[\s().\-]+")


def to_digits(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """Make a number of digits in a text; anything else stays, for the rule to refuse."""
    if isinstance(value, str):
        digits = _SEPARATORS.sub("", value)
        if digits.isascii() and digits.isdigit() and len(digits) <= 20:
            return int(digits)
    return value


def to_phone(value: int | str) -> Any:  # noqa: ANN401 - see above
    """Make a number of a phone number as people write it: `(613) 555-0100`, `+1 613 555 0100`."""
    if isinstance(value, str):
        value = value.strip().removeprefix("+1")
    digits = to_digits(value)
    if isinstance(digits, int) and 10**10 <= digits < 2 * 10**10:
        return digits - 10**10  # a leading 1 is the country code; no area code starts with 1
    return digits


def to_iso_date(value: str | datetime.date | None) -> Any:  # noqa: ANN401 - see above
    """Write a date `YYYY-MM-DD`; a text stays as it is."""
    if isinstance(value, datetime.datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, datetime.date) else value


def to_card(value: Secret | str | None) -> Any:  # noqa: ANN401 - see above
    """Make a Secret of a card number, without the spaces that people put in it."""
    if isinstance(value, Secret):
        value = value.reveal()
    return Secret(_SEPARATORS.sub("", value)) if isinstance(value, str) else value


def to_upper(value: str) -> Any:  # noqa: ANN401 - see above
    """Write codes in capitals, as the API does."""
    return str(value).strip().upper() if value else value


ACCOUNT_NUMBER: Final = Rule(number_check(14), param="customer_identification.account_number")
VCC_NUMBER: Final = Rule(pattern_check(r"\d+", 16), param="customer_identification.vcc_number")
EMAIL: Final = pattern_check(
    r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f.]+", 100
)
PHONE_NUMBER: Final = number_check(10, exact=True)
LANGUAGE: Final = Rule(one_of_check(Language), required=True, param="lang")
PROVINCE: Final = Rule(one_of_check(Province), required=True)
ACCOUNT_TYPE: Final = one_of_check(AccountType)
