"""
JSON to typed values and back, exactly.

One cattrs converter on msgspec's decoder and encoder. What the presets do not do and this does:

* money is `Decimal` both ways, digit for digit (the decoder never makes a float);
* types are strict: `5` is no `str` and `"3"` no `int` (cattrs would coerce), except for the
  wire types that the API itself writes both ways (`NumberText`, spec section 8 row 33);
* unknown response fields are kept in the model's `extra`, because new ones are no version bump
  (spec section 1.6);
* what may be unknown to this release is a type or the text that came (`Day`, `Moment`,
  `AccountType | str`): a new word, or a date of another form, is no reason to lose an answer;
* texts that are secrets become `Secret`, and are revealed only into the bytes of a request;
* a field may have another name on the wire, or none (`wire_name`).
"""

import datetime
import enum
import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, NewType, TypeAlias, TypeVar, cast, get_args

import attrs
import msgspec
from cattrs import Converter
from cattrs.cols import list_structure_factory
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from flexiti_async.sansio.secret import Secret

__all__ = [
    "Day",
    "Moment",
    "NumberText",
    "UnfitError",
    "WholeNumber",
    "decode",
    "encode",
    "structure",
    "wire_name",
]

T = TypeVar("T")

NumberText = NewType("NumberText", str)
"""Digits that the API writes as a number or as a string; leading zeros are kept."""

WholeNumber = NewType("WholeNumber", int)
"""A count or a code that the API writes as a number or as digits in a string."""

Day: TypeAlias = datetime.date | str
"""A day that came as `YYYY-MM-DD`, or the text as it came."""

Moment: TypeAlias = datetime.datetime | str
"""An aware time that came in ISO 8601 (`2022-01-31T12:00:00Z`), or the text as it came."""


class UnfitError(ValueError):
    """
    JSON that does not fit the type asked for.

    Attributes:
        place: JSON path of the first fault, such as `$.form_values.province`, and what is wrong.
    """

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_DIGITS: Final = 18
_WIRE_NAME: Final = "flexiti_async.wire_name"


def wire_name(name: str | None) -> Mapping[str, object]:
    """Make the attrs metadata that give a field its name on the wire, or say it has none."""
    return {_WIRE_NAME: name}


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_encoder: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_reveal)


def decode(body: bytes) -> object:
    """Read JSON; numbers with a point are `Decimal`. Raises UnfitError without the content."""
    fault = "not JSON"
    try:
        return cast("object", _decoder.decode(body))
    except (ValueError, ArithmeticError, RecursionError):
        # msgspec's DecodeError and UnicodeDecodeError are ValueErrors; Decimal's are not.
        pass
    raise UnfitError(fault)


def encode(value: object) -> bytes:
    """Write JSON. Raises ValueError for a number that JSON does not have."""
    body = _encoder.encode(value)
    # Decimals are written as NaN, floats as null: look only if one of them can be meant.
    suspicious = any(word in body for word in (b"NaN", b"Infinity", b"null"))
    if suspicious and not _is_finite(value):
        msg = "JSON has no NaN and no Infinity"
        raise ValueError(msg)
    return body


def _is_finite(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, Mapping):
        return all(_is_finite(item) for item in cast("Mapping[str, object]", value).values())
    if isinstance(value, list | tuple):
        return all(_is_finite(item) for item in cast("list[object]", value))
    return not isinstance(value, float) or math.isfinite(value)


def structure(data: object, result: type[T]) -> T:
    """Make a typed value of decoded JSON. Raises UnfitError that names the place, not the value."""
    try:
        return _converter.structure(data, result)
    except Exception as error:  # noqa: BLE001 - hooks raise whatever their types raise
        place = _place(error)
    raise UnfitError(place)


def _place(error: BaseException, path: str = "$") -> str:
    """Find the first fault in a cattrs error and say where it is, without any value."""
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            return _place(inner, path + _step(inner, getattr(error, "cl", None)))
    if isinstance(error, KeyError):
        return f"required field missing at {path}.{error.args[0]}"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unexpected field at {path}"
    if isinstance(error, _WrongTypeError):
        return f"{error} at {path}"
    return f"invalid value at {path}"


def _step(error: BaseException, kind: object) -> str:
    """Read the name that cattrs left in the notes of an inner error."""
    for note in getattr(error, "__notes__", []):
        name = getattr(note, "name", None)
        if name is not None:
            if isinstance(error, KeyError):
                return ""  # it names the field itself
            fields = attrs.fields_dict(kind) if isinstance(kind, type) and attrs.has(kind) else {}
            wire = fields[name].metadata.get(_WIRE_NAME, name) if name in fields else name
            return f".{wire}"
        index = getattr(note, "index", None)
        if index is not None:
            return f"[{index}]"
    return ""


class _WrongTypeError(TypeError):
    pass


def _strict(*kinds: type) -> Callable[[object, object], Any]:
    names = " or ".join(kind.__name__ for kind in kinds)

    def hook(value: object, _: object) -> object:
        # bool is an int for Python, not for JSON.
        if type(value) in kinds:
            return value
        msg = f"{type(value).__name__} instead of {names}"
        del value
        raise _WrongTypeError(msg)

    return hook


def _number_text(value: object, _: object) -> str:
    if type(value) is int:
        return str(value)
    return cast("str", _strict(str)(value, str))


def _whole_number(value: object, _: object) -> int:
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return cast("int", _strict(int)(value, int))


def _or_text(kind: object) -> type | None:
    """Find X in `X | str` and `X | str | None`, where X is an enumeration, a day or a moment."""
    kinds = [one for one in get_args(kind) if one not in {str, NoneType}]
    if str not in get_args(kind) or len(kinds) != 1 or not isinstance(kinds[0], type):
        return None
    return kinds[0] if issubclass(kinds[0], enum.Enum | datetime.date) else None


def _typed_or_text(kind: object) -> Callable[[object, object], object]:
    """Read a text as X where it is one, and keep it as it came where it is not."""
    wanted = cast("type", _or_text(kind))
    optional = NoneType in get_args(kind)

    def hook(value: object, _: object) -> object:
        if value is None and optional:
            return None
        text = cast("str", _strict(str)(value, str))
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


def _decimal(value: object, _: object) -> Decimal:
    # The samples quote some amounts (spec section 8 row 33); a quoted one is exact as well.
    if type(value) is str:
        value = json.loads(value, parse_float=Decimal)
    return Decimal(cast("int", _strict(int, Decimal)(value, Decimal)))


def _secret(value: object, _: object) -> Secret:
    return Secret(cast("str", _strict(str)(value, str)))


def _keeps_extra(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and "extra" in attrs.fields_dict(kind)


def _structure_with_extra(kind: type[T]) -> Callable[[object, object], T]:
    """Structure an attrs class and keep the fields that it does not know in its `extra`."""
    names = {
        name: cast("str | None", attribute.metadata.get(_WIRE_NAME, name))
        for name, attribute in attrs.fields_dict(cast("type[attrs.AttrsInstance]", kind)).items()
        if name != "extra"
    }
    known = set(names.values())
    overrides = {
        name: override(omit=True) if wire is None else override(rename=wire)
        for name, wire in {**names, "extra": None}.items()
    }
    make = cast("Callable[..., Callable[[object, object], T]]", make_dict_structure_fn)
    plain = make(kind, _converter, **overrides)

    def hook(data: object, of: object) -> T:
        value = plain(_object(data), of)
        extra = {key: item for key, item in _object(data).items() if key not in known}
        return attrs.evolve(cast("Any", value), extra=extra) if extra else value

    return hook


def _is_list(kind: object) -> bool:
    return getattr(kind, "__origin__", None) is list


def _strict_list(kind: type[T]) -> Callable[[object, object], T]:
    """Structure a list of a JSON array only: cattrs takes anything that can be iterated."""
    plain = cast("Callable[[object, object], T]", list_structure_factory(kind, _converter))

    def hook(data: object, of: object) -> T:
        return plain(_strict(list)(data, of), of)

    return hook


def _object(data: object) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        msg = f"{type(data).__name__} instead of an object"
        del data
        raise _WrongTypeError(msg)
    return cast("Mapping[str, object]", data)


def _make_converter() -> Converter:
    converter = Converter()
    for kind in (str, bool):
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook(int, _strict(int))
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook_func(lambda kind: kind is NumberText, _number_text)
    converter.register_structure_hook_func(lambda kind: kind is WholeNumber, _whole_number)
    converter.register_structure_hook_factory(
        lambda kind: _or_text(kind) is not None, _typed_or_text
    )
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    converter.register_structure_hook_factory(_is_list, _strict_list)
    converter.register_structure_hook_factory(_keeps_extra, _structure_with_extra)
    return converter


_converter: Final = _make_converter()
