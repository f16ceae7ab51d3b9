"""What the fields of faults and rules may hold: refused when they are made, not when they act."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeAlias, TypeVar, cast

from attrs import Attribute

__all__ = [
    "Document",
    "as_mapping",
    "body",
    "fields",
    "flag",
    "headers",
    "is_seconds",
    "names",
    "seconds",
    "url",
    "whole",
    "word",
]

Document: TypeAlias = (
    bool | int | float | str | Sequence["Document"] | Mapping[str, "Document"] | None
)
"""Everything that JSON can say, fractions as floats: steering knows no money."""

_T = TypeVar("_T")


class _Validator(Protocol):
    """What attrs calls, for a field of any type."""

    def __call__(self, instance: object, attribute: "Attribute[_T]", value: _T, /) -> None: ...


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\ud7ff\ue000-\uffff]*")
_FRAMING = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})
_LONGEST = 366 * 86400.0


def whole(low: int, high: int, *, or_none: bool = False) -> _Validator:
    """Make the check of a whole number between two others, both included."""

    def check(_: object, attribute: "Attribute[_T]", value: _T) -> None:
        if value is None and or_none:
            return
        if not isinstance(value, int) or isinstance(value, bool):
            msg = f"{attribute.name} must be a whole number"
            raise ValueError(msg)  # noqa: TRY004 - one type for whatever is wrong with a fault
        if not low <= value <= high:
            msg = f"{attribute.name} must be between {low} and {high}; it cannot be {value}"
            raise ValueError(msg)

    return check


def is_seconds(value: object) -> bool:
    """Tell whether something is a duration: a number of seconds, not negative, a year at most."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= _LONGEST  # which no NaN is
    )


def seconds(_: object, attribute: "Attribute[_T]", value: _T) -> None:
    """Refuse what is no duration."""
    if not is_seconds(value):
        msg = f"{attribute.name} must be a number of seconds, not negative, a year at most"
        raise ValueError(msg)


def flag(_: object, attribute: "Attribute[_T]", value: _T) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        msg = f"{attribute.name} must be true or false"
        raise ValueError(msg)  # noqa: TRY004 - as above


def word(words: Collection[str]) -> _Validator:
    """Make the check of a word out of a list."""

    def check(_: object, attribute: "Attribute[_T]", value: _T) -> None:
        if not isinstance(value, str) or value not in words:
            msg = f"{attribute.name} must be one of: {', '.join(words)}"
            raise ValueError(msg)

    return check


def body(_: object, attribute: "Attribute[_T]", value: _T) -> None:
    """Refuse a body that is not bytes."""
    if value is not None and not isinstance(value, bytes):
        msg = f"{attribute.name} must be bytes"
        raise ValueError(msg)


def url(_: object, attribute: "Attribute[_T]", value: _T) -> None:
    """Refuse what cannot be the value of a Location header."""
    if not isinstance(value, str) or not value or not _HEADER_VALUE.fullmatch(value):
        msg = f"{attribute.name} must be a URL"
        raise ValueError(msg)


def headers(given: Mapping[str, str]) -> Mapping[str, str]:
    """Copy headers, and refuse those that would break the framing, which is the sandbox's."""
    copied = as_mapping(given, "headers")
    for name, value in copied.items():
        if not _HEADER_NAME.fullmatch(name):
            msg = "headers: a name is no header name"
            raise ValueError(msg)
        if name.lower() in _FRAMING:
            msg = f"headers: {name} is the sandbox's to set; other kinds of faults break it"
            raise ValueError(msg)
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            msg = f"headers: the value of {name} must be a text without line breaks"
            raise ValueError(msg)
    return MappingProxyType({name: str(value) for name, value in copied.items()})


def fields(given: Mapping[str, Document]) -> Mapping[str, Document]:
    """Copy members of a JSON object."""
    copied = as_mapping(given, "fields")
    try:
        json.dumps(copied, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        pass
    else:
        return MappingProxyType(dict(given))
    msg = "fields must be what JSON can say"
    raise ValueError(msg)


def names(given: Collection[str]) -> tuple[str, ...]:
    """Copy a list of names; a lone text is none."""
    whatever: object = given
    if isinstance(whatever, list | tuple):
        copied = tuple(given)
        if all(isinstance(name, str) for name in copied):  # pyright: ignore[reportUnnecessaryIsInstance] - it may come from JSON
            return copied
    msg = "omit must be a list of names"
    raise ValueError(msg)


def as_mapping(value: object, name: str) -> dict[str, object]:
    """
    Copy a mapping from names to anything.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, Mapping):
        given = cast("Mapping[object, object]", value)
        copied = {key: member for key, member in given.items() if isinstance(key, str)}
        if len(copied) == len(given):
            return copied
    msg = f"{name} must be an object: names and values"
    raise ValueError(msg)
