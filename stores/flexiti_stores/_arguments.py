"""Arguments of the stores' constructors: callers without a type checker may pass anything."""

from typing import Final

from flexiti_async.errors import ConfigError

__all__ = ["check_kind", "check_text", "check_timeout"]

_LONGEST_WAIT: Final = 1e9
_LONGEST_TEXT: Final = 4096


def check_kind(name: str, *, good: bool, wanted: str) -> None:
    """Raise ConfigError unless an argument is of its type. It is not shown: it may be a secret."""
    if not good:
        msg = f"{name} must be {wanted}"
        raise ConfigError(msg, option="store")


def check_text(name: str, value: object, wanted: str, *, least: int = 0) -> None:
    """Raise ConfigError unless an argument is a text of visible characters, of some length."""
    good = isinstance(value, str) and least <= len(value) <= _LONGEST_TEXT and value.isprintable()
    check_kind(name, good=good, wanted=wanted)


def check_timeout(timeout: object) -> None:
    """Raise ConfigError unless a time-out is a positive number of seconds that timers can take."""
    good = False
    if isinstance(timeout, int | float) and not isinstance(timeout, bool):
        good = 0 < timeout <= _LONGEST_WAIT
    check_kind("timeout", good=good, wanted="a number of seconds above 0")
