"""What is said to the API and what comes back: `Call`, `HttpRequest`, `HttpResponse`."""

import enum
import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Generic, Self, TypeVar

from attrs import evolve, field, frozen

from flexiti_async.protocol.token import Scope

__all__ = ["Call", "Json", "Replay", "is_version"]

T_co = TypeVar("T_co", covariant=True)

Json = Mapping[str, object]
"""A JSON object as Python has it."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_VERSION: Final = re.compile(r"v\d+(\.\d+)*", re.ASCII)
_HEADER_NAME: Final = re.compile(r"[a-z0-9-]+", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
_OWN_HEADERS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "accept-encoding",
        "user-agent",
        "x-reference-id",
    }
)
"""Headers that belong to the builder and the transport, whatever a call asks for."""


@functools.lru_cache(maxsize=64)
def is_version(text: str) -> bool:
    """Tell whether a text can be the version segment of a URL: `v` and digits with dots."""
    return _VERSION.fullmatch(text) is not None


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name in _OWN_HEADERS:
            msg = f"a call has no say in the header {name!r} (names are in lower case)"
            break
        if not _HEADER_VALUE.fullmatch(value):
            msg = f"the value of the header {name} is not printable ASCII"
            break
    else:
        return
    del headers, value
    raise ValueError(msg)


class Replay(enum.Enum):
    """Whether a call may be made again when nobody knows whether it ran (design section 5)."""

    SAFE = "safe"
    """Running twice does no harm: repeated after a time-out, a broken connection or a 5xx."""
    NEVER = "never"
    """It moves money: only what was never sent is sent again, otherwise `OutcomeUnknown`."""


@frozen(slots=False)
class Call(Generic[T_co]):
    """
    One call of the API: a frozen value that says everything but the token and the reference id.

    Attributes:
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
        method: HTTP method.
        path: Path below the version segment; `{client_id}` and the names in `path_values` are
            filled in by the request builder.
        scope: The least scope that the API lists for it (spec section 2.3).
        result: The type of the answer: an attrs class, or `list[...]` of one. An empty body is
            read like `{}`.
        replay: Whether it may be repeated when its outcome is unknown.
        version: Version segment of the URL, such as `v2.5`.
        body: JSON object to send, None for none.
        query: Query parameters.
        path_values: Values for the other names in `path`.
        headers: Headers of this call alone (`x-idempotency-key`), names in lower case. Those that
            carry the token, the reference id and the kind of the body are refused.
        fixed_version: `version` is the caller's own choice: the configuration does not change it.
    """

    endpoint: str
    method: str
    path: str
    scope: Scope
    result: type[T_co]
    replay: Replay
    version: str = "v2.5"
    body: Json | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default=_NONE, repr=False)
    path_values: Mapping[str, str] = field(default=_NONE, repr=False)
    headers: Mapping[str, str] = field(default=_NONE, repr=False)
    fixed_version: bool = False

    def __attrs_post_init__(self) -> None:
        """Check what goes onto the wire as it is. Raises ValueError."""
        if not is_version(self.version):
            msg = "a version segment is `v` and digits with dots, such as v2.5.1"
            raise ValueError(msg)
        if self.headers:
            _check_headers(self.headers)

    def with_body(self, body: Json) -> Self:
        """
        Give the call with another body.

        What `attrs.evolve` does, without the checks that this call has been through: the dearest
        part of making one.
        """
        members = self.__dict__.copy()
        members["body"] = body
        call = object.__new__(type(self))
        object.__setattr__(call, "__dict__", members)
        return call

    def at_version(self, version: str | None) -> Self:
        """Give the call at a version segment of the caller's choice; None leaves it as it is."""
        return self if version is None else evolve(self, version=version, fixed_version=True)
