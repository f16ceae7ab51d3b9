"""
Typed values from decoded JSON, exactly.

One cattrs converter; it differs from the presets in these points:

* types are strict: `5` is not a `str` and `"3"` not an `int` (cattrs would coerce), except for the
  wire types that the API itself writes both ways (`NumberText`, spec section 8 row 33);
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
from typing import Any, Final, TypeVar, cast

import attrs
from cattrs import Converter
from cattrs.cols import list_structure_factory
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from flexiti_async.protocol.json_codec import UnfitError
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

_WIRE_NAME: Final = "flexiti_async.wire_name"
_ONE_OR_MANY: Final = "flexiti_async.one_or_many"


def wire_name(name: str | None) -> Mapping[str, object]:
    """Return the attrs metadata of a field's name on the wire; None if it is not on the wire."""
    return {_WIRE_NAME: name}


def no_extra() -> dict[str, object]:
    """
    Return an empty `extra`.

    `dict[str, object]` as a factory does the same, at eight times the cost.
    """
    return {}


def one_or_many() -> Mapping[str, object]:
    """Return the attrs metadata of a list that the API may also write as its only element."""
    return {_ONE_OR_MANY: True}


def structure(data: object, result: type[T]) -> T:
    """Build a typed value from decoded JSON. Raises UnfitError with the place, not the value."""
    try:
        return _quick.structure(data, result)
    except Exception:  # noqa: BLE001, S110 - hooks may raise anything
        pass
    try:
        return _thorough().structure(data, result)
    except UnfitError as unfit:
        place = unfit.place  # from a class that reads itself
    except Exception as error:  # noqa: BLE001 - hooks may raise anything
        place = _place(error)
    raise UnfitError(place)


def _place(error: BaseException, path: str = "$") -> str:
    """Describe the first problem of a cattrs error and its place, without any value."""
    if isinstance(error, BaseValidationError):
        inner = error.exceptions[0]
        return _place(inner, path + _step(inner, getattr(error, "cl", None)))
    if isinstance(error, KeyError):
        return f"required field missing at {path}.{error.args[0]}"
    if isinstance(error, WrongTypeError):
        return f"{error} at {path}"
    return f"invalid value at {path}"


def _step(error: BaseException, kind: object) -> str:
    """Read the name that cattrs left in the notes of an inner error."""
    for note in getattr(error, "__notes__", []):
        if isinstance(note, AttributeValidationNote):
            if isinstance(error, KeyError):
                return ""  # the KeyError names the field
            fields = attrs.fields_dict(kind) if isinstance(kind, type) and attrs.has(kind) else {}
            name = note.name
            wire = fields[name].metadata.get(_WIRE_NAME, name) if name in fields else name
            return f".{wire}"
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]"
    return ""


def _keeps_extra(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and "extra" in attrs.fields_dict(kind)


def _structure_with_extra(kind: type[T], converter: Converter) -> Callable[[object, object], T]:
    """Return the hook of an attrs class that keeps unknown fields in its `extra`."""
    fields = attrs.fields_dict(cast("type[attrs.AttrsInstance]", kind))
    names = {
        name: cast("str | None", attribute.metadata.get(_WIRE_NAME, name))
        for name, attribute in fields.items()
        if name != "extra"
    }
    known = set(names.values())
    overrides = {
        name: override(omit=True) if wire is None else override(rename=wire)
        for name, wire in {**names, "extra": None}.items()
    }
    single = {names[a.name] for a in fields.values() if a.metadata.get(_ONE_OR_MANY)}
    optional = {names.get(a.name) for a in fields.values() if a.default is not attrs.NOTHING}
    make = cast("Callable[..., Callable[[object, object], T]]", make_dict_structure_fn)
    plain = make(kind, converter, **overrides)

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


def _is_list(kind: object) -> bool:
    return getattr(kind, "__origin__", None) is list


_list: Final = strict(list)


def _strict_list(kind: type[T], converter: Converter) -> Callable[[object, object], T]:
    """Return the hook of a list that accepts JSON arrays only: cattrs accepts any iterable."""
    plain = cast("Callable[[object, object], T]", list_structure_factory(kind, converter))

    def hook(data: object, of: object) -> T:
        return plain(_list(data, of), of)

    return hook


def _make_converter(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook(str, text)
    for kind in (bool, int):
        converter.register_structure_hook(kind, strict(kind))
    converter.register_structure_hook(Decimal, decimal)
    converter.register_structure_hook(Secret, secret)
    converter.register_structure_hook_func(lambda kind: kind is NumberText, number_text)
    converter.register_structure_hook_func(lambda kind: kind is WholeNumber, whole_number)
    converter.register_structure_hook_factory(lambda kind: or_text(kind) is not None, typed_or_text)
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    converter.register_structure_hook_factory(_is_list, _strict_list)
    converter.register_structure_hook_factory(_keeps_extra, _structure_with_extra)
    converter.register_structure_hook_func(_reads_itself, _from_json)
    return converter


_quick: Final = _make_converter(detailed=False)
"""For valid data; after a failure `_thorough` finds the place, which costs time to track."""


@functools.cache
def _thorough() -> Converter:
    return _make_converter(detailed=True)
