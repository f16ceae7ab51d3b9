"""Checks of single values: what the API says of a parameter, and the names of its faults."""

import datetime
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from flexiti_async.protocol.secret import Secret

__all__ = [
    "INVALID",
    "LENGTH",
    "REQUIRED",
    "WRONG_FORMAT",
    "Check",
    "date_check",
    "money_check",
    "number_check",
    "one_of_check",
    "pattern_check",
    "text_check",
    "true_check",
]

REQUIRED: Final = "required"
LENGTH: Final = "length"
WRONG_FORMAT: Final = "wrong format"
INVALID: Final = "invalid"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

Check = Callable[[object], "str | None"]
"""Looks at a value that is there and names its fault, if it has one."""


def text_check(longest: int) -> Check:
    """
    Accept texts of at most `longest` characters without control characters.

    The API's tables say "ASCII string"; whether a name with an accent is refused is UNKNOWN, so it
    is left to the server: half of Quebec would not pass otherwise.
    """

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return WRONG_FORMAT
        if len(value) > longest:
            return LENGTH
        if not value.strip():
            return REQUIRED
        return INVALID if _CONTROL.search(value) else None

    return check


def number_check(longest: int, *, exact: bool = False) -> Check:
    """Accept whole numbers of at most, or of exactly, so many digits."""
    least, most = 10 ** (longest - 1) if exact else 1, 10**longest - 1

    def check(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return WRONG_FORMAT
        if value <= 0:
            return INVALID
        return None if least <= value <= most else LENGTH

    return check


def pattern_check(pattern: str, longest: int) -> Check:
    """Accept texts of at most `longest` characters that a regular expression matches as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: object) -> str | None:
        plain = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(plain, str):
            return WRONG_FORMAT
        if len(plain) > longest:
            return LENGTH
        return None if compiled.fullmatch(plain) else WRONG_FORMAT

    return check


def one_of_check(values: Iterable[str]) -> Check:
    """Accept some texts only."""
    allowed = frozenset(values)

    def check(value: object) -> str | None:
        return None if isinstance(value, str) and value in allowed else INVALID

    return check


def date_check(value: object) -> str | None:
    """Accept a real date written `YYYY-MM-DD`."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return WRONG_FORMAT
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return INVALID
    return None


def money_check(digits: int = 18, *, signed: bool = False) -> Check:
    """
    Accept amounts greater than 0 with at most two places: `number(digits,2)` of the API's tables.

    Only a `Decimal` is one: a float is not exact, and `to_money` has made Decimals of the rest.

    Args:
        digits: Digits at most, the two places included.
        signed: Take 0 and negative amounts as well (totals of returned goods, spec section 5.12).
    """
    too_much = Decimal(10) ** (digits - 2)

    def check(value: object) -> str | None:
        if not isinstance(value, Decimal) or not value.is_finite():
            return WRONG_FORMAT
        if value <= 0 and not signed:
            return INVALID
        if abs(value) >= too_much:
            return LENGTH
        exponent = value.as_tuple().exponent
        return WRONG_FORMAT if isinstance(exponent, int) and exponent < -2 else None

    return check


def true_check(value: object) -> str | None:
    """Accept only True."""
    return None if value is True else INVALID
