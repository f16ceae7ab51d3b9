"""The fields of the models of answers: their names on the wire, and which of them are optional."""

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Final, Self, TypeVar, cast, get_args

import attrs
from attrs import frozen
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

__all__ = ["ModelFields", "is_list", "one_or_many", "takes_null", "wire_name", "wire_name_of"]

T = TypeVar("T")

_WIRE_NAME: Final = "flexiti_async.wire_name"
_ONE_OR_MANY: Final = "flexiti_async.one_or_many"


def wire_name(name: str | None) -> Mapping[str, object]:
    """Return the attrs metadata of a field's name on the wire; None if it is not on the wire."""
    return {_WIRE_NAME: name}


def one_or_many() -> Mapping[str, object]:
    """Return the attrs metadata of a list that the API may also write as its only element."""
    return {_ONE_OR_MANY: True}


def wire_name_of(kind: object, name: str) -> str | None:
    """Return the wire name of a field; the name itself if the class has no such field."""
    fields = attrs.fields_dict(kind) if isinstance(kind, type) and attrs.has(kind) else {}
    return fields[name].metadata.get(_WIRE_NAME, name) if name in fields else name


def is_list(kind: object) -> bool:
    """Whether a type is `list[...]`."""
    return getattr(kind, "__origin__", None) is list


def takes_null(kind: object) -> bool:
    """Whether null is a value of a type."""
    return kind is object or NoneType in get_args(kind)


@frozen
class ModelFields:
    """
    The fields of an attrs class with an `extra`.

    Attributes:
        names: The name of each on the wire, None for one that is not there.
        known: All names on the wire.
        optional: The name of each optional field and its type, by its name on the wire.
        single: The lists that the API may also write as their only element, by those names.
    """

    names: Mapping[str, str | None]
    known: frozenset[str | None]
    optional: Mapping[str, tuple[str, type[object]]]
    single: frozenset[str]

    @classmethod
    def of(cls, kind: type) -> Self:
        """Read the fields of a class."""
        fields = [one for one in attrs.fields(kind) if one.name != "extra"]
        names = {one.name: wire_name_of(kind, one.name) for one in fields}
        optional: dict[str, tuple[str, type[object]]] = {}
        single: set[str] = set()
        for one in fields:
            wire = names[one.name]
            if wire is not None and one.default is not attrs.NOTHING:
                optional[wire] = one.name, cast("type[object]", one.type)
            if wire is not None and _ONE_OR_MANY in one.metadata:
                single.add(wire)
        return cls(names, frozenset(names.values()), optional, frozenset(single))

    def hook(self, kind: type[T], converter: Converter) -> Callable[[object, object], T]:
        """Return the hook of cattrs for the class, which reads what is on the wire."""
        overrides = {
            name: override(omit=True) if wire is None else override(rename=wire)
            for name, wire in {**self.names, "extra": None}.items()
        }
        make = cast("Callable[..., Callable[[object, object], T]]", make_dict_structure_fn)
        return make(kind, converter, **overrides)
