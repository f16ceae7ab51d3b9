"""
Reads an answer in which something is odd: each optional field by itself.

A field that cannot be read must not lose the others: it goes to `extra` as received, and its place
to `odd_places`. Of a list the elements that can be read are kept. Required
fields are errors as ever, and so is a value beyond the limits on answers, wherever it is.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeVar, cast, get_args

import attrs
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ClassValidationError,
    IterableValidationNote,
)

from flexiti_async.protocol.json_codec import BoundError, UnfitError
from flexiti_async.protocol.model_fields import ModelFields, is_list, takes_null, wire_name_of
from flexiti_async.protocol.wire_types import WrongTypeError, an_object, strict

__all__ = ["FieldByField", "odd_places", "place_of"]

T = TypeVar("T")

odd_places: Final[ContextVar[list[str] | None]] = ContextVar("flexiti_async.odd", default=None)
"""Receives the places of odd fields, also of what a `from_json` reads."""
_list: Final = strict(list)
_group: Final = cast("Callable[..., ClassValidationError]", ClassValidationError)


class FieldByField(Generic[T]):
    """
    The hook of an attrs class with an `extra`.

    Args:
        kind: The class.
        converter: Reads its fields.
    """

    def __init__(self, kind: type[T], converter: Converter) -> None:
        self._kind = kind
        self._converter = converter
        self._fields = ModelFields.of(kind)
        self._required = self._fields.hook(kind, converter)

    def __call__(self, data: object, of: object) -> T:
        """Read an object; raise for a required field, or a value beyond the limits."""
        given, fields = an_object(data), self._fields
        must = {
            w: one for w, one in given.items() if w in fields.known and w not in fields.optional
        }
        value = self._required(must, of)
        changes: dict[str, object] = {}
        extra = {wire: one for wire, one in given.items() if wire not in fields.known}
        for wire, (name, kind) in fields.optional.items():
            item = given.get(wire)
            # null means absent, and so does an empty text.
            if item is None or item == "":
                continue
            problems: list[Exception] = []
            try:
                changes[name] = self._read(wire, kind, item, problems)
            except Exception as error:  # noqa: BLE001 - hooks may raise anything
                problems.append(error)
            if problems:
                self._report(wire, name, problems)
                extra[wire] = item
        return cast("T", attrs.evolve(cast("Any", value), **changes, extra=extra))

    def _read(
        self, wire: str, kind: type[object], item: object, problems: list[Exception]
    ) -> object:
        """Read an optional field; the problems of single elements of a list are collected."""
        if not is_list(kind):
            return self._converter.structure(item, kind)
        if wire in self._fields.single and not _is_array(item):
            item = [item]
        elements = cast("list[object]", _list(item, kind))
        (element,) = get_args(kind)
        read: list[object] = []
        for one in elements:
            if one is None and not takes_null(element):
                continue
            try:
                read.append(self._converter.structure(one, element))
            except Exception as error:  # noqa: BLE001 - hooks may raise anything
                problems.append(error)
        return read

    def _report(self, wire: str, name: str, problems: list[Exception]) -> None:
        beyond = next(filter(_is_beyond, problems), None)
        if beyond is not None:
            beyond.add_note(AttributeValidationNote(name, name, self._kind))
            raise _group("", [beyond], self._kind)
        odd = odd_places.get()
        if odd is not None:
            odd.append(place_of(problems[0], f"{self._kind.__name__}.{wire}"))


def _is_array(value: object) -> bool:
    return type(value) is list


def _is_beyond(error: BaseException) -> bool:
    """Whether an error is, or has within, a value that is beyond the limits on answers."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_beyond, cast("BaseExceptionGroup[BaseException]", error).exceptions))
    return isinstance(error, BoundError)


def place_of(error: BaseException, path: str = "$") -> str:
    """Describe the first problem of a cattrs error and its place, without any value."""
    if isinstance(error, BaseValidationError):
        inner = error.exceptions[0]
        return place_of(inner, path + _step(inner, getattr(error, "cl", None)))
    if isinstance(error, KeyError):
        return f"required field missing at {path}.{error.args[0]}"
    if isinstance(error, UnfitError):
        return error.place  # of a class that reads or checks itself
    if isinstance(error, WrongTypeError | BoundError):
        return f"{error} at {path}"
    return f"invalid value at {path}"


def _step(error: BaseException, kind: object) -> str:
    """Read the name that cattrs left in the notes of an inner error."""
    for note in getattr(error, "__notes__", []):
        if isinstance(note, AttributeValidationNote):
            # A KeyError names the field itself.
            return "" if isinstance(error, KeyError) else f".{wire_name_of(kind, note.name)}"
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]"
    return ""
