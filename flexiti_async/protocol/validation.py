"""
Request models that check themselves: rules written at the fields, problems reported together.

A request model is a frozen attrs class whose fields carry the rules of the API's tables:

    @validated
    @frozen(kw_only=True, slots=False)
    class PersonalInformation:
        first_name: str = field(repr=False, metadata=takes(Rule(text_check(80), required=True)))

`@validated` replaces the generated `__init__`: the object is built (a missing argument becomes
None), its field errors are collected, and if there are any, one `ValidationError` reports them all.
It is raised from a frame that no longer holds the arguments, so that a traceback with locals shows
no personal data.
"""

import copy
import difflib
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, ParamSpec, TypeVar, cast

import attrs
from attrs import frozen

from flexiti_async.errors import ConfigError, FieldError, ValidationError
from flexiti_async.protocol.redact import mask, quoted_name
from flexiti_async.protocol.secret import Secret, not_pickled
from flexiti_async.protocol.validators import REQUIRED, Check

__all__ = [
    "Rule",
    "field_errors_of",
    "missing",
    "nearest",
    "param_of",
    "sensitive_arguments",
    "takes",
    "validated",
]


_RULE: Final = "flexiti_async.rule"

T = TypeVar("T")
P = ParamSpec("P")


@frozen
class Rule:
    """
    The rule of one parameter.

    Attributes:
        check: Checks a value that is present.
        required: Whether it must be present.
        param: Its name on the wire, where that is not the field's own.
    """

    check: Check
    required: bool = False
    param: str | None = None


def takes(rule: Rule) -> Mapping[str, object]:
    """Return the attrs metadata that carry a rule."""
    return {_RULE: rule}


def param_of(attribute: "attrs.Attribute[object]") -> str:
    """Return the name of a field in the errors of its rule."""
    rule: Rule | None = attribute.metadata.get(_RULE)
    return (rule and rule.param) or attribute.name


def validated(model: type[T]) -> type[T]:
    """Have a request model reject invalid data at construction, all problems together."""
    generated = cast("Callable[..., None]", model.__init__)
    fields = attrs.fields(cast("type[attrs.AttrsInstance]", model))
    names = frozenset(attribute.alias for attribute in fields)
    build = _builder(model, fields)

    def __init__(self: T, **kwargs: object) -> None:  # noqa: N807
        if not names.issuperset(kwargs):
            unknown = min(kwargs.keys() - names)
            kwargs.clear()
            close = nearest(unknown, names)
            hint = f"; did you mean {close!r}?" if close else ""
            msg = f"{model.__name__} has no field{quoted_name(unknown)}{hint}"
            raise TypeError(msg)
        if build(self, kwargs):
            return
        errors = field_errors_of(self)
        kwargs.clear()
        del self  # its repr shows what is not personal, and that may be a mix-up
        raise ValidationError(field_errors=errors)

    functools.update_wrapper(__init__, generated)
    model.__init__ = __init__  # type: ignore[method-assign, assignment]
    # What the repr hides is personal.
    return model if all(attribute.repr for attribute in fields) else not_pickled(model)


def _builder(
    model: type[T], fields: "Iterable[attrs.Attribute[object]]"
) -> Callable[[T, Mapping[str, object]], bool]:
    """
    Build the function that sets the fields of a new model, and returns whether all are valid.

    It does what the `__init__` that attrs generates would do, and checks each value as it is
    converted. Defaults are converted and checked once, when the class is created.
    """
    defaults: dict[str, object] = {}
    rows: dict[str, tuple[str, Callable[[object], object] | None, Rule | None]] = {}
    required: set[str] = set()
    for a in fields:
        if isinstance(a.default, attrs.Factory) or a.validator is not None or not a.init:  # type: ignore[arg-type]
            msg = f"{model.__name__}.{a.name}: a request model takes values, with rules"
            raise TypeError(msg)
        convert = cast("Callable[[object], object] | None", a.converter)  # pyright: ignore[reportUnknownMemberType]
        rule = cast("Rule | None", a.metadata.get(_RULE))
        default = None if a.default is attrs.NOTHING else a.default
        default = default if convert is None or default is None else convert(default)
        alias = a.alias or a.name
        defaults[a.name], rows[alias] = default, (a.name, convert, rule)
        if rule is not None and _problem(rule, default) is not None:
            required.add(alias)
    more: Callable[[T], Iterable[FieldError]] = getattr(model, "cross_field_errors", lambda _: ())

    def build(new: T, given: Mapping[str, object]) -> bool:
        values, valid = new.__dict__, True
        values.update(defaults)
        for alias, value in given.items():
            name, convert, rule = rows[alias]
            values[name] = converted = value if convert is None else convert(value)
            if rule is not None and _problem(rule, converted) is not None:
                valid = False
        # Rules between fields take only values that are valid themselves.
        if not valid or not required.issubset(given):
            return False
        for _ in more(new):
            return False
        return True

    return build


def sensitive_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """
    Have a function or coroutine function raise its errors from a frame without its arguments.

    That is, ValidationError and ConfigError: what is raised before anything is sent. For functions
    that take personal data or secrets as plain arguments; see the module's docstring. A
    coroutine function that goes on after its data were found valid deletes them itself.
    """
    if inspect.iscoroutinefunction(function):
        wrapped = cast("Callable[P, Awaitable[object]]", function)
        return cast("Callable[P, T]", _sensitive_coroutine(wrapped))

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (ConfigError, ValidationError) as error:
            raised = copy.copy(error)  # without the traceback, whose frames hold the arguments
        del args, kwargs
        raise raised

    return call


def _sensitive_coroutine(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        running = function(*args, **kwargs)
        del args, kwargs
        try:
            return await running
        except (ConfigError, ValidationError) as error:
            raised = copy.copy(error)  # without the traceback, whose frames hold the arguments
        raise raised

    return call


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the valid name most like a wrong one, or an empty text."""
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1)), "")


def field_errors_of(model: object, prefix: str = "") -> list[FieldError]:
    """Collect the errors of a model's fields, then those between fields."""
    errors: list[FieldError] = []
    for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(model))):
        rule: Rule | None = attribute.metadata.get(_RULE)
        if rule is None:
            continue
        value: object = getattr(model, attribute.name)
        msg = _problem(rule, value)
        if msg is not None:
            shown = None if value is None else _shown(value)
            param = prefix + (rule.param or attribute.name)
            errors.append(FieldError(param, msg, shown, rule.check.rule))
    more: Callable[[], Iterable[FieldError]] | None = getattr(model, "cross_field_errors", None)
    if more is None:
        return errors
    try:
        return [*errors, *more()]
    except Exception:
        # A value of a foreign type may raise when it is compared; its field has an error already.
        if not errors:
            raise
        return errors


def missing(model: object, *names: str) -> list[FieldError]:
    """Return the errors of fields that are required because of others, with their rules."""
    fields = attrs.fields_dict(cast("type[attrs.AttrsInstance]", type(model)))
    rules: dict[str, Rule] = {name: fields[name].metadata[_RULE] for name in names}
    return [
        FieldError(rule.param or name, REQUIRED, None, rule.check.rule)
        for name, rule in rules.items()
    ]


def _shown(value: object) -> str:
    return "secret" if isinstance(value, Secret) else mask(value)


def _problem(rule: Rule, value: object) -> str | None:
    # The API's samples treat an empty text like a missing one.
    if value is None or (isinstance(value, (str, Secret)) and not value):
        return REQUIRED if rule.required else None
    return rule.check.problem(value)
