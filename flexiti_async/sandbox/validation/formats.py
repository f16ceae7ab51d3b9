"""The types of spec section 4.1, each a function from a JSON value to its field error."""

import re
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

from attrs import frozen

from flexiti_async.sandbox.wire.errors import INVALID, LENGTH, WRONG_FORMAT
from flexiti_async.sandbox.wire.request import Json

__all__ = [
    "Check",
    "Context",
    "agreement",
    "date_of_birth",
    "digits",
    "email",
    "exactly",
    "number",
    "one_of",
    "text",
]


@frozen
class Context:
    """
    The facts of a request that a rule may need in addition to the value of its field.

    Attributes:
        flow: `apply` or `purchase`; None if the request contains neither.
        account_number: Whether the request has an account number.
        vcc_number: Whether it has a card number.
        personal_information: Whether it has any personal information.
        today: Today, in UTC.
        ascii_only: Whether texts may only contain ASCII characters.
    """

    flow: str | None
    account_number: bool
    vcc_number: bool
    personal_information: bool
    today: date
    ascii_only: bool


Check: TypeAlias = Callable[[Json, Context], str | None]
"""Returns the `msg` of a value's field error, or None."""


def text(most: int, pattern: str | None = None, otherwise: str = WRONG_FORMAT) -> Check:
    """
    Build the check of an ASCII(n): a string of at most `most` characters.

    Args:
        most: The greatest number of characters.
        pattern: A regular expression that the whole string must match.
        otherwise: The `msg` if it does not.
    """
    compiled = None if pattern is None else re.compile(pattern)

    def check(value: Json, context: Context) -> str | None:
        if not isinstance(value, str) or (context.ascii_only and not value.isascii()):
            return WRONG_FORMAT
        if len(value) > most:
            return LENGTH
        if compiled is not None and not compiled.fullmatch(value):
            return otherwise
        return None

    return check


def digits(most: int) -> Check:
    """
    Build the check of a string of at most `most` ASCII digits.

    Whether fewer are allowed is unknown; an empty one is, because the page mentions "empty".
    """
    return text(most, r"[0-9]*")


def number(most: int) -> Check:
    """Build the check of a positive whole JSON number of at most `most` digits."""

    def check(value: Json, _: Context) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return WRONG_FORMAT
        if value < 1:
            return INVALID
        return LENGTH if value >= 10**most else None

    return check


def exactly(count: int) -> Check:
    """Build the check of a whole JSON number of exactly `count` digits."""
    at_most = number(count)

    def check(value: Json, context: Context) -> str | None:
        msg = at_most(value, context)
        if msg is None and len(str(value)) < count:
            return LENGTH
        return msg

    return check


def one_of(*values: str) -> Check:
    """Build the check of a string out of a list."""

    def check(value: Json, _: Context) -> str | None:
        if not isinstance(value, str):
            return WRONG_FORMAT
        return None if value in values else INVALID

    return check


def agreement(value: Json, context: Context) -> str | None:
    """Check a boolean that must be true for an application."""
    if not isinstance(value, bool):
        return WRONG_FORMAT
    return INVALID if context.flow == "apply" and not value else None


_iso_date = text(10, r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_of_birth(value: Json, context: Context) -> str | None:
    """Check a date, YYYY-MM-DD, that exists and is not in the future."""
    msg = _iso_date(value, context)
    if msg is not None:
        return msg
    try:
        born = date.fromisoformat(str(value))
    except ValueError:
        return INVALID
    return INVALID if born > context.today else None


email = text(100, r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", otherwise=INVALID)
"""Checks the form of an e-mail address (`invalid` without an @, spec section 6.1)."""
