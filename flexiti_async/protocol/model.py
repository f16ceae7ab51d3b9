"""
Models as plain values for JSON, and back.

`to_dict` returns what `json.dumps` accepts: amounts as text, dates in ISO 8601. `from_dict` reads
it back. FastAPI, and anything else that is built on pydantic, takes and returns the models through
`__get_pydantic_core_schema__`, which only pydantic calls: it is no dependency.

Secrets, and in requests also personal data (the fields that the repr hides), are written with
`reveal=True` only. As with `Secret.reveal`, a search finds every place where they leave.
"""

import datetime
import enum
import functools
import typing
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Protocol, Self, TypeGuard, TypeVar, cast

import attrs
import cattrs

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.model_fields import wire_name_of
from flexiti_async.protocol.redact import mask, quoted_name
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import StrictReader
from flexiti_async.protocol.validation import nearest, sensitive_arguments
from flexiti_async.protocol.validators import INVALID, REQUIRED, WRONG_FORMAT
from flexiti_async.protocol.wire_types import decimal

__all__ = [
    "SECRETS",
    "AnswerModel",
    "Model",
    "RequestModel",
    "attributes_of",
    "hints_of",
    "model_in",
    "plain_json",
    "properties_of",
    "reader",
    "revealing_converter",
    "schema_part_of",
]

T = TypeVar("T")
_EXTRA: Final = "extra"
SECRETS: Final = frozenset(
    {
        "access_token",
        "client_secret",
        "merchant_password",
        "password",
        "redirection_url",
        "refresh_token",
        "security_answer",
        "session_id",
        "token",
        "vcc_number",
        "widgetSessionId",
        "widget_session_id",
    }
)
"""Names of secrets in answers: a later release of the API may add them to any answer."""
_MISSING: Final = "required field missing"
_LONGEST: Final = 400
"""Digits of a number that is written without an exponent; numbers of the API have no more."""
_DESCRIBED: Final[dict[type, tuple[Sequence[str], Mapping[str, object]]]] = {}
"""Properties and types of the fields of each model, found when it is first used."""


class _JsonSchemaHandler(Protocol):
    """The part of pydantic's handler that is used."""

    mode: str


class Model:
    """A frozen attrs class of `flexiti_async.api`."""

    __slots__ = ()

    _schema: ClassVar[Mapping[str, object] | None] = None
    """Parts of the JSON Schema of a model that its fields do not describe."""

    def to_dict(self, *, reveal: bool = False) -> dict[str, object]:
        """
        Return the data as plain values for JSON; `from_dict` reads them back.

        Amounts become text, so that no digit is lost.

        Args:
            reveal: Include secrets, and in a request the personal data that its repr hides; protect
                the result.
        """
        raise NotImplementedError

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """
        Build the model from plain values, such as decoded JSON.

        Raises:
            ValidationError: The data are invalid.
        """
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from flexiti_async.protocol.pydantic_schema import core_schema_of

        del source, handler
        return core_schema_of(cls)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: object, handler: _JsonSchemaHandler
    ) -> dict[str, object]:
        from flexiti_async.protocol.json_schema import json_schema_of

        del schema
        return json_schema_of(cls, written=handler.mode == "serialization")


class AnswerModel(Model):
    """The data of an answer. Fields that this release does not know are in `extra`."""

    __slots__ = ()

    def to_dict(self, *, reveal: bool = False) -> dict[str, object]:
        """
        Return the data as plain values for JSON, by the names of the API.

        Amounts become text, so that no digit is lost. Properties are included under their own
        names, and the fields of `extra` are beside the known ones. `from_dict` reads the result.

        Args:
            reveal: Include secrets, such as the URL of a widget; protect the result.
        """
        computed = {name: getattr(self, name) for name in properties_of(type(self))}
        return {
            **_fields_of(self, reveal=reveal, computed=True),
            **_shown(computed, reveal=reveal, computed=True),
        }

    @classmethod
    @sensitive_arguments
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """
        Build the model from an answer of the API, decoded from JSON, or from `to_dict`.

        Raises:
            ValidationError: A field is missing or has a wrong type; the first such field is named.
        """
        given = _object_of(data)
        try:
            return cls._read(given)
        except UnfitError as unfit:
            place = unfit.place
        problem, _, path = place.rpartition(" at $")
        msg = REQUIRED if problem == _MISSING else WRONG_FORMAT
        raise ValidationError(field_errors=[FieldError(path.lstrip(".") or "$", msg, hint=problem)])

    @classmethod
    def _read(cls, given: Mapping[str, object]) -> Self:
        """Build the model. Raises UnfitError."""
        return reader().structure(given, cls)


class RequestModel(Model):
    """The data of a request, which have been checked."""

    __slots__ = ()

    def to_dict(self, *, reveal: bool = False) -> dict[str, object]:
        """
        Return the fields as plain values for JSON, without personal data.

        Amounts become text, so that no digit is lost.

        Args:
            reveal: Include the personal data that the repr hides, and secrets; protect the result.
                `from_dict` reads it back.
        """
        return {
            attribute.name: _plain(getattr(self, attribute.name), reveal=reveal, computed=True)
            for attribute in attributes_of(type(self))
            if reveal or attribute.repr
        }

    @classmethod
    @sensitive_arguments
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """
        Build the model from plain values by the names of its fields; null means not given.

        Amounts are text or whole numbers: a float is not exact.

        Raises:
            ValidationError: Fields are invalid or unknown; all problems are reported together.
        """
        given = _object_of(data)
        names = {attribute.alias or attribute.name for attribute in attributes_of(cls)}
        errors: list[FieldError] = []
        values: dict[str, object] = {}
        for name, value in given.items():
            if name not in names:
                errors.append(_unknown(name, names))
            elif value is not None:
                values[name] = _read_field(hints_of(cls)[name], name, value, errors)
        # A model that could not be read is missing: it has errors of its own.
        unread = tuple(filter(None, (error.param.rpartition(".")[0] for error in errors)))
        try:
            built = cls(**values)
        except ValidationError as error:
            found = [one for one in error.field_errors if not one.param.endswith(unread)]
            errors = [*found, *errors]
        else:
            if not errors:
                return built
        raise ValidationError(field_errors=errors)


def revealing_converter() -> cattrs.Converter:
    """
    Return a cattrs converter that writes models as plain values and reads them back.

    For stores and queues of the shop. It writes secrets and personal data: protect the result. It
    writes no properties, and numbers in `extra` as text. Each call returns a converter of its own,
    to which the shop can add hooks for its own types.
    """
    converter = cattrs.Converter()
    converter.register_structure_hook_func(_is_model, lambda data, kind: kind.from_dict(data))
    converter.register_unstructure_hook_func(_is_model, _exact)
    converter.register_structure_hook(Secret, lambda data, _: Secret.of(data))
    converter.register_unstructure_hook(Secret, Secret.reveal)
    return converter


def attributes_of(model: type) -> "Sequence[attrs.Attribute[object]]":
    """Return the fields of a model."""
    kind = cast("type[attrs.AttrsInstance]", model)
    fields: Sequence[attrs.Attribute[object]] = attrs.fields(kind)
    return fields


def properties_of(model: type) -> Sequence[str]:
    """Return the names of the public properties of a model."""
    return _described(model)[0]


def hints_of(model: type) -> Mapping[str, object]:
    """Return the types of the fields of a model."""
    return _described(model)[1]


def _described(model: type) -> tuple[Sequence[str], Mapping[str, object]]:
    found = _DESCRIBED.get(model)
    if found is None:
        found = _DESCRIBED[model] = _properties(model), _hints(model)
    return found


def _properties(model: type) -> Sequence[str]:
    return tuple(
        name
        for kind in reversed(model.__mro__)
        for name, member in vars(kind).items()
        if isinstance(member, property) and not name.startswith("_")
    )


def _hints(model: type) -> Mapping[str, object]:
    hints: dict[str, Any] = typing.get_type_hints(model)
    bases: tuple[object, ...] = getattr(model, "__orig_bases__", ())
    arguments = tuple(one for base in bases for one in typing.get_args(base))
    for name, hint in hints.items():
        if getattr(hint, "__parameters__", ()):  # such as the items of a page
            hints[name] = hint[arguments]
    return hints


def schema_part_of(model: type[Model]) -> Mapping[str, object] | None:
    """Return the parts of the JSON Schema that the fields of a model do not describe."""
    return model._schema  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - same module


def model_in(hint: object) -> type[Model] | None:
    """Return the model that a type is or contains, such as `SkuData | None`."""
    kind = typing.get_origin(hint) or hint  # such as Page of Page[Capture]
    if _is_model(kind):
        return kind
    return next(filter(None, map(model_in, typing.get_args(hint))), None)


def _is_model(kind: object) -> TypeGuard[type[Model]]:
    return isinstance(kind, type) and issubclass(kind, Model)


def _object_of(data: object) -> dict[str, object]:
    given = data
    if isinstance(given, Mapping):
        copied = dict(cast("Mapping[object, object]", given))
        if all(isinstance(name, str) for name in copied):
            return cast("dict[str, object]", copied)
    raise ValidationError(
        field_errors=[FieldError("$", WRONG_FORMAT, mask(data), "must be a JSON object")]
    )


def _unknown(name: str, names: set[str]) -> FieldError:
    shown = bool(quoted_name(name))
    close = nearest(name, names) if shown else ""
    hint = f"unknown field{f', did you mean {close!r}?' if close else ''}"
    return FieldError(name if shown else "?", INVALID, hint=hint)


def _read_field(hint: object, name: str, value: object, errors: list[FieldError]) -> object:
    """Return the value for a field of a request; collect the problems of the models in it."""
    model = model_in(hint)
    if model is None:
        return _read_number(hint, value)
    if isinstance(value, list):
        return [
            _read_model(model, one, f"{name}[{place}]", errors)
            for place, one in enumerate(cast("list[object]", value))
        ]
    return _read_model(model, value, name, errors)


def _read_model(model: type[Model], value: object, place: str, errors: list[FieldError]) -> object:
    """Read a model; return anything but an object unchanged, for the field's rule to reject."""
    if not isinstance(value, Mapping):
        return value
    try:
        return model.from_dict(cast("Mapping[str, object]", value))
    except ValidationError as error:
        found = error.field_errors
    # The API's name of a field in a list, `sku_data.products.quantity`, has no index.
    inner = place.partition("[")[0]
    for one in found:
        rest = one.param.rpartition(f"{inner}.")[2]
        errors.append(attrs.evolve(one, param=f"{place}.{rest}"))
    return None


def _read_number(hint: object, value: object) -> object:
    """Read the text of a number for a field that takes no text."""
    kinds = typing.get_args(hint)
    if not isinstance(value, str) or Decimal not in kinds or str in kinds:
        return value
    try:
        return decimal(value, Decimal)
    except (ValueError, TypeError, ArithmeticError):
        return value


def _exact(model: Model) -> dict[str, object]:
    """Return the plain values without properties: one that reads `extra` may change a number."""
    if type(model).to_dict is AnswerModel.to_dict:
        return _fields_of(model, reveal=True, computed=False)
    return model.to_dict(reveal=True)


def _fields_of(model: Model, *, reveal: bool, computed: bool) -> dict[str, object]:
    """Return the plain values of the fields of an answer."""
    fields: dict[str, object] = {
        wire_name_of(type(model), attribute.name) or attribute.name: getattr(model, attribute.name)
        for attribute in attributes_of(type(model))
    }
    extra = cast("Mapping[str, object]", fields.pop(_EXTRA, {}))
    return _shown({**extra, **fields}, reveal=reveal, computed=computed)


def _shown(values: Mapping[str, object], *, reveal: bool, computed: bool) -> dict[str, object]:
    return {
        name: _plain(value, reveal=reveal, computed=computed)
        for name, value in values.items()
        if reveal or not (name in SECRETS or isinstance(value, Secret))
    }


def _plain(value: object, *, reveal: bool, computed: bool) -> object:
    if isinstance(value, Model):
        return value.to_dict(reveal=reveal) if computed else _exact(value)
    if isinstance(value, list | tuple):
        listed = cast("Sequence[object]", value)
        return [_plain(one, reveal=reveal, computed=computed) for one in listed]
    return value.reveal() if isinstance(value, Secret) else plain_json(value, reveal=reveal)


def plain_json(value: object, *, reveal: bool) -> object:
    """Return decoded JSON with the text of each number that has a point."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value).items()
        return {
            name: plain_json(one, reveal=reveal)
            for name, one in fields
            if reveal or name not in SECRETS
        }
    if isinstance(value, list | tuple):
        return [plain_json(one, reveal=reveal) for one in cast("Sequence[object]", value)]
    return _text(value)


def _text(value: object) -> object:
    """Return the text of a value that JSON has no form for."""
    if isinstance(value, Decimal):
        plain = value.is_finite() and abs(value.adjusted()) <= _LONGEST
        return format(value, "f") if plain else str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value


@functools.cache
def reader() -> StrictReader:
    """Return the reader of plain values; unlike that of answers it knows what `to_dict` adds."""
    return StrictReader(_tidied)


def _tidied(model: object) -> object:
    """Take from `extra` what `to_dict` has written beside the fields of the API."""
    kind = type(model)
    built = cast("AnswerModel", model)
    extra: Mapping[str, object] = getattr(built, _EXTRA)
    own = {a.name for a in attributes_of(kind) if wire_name_of(kind, a.name) is None}
    computed = [name for name in properties_of(kind) if name in extra]
    fields = {
        name: reader().structure(extra[name], cast("type[object]", hints_of(kind)[name]))
        for name in own.intersection(extra)
    }
    if not fields and not computed:
        return model
    rest = {k: value for k, value in extra.items() if k not in fields and k not in computed}
    built = cast("AnswerModel", attrs.evolve(cast("Any", built), extra=rest, **fields))
    found = built.to_dict(reveal=True)
    # A property that reads `extra` may have no other source.
    lost = {name: extra[name] for name in computed if extra[name] not in (None, found[name])}
    if not lost:
        return built
    return attrs.evolve(cast("Any", built), extra={**rest, **lost})
