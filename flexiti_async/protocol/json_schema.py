"""JSON Schema (2020-12, as in OpenAPI 3.1) of the models, for the documents of web frameworks."""

import datetime
import enum
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import NoneType, UnionType
from typing import Final, cast

import attrs

from flexiti_async.protocol.model import (
    SECRETS,
    Model,
    RequestModel,
    attributes_of,
    hints_of,
    properties_of,
    schema_part_of,
)
from flexiti_async.protocol.model_fields import wire_name_of
from flexiti_async.protocol.secret import Secret

__all__ = ["json_schema_of", "schema_of"]

_EXTRA: Final = "extra"
_DECIMAL: Final[Mapping[str, object]] = {"type": "string", "format": "decimal"}
_SIMPLE: Final[Mapping[object, Mapping[str, object]]] = {
    NoneType: {"type": "null"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    Secret: {"type": "string", "format": "password"},
}


def json_schema_of(model: type[Model], *, written: bool) -> dict[str, object]:
    """
    Return the JSON Schema of a model.

    Args:
        model: The model.
        written: Describe the result of `to_dict()`, rather than what `from_dict` accepts.
    """
    part = schema_part_of(model)
    if part is not None:
        return {**_head(model), **part}
    request = issubclass(model, RequestModel)
    hints = hints_of(model)
    properties: dict[str, object] = {}
    required: list[str] = []
    for attribute in attributes_of(model):
        hint = hints[attribute.name]
        name = wire_name_of(model, attribute.name) or attribute.name
        hidden = not attribute.repr if request else hint is Secret or name in SECRETS
        if (written and hidden) or name == _EXTRA:
            continue
        properties[name] = schema_of(hint, written=written)
        if written or attribute.default is attrs.NOTHING:
            required.append(name)
    if written and not request:
        for name in properties_of(model):
            if name not in SECRETS:
                properties[name] = schema_of(_returned(model, name), written=True)
                required.append(name)
    schema = {**_head(model), "properties": properties, "additionalProperties": not request}
    return {**schema, "required": sorted(set(required))} if required else schema


def _head(model: type[Model]) -> dict[str, object]:
    described = (inspect.getdoc(model) or "").partition("\n")[0]
    return {"type": "object", "title": model.__name__, "description": described}


def _returned(model: type[Model], name: str) -> object:
    getter = cast("property", getattr(model, name)).fget
    return typing.get_type_hints(cast("Callable[..., object]", getter))["return"]


def schema_of(hint: object, *, written: bool) -> dict[str, object]:  # noqa: PLR0911 - a table
    """Return the schema of a type; an empty one, which accepts anything, if it is unknown."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SIMPLE:
        return {**_SIMPLE[hint]}
    if isinstance(hint, typing.NewType):
        return schema_of(hint.__supertype__, written=written)
    if origin in {typing.Union, UnionType}:
        return _one_of([schema_of(one, written=written) for one in arguments])
    if origin in {list, tuple, Sequence}:
        return {"type": "array", "items": schema_of(arguments[0], written=written)}
    if origin in {dict, Mapping}:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], written=written)}
    if hint is Decimal:
        return {**_DECIMAL} if written else _one_of([{**_DECIMAL}, {"type": "integer"}])
    kind = origin or hint
    if isinstance(kind, type) and issubclass(kind, Model):
        return json_schema_of(kind, written=written)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    return {}


def _one_of(schemas: Sequence[dict[str, object]]) -> dict[str, object]:
    """Return the schema of a union: each alternative once."""
    flat: list[dict[str, object]] = []
    for schema in schemas:
        inner = cast("list[dict[str, object]]", schema.get("anyOf", [schema]))
        flat += [one for one in inner if one not in flat]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}
