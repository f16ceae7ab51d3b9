"""Arguments of the helpers: a mistake in a test is reported where it is made."""

from typing import Final

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.validators import WRONG_FORMAT

__all__ = ["check", "check_seconds", "check_type"]

_LONGEST: Final = 1e12
"""Seconds: longer than any clock of a test runs, and every sum of them is a finite number."""


def check(param: str, value: object, rule: str, *, good: bool) -> None:
    """
    Refuse an argument of a wrong kind; its value is not shown.

    Raises:
        ValidationError: The argument is not a good one.
    """
    if not good:
        kind = type(value).__name__
        raise ValidationError(field_errors=[FieldError(param, WRONG_FORMAT, kind, rule)])


def check_type(param: str, value: object, kind: type) -> None:
    """
    Refuse an argument of another type.

    Raises:
        ValidationError: The argument is not of the type.
    """
    problem = wrong_type(param, value, kind)
    if problem is not None:
        raise problem


def check_seconds(param: str, value: object, *, least: float = 0) -> None:
    """
    Refuse anything but a number of seconds.

    Raises:
        ValidationError: Not a number, or one that no clock reaches.
    """
    good = False
    if isinstance(value, int | float) and not isinstance(value, bool):
        good = least <= value <= _LONGEST
    check(param, value, f"must be a number of seconds from {least:g} to {_LONGEST:g}", good=good)
