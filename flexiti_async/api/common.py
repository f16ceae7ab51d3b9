"""Vocabularies, fields and converters that several pages of the API share."""

import datetime
import enum
import re
from decimal import Context, Decimal
from typing import Any, Final, cast

from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule
from flexiti_async.protocol.validators import (
    digits_check,
    money_check,
    number_check,
    one_of_check,
    pattern_check,
)

__all__ = ["AccountType", "Language", "Province"]


class Language(enum.StrEnum):
    """Language of the widget and of messages (spec section 1.4)."""

    ENGLISH = "en"
    FRENCH = "fr"


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


# Converters accept the forms that users write. They return `Any`, because a value that they cannot
# convert is returned unchanged, for the field's rule to reject.

_SEPARATORS: Final = re.compile(r"[\s().\-]+")
_AMOUNT: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_LONGEST: Final = 40
_EXACT: Final = Context(prec=60)
"""Exact for every accepted amount; a shop may have changed the context of its thread."""


def to_digits(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """Convert text of digits, separators aside, to a number; return anything else unchanged."""
    if isinstance(value, str):
        digits = _SEPARATORS.sub("", value)
        if digits.isascii() and digits.isdigit() and len(digits) <= 20:
            return int(digits)
    return value


def to_number_text(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert an identifying number to its text in a URL, leading zeros kept.

    Only blanks are removed: the dash of a `customer_id` stays.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return "".join(value.split()) if isinstance(value, str) else value


def to_money(value: Decimal | int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert an amount to a Decimal; return a float unchanged, for the rule to reject.

    Up to two decimal places are kept: `300.00` is sent as written.
    """
    if isinstance(value, str) and _AMOUNT.fullmatch(value.strip()):
        value = Decimal(value.strip())
    elif isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or value.adjusted() > _LONGEST:
        return value
    exponent = value.as_tuple().exponent
    places = min(max(-cast("int", exponent), 0), 2)
    plain = value.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return plain if plain == value else value


def money(
    *, required: bool = False, param: str | None = None, digits: int = 18, signed: bool = False
) -> Rule:
    """Return the rule of an amount: `number(digits,2)` (see `money_check`)."""
    return Rule(money_check(digits, signed=signed), required=required, param=param)


def to_iso_date(value: str | datetime.date | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert a date to `YYYY-MM-DD`; return a text unchanged.

    An aware datetime is returned unchanged as well, for the rule to reject: its day depends on the
    time zone, and midnight UTC, which many databases return for a date, is the day before in
    Canada.
    """
    if not isinstance(value, datetime.date) or getattr(value, "tzinfo", None) is not None:
        return value
    day = value.date() if isinstance(value, datetime.datetime) else value
    return day.isoformat()


def to_card(value: Secret | str | None) -> Any:  # noqa: ANN401 - see above
    """Wrap a card number in a Secret, without the spaces that people write."""
    if isinstance(value, Secret):
        value = value.reveal()
    return Secret(_SEPARATORS.sub("", value)) if isinstance(value, str) else value


def to_secret(value: Secret | str | None) -> Any:  # noqa: ANN401 - see above
    """Wrap a text in a Secret."""
    return Secret(value) if isinstance(value, str) else value


def to_upper(value: str | None) -> Any:  # noqa: ANN401 - see above
    """Convert a code to capitals, as the API writes it."""
    return value.strip().upper() if isinstance(value, str) else value


ACCOUNT_NUMBER: Final = Rule(number_check(14), param="customer_identification.account_number")
CARD: Final = digits_check(16)
"""A `vcc_number`."""
VCC_NUMBER: Final = Rule(CARD, param="customer_identification.vcc_number")
ACCOUNT_TEXT: Final = digits_check(14)
"""An `account_number` in a URL."""
EMAIL: Final = pattern_check(
    r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f.]+",
    100,
    "must be an e-mail address of at most 100 characters, such as name@example.com",
)
LANGUAGE: Final = Rule(one_of_check(Language), required=True, param="lang")
PROVINCE: Final = Rule(one_of_check(Province), required=True)
ACCOUNT_TYPE: Final = one_of_check(AccountType)
