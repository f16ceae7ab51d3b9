"""
Types of the wire that are not quite JSON's, and the hooks that read them.

They are strict where the API is, and give way where it is not: a number in quotes, a word or a
date of a kind that this release does not know.
"""

import datetime
import enum
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, NewType, TypeAlias, cast, get_args

from flexiti_async.protocol.secret import Secret

__all__ = ["Day", "Moment", "NumberText", "WholeNumber", "WrongTypeError"]

NumberText = NewType("NumberText", str)
"""Digits that the API writes as a number or as a string; leading zeros are kept."""

WholeNumber = NewType("WholeNumber", int)
"""A count or a code that the API writes as a number or as digits in a string."""

Day: TypeAlias = datetime.date | str
"""A day that came as `YYYY-MM-DD`, or the text as it came."""

Moment: TypeAlias = datetime.datetime | str
"""An aware time that came in ISO 8601 (`2022-01-31T12:00:00Z`), or the text as it came."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_DIGITS: Final = 18


class WrongTypeError(TypeError):
    """A value of another JSON type; the text names both, not the value."""


def strict(*kinds: type) -> Callable[[object, object], Any]:
    """Make the hook that takes values of some types exactly."""
    names = " or ".join(kind.__name__ for kind in kinds)

    def hook(value: object, _: object) -> object:
        # bool is an int for Python, not for JSON.
        if type(value) in kinds:
            return value
        msg = f"{type(value).__name__} instead of {names}"
        del value
        raise WrongTypeError(msg)

    return hook


_text: Final = strict(str)
_whole: Final = strict(int)
_amount: Final = strict(int, Decimal)


def number_text(value: object, _: object) -> str:
    """Read a `NumberText`."""
    if type(value) is int:
        return str(value)
    return cast("str", _text(value, str))


def whole_number(value: object, _: object) -> int:
    """Read a `WholeNumber`."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return cast("int", _whole(value, int))


def or_text(kind: object) -> type | None:
    """Find X in `X | str` and `X | str | None`, where X is an enumeration, a day or a moment."""
    kinds = [one for one in get_args(kind) if one not in {str, NoneType}]
    if str not in get_args(kind) or len(kinds) != 1 or not isinstance(kinds[0], type):
        return None
    return kinds[0] if issubclass(kinds[0], enum.Enum | datetime.date) else None


def typed_or_text(kind: object) -> Callable[[object, object], object]:
    """Read a text as X where it is one, and keep it as it came where it is not."""
    wanted = cast("type", or_text(kind))
    optional = NoneType in get_args(kind)

    def hook(value: object, _: object) -> object:
        if value is None and optional:
            return None
        text = cast("str", _text(value, str))
        try:
            return _read_text(text, wanted)
        except ValueError:
            return text

    return hook


def _read_text(text: str, wanted: type) -> object:
    if issubclass(wanted, datetime.datetime):
        moment = datetime.datetime.fromisoformat(text)
        return text if moment.tzinfo is None else moment
    if issubclass(wanted, datetime.date):
        # fromisoformat takes week dates and dates without dashes, too.
        return datetime.date.fromisoformat(text) if _DAY.fullmatch(text) else text
    return cast("Callable[[str], object]", wanted)(text)


def decimal(value: object, _: object) -> Decimal:
    """Read an amount or a rate, exactly."""
    # The samples quote some amounts (spec section 8 row 33); a quoted one is exact as well.
    if type(value) is str:
        value = json.loads(value, parse_float=Decimal)
    return Decimal(cast("int", _amount(value, Decimal)))


def secret(value: object, _: object) -> Secret:
    """Read a text that nobody is to see."""
    return Secret(value if type(value) is str else _text(value, str))


def an_object(data: object) -> Mapping[str, object]:
    """Take a JSON object only."""
    if type(data) is not dict and not isinstance(data, Mapping):  # a dict in nearly every case
        msg = f"{type(data).__name__} instead of an object"
        del data
        raise WrongTypeError(msg)
    return cast("Mapping[str, object]", data)
