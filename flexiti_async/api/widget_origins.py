"""Where a `redirection_url` may lead (spec section 4.4)."""

import re
from collections.abc import Sequence
from typing import Final, Self

from attrs import frozen

__all__ = ["WidgetOrigins", "origin_of"]

_LONGEST: Final = 8192
"""Characters of a URL; the longest access token has 4,096."""
# After the host come a path, a query or a fragment: a browser reads `\` as `/`, and the text before
# an `@` as a user.
_START: Final = re.compile(
    r"(https?)://([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,39}\])(?::(\d{1,5}))?(?=[/?#]|$)",
    re.ASCII | re.IGNORECASE,
)
_FLEXITI: Final = "flexiti.fi"
"""The registrable domain of Flexiti's environments (spec section 1.1)."""
_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = re.compile(r"localhost|127(\.\d{1,3}){3}|\[::1\]", re.ASCII)

Origin = tuple[str, str, int]
"""Scheme, host and port."""


def origin_of(url: str) -> Origin | None:
    """Return the origin of a web address; None for one that a browser could read differently."""
    # Visible ASCII, which is checked in C.
    plain = len(url) <= _LONGEST and url.isascii() and url.isprintable() and " " not in url
    found = _START.match(url) if plain and "\\" not in url else None
    if found is None:
        return None
    scheme = found[1].lower()
    return scheme, found[2].lower(), int(found[3] or _PORTS[scheme])


@frozen
class WidgetOrigins:
    """
    The origins that a `redirection_url` may have.

    By default that is the API's own one, and https at any host of Flexiti's domain: the portal
    says `{posapi_url}` and not which host that is. For an API on loopback, the sandbox, it is
    loopback, at any port and with either scheme: a relay may speak TLS in front of it.

    There is no list of public suffixes: Flexiti's domain is known, and a guess at the domain of
    another API could let in hosts of others; `widget_origins` names them.

    Attributes:
        api: The API's origin.
        configured: Those of the option `widget_origins`, instead of the default.
    """

    api: Origin | None
    configured: frozenset[Origin] = frozenset()

    @classmethod
    def of(cls, api_url: str, configured: Sequence[str]) -> Self:
        """Return the origins for an API and the option `widget_origins`."""
        listed = (origin_of(url) for url in configured)
        return cls(origin_of(api_url), frozenset(filter(None, listed)))

    def problem(self, url: str) -> str | None:
        """Return what is wrong with a `redirection_url`, without a part of it; None if nothing."""
        origin = origin_of(url)
        if origin is None:
            return "redirection_url has a user, a host or a port that browsers may read differently"
        if self.api is None or not (self._is_local() or origin[0] == self.api[0]):
            return "redirection_url has another scheme than base_url"
        if origin in self.configured if self.configured else self._by_default(origin):
            return None
        return "redirection_url leads to another origin: see the option widget_origins"

    def _is_local(self) -> bool:
        return self.api is not None and _LOOPBACK.fullmatch(self.api[1]) is not None

    def _by_default(self, origin: Origin) -> bool:
        _, host, port = origin
        if self._is_local():
            return _LOOPBACK.fullmatch(host) is not None
        flexiti = host == _FLEXITI or host.endswith(f".{_FLEXITI}")
        return origin == self.api or (flexiti and origin[0] == "https" and port == _PORTS["https"])
