"""
Rules of request parameters, written at the field, checked all at once.

A request model is a frozen attrs class whose fields say, in the API's own words, what they take:

    @validated
    @frozen(kw_only=True)
    class PersonalInformation:
        first_name: str = text(80, personal=True)

`@validated` wraps the generated `__init__`: the object is made (what is missing becomes None), its
faults are collected, and if there are any, `ValidationError` tells them all. It is raised from a
frame that no longer holds the arguments, so that a traceback that shows locals shows no personal
data.
"""

import difflib
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Final, ParamSpec, TypeVar, cast

import attrs
from attrs import frozen

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validators import REQUIRED, WRONG_FORMAT, Check

__all__ = ["Rule", "field_errors_of", "sensitive_arguments", "takes", "validated"]


_RULE: Final = "flexiti_async.rule"

T = TypeVar("T")
P = ParamSpec("P")


@frozen
class Rule:
    """
    What the API says of one parameter.

    Attributes:
        check: Names the fault of a value that is there.
        required: Whether it must be there.
        param: Its name on the takes, where that is not the field's own.
        hint: What a developer should know who has given a value of a wrong kind.
    """

    check: Check
    required: bool = False
    param: str | None = None
    hint: str = ""


def takes(rule: Rule) -> Mapping[str, object]:
    """Make the attrs metadata that carry a rule."""
    return {_RULE: rule}


def validated(model: type[T]) -> type[T]:
    """Make a request model refuse bad data at construction, all faults at once."""
    make = cast("Callable[..., None]", model.__init__)
    fields = attrs.fields(cast("type[attrs.AttrsInstance]", model))
    names = frozenset(attribute.alias for attribute in fields)
    must_have = [a.alias for a in fields if a.default is attrs.NOTHING]
    looks_good = _quick_look(model, fields)

    def __init__(self: T, **kwargs: object) -> None:  # noqa: N807
        if not names.issuperset(kwargs):
            unknown = min(kwargs.keys() - names)
            kwargs.clear()
            close = nearest(unknown, names)
            hint = f"; did you mean {close!r}?" if close else ""
            msg = f"{model.__name__} has no field {unknown!r}{hint}"
            raise TypeError(msg)
        for name in must_have:
            kwargs.setdefault(name, None)
        make(self, **kwargs)
        if looks_good(self, kwargs):
            return
        faults = field_errors_of(self)
        if not faults:  # a default that a factory makes, or a converter mends
            return
        kwargs.clear()
        del self  # its repr shows what is not personal, and that may be a mix-up
        raise ValidationError(field_errors=faults)

    functools.update_wrapper(__init__, make)
    model.__init__ = __init__  # type: ignore[method-assign, assignment]
    return model


def _quick_look(
    model: type[T], fields: "Iterable[attrs.Attribute[object]]"
) -> Callable[[T, Mapping[str, object]], bool]:
    """
    Make the quick look that tells a good model from one that may have faults.

    It looks at what was given; defaults were looked at once, when the class was made.
    """
    rules: dict[str, tuple[str, Rule]] = {
        a.alias or a.name: (a.name, a.metadata[_RULE]) for a in fields if _RULE in a.metadata
    }
    defaults = {a.alias or a.name: a.default for a in fields}
    doubtful = [
        alias for alias, (_, rule) in rules.items() if _fault(rule, defaults[alias]) is not None
    ]
    more: Callable[[T], Iterable[FieldError]] = getattr(model, "cross_field_errors", lambda _: ())

    def looks_good(made: T, given: Mapping[str, object]) -> bool:
        for alias in given:
            known = rules.get(alias)
            if known is not None and _fault(known[1], getattr(made, known[0])) is not None:
                return False
        for alias in doubtful:
            if alias not in given:
                return False
        for _ in more(made):
            return False
        return True

    return looks_good


def sensitive_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """
    Make a function raise its ValidationError from a frame that does not hold its arguments.

    For functions that take data of a person as plain arguments; see the module's docstring.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except ValidationError as error:
            faults = error.field_errors
        del args, kwargs
        raise ValidationError(field_errors=faults)

    return call


def nearest(name: str, names: Iterable[str]) -> str:
    """Find the valid name that a wrong one most looks like, or an empty text."""
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1)), "")


def field_errors_of(model: object, prefix: str = "") -> list[FieldError]:
    """Collect the faults of a model's fields, then those that it finds between them."""
    faults: list[FieldError] = []
    for attribute in attrs.fields(cast("type[attrs.AttrsInstance]", type(model))):
        rule: Rule | None = attribute.metadata.get(_RULE)
        if rule is None:
            continue
        value: object = getattr(model, attribute.name)
        msg = _fault(rule, value)
        if msg is not None:
            shown = None if value is None else _shown(value)
            hint = rule.hint if msg == WRONG_FORMAT else ""
            faults.append(FieldError(prefix + (rule.param or attribute.name), msg, shown, hint))
    more: Callable[[], Iterable[FieldError]] | None = getattr(model, "cross_field_errors", None)
    return faults if more is None else [*faults, *more()]


def _shown(value: object) -> str:
    return "secret" if isinstance(value, Secret) else mask(value)


def _fault(rule: Rule, value: object) -> str | None:
    # The API's samples treat an empty text like a missing one.
    if value is None or (isinstance(value, (str, Secret)) and not value):
        return REQUIRED if rule.required else None
    return rule.check(value)
