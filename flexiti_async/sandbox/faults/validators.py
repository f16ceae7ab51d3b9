"""
Validators and converters (of attrs) for the fields of faults and rules.

An invalid fault is refused when it is built, not when a request meets it. The error texts quote no
value: it may be a secret.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Protocol, TypeAlias, TypeVar, cast

from attrs import Attribute

__all__ = [
    "Document",
    "as_mapping",
    "body",
    "check",
    "flag",
    "headers",
    "is_number",
    "is_seconds",
    "json_members",
    "names",
    "seconds",
    "url",
    "whole",
    "word",
]

Document: TypeAlias = (
    bool | int | float | str | Sequence["Document"] | Mapping[str, "Document"] | None
)
"""Any JSON value, with fractions as floats: a fault contains no exact amounts."""

_T = TypeVar("_T")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\ud7ff\ue000-\uffff]*")
_FRAMING = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})
_YEAR = 366 * 86400.0


class _Validator(Protocol):
    """A function that attrs calls, for a field of any type."""

    def __call__(self, instance: object, attribute: "Attribute[_T]", value: _T, /) -> None: ...


def check(test: Callable[[object], bool], rule: str) -> _Validator:
    """Build a validator from a test; `rule` ends the sentence "… must be …"."""

    def validate(_: object, attribute: "Attribute[_T]", value: _T) -> None:
        if not test(value):
            msg = f"{attribute.name} must be {rule}"
            raise ValueError(msg)

    return validate


def is_number(value: object, low: float, high: float) -> bool:
    """Whether a value is a number within bounds; neither NaN nor a boolean is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def whole(low: int, high: float, *, or_none: bool = False) -> _Validator:
    """Build the validator of a whole number within bounds; a `high` of infinity means unbounded."""
    bounds = f"of at least {low}" if high == inf else f"from {low} to {high}"
    return check(
        lambda value: (
            (value is None and or_none) or (isinstance(value, int) and is_number(value, low, high))
        ),
        f"a whole number {bounds}{', or null' * or_none}",
    )


def is_seconds(value: object) -> bool:
    """Whether a value is a duration: a number of seconds, from 0 to a year."""
    return is_number(value, 0, _YEAR)


seconds = check(is_seconds, "a number of seconds, from 0 to a year")
"""Validates a duration."""

flag = check(lambda value: isinstance(value, bool), "true or false")
"""Validates a boolean."""

body = check(
    lambda value: value is None or isinstance(value, bytes),
    "bytes; in JSON a string, or base 64 as body_base64, not both",
)
"""Validates the body of an answer."""

url = check(
    lambda value: isinstance(value, str) and bool(value and _HEADER_VALUE.fullmatch(value)),
    "a URL",
)
"""Validates a URL as the value of a Location header."""


def word(words: Collection[str]) -> _Validator:
    """Build the validator of a word from a list."""
    return check(lambda value: value in words, f"one of: {', '.join(words)}")


def headers(given: Mapping[str, str]) -> Mapping[str, str]:
    """Copy headers; refuse those that would break the framing, which is the sandbox's."""
    copied = as_mapping(given, "headers")
    for name, value in copied.items():
        if not _HEADER_NAME.fullmatch(name):
            msg = "headers: a name is not a valid header name (RFC 9110 section 5.6.2)"
            raise ValueError(msg)
        if name.lower() in _FRAMING:
            msg = f"headers: {name} is set by the sandbox; other kinds of faults break it"
            raise ValueError(msg)
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            msg = f"headers: the value of {name} must be a string without line breaks"
            raise ValueError(msg)
    return MappingProxyType({name: str(value) for name, value in copied.items()})


def json_members(given: Mapping[str, Document]) -> Mapping[str, Document]:
    """Copy the members of a JSON object."""
    copied = as_mapping(given, "fields")
    try:
        json.dumps(copied, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        msg = "fields must be valid JSON"
        raise ValueError(msg) from None
    return MappingProxyType(dict(given))


def names(given: Collection[str]) -> tuple[str, ...]:
    """Copy a list of names; a single string is refused."""
    value: object = given
    if isinstance(value, list | tuple):
        copied = tuple(given)
        if all(isinstance(name, str) for name in copied):  # pyright: ignore[reportUnnecessaryIsInstance] - it may come from JSON
            return copied
    msg = "omit must be a list of names"
    raise ValueError(msg)


def as_mapping(value: object, name: str) -> dict[str, object]:
    """
    Copy a mapping whose keys are strings.

    Raises:
        ValueError: It is anything else.
    """
    if isinstance(value, Mapping):
        given = cast("Mapping[object, object]", value)
        copied = {key: member for key, member in given.items() if isinstance(key, str)}
        if len(copied) == len(given):
            return copied
    msg = f"{name} must be an object: names and values"
    raise ValueError(msg)
