"""Checks of single values: the rules of the API's tables, and its words for what breaks them."""

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from attrs import frozen

from flexiti_async.protocol.secret import Secret

__all__ = [
    "INVALID",
    "LENGTH",
    "NOT_OF_AGE",
    "REQUIRED",
    "WRONG_FORMAT",
    "Check",
    "date_check",
    "digits_check",
    "flag_check",
    "is_visible",
    "is_visible_ascii",
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
NOT_OF_AGE: Final = "not of age"
"""This library's own word: a valid date of birth of a person who may not apply."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories: controls, formats (such as direction marks), surrogates, separators."""
_VISIBLE_ASCII: Final = bytes(range(0x21, 0x7F))


@frozen
class Check:
    """
    A check of the values of one parameter.

    Attributes:
        problem: Returns the API's word for what is wrong with a value, None for a valid one.
        rule: The rule in a developer's words, with an example: `must be 1 to 14 digits, such as
            20009100`.
    """

    problem: Callable[[object], str | None]
    rule: str


def is_visible(text: str) -> bool:
    """
    Whether a text has no control, invisible or direction character, and no half of a character.

    A lone surrogate, as browsers send one in JSON, cannot be encoded; the others show a person
    another text than the one that is sent.
    """
    # Nearly every text is printable, which is one pass in C. Blanks of other widths are not.
    return text.isprintable() or not any(
        unicodedata.category(character) in _INVISIBLE for character in text
    )


def is_visible_ascii(text: str) -> bool:
    """Whether a text has neither blanks and control characters nor letters beyond ASCII."""
    return text.isascii() and not text.encode().translate(None, _VISIBLE_ASCII)


def _such_as(example: str) -> str:
    return f", such as {example}" if example else ""


def text_check(longest: int, example: str = "") -> Check:
    """
    Accept text of at most `longest` characters without control and invisible characters.

    The API's tables say "ASCII string"; whether it rejects accented letters is UNKNOWN, so that is
    left to the server: many names in Quebec have them.
    """

    def problem(value: object) -> str | None:
        if not isinstance(value, str):
            return WRONG_FORMAT
        if len(value) > longest:
            return LENGTH
        if not value.strip():
            return REQUIRED
        return None if is_visible(value) else INVALID

    return Check(
        problem,
        f"must be text of 1 to {longest:,} characters, no control or invisible characters"
        + _such_as(example),
    )


def number_check(longest: int, *, exact: bool = False, example: str = "", note: str = "") -> Check:
    """Accept whole numbers greater than 0 of at most, or of exactly, `longest` digits."""
    least, most = 10 ** (longest - 1) if exact else 1, 10**longest - 1

    def problem(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return WRONG_FORMAT
        if value <= 0:
            return INVALID
        return None if least <= value <= most else LENGTH

    digits = f"{longest}" if exact else f"1 to {longest}"
    return Check(problem, f"must be {digits} digits, greater than 0{_such_as(example)}{note}")


def pattern_check(pattern: str, longest: int, rule: str) -> Check:
    """Accept text of at most `longest` characters that a regular expression matches as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def problem(value: object) -> str | None:
        plain = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(plain, str):
            return WRONG_FORMAT
        if len(plain) > longest:
            return LENGTH
        return None if compiled.fullmatch(plain) and is_visible(plain) else WRONG_FORMAT

    return Check(problem, rule)


def digits_check(longest: int, example: str = "") -> Check:
    """Accept digits as text, at most `longest` of them."""
    return pattern_check(r"\d+", longest, f"must be 1 to {longest} digits{_such_as(example)}")


def one_of_check(values: Iterable[str], others: str = "") -> Check:
    """Accept the values of a vocabulary; `others` says what a converter makes one of them."""
    listed = [str(value) for value in values]
    allowed = frozenset(listed)

    def problem(value: object) -> str | None:
        return None if isinstance(value, str) and value in allowed else INVALID

    return Check(problem, f"must be one of {', '.join(listed)}{others and f', {others}'}")


def _date_problem(value: object) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return WRONG_FORMAT
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return INVALID
    return None


date_check: Final = Check(
    _date_problem,
    "must be a date (not a datetime with a time zone), or text in the form YYYY-MM-DD, "
    "such as 2001-12-31",
)
"""Accepts a real date in the form `YYYY-MM-DD`."""


def money_check(digits: int = 18, *, signed: bool = False) -> Check:
    """
    Accept amounts greater than 0 with at most two decimal places: the tables' `number(digits,2)`.

    Only `Decimal` is accepted: a float is not exact, and `to_money` converts the other types.

    Args:
        digits: Digits at most, the two decimal places included.
        signed: Accept 0 and negative amounts as well (totals of returned goods, spec section 5.12).
    """
    too_much = Decimal(10) ** (digits - 2)

    def problem(value: object) -> str | None:
        if not isinstance(value, Decimal) or not value.is_finite():
            return WRONG_FORMAT
        if value <= 0 and not signed:
            return INVALID
        # Compared, not computed: arithmetic with an exponent of millions overflows, or never ends.
        if not -too_much < value < too_much:
            return LENGTH
        exponent = value.as_tuple().exponent
        return WRONG_FORMAT if isinstance(exponent, int) and exponent < -2 else None

    return Check(
        problem,
        f"must be {'dollars' if signed else 'dollars greater than 0'} as a Decimal, an int or text "
        f"such as '12.50', at most {digits - 2} digits before the point and two after it; "
        "a float is not exact",
    )


true_check: Final = Check(
    lambda value: None if value is True else INVALID,
    "must be True, the bool: the text of a form, such as 'on', is not read as consent; "
    "compare it yourself",
)
"""Accepts only True."""

flag_check: Final = Check(
    lambda value: None if isinstance(value, bool) else WRONG_FORMAT,
    "must be True or False, the bools: the text of a form, such as 'on', is neither",
)
"""Accepts True and False."""
