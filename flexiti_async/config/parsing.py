"""
Parse the values of options.

Options come from code, environment variables and TOML, so most values may be text. Converters
return `Any`, because an invalid value becomes an `Invalid`, which the configuration reports before
any option is used. It never contains the value, which may be a secret.
"""

import contextlib
import enum
import ipaddress
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeGuard, cast
from urllib.parse import urlsplit

from flexiti_async.config.foreign import FilePath, SecretValue, Url, duration, path_text, unwrapped
from flexiti_async.config.placeholders import problem_with_credential, problem_with_url_text
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validators import is_visible

__all__ = [
    "Invalid",
    "base_url",
    "client_id",
    "count",
    "credential",
    "file_path",
    "hide",
    "is_loopback",
    "is_proxy",
    "one_of",
    "origins",
    "pairs",
    "plain",
    "problem_with_base_url",
    "seconds",
    "seconds_or_none",
    "secret",
    "secrets",
    "switch",
    "text",
    "url_secret",
]


_SWITCHES: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_DOTS: Final = (".", "..")
"""Segments that a URL resolves away (RFC 3986 section 5.2.4)."""
_LONGEST_ID: Final = 100


class Invalid:
    """
    The result for a value that breaks the rule of its option; the value itself is never shown.

    Attributes:
        rule: Completes the sentence "must be …".
    """

    def __init__(self, rule: str) -> None:
        self.rule = rule


def hide(value: object, depth: int = 3) -> object:
    """
    Wrap texts, also in a list or a dict, as Secrets, so that no frame of a traceback shows them.

    No option is a list of lists: what is deeper is dropped.
    """
    value = unwrapped(value)
    if isinstance(value, list | tuple):
        inner = cast("Sequence[object]", value) if depth else ()
        return [hide(item, depth - 1) for item in inner]
    if type(value) is dict:
        pairs = cast("dict[object, object]", value).items() if depth else ()
        return {name: hide(item, depth - 1) for name, item in pairs}
    return Secret(value) if isinstance(value, str) else value


def plain(value: object) -> object:
    """Return the text of a string, a secret or a URL object, stripped; other values as they are."""
    value = value.reveal() if isinstance(value, Secret) else unwrapped(value)
    return value.strip() if isinstance(value, str) else value


def one_of(kind: type[enum.StrEnum], value: object) -> Any:  # noqa: ANN401 - see above
    """Parse a member of an enumeration."""
    given = plain(value)
    word = given.lower() if isinstance(given, str) else None
    return kind(word) if word in frozenset(kind) else Invalid(f"one of {', '.join(kind)}")


def seconds(value: float | str | timedelta | None) -> Any:  # noqa: ANN401 - see above
    """Parse a duration greater than 0: a timedelta, or seconds."""
    given = duration(plain(value))
    number = math.nan
    if isinstance(given, int | float | Decimal | str) and not isinstance(given, bool):
        with contextlib.suppress(ValueError, OverflowError):
            number = float(given)
    return number if 0 < number < math.inf else Invalid("a number of seconds greater than 0")


def seconds_or_none(value: float | str | timedelta | None) -> Any:  # noqa: ANN401 - see above
    """Parse a duration; None stays None."""
    return None if value is None else seconds(value)


def count(value: object, least: int) -> Any:  # noqa: ANN401 - see above
    """Parse a whole number of at least `least`."""
    given = plain(value)
    invalid = Invalid(f"a whole number of at least {least}")
    if isinstance(given, bool) or not isinstance(given, int | str):
        return invalid
    try:
        number = int(given)
    except ValueError:
        return invalid
    return number if number >= least else invalid


def switch(value: bool | str | None) -> Any:  # noqa: ANN401, FBT001 - see above
    """Read yes or no: `true` or `false`, `1` or `0`, `yes` or `no`, `on` or `off`."""
    given = plain(value)
    if isinstance(given, int) and given in (0, 1):  # a bool is an int
        return bool(given)
    word = given.lower() if isinstance(given, str) else ""
    return _SWITCHES.get(word, Invalid("true or false"))


def text(value: str | None) -> Any:  # noqa: ANN401 - see above
    """Parse a text; None stays None."""
    given = plain(value)
    return given if given is None or _is_text(given) else Invalid("a text")


def _is_text(value: object) -> TypeGuard[str]:
    # An environment variable that is not UTF-8 has surrogates, which cannot be sent. What nobody
    # sees is a mistake of copying.
    return isinstance(value, str) and is_visible(value)


def base_url(value: str | Url | None) -> Any:  # noqa: ANN401 - see above
    """Parse a URL that is not a secret; None stays None."""
    return _sound(text(cast("str | None", value)), problem_with_url_text)


def file_path(value: str | FilePath | None) -> Any:  # noqa: ANN401 - see above
    """Parse the path of a file; None stays None."""
    return text(cast("str | None", path_text(value)))


def credential(value: str | SecretValue | None) -> Any:  # noqa: ANN401 - see above
    """Parse a user name; None stays None."""
    return _sound(text(cast("str | None", value)), problem_with_credential)


def _sound(parsed: object, problem_with: Callable[[str], str | None]) -> object:
    """Return a text that was parsed, unless a problem is found with it."""
    problem = problem_with(parsed) if isinstance(parsed, str) else None
    return parsed if problem is None else Invalid(problem)


def client_id(value: str | SecretValue | None) -> Any:  # noqa: ANN401 - see above
    """Parse the client id: ASCII(100) by spec section 2.1, and a segment of every URL."""
    parsed = credential(value)
    if not isinstance(parsed, str):
        return parsed
    good = parsed.isascii() and len(parsed) <= _LONGEST_ID and parsed not in _DOTS
    return parsed if good else Invalid("1 to 100 ASCII characters, and not . or ..")


def secret(value: Secret | str | SecretValue | None) -> Any:  # noqa: ANN401 - see above
    """Parse a secret; None stays None."""
    parsed = credential(cast("str | None", value))
    return Secret(parsed) if isinstance(parsed, str) else parsed


def url_secret(value: Secret | str | SecretValue | Url | None) -> Any:  # noqa: ANN401 - see above
    """Parse a URL that may hold a password; None stays None."""
    parsed = base_url(cast("str | None", value))
    return Secret(parsed) if isinstance(parsed, str) else parsed


def secrets(
    value: Sequence[Secret | str | SecretValue | None] | Secret | str | SecretValue | None,
) -> Any:  # noqa: ANN401 - see above
    """Parse several secrets: a list, or one text with commas or lines, which must name one."""
    given = plain(value)
    if isinstance(given, str):
        given = re.split(r"[,\n]", given)
        if not any(item.strip() for item in given):
            return Invalid("one key at least; omit the option for none")
    if not isinstance(given, list | tuple):
        return Invalid("a text with commas, or a list of texts")
    found: list[object] = [secret(item) for item in cast("Sequence[str | None]", given)]
    bad = next((item for item in found if isinstance(item, Invalid)), None)
    if bad is not None:
        is_type = bad.rule == "a text"
        return Invalid("a text with commas, or a list of texts") if is_type else bad
    keys = tuple(filter(None, found))
    # A list whose members are all empty means to encrypt, too.
    return keys if keys or not found else Invalid("one key at least; omit the option for none")


def origins(value: Sequence[str | Url | None] | Secret | str | Url | None) -> Any:  # noqa: ANN401 - see above
    """Parse the origins of websites: a list, or one text with commas."""
    given = plain(value)
    listed = given.split(",") if isinstance(given, str) else given
    invalid = Invalid("a text with commas, or a list of texts")
    if not isinstance(listed, list | tuple):
        return invalid
    texts = [plain(item) for item in cast("Sequence[object]", listed) if item is not None]
    if not all(_is_text(item) for item in texts):
        return invalid
    # A path, even `/`, is none of an origin.
    return tuple(str(item) for item in texts if item)


def pairs(value: Mapping[str, str | None] | Secret | str | None) -> Any:  # noqa: ANN401 - see above
    """Parse names with values: a mapping, or one text such as `a=1, b=2`."""
    invalid = Invalid("a mapping of texts, or a text such as `name=value, name=value`")
    given = plain(value)
    try:
        items: list[tuple[object, object]] = (
            [(plain(name), plain(item)) for name, item in value.items() if item is not None]
            if isinstance(value, Mapping)
            else [_pair(item) for item in cast("str", given).split(",") if item.strip()]
        )
    except Exception:  # noqa: BLE001 - no text, or a foreign mapping, which may raise anything
        return invalid
    good = all(_is_text(part) and part for item in items for part in item)
    return dict(cast("list[tuple[str, str]]", items)) if good else invalid


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def problem_with_base_url(url: str) -> str | None:
    """
    Return the problem with an API base URL, None for a valid one.

    TLS is required, because tokens and the client secret are sent there; plain http is for the
    sandbox, on loopback.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    odd = not url.isprintable() or " " in url or "\\" in url  # urlsplit accepts them
    if parts.scheme not in ("https", "http") or not host or odd:
        return "must look like https://host/flexiti/pos-api"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https: plain http is for loopback only"
    if parts.username is not None or parts.password is not None:
        return "must not contain credentials"
    if "?" in url or "#" in url:
        return "must not have a query or a fragment"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine itself, without a DNS lookup."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_proxy(url: str) -> bool:
    """Whether a text is the URL of an HTTP proxy: a host and a port, and perhaps credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and "\\" not in url
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname and port)
        and parts.path in ("", "/")
        and not (parts.query or parts.fragment)
    )
