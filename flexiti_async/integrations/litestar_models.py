"""
Litestar: the models of `flexiti_async.api` as the data that handlers take and return.

`FlexitiPlugin` adds this plugin. A handler may take and return a model, and a list or a mapping of
models:

```python
from litestar import Litestar, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.api import Widget
from flexiti_async.integrations.litestar import FlexitiPlugin


@post("/widget")
async def widget(
    data: JSONBody[PurchaseWidget], flexiti: NamedDependency[FlexitiSession]
) -> Widget:
    return await flexiti.init_widget(data)


app = Litestar([widget], plugins=[FlexitiPlugin()])
```

Bodies are JSON or MessagePack. Invalid data raise `ValidationError`, all problems together, for
which `FlexitiPlugin` returns problem details with status 422.
"""

import typing
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, TypeGuard, cast

import attrs
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.enums import RequestEncodingType
from litestar.exceptions import (
    ClientException,
    ImproperlyConfiguredException,
    SerializationException,
)
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import SerializationPlugin
from litestar.serialization import decode_msgpack
from litestar.typing import FieldDefinition

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.json_codec import UnfitError, decode
from flexiti_async.protocol.json_schema import schema_of
from flexiti_async.protocol.model import Model, model_in
from flexiti_async.protocol.validators import WRONG_FORMAT

__all__ = ["ModelDTO", "ModelsPlugin"]

_LISTS: Final = frozenset({list, tuple, Sequence})
_MAPPINGS: Final = frozenset({dict, Mapping})
_UNIONS: Final = frozenset({typing.Union, UnionType})
_NAMES: Final = {"anyOf": "any_of", "additionalProperties": "additional_properties"}


class ModelDTO(AbstractDTO[Model]):
    """Reads the body of a request with `from_dict`, writes that of a response with `to_dict`."""

    kind: ClassVar[object] = Model
    """Annotation of the handler: a model, or a type of models."""

    def decode_builtins(self, value: dict[str, Any]) -> object:
        """Read decoded data, such as a form."""
        return _read(self.kind, value, "")

    def decode_bytes(self, value: bytes) -> object:
        """
        Read the body of a request, JSON or MessagePack.

        Raises:
            ClientException: It is neither.
            ValidationError: The data are invalid.
        """
        connection = cast("object", self.asgi_connection)  # pyright: ignore[reportUnknownMemberType]
        content_type, *_ = getattr(connection, "content_type", ("",))
        try:
            packed = content_type == RequestEncodingType.MESSAGEPACK
            data = cast("object", decode_msgpack(value) if packed else decode(value))
        except (UnfitError, SerializationException):
            data = self  # no data are a DTO
        if data is self:
            raise ClientException("the body can be read neither as JSON nor as MessagePack")
        return self.decode_builtins(cast("dict[str, Any]", data))

    def data_to_encodable_type(self, data: Model | Collection[Model]) -> Any:  # noqa: ANN401 - Litestar's
        """Return the plain values of what a handler returns."""
        return _written(data)

    @classmethod
    def generate_field_definitions(
        cls, model_type: type[Model]
    ) -> Generator[DTOFieldDefinition, None, None]:
        """Yield nothing: the model reads and writes itself."""
        del model_type
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Return False: the model reads and writes itself."""
        del field_definition
        return False

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        """Whether a type contains a model."""
        return model_in(field_definition.annotation) is not None

    @classmethod
    def create_for_field_definition(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,
        backend_cls: object = None,
    ) -> None:
        """
        Check the type that a handler takes; there is nothing to create.

        Raises:
            ImproperlyConfiguredException: It is not one of those that can be read.
        """
        del handler_id, backend_cls
        if field_definition.name == "data" and not _is_readable(field_definition.annotation):
            raise ImproperlyConfiguredException(
                "a handler takes a model of flexiti_async, an optional one, or a list or a mapping "
                "of them"
            )

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: object
    ) -> Schema:
        """Return the schema for the document of the application."""
        del handler_id, schema_creator
        taken = field_definition.name == "data"
        return _openapi(schema_of(field_definition.annotation, written=not taken))


class ModelsPlugin(SerializationPlugin):
    """Takes and returns the models of `flexiti_async.api`; `FlexitiPlugin` adds it."""

    def supports_type(self, field_definition: FieldDefinition) -> bool:
        """Whether a type is one of the models."""
        return field_definition.is_subclass_of(Model)

    def create_dto_for_type(self, field_definition: FieldDefinition) -> type[ModelDTO]:
        """Return the DTO of a handler's type."""
        kind: object = field_definition.annotation
        return type("ModelDTO", (ModelDTO,), {"kind": kind, "model_type": Model})


def _is_model(kind: object) -> TypeGuard[type[Model]]:
    return isinstance(kind, type) and issubclass(kind, Model)


def _is_readable(kind: object) -> bool:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if _is_model(origin or kind):
        return True
    if origin in _UNIONS:
        kinds = [one for one in arguments if one is not NoneType]
        return len(kinds) == 1 and _is_readable(kinds[0])
    if origin in _LISTS:
        return _is_readable(arguments[0])
    return origin in _MAPPINGS and arguments[0] is str and _is_readable(arguments[1])


def _read(kind: object, value: object, place: str) -> object:
    """Read a type of models; `place` is that of the value in the body, such as `[3].`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    model = origin or kind  # a page has the type of its items
    if _is_model(model):
        return _read_model(model, value, place)
    if origin in _UNIONS:
        inner = next(one for one in arguments if one is not NoneType)
        return None if value is None else _read(inner, value, place)
    if origin in _MAPPINGS and isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        read = _read_all((f"{place}{name}.", arguments[1], one) for name, one in items)
        return dict(zip(cast("Mapping[str, object]", value), read, strict=True))
    if origin in _LISTS and isinstance(value, list):
        listed = enumerate(cast("list[object]", value))
        read = _read_all((f"{place}[{index}].", arguments[0], one) for index, one in listed)
        return tuple(read) if origin is tuple else read
    wanted = "an array" if origin in _LISTS else "an object"
    raise ValidationError(
        field_errors=[FieldError(place.rstrip(".") or "$", WRONG_FORMAT, hint=f"must be {wanted}")]
    )


def _read_all(items: Iterable[tuple[str, object, object]]) -> list[object]:
    """Read each item; report the problems of all together."""
    read: list[object] = []
    errors: list[FieldError] = []
    for place, kind, value in items:
        try:
            read.append(_read(kind, value, place))
        except ValidationError as error:
            errors += error.field_errors
    if errors:
        raise ValidationError(field_errors=errors)
    return read


def _read_model(model: type[Model], value: object, place: str) -> Model:
    try:
        return model.from_dict(cast("Mapping[str, object]", value))
    except ValidationError as error:
        found = error.field_errors
    raise ValidationError(
        field_errors=[
            attrs.evolve(one, param=f"{place}{one.param}".removesuffix(".$")) for one in found
        ]
    )


def _written(value: object) -> object:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {name: _written(one) for name, one in items}
    if isinstance(value, list | tuple):
        return [_written(one) for one in cast("Sequence[object]", value)]
    return value


def _openapi(schema: Mapping[str, object]) -> Schema:
    values: dict[str, Any] = {_NAMES.get(name, name): value for name, value in schema.items()}
    if "type" in values:
        values["type"] = OpenAPIType(values["type"])
    if "items" in values:
        values["items"] = _openapi(values["items"])
    for name in ("properties", "any_of"):
        inner: object = values.get(name)
        if isinstance(inner, dict):
            named = cast("dict[str, dict[str, object]]", inner)
            values[name] = {key: _openapi(one) for key, one in named.items()}
        elif isinstance(inner, list):
            values[name] = [_openapi(one) for one in cast("list[dict[str, object]]", inner)]
    return Schema(**values)
