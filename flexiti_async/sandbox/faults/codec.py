"""
Rules as JSON, and as the short text of a command line; both end in the same values.

JSON is a rule's fields by name; what has a default may be left out:

```json
{"fault": {"kind": "answer", "status": 503}, "endpoint": "oauth/token", "times": 3}
```

A body that is no UTF-8 is `body_base64` instead of `body`. The short text is an endpoint, or `*`
for all, a colon, and what is to go into that object: the kind, then names and values with commas
between.

| text | means |
|---|---|
| `oauth/token:status=503,times=3` | an `Answer`, because no kind is named |
| `widget/init:drop` | a `Drop`, once |
| `*:delay,seconds=0.2,times=null,probability=0.1,seed=7` | for ever, for one request in ten |
| `*:reset,times=null,only.headers.x-worker=2` | dots lead into an object |
| `{"fault": …}` | JSON, where a value has a comma in it |

Values are JSON where they are to be numbers, true, false or null.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias, TypeVar, cast

import attrs

from flexiti_async.sandbox.faults.kinds import (
    Alter,
    Answer,
    Delay,
    Drip,
    Drop,
    Endless,
    Fault,
    GzipBomb,
    Hang,
    Malformed,
    Redirect,
    Reset,
    Truncate,
)
from flexiti_async.sandbox.faults.rules import Only, Rule
from flexiti_async.sandbox.faults.validators import Document, as_mapping

__all__ = ["read_json", "rule_from_json", "rule_from_text", "rule_to_json"]

_KINDS: tuple[type[Fault], ...] = (
    *(Answer, Redirect, Delay, Drop, Reset, Hang),
    *(Truncate, Drip, Malformed, Alter, Endless, GzipBomb),
)
_FIELDS = {kind.kind: attrs.fields(kind) for kind in _KINDS}
_MAKE: dict[str, Callable[..., Fault]] = {kind.kind: kind for kind in _KINDS}
_T = TypeVar("_T")
_Members: TypeAlias = Mapping[str, Document]
_BASE64 = "body_base64"
_RULE = tuple(attribute.name for attribute in attrs.fields(Rule) if attribute.name != "fault")
_TEXTS = frozenset({"headers", "body", _BASE64, "url", "address"})
"""Names whose values stay text in the short form, also where they look like a number."""


def rule_to_json(rule: Rule) -> dict[str, Document]:
    """Give a rule as a JSON object; what is as by default is left out."""
    written: dict[str, Document] = {"fault": {"kind": rule.fault.kind, **_written(rule.fault)}}
    return {**written, **_written(rule)}


def rule_from_json(value: object) -> Rule:
    """
    Read a rule.

    Raises:
        ValueError: It is none; the text says what is wrong, and quotes no value.
    """
    members = as_mapping(value, "a rule")
    if "fault" not in members:
        msg = "a rule needs a fault"
        raise ValueError(msg)
    members["fault"] = _fault(members["fault"])
    if "only" in members:
        members["only"] = _only(members["only"])
    _check_names(members, attrs.fields(Rule), "a rule")
    return _made(Rule, members)


def rule_from_text(text: str) -> Rule:
    """
    Read a rule from the short text, or from JSON in a text.

    Raises:
        ValueError: It is none; the text says what is wrong, and quotes no value.
    """
    if text.startswith("{"):
        return rule_from_json(read_json(text))
    endpoint, colon, rest = text.partition(":")
    if not colon or not rest:
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
            msg = "between commas there must be NAME=VALUE; JSON can say what has a comma in it"
            raise ValueError(msg)
        names = path.split(".", 2 if path.startswith("only.") else 1)
        _put(rule if names[0] in _RULE else fault, names, value)
    return rule_from_json(rule)


def read_json(text: str | bytes) -> object:
    """
    Read JSON.

    Raises:
        ValueError: It is none; nothing of it is quoted.
    """
    try:
        value: object = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        msg = "that is no JSON"
        raise ValueError(msg) from None
    return value


def _no_constant(name: str) -> object:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _put(into: dict[str, object], names: list[str], value: str) -> None:
    *outer, last = names
    for name in outer:
        inner: object = into.setdefault(name, {})
        if not isinstance(inner, dict):
            msg = f"{name} is set twice"
            raise ValueError(msg)  # noqa: TRY004 - one type for whatever is wrong with the text
        into = inner  # pyright: ignore[reportUnknownVariableType] - made here, of such dictionaries
    if last in into:
        msg = f"{last} is set twice"
        raise ValueError(msg)
    into[last] = value if _TEXTS.intersection(names) else _scalar(value)


def _scalar(text: str) -> object:
    try:
        return read_json(text)
    except ValueError:
        return text


def _fault(value: object) -> Fault:
    members = as_mapping(value, "a fault")
    kind = members.pop("kind", None)
    if not isinstance(kind, str) or kind not in _MAKE:
        msg = f"there is no such fault; there are: {', '.join(_MAKE)}"
        raise ValueError(msg)
    if kind == Answer.kind:
        members = _with_body(members)
    _check_names(members, _FIELDS[kind], kind)
    return _MAKE[kind](**members)


def _made(make: Callable[..., _T], members: Mapping[str, object]) -> _T:
    return make(**members)  # each class checks what it is given


def _only(value: object) -> Only:
    members = as_mapping(value, "only")
    _check_names(members, attrs.fields(Only), "only")
    return _made(Only, members)


def _with_body(members: dict[str, object]) -> dict[str, object]:
    """Turn the body of an answer into bytes, whichever way it was written."""
    given = [name for name in ("body", _BASE64) if name in members]
    if len(given) == 2:
        msg = f"answer takes body or {_BASE64}, not both"
        raise ValueError(msg)
    text = members.pop(given[0]) if given else None
    if text is None:
        return members
    try:
        if isinstance(text, str):
            body = text.encode() if given == ["body"] else b64decode(text, validate=True)
            return {**members, "body": body}
    except ValueError:
        pass
    msg = f"the body of an answer is a text; {_BASE64} is one in base 64"
    raise ValueError(msg)


def _check_names(
    members: Mapping[str, object], fields: "Collection[attrs.Attribute[object]]", name: str
) -> None:
    """Refuse unknown names and missing ones; the class then checks the values."""
    known = [field.name for field in fields]
    if unknown := sorted(members.keys() - set(known)):
        there_are = f"; there are: {', '.join(known)}" if known else ""
        msg = f"{name} has no {unknown[0]!a}{there_are}"
        raise ValueError(msg)
    needed = [field.name for field in fields if field.default is attrs.NOTHING]
    if missing := [field for field in needed if field not in members]:
        msg = f"{name} needs {missing[0]}"
        raise ValueError(msg)


def _written(value: Fault | Rule | Only) -> dict[str, Document]:
    """Write the fields of a value that are not as by default, all but the fault of a rule."""
    written: dict[str, Document] = {}
    for field in attrs.fields(type(value)):
        member: object = getattr(value, field.name)
        if field.name != "fault" and member != field.default:
            written |= _member(field.name, member)
    return written


def _member(name: str, value: object) -> dict[str, Document]:
    if isinstance(value, bytes):
        try:
            return {name: value.decode()}
        except UnicodeDecodeError:
            return {_BASE64: b64encode(value).decode("ascii")}
    if isinstance(value, Only | Mapping):
        inner = _written(value) if isinstance(value, Only) else dict(cast("_Members", value))
        return {name: inner} if inner else {}
    if isinstance(value, tuple):
        return {name: [str(each) for each in cast("tuple[object, ...]", value)]}
    return {name: value if isinstance(value, int | float | str) else None}
