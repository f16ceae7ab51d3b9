"""Words and fields that several pages of the API share."""

import datetime
import enum
import re
from decimal import Context, Decimal
from typing import Any, Final, cast

from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule
from flexiti_async.protocol.validators import money_check, number_check, one_of_check, pattern_check

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


MONEY_HINT: Final = (
    "money is a Decimal, a whole number or a text such as '12.50', with two places at most; "
    "a float is not exact"
)

# Converters take what a user may write. They give `Any`, because what they do not understand stays
# as it is, for the field's rule to refuse.

_SEPARATORS: Final = re.compile(r"[\s().\-]+")
_AMOUNT: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_LONGEST: Final = 40
_EXACT: Final = Context(prec=60)
"""A shop may have changed the context of its thread; this one loses nothing that is accepted."""


def to_digits(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """Make a number of digits in a text; anything else stays, for the rule to refuse."""
    if isinstance(value, str):
        digits = _SEPARATORS.sub("", value)
        if digits.isascii() and digits.isdigit() and len(digits) <= 20:
            return int(digits)
    return value


def to_number_text(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Write a number that names something as the text that it is in a URL, leading zeros kept.

    The dash of a `customer_id` stays: only blanks are taken out.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return "".join(value.split()) if isinstance(value, str) else value


def to_money(value: Decimal | int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Make a Decimal without needless places of an amount; a float stays, for the rule to refuse.

    What it has of places up to two is kept: `300.00` goes over the wire as it is written.
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
    """Make the rule of an amount: `number(digits,2)` (see `money_check`)."""
    check = money_check(digits, signed=signed)
    return Rule(check, required=required, param=param, hint=MONEY_HINT)


def to_iso_date(value: str | datetime.date | None) -> Any:  # noqa: ANN401 - see above
    """Write a date `YYYY-MM-DD`; a text stays as it is."""
    if not isinstance(value, datetime.date):
        return value
    day = value.date() if isinstance(value, datetime.datetime) else value
    return day.isoformat()


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
ACCOUNT_TEXT: Final = pattern_check(r"\d+", 14)
"""An `account_number` in a URL."""
CARD: Final = pattern_check(r"\d+", 16)
"""A `vcc_number`, without a rule for its name or need."""
EMAIL: Final = pattern_check(
    r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f.]+", 100
)
LANGUAGE: Final = Rule(one_of_check(Language), required=True, param="lang")
PROVINCE: Final = Rule(one_of_check(Province), required=True)
ACCOUNT_TYPE: Final = one_of_check(AccountType)
