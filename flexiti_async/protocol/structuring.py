"""
Typed values from decoded JSON, exactly.

Two cattrs converters. `_quick` reads whole answers; others are read again by `_thorough`, each
optional field by itself (`protocol/odd_fields.py`). Both differ from the presets in these points:

* types are strict: `5` is not a `str` and `"3"` not an `int` (cattrs would coerce), except for the
  wire types that the API itself writes both ways (`NumberText`, spec section 8 row 33), and for
  whole numbers that are written `12.0`;
* null and an empty text count as missing where a field is optional;
* unknown response fields are kept in the model's `extra`, because the API adds fields without a new
  version (spec section 1.6);
* values that this release may not know are a type or the original text (`Day`, `Moment`,
  `AccountType | str`): a new word or another date format must not lose an answer;
* secret texts become `Secret`;
* a class with a `from_json` method reads itself (`Page`, whose shape is UNKNOWN);
* a field may have another name on the wire, or not be on the wire at all (`wire_name`).
"""

import functools
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, TypeVar, cast, get_args

import attrs
from cattrs import Converter
from cattrs.cols import list_structure_factory

from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.model_fields import (
    ModelFields,
    is_list,
    one_or_many,
    takes_null,
    wire_name,
)
from flexiti_async.protocol.odd_fields import FieldByField, odd_places, place_of
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.wire_types import (
    Day,
    Moment,
    NumberText,
    WholeNumber,
    WrongTypeError,
    an_object,
    decimal,
    number_text,
    or_text,
    secret,
    strict,
    text,
    typed_or_text,
    whole,
    whole_number,
)

__all__ = [
    "Day",
    "Moment",
    "NumberText",
    "WholeNumber",
    "no_extra",
    "one_or_many",
    "structure",
    "wire_name",
]

T = TypeVar("T")


def no_extra() -> dict[str, object]:
    """
    Return an empty `extra`.

    `dict[str, object]` as a factory does the same, at eight times the cost.
    """
    return {}


def structure(data: object, result: type[T], odd: list[str] | None = None) -> T:
    """
    Build a typed value from decoded JSON.

    Args:
        data: The decoded JSON.
        result: The type.
        odd: Receives the places of optional fields that could not be read, and are in `extra`, such
            as `int instead of bool at RegularPurchase.verify`.

    Raises:
        UnfitError: It does not fit; with the place, not the value.
    """
    try:
        return _quick.structure(data, result)
    except Exception:  # noqa: BLE001, S110 - hooks may raise anything
        pass
    before = odd_places.set(odd_places.get() if odd is None else odd)
    try:
        return _thorough().structure(data, result)
    except Exception as error:  # noqa: BLE001 - hooks may raise anything
        place = place_of(error)
    finally:
        odd_places.reset(before)
    raise UnfitError(place)


def _keeps_extra(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and "extra" in attrs.fields_dict(kind)


def _structure_with_extra(kind: type[T], converter: Converter) -> Callable[[object, object], T]:
    """Return the hook of an attrs class that keeps unknown fields in its `extra`."""
    fields = ModelFields.of(kind)
    known, optional, single = fields.known, fields.optional, fields.single
    plain = fields.hook(kind, converter)

    def hook(data: object, of: object) -> T:
        given: Mapping[str, object] = an_object(data)
        if single or None in given.values():
            cleaned: dict[str, object] = {
                # null means absent, and so does the default.
                key: [item] if key in single and not isinstance(item, list) else item
                for key, item in given.items()
                if item is not None or key not in optional
            }
            given = cleaned
        value = plain(given, of)
        if known.issuperset(given):
            return value
        extra = {key: item for key, item in an_object(data).items() if key not in known}
        return cast("T", attrs.evolve(cast("Any", value), extra=extra))

    return hook


def _reads_itself(kind: object) -> bool:
    return isinstance(kind, type) and callable(getattr(kind, "from_json", None))


def _from_json(data: object, kind: object) -> object:
    return cast("Any", kind).from_json(data)


def _whole_from_json(data: object, kind: object) -> object:
    """Have a class read itself; raise WrongTypeError if something odd was left out."""
    odd: list[str] = []
    before = odd_places.set(odd)
    try:
        value = _from_json(data, kind)
    finally:
        odd_places.reset(before)
    if odd:
        raise WrongTypeError(odd[0])
    return value


def _optional_of(kind: object) -> object:
    """Return X of `X | None`; None for any other type, `typed_or_text` among them."""
    kinds = get_args(kind)
    if len(kinds) != 2 or NoneType not in kinds:
        return None
    return kinds[0] if kinds[1] is NoneType else kinds[1]


def _structure_optional(kind: object, converter: Converter) -> Callable[[object, object], object]:
    """Return the hook of `X | None`, for which an empty text is null, too."""
    inner = cast("type", _optional_of(kind))
    read = cast("Callable[[object, object], object]", converter.get_structure_hook(inner))

    def hook(value: object, _: object) -> object:
        return None if value is None or value == "" else read(value, inner)

    return hook


_list: Final = strict(list)


def _strict_list(kind: type[T], converter: Converter) -> Callable[[object, object], T]:
    """Return the hook of a list that accepts JSON arrays only: cattrs accepts any iterable."""
    plain = cast("Callable[[object, object], T]", list_structure_factory(kind, converter))

    def hook(data: object, of: object) -> T:
        return plain(_list(data, of), of)

    return hook


def _list_without_nulls(kind: type[T], converter: Converter) -> Callable[[object, object], T]:
    """Return the hook of a list that passes over null, unless its elements may be null."""
    plain = _strict_list(kind, converter)
    if takes_null(get_args(kind)[0]):
        return plain

    def hook(data: object, of: object) -> T:
        return plain([one for one in _list(data, of) if one is not None], of)

    return hook


def _make_converter(*, thorough: bool) -> Converter:
    converter = Converter(detailed_validation=thorough)
    converter.register_structure_hook(str, text)
    converter.register_structure_hook(bool, strict(bool))
    converter.register_structure_hook(int, whole)
    converter.register_structure_hook(Decimal, decimal)
    converter.register_structure_hook(Secret, secret)
    converter.register_structure_hook_func(lambda kind: kind is NumberText, number_text)
    converter.register_structure_hook_func(lambda kind: kind is WholeNumber, whole_number)
    converter.register_structure_hook_factory(
        lambda kind: _optional_of(kind) is not None, _structure_optional
    )
    converter.register_structure_hook_factory(lambda kind: or_text(kind) is not None, typed_or_text)
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    converter.register_structure_hook_factory(
        is_list, _list_without_nulls if thorough else _strict_list
    )
    converter.register_structure_hook_factory(
        _keeps_extra, FieldByField if thorough else _structure_with_extra
    )
    converter.register_structure_hook_func(
        _reads_itself, _from_json if thorough else _whole_from_json
    )
    return converter


_quick: Final = _make_converter(thorough=False)
"""For whole answers."""


@functools.cache
def _thorough() -> Converter:
    """Return the converter for all others: it leaves odd fields out, or finds the first problem."""
    return _make_converter(thorough=True)
