"""
Types on the wire beyond JSON's own, and the hooks that read them.

They are strict where the API is, and lenient where it is not: a number in quotes, a whole number
written `12.0`, a word or a date format that this release does not know.
"""

import datetime
import enum
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, NewType, TypeAlias, cast, get_args

from flexiti_async.protocol.json_codec import BoundError, bounded_decimal
from flexiti_async.protocol.secret import Secret

__all__ = ["Day", "Moment", "NumberText", "WholeNumber", "WrongTypeError"]

NumberText = NewType("NumberText", str)
"""Digits that the API writes as a number or as a string; leading zeros are kept."""

WholeNumber = NewType("WholeNumber", int)
"""A count or a code that the API writes as a number or as a string of digits."""

Day: TypeAlias = datetime.date | str
"""A date in the form `YYYY-MM-DD`, or any other text unchanged."""

Moment: TypeAlias = datetime.datetime | str
"""An aware time in ISO 8601 (`2022-01-31T12:00:00Z`), or any other text unchanged."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,40}\.0{1,40}", re.ASCII)
_MOST_DIGITS: Final = 18
_LONGEST_TEXT: Final = 100_000
"""The longest fields are addresses and messages; terms and form values are not fields."""


class WrongTypeError(TypeError):
    """A value of another JSON type; the text names both types, not the value."""


def strict(*kinds: type) -> Callable[[object, object], Any]:
    """Return a hook that accepts values of exactly these types."""
    names = " or ".join(kind.__name__ for kind in kinds)

    def hook(value: object, _: object) -> object:
        # bool is an int in Python, not in JSON.
        if type(value) in kinds:
            return value
        msg = f"{type(value).__name__} instead of {names}"
        del value
        raise WrongTypeError(msg)

    return hook


_strict_text: Final = strict(str)


def text(value: object, of: object) -> str:
    """Read a text that is not too long to be kept, shown or matched."""
    if type(value) is str and len(value) <= _LONGEST_TEXT:
        return value
    if type(value) is not str:
        return cast("str", _strict_text(value, of))
    msg = f"text of more than {_LONGEST_TEXT:,} characters"
    del value
    raise BoundError(msg)


_text: Final = text
_int: Final = strict(int)
_amount: Final = strict(int, Decimal)


def whole(value: object, of: object) -> int:
    """Read a whole number, also one that is written `12.0`."""
    if type(value) is Decimal and -_MOST_DIGITS <= value.adjusted() < _MOST_DIGITS:
        number = int(value)
        value = number if number == value else value
    return cast("int", _int(value, of))


def number_text(value: object, _: object) -> str:
    """Read a `NumberText`."""
    if type(value) is int:
        return str(value)
    if type(value) is Decimal:
        return str(whole(value, int))
    read = _text(value, str)
    return read.partition(".")[0] if read.endswith("0") and _WHOLE.fullmatch(read) else read


def whole_number(value: object, _: object) -> int:
    """Read a `WholeNumber`."""
    if type(value) is str and value.isascii() and len(value) <= _MOST_DIGITS:
        if value.isdigit():
            return int(value)
        if _WHOLE.fullmatch(value):
            return int(value.partition(".")[0])
    return whole(value, int)


def or_text(kind: object) -> type | None:
    """Return X of `X | str` and `X | str | None`, if X is an enumeration, a date or a time."""
    kinds = [one for one in get_args(kind) if one not in {str, NoneType}]
    if str not in get_args(kind) or len(kinds) != 1 or not isinstance(kinds[0], type):
        return None
    return kinds[0] if issubclass(kinds[0], enum.Enum | datetime.date) else None


def typed_or_text(kind: object) -> Callable[[object, object], object]:
    """Return a hook that reads a text as X if it can, and keeps it unchanged if not."""
    wanted = cast("type", or_text(kind))
    optional = NoneType in get_args(kind)

    def hook(value: object, _: object) -> object:
        if optional and (value is None or value == ""):
            return None
        text = _text(value, str)
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
        # fromisoformat also accepts week dates and dates without dashes.
        return datetime.date.fromisoformat(text) if _DAY.fullmatch(text) else text
    return cast("Callable[[str], object]", wanted)(text)


def decimal(value: object, _: object) -> Decimal:
    """Read an amount or a rate, exactly."""
    # The samples quote some amounts (spec section 8 row 33); a quoted one is exact as well.
    if type(value) is str:
        value = json.loads(value, parse_float=bounded_decimal)
    return Decimal(cast("int", _amount(value, Decimal)))


def secret(value: object, _: object) -> Secret:
    """Read a secret text."""
    return Secret(_text(value, str))


def an_object(data: object) -> Mapping[str, object]:
    """Return a JSON object; raise WrongTypeError for anything else."""
    if type(data) is not dict and not isinstance(data, Mapping):  # a dict in nearly every case
        msg = f"{type(data).__name__} instead of an object"
        del data
        raise WrongTypeError(msg)
    return cast("Mapping[str, object]", data)
