"""
Parts of a store's URL, read without ever repeating a value.

A password that was not percent-encoded ends up anywhere in a URL: in the port, the path, the name
of a parameter. So errors name the part that is wrong, and quote only parts that cannot be a secret.
"""

import math
import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import nearest

__all__ = ["Query", "Url", "nodes_of", "split_url", "wrong"]

_NAME: Final = re.compile(r"[a-z_]{1,32}")


def wrong(what: str, suggestion: str | None = None) -> ConfigError:
    """Build the error about a URL that `what` is true of."""
    return ConfigError(f"the store URL {what}", option="store", suggestion=suggestion)


def nodes_of(hosts: str, port: int) -> tuple[tuple[str, int], ...]:
    """Read `host[:port],host…`, by default localhost; raises ConfigError."""
    return tuple(_node(one, port) for one in hosts.split(",")) if hosts else (("localhost", port),)


def _node(text: str, default: int) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:@]+)(?::(\d{1,5}))?", unquote(text))
    if found is None or (port := int(found[2] or default)) > 65535:
        raise wrong("has a host or port that cannot be read")
    return found[1].strip("[]"), port


class Query:
    """The parameters of a URL; one that is never asked for is an error. All raise ConfigError."""

    def __init__(self, text: str) -> None:
        self._given = dict(parse_qsl(text, keep_blank_values=True))
        self._known: set[str] = set()

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return the parameter as it is."""
        self._known.add(name)
        return self._given.pop(name, default)

    def secret(self, name: str) -> Secret | None:
        """Return the parameter as a secret."""
        value = self.text(name)
        return Secret(value) if value else None

    def flag(self, name: str) -> bool:
        """Return `true` as True, and False by default."""
        return self.choice(name, "true", "false", default="false") == "true"

    def choice(self, name: str, *choices: str, default: str) -> str:
        """Return one of some words."""
        value = (self.text(name) or default).lower()
        if value not in choices:
            *most, last = choices
            known = f"{', '.join(most)} nor {last}" if most else last
            word = "neither " if most else "not "
            raise wrong(f"has {name} {word}{known}")
        return value

    def whole(self, name: str, default: int, *, least: int) -> int:
        """Return a whole number."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and int(value) >= least):
            raise wrong(f"has {name} that is not a whole number from {least}")
        return int(value)

    def seconds(self, name: str, default: float) -> float:
        """Return a number of seconds."""
        value = self.text(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            raise wrong(f"has {name} that is not a number of seconds")
        return number

    def refuse_rest(self) -> None:
        """Refuse parameters that were not asked for."""
        for name in self._given:
            shown = f" {name}" if _NAME.fullmatch(name) else ""
            hint = nearest(name, self._known)
            meant = f"; did you mean {hint}?" if hint else ""
            raise wrong(f"has an unknown parameter{shown}{meant}", hint or None)


@frozen(repr=False)
class Url:
    """
    The parts of a store's URL, decoded.

    Attributes:
        scheme: In lower case.
        username: None if there is none.
        password: None if there is none.
        hosts: Hosts and ports, as they are.
        path: With its slashes.
        query: The parameters.
    """

    scheme: str
    username: str | None
    password: Secret | None
    hosts: str
    path: str
    query: Query


def split_url(url: str) -> Url:
    """
    Split `scheme://[user[:password]@][host[:port],…][/path][?…]`.

    Raises:
        ConfigError: A special character is not percent-encoded.
    """
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    rest = rest[len(authority) :]
    if "@" in rest or "#" in rest:
        raise wrong("has an @, / or # that must be percent-encoded")
    userinfo, _, hosts = authority.rpartition("@")
    username, _, password = (unquote(part) for part in userinfo.partition(":"))
    parts = urlsplit("//" + rest)
    return Url(
        scheme=scheme.lower(),
        username=username or None,
        password=Secret(password) if password else None,
        hosts=hosts,
        path=unquote(parts.path),
        query=Query(parts.query),
    )
