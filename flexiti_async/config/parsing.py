"""
What a user may write for an option, and the value that it becomes.

Options come from code, from environment variables and from TOML, so most values may be texts.
Converters give `Any`, because what cannot be converted becomes a `Bad`, which the configuration
finds and tells before anybody uses it. No text of a secret is ever in it.
"""

import enum
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard, cast

from flexiti_async.protocol.secret import Secret

__all__ = [
    "Bad",
    "count",
    "hide",
    "one_of",
    "pairs",
    "plain",
    "seconds",
    "seconds_or_none",
    "secret",
    "secrets",
    "switch",
    "text",
]


_SWITCHES: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class Bad:
    """A value that could not be converted: told as a fault, never shown."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted


def hide(value: object) -> object:
    """Make Secrets of texts, also in a list, so that no frame of a traceback shows them."""
    if isinstance(value, list | tuple):
        return [hide(item) for item in cast("Sequence[object]", value)]
    return Secret(value) if isinstance(value, str) else value


def plain(value: object) -> object:
    """Give the text in a Secret, or in an environment variable, without blanks around it."""
    if isinstance(value, Secret):
        value = value.reveal()
    return value.strip() if isinstance(value, str) else value


def one_of(kind: type[enum.StrEnum], value: object) -> Any:  # noqa: ANN401 - see above
    """Read a member of an enumeration."""
    try:
        return kind(str(plain(value)).lower())
    except ValueError:
        return Bad(f"one of {', '.join(kind)}")


def seconds(value: float | str) -> Any:  # noqa: ANN401 - see above
    """Read a duration greater than 0."""
    given = plain(value)
    try:
        number = math.nan if isinstance(given, bool) else float(str(given))
    except ValueError:
        number = math.nan
    return number if 0 < number < math.inf else Bad("a number of seconds greater than 0")


def seconds_or_none(value: float | str | None) -> Any:  # noqa: ANN401 - see above
    """Read a duration; None stays None."""
    return None if value is None else seconds(value)


def count(value: object, least: int) -> Any:  # noqa: ANN401 - see above
    """Read a whole number of at least `least`."""
    given = plain(value)
    wanted = Bad(f"a whole number of at least {least}")
    if isinstance(given, bool) or not isinstance(given, int | str):
        return wanted
    try:
        number = int(given)
    except ValueError:
        return wanted
    return number if number >= least else wanted


def switch(value: bool | str) -> Any:  # noqa: ANN401, FBT001 - see above
    """Read yes or no: `true` or `false`, `1` or `0`, `yes` or `no`, `on` or `off`."""
    given = plain(value)
    if isinstance(given, bool):
        return given
    return _SWITCHES.get(str(given).lower(), Bad("true or false"))


def text(value: str | None) -> Any:  # noqa: ANN401 - see above
    """Read a text; None stays None."""
    given = plain(value)
    return given if given is None or _is_text(given) else Bad("a text")


def _is_text(value: object) -> TypeGuard[str]:
    # An environment variable whose bytes are no UTF-8 has surrogates, which cannot be sent.
    return isinstance(value, str) and not _SURROGATE.search(value)


def secret(value: Secret | str | None) -> Any:  # noqa: ANN401 - see above
    """Read a secret; None stays None."""
    given = plain(value)
    if given is None:
        return None
    return Secret(given) if _is_text(given) else Bad("a text")


def secrets(value: Sequence[Secret | str] | Secret | str) -> Any:  # noqa: ANN401 - see above
    """Read several secrets: a list, or one text with commas."""
    if isinstance(value, Secret | str):
        value = str(plain(value)).split(",")
    if not isinstance(value, list | tuple):
        return Bad("a text with commas, or a list of texts")
    found: list[object] = [secret(item) for item in value]
    bad = any(isinstance(item, Bad) for item in found)
    return Bad("a text with commas, or a list of texts") if bad else tuple(filter(None, found))


def pairs(value: Mapping[str, str] | Secret | str) -> Any:  # noqa: ANN401 - see above
    """Read names with values: a mapping, or one text such as `a=1, b=2`."""
    wanted = Bad("a mapping of texts, or a text such as `name=value, name=value`")
    if isinstance(value, Mapping):
        items = [(plain(name), plain(item)) for name, item in value.items()]
    else:
        listed = [item for item in str(plain(value)).split(",") if item.strip()]
        items = [_pair(item) for item in listed]
    good = all(_is_text(part) and part for item in items for part in item)
    return dict(cast("list[tuple[str, str]]", items)) if good else wanted


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
