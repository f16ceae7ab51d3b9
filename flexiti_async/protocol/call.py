"""`Call` and `OperationCall`: one call of the API as a value, before any I/O."""

import enum
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Generic, Literal, Self, TypeVar, cast

from attrs import evolve, field, frozen

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.secret import is_masked, not_pickled
from flexiti_async.protocol.token import Scope
from flexiti_async.protocol.validators import INVALID

__all__ = [
    "BaseCall",
    "Call",
    "Json",
    "OperationCall",
    "OperationKind",
    "OperationKindWord",
    "Replay",
    "is_version",
]

T_co = TypeVar("T_co", covariant=True)

Json = Mapping[str, object]
"""A JSON object as a Python mapping."""

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
"""Headers that only the request builder and the transport set."""


@functools.lru_cache(maxsize=64)
def is_version(text: str) -> bool:
    """Whether a text can be the version segment of a URL: `v` and digits with dots."""
    return _VERSION.fullmatch(text) is not None


def _items(headers: Mapping[object, object]) -> list[tuple[object, object]]:
    try:
        return list(headers.items())
    except Exception:  # noqa: BLE001 - a foreign mapping may raise anything
        return [(None, None)]  # no valid header


def _header_errors(headers: Iterable[tuple[object, object]]) -> Iterator[FieldError]:
    for name, value in headers:
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name) or name in _OWN_HEADERS:
            shown = f" {name!r}" if isinstance(name, str) and _HEADER_NAME.fullmatch(name) else ""
            rule = f"a call cannot set the header{shown}; names must be in lower case"
        elif isinstance(value, str) and is_masked(value):
            rule = f"the value of the header {name} was made of a masked Secret: use its reveal()"
        elif not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            rule = f"the value of the header {name} must be printable ASCII"
        else:
            continue
        yield FieldError("headers", INVALID, None, rule)


class Replay(enum.Enum):
    """Whether a call may be repeated while its outcome is unknown."""

    SAFE = "safe"
    """Running twice is harmless: repeated after a time-out, a lost connection or a 5xx."""
    NEVER = "never"
    """Repeated only if it was never sent; otherwise `OutcomeUnknown`."""


class OperationKind(enum.StrEnum):
    """The calls that move money, or bind a customer, as the journal names them."""

    AUTHORIZE = "authorize"
    APPLY = "apply"
    CAPTURE = "capture"
    RELEASE = "release"
    RETURN = "return"
    REFUND = "refund"
    TRANSACTION = "transaction"
    OTHER = "other"
    """A call that is built by hand; its endpoint's name is a part of its identity."""


OperationKindWord = Literal[
    "authorize",
    "apply",
    "capture",
    "release",
    "return",
    "refund",
    "transaction",
    "other",
]
"""An `OperationKind` as text."""


_TYPES: Final[Mapping[type, tuple[str, ...]]] = {
    str: ("endpoint", "method", "path"),
    Scope: ("scope",),
    Replay: ("replay",),
    Mapping: ("body", "query", "path_values", "headers"),
}


@frozen(slots=False)
class BaseCall(Generic[T_co]):
    """
    The common part of `Call` and `OperationCall`.

    Attributes:
        endpoint: The endpoint's name in the API's words, such as `widget/init`.
        method: HTTP method.
        path: Path below the version segment; the request builder fills in `{client_id}` and the
            names in `path_values`.
        scope: The narrowest scope that the API lists for it (spec section 2.3).
        result: The type of the answer: an attrs class, or `list[...]` of one. An empty body counts
            as `{}`.
        replay: Whether it may be repeated when its outcome is unknown.
        version: Version segment of the URL, such as `v2.5`.
        body: JSON object to send, None for no body.
        query: Query parameters.
        path_values: Values for the other names in `path`.
        headers: Headers of this call (`x-idempotency-key`), names in lower case. The token, the
            reference id and the content type cannot be set here.
        fixed_version: The caller has chosen `version` with `at_version()`, so `api_versions` of the
            configuration does not replace it.
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
        """
        Check the types, and the version and the headers, which are sent verbatim.

        Raises:
            ValidationError: They are invalid.
        """
        errors = list(self._errors())
        if errors:
            del self
            raise ValidationError(field_errors=errors)

    def _errors(self) -> Iterator[FieldError]:
        for kind, names in _TYPES.items():
            for name in names:
                value: object = getattr(self, name)
                problem = (
                    None if value is None and name == "body" else wrong_type(name, value, kind)
                )
                if problem is not None:
                    yield from problem.field_errors
        version, headers = cast("object", self.version), cast("object", self.headers)
        if not isinstance(version, str) or not is_version(version):
            rule = "an API version must be `v` and digits with dots, such as v2.5.1"
            yield FieldError("version", INVALID, None, rule)
        if isinstance(headers, Mapping) and headers is not _NONE:
            yield from _header_errors(_items(cast("Mapping[object, object]", headers)))

    def with_body(self, body: Json) -> Self:
        """
        Return the call with another body.

        Like `attrs.evolve`, but without repeating the checks that this call has passed: they are
        the most expensive part of building one. The call is checked when it is sent.
        """
        members = self.__dict__.copy()
        members["body"] = body
        call = object.__new__(type(self))
        object.__setattr__(call, "__dict__", members)
        return call

    def at_version(self, version: str) -> Self:
        """
        Return the call at an API version of the caller's choice.

        It wins over `api_versions` of the configuration: `capture(...).at_version("v2.5.1")`.

        Raises:
            ValidationError: The version is not `v` and digits with dots.
        """
        return evolve(self, version=version, fixed_version=True)


@not_pickled
@frozen(slots=False)
class Call(BaseCall[T_co]):
    """
    One call of the API: a frozen value of everything but the access token and the reference id.

    `FlexitiSession.send` makes it.
    """


@not_pickled
@frozen(slots=False)
class OperationCall(BaseCall[T_co]):
    """
    A call whose repetition could move money twice.

    It needs an idempotency key: `flexiti.operations.run(call, idempotency_key=…)` or the method of
    its group makes it, and `FlexitiSession.send` refuses it.

    Attributes:
        kind: Its kind, which has keys of its own: one order has an authorization and a capture
            under the same idempotency key.
    """

    kind: OperationKind = field(default=OperationKind.OTHER, kw_only=True)
