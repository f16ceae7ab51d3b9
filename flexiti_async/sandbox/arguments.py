"""
Checks of a sandbox's settings: every wrong one, of whatever type, is a `ConfigError` that names it.

The texts quote no value: it may be a secret.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar, cast

from attrs import Attribute, AttrsInstance, fields

from flexiti_async.errors import ConfigError
from flexiti_async.sandbox.faults.validators import is_number
from flexiti_async.sandbox.wire.suggestion import suggestion

__all__ = [
    "callback",
    "members",
    "names_its_arguments",
    "setting",
    "switch",
    "text",
    "whole",
    "wrong",
]

_NAME = re.compile(r"[A-Za-z]\w{0,39}", re.ASCII)
_M = TypeVar("_M")
_T = TypeVar("_T")


class _Validator(Protocol):
    """A function that attrs calls, for a field of any type."""

    def __call__(self, instance: object, attribute: "Attribute[_T]", value: _T, /) -> None: ...


def wrong(name: str, rule: str) -> ConfigError:
    """Return the error of a setting that breaks a rule, which ends the sentence "… must be …"."""
    return ConfigError(f"{name} must be {rule}", option=name)


def setting(test: Callable[[object], bool], rule: str) -> _Validator:
    """Build a validator from a test; `rule` ends the sentence "… must be …"."""

    def validate(_: object, attribute: "Attribute[_T]", value: _T) -> None:
        if not test(value):
            raise wrong(attribute.name, rule)

    return validate


def _is_text(value: object, most: int, least: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= most and value.isprintable()


def text(most: int = 1000, *, least: int = 1) -> _Validator:
    """Build the validator of a text without control characters and lone surrogates."""
    return setting(
        lambda value: _is_text(value, most, least),
        f"a text of {least} to {most} printable characters",
    )


def whole(low: int, high: int) -> _Validator:
    """Build the validator of a whole number within bounds."""
    return setting(
        lambda value: isinstance(value, int) and is_number(value, low, high),
        f"a whole number from {low} to {high}",
    )


switch = setting(lambda value: isinstance(value, bool), "True or False")
"""Validates a boolean."""


def callback(*, or_none: bool = False) -> _Validator:
    """Build the validator of a function."""
    return setting(
        lambda value: callable(value) or (or_none and value is None),
        "a function" + " or None" * or_none,
    )


def members(name: str, value: Iterable[_M], kind: type[_M], what: str) -> tuple[_M, ...]:
    """
    Copy the members of a list; a single text is not one.

    Raises:
        ConfigError: It is not a list, or has a member of another type.
    """
    try:
        copied = () if isinstance(value, str | bytes) else tuple(value)
    except Exception:  # noqa: BLE001 - a foreign iterable may raise anything
        copied = None
    if copied is None or isinstance(value, str | bytes):
        raise wrong(name, f"a list of {what}")
    # Callers without a type checker may pass anything.
    if not all(isinstance(each, kind) for each in copied):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise wrong(name, f"a list of {what}, and nothing else")
    return copied


def names_its_arguments(made: type[_T]) -> type[_T]:
    """Let a class of settings refuse an argument of an unknown name with a `ConfigError`, too."""
    generated = cast("Callable[..., None]", made.__init__)
    known = [each.alias for each in fields(cast("type[AttrsInstance]", made)) if each.init]

    def __init__(self: _T, **named: object) -> None:  # noqa: N807
        unknown = min(named.keys() - set(known), default=None)
        if unknown is not None:
            shown = f" {unknown!r}" if _NAME.fullmatch(unknown) else ""
            msg = f"no setting is called{shown}: {suggestion(unknown[:40], known)}"
            raise ConfigError(msg, option=unknown if shown else None)
        generated(self, **named)

    made.__init__ = functools.update_wrapper(__init__, generated)  # type: ignore[assignment]
    return made
