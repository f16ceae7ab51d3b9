"""
Rules as JSON, and as the short text of a command line; both become the same values.

JSON is a rule's fields by name; fields with a default may be omitted:

```json
{"fault": {"kind": "answer", "status": 503}, "endpoint": "oauth/token", "times": 3}
```

A body that is not UTF-8 is `body_base64` instead of `body`. The short text is an endpoint, or `*`
for all, a colon, and the rest of that object: the kind, then `name=value` separated by commas.

| text | meaning |
|---|---|
| `oauth/token:status=503,times=3` | an `Answer`, because the text names no kind |
| `widget/init:drop` | a `Drop`, once |
| `*:delay,seconds=0.2,times=null,probability=0.1,seed=7` | one request in ten, until healed |
| `*:reset,times=null,only.headers.x-worker=2` | dots mean nesting |
| `{"fault": …}` | JSON, for values that contain a comma |

Values of fields that are not strings are read as JSON: numbers, true, false, null.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from flexiti_async.sandbox.faults.kinds import KINDS, Answer, Fault
from flexiti_async.sandbox.faults.rules import FaultRule, Only
from flexiti_async.sandbox.faults.validators import Document, as_mapping
from flexiti_async.sandbox.wire.suggestion import suggestion

__all__ = ["read_json", "rule_from_json", "rule_from_text", "rule_to_json"]

_BASE64 = "body_base64"
_TEXT_TYPES = (str, str | None, bytes | None, Mapping[str, str])


class _Setting(str):
    """A value of the short text; fields that are not strings read it as JSON."""

    __slots__ = ()


def rule_to_json(rule: FaultRule) -> dict[str, Document]:
    """Return a rule as a JSON object, without the fields that have their default."""
    fault, written = rule.fault, cast("dict[str, Any]", _converter.unstructure(rule))
    written["fault"] = {"kind": fault.kind, **written["fault"]}
    if isinstance(fault, Answer) and fault.body is not None:
        try:
            written["fault"]["body"] = fault.body.decode()
        except UnicodeDecodeError:
            del written["fault"]["body"]
            written["fault"][_BASE64] = b64encode(fault.body).decode("ascii")
    return written


def rule_from_json(value: object) -> FaultRule:
    """
    Read a rule.

    Raises:
        ValueError: The value is not a rule; the text lists all problems and quotes no value.
    """
    try:
        return _converter.structure(value, FaultRule)
    except ClassValidationError as error:
        raise ValueError("; ".join(_problems(error))) from None


def rule_from_text(text: str) -> FaultRule:
    """
    Read a rule from the short text, or from JSON in a text.

    Raises:
        ValueError: The text is not a rule; the error lists the problems and quotes no value.
    """
    if text.startswith("{"):
        return rule_from_json(read_json(text))
    endpoint, _, rest = text.partition(":")
    if not rest:
        msg = "write ENDPOINT:FAULT, like oauth/token:status=503,times=3"
        raise ValueError(msg)
    first, *more = rest.split(",")
    kind, settings = (Answer.kind, [first, *more]) if "=" in first else (first, more)
    fault: dict[str, object] = {"kind": kind}
    rule: dict[str, object] = {"fault": fault}
    if endpoint != "*":
        rule["endpoint"] = endpoint
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            msg = "settings are NAME=VALUE, separated by commas; use JSON for values with a comma"
            raise ValueError(msg)
        names = path.split(".", 2 if path.startswith("only.") else 1)
        _put(rule if names[0] in attrs.fields_dict(FaultRule) else fault, names, _Setting(value))
    return rule_from_json(rule)


def read_json(text: str | bytes) -> object:
    """
    Read JSON.

    Raises:
        ValueError: The text is not JSON; the error quotes nothing of it.
    """
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        msg = "that is not valid JSON"
        raise ValueError(msg) from None
    return value


def _refuse_constant(name: str) -> object:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _put(into: dict[str, object], names: list[str], value: str) -> None:
    *outer, last = names
    for name in outer:
        inner = into.setdefault(name, {})
        if not isinstance(inner, dict):
            msg = f"{name} is set twice"
            raise ValueError(msg)  # noqa: TRY004 - one type for every problem of the text
        into = cast("dict[str, object]", inner)
    if last in into:
        msg = f"{last} is set twice"
        raise ValueError(msg)
    into[last] = value


def _read_setting(value: object) -> object:
    """Read a setting as JSON; if it is not JSON, it stays a string."""
    if not isinstance(value, _Setting):
        return value
    try:
        return read_json(value)
    except ValueError:
        return str(value)


def _problems(error: ClassValidationError) -> Iterator[str]:
    name = _name(error.cl)
    for problem in error.exceptions:
        match problem:
            case ClassValidationError():
                yield from _problems(problem)
            case ForbiddenExtraKeysError():
                known = [field.name for field in attrs.fields(error.cl)]
                for extra in sorted(problem.extra_fields):
                    hint = f": {suggestion(extra, known)}" if known else ""
                    yield f"{name} has no setting {extra!a}{hint}"
            case KeyError():
                yield f"{name} needs {problem.args[0]}"
            case _:
                yield str(problem)


def _name(cls: type[Any]) -> str:
    return "a rule" if cls is FaultRule else "only" if cls is Only else str(cls.kind)


def _is_mapping(type_: Any) -> bool:  # noqa: ANN401 - cattrs passes types of every form
    return get_origin(type_) is Mapping


def _structure_fault(value: object, _: object) -> Fault:
    members = as_mapping(value, "a fault")
    kind = members.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        msg = f"unknown kind of fault: {suggestion(str(kind), KINDS)}"
        raise ValueError(msg)
    if kind == Answer.kind and members.keys() & {"body", _BASE64}:
        members["body"] = _decoded(members.get("body"), members.pop(_BASE64, None))
    return _converter.structure(members, KINDS[kind])


def _decoded(text: object, base64: object) -> object:
    """Decode a body in either spelling; the field then refuses anything but bytes."""
    try:
        if isinstance(text, str) and base64 is None:
            return text.encode()
        if isinstance(base64, str) and text is None:
            return b64decode(base64, validate=True)
    except ValueError:
        return ()
    return None if text is base64 is None else (text, base64)


def _checked(field: "attrs.Attribute[Any]") -> Callable[[object, object], object]:
    """Run a field's own converter and validator where cattrs collects what they raise."""
    convert = cast("Callable[[object], object] | None", field.converter)  # pyright: ignore[reportUnknownMemberType]

    def check(value: object, _: object) -> object:
        if field.type not in _TEXT_TYPES:
            value = _read_setting(value)
            if isinstance(value, dict):  # `fields.expires_in=5`: dots lead one level down
                members = cast("dict[str, object]", value)
                value = {name: _read_setting(member) for name, member in members.items()}
        if convert is not None:
            value = convert(value)
        if field.validator is not None:
            field.validator(None, field, value)
        return value

    return check


def _reader(cls: type[Any], converter: Converter) -> Callable[[object, object], object]:
    """Build the hook of one class: cattrs checks the names, the class its values."""
    hooks = {field.name: _checked(field) for field in attrs.fields(cls)}
    if cls is FaultRule:
        hooks["fault"] = _structure_fault
        hooks["only"] = lambda value, _: converter.structure(value, Only)
    overrides: Any = {name: override(struct_hook=hook) for name, hook in hooks.items()}
    read: Callable[[Mapping[str, Any], Any], object] = make_dict_structure_fn(
        cls, converter, **overrides
    )
    return lambda value, _: read(as_mapping(value, _name(cls)), cls)


_converter = Converter(forbid_extra_keys=True, omit_if_default=True)
_converter.register_structure_hook_factory(attrs.has, _reader)
_converter.register_unstructure_hook_func(_is_mapping, dict)
