"""
The kinds of faults; each is a frozen value.

| kind | what the client receives | is the request processed? |
|---|---|---|
| `Answer` | a status, headers and a body of your own, optionally Retry-After | if `commit` |
| `Redirect` | a redirect to any URL | no |
| `Delay` | the real answer, late | yes, after the wait |
| `Drop` | a closed connection and no answer | unless `commit` is False |
| `Reset` | a connection reset (RST) | if `commit` |
| `Hang` | nothing, on an open connection | if `commit` |
| `Truncate` | the real answer, shorter than its `content-length` | yes |
| `Drip` | the real answer, its body byte by byte | yes |
| `Malformed` | the real answer, damaged so that it is not a JSON object | yes |
| `Alter` | the real answer with other members | yes |
| `Endless` | a body that never ends | no |
| `GzipBomb` | a small body that decompresses to a huge one | no |

A processed request has its effect: the token is issued, the money has moved. `FaultRule` (in
`flexiti_async.sandbox.faults.rules`) selects the requests that meet a fault.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias, get_args

from attrs import field, frozen

from flexiti_async.sandbox.faults import validators
from flexiti_async.sandbox.faults.validators import Document

__all__ = [
    "KINDS",
    "Alter",
    "Answer",
    "Delay",
    "Drip",
    "Drop",
    "Endless",
    "Fault",
    "GzipBomb",
    "Hang",
    "Malformed",
    "Misshape",
    "Redirect",
    "Reset",
    "Truncate",
]

Misshape: TypeAlias = Literal[
    "html", "html-as-json", "json-as-text", "half", "list", "empty", "not-utf8", "no-http"
]
"""
How `Malformed` damages an answer.

`html`: a page with its content type; `html-as-json`: the page, declared as JSON; `json-as-text`:
the real body, declared as plain text; `half`: the first half of the body, with the matching
length; `list`: a JSON array; `empty`: no body; `not-utf8`: a byte that is invalid in UTF-8;
`no-http`: bytes that are not HTTP.
"""

_YEAR = 366 * 86400
_MOST_BYTES = 10**9


@frozen
class Answer:
    """
    An answer of your own.

    Attributes:
        status: HTTP status, 200 to 599.
        headers: Its headers, except those of the framing (`content-length` and the like); the
            content type is JSON unless they contain another.
        body: Its body; None for the JSON error body of a `general_error` (spec section 6.1).
        retry_after: Whole seconds for a Retry-After header (RFC 9110 section 10.2.3).
        retry_after_date: Write Retry-After as an HTTP date, by the sandbox's clock.
        commit: Process the request first and discard its real answer.
    """

    kind: ClassVar[str] = "answer"
    status: int = field(validator=validators.whole(200, 599))
    headers: Mapping[str, str] = field(factory=dict[str, str], converter=validators.headers)
    body: bytes | None = field(default=None, repr=False, validator=validators.body)
    retry_after: int | None = field(
        default=None, validator=validators.whole(0, _YEAR, or_none=True)
    )
    retry_after_date: bool = field(default=False, validator=validators.flag)
    commit: bool = field(default=False, validator=validators.flag)


@frozen
class Redirect:
    """
    A redirect; the request is not processed.

    Attributes:
        url: The Location header.
        status: HTTP status, 300 to 399.
    """

    kind: ClassVar[str] = "redirect"
    commit: ClassVar[bool] = False
    url: str = field(validator=validators.url)
    status: int = field(default=307, validator=validators.whole(300, 399))


@frozen
class Delay:
    """
    The real answer, late.

    Attributes:
        seconds: Wait before the request is processed, in addition to the `latency` setting.
    """

    kind: ClassVar[str] = "delay"
    commit: ClassVar[bool] = True
    seconds: float = field(validator=validators.seconds)


@frozen
class Drop:
    """
    The connection is closed properly (FIN) without an answer.

    Attributes:
        commit: Process the request first: the token is issued, and the client never learns of it.
    """

    kind: ClassVar[str] = "drop"
    commit: bool = field(default=True, validator=validators.flag)


@frozen
class Reset:
    """
    The connection is reset (RST) without an answer.

    Attributes:
        commit: Process the request first.
    """

    kind: ClassVar[str] = "reset"
    commit: bool = field(default=False, validator=validators.flag)


@frozen
class Hang:
    """
    No answer on an open connection, until the client disconnects or the sandbox closes.

    Attributes:
        commit: Process the request first.
    """

    kind: ClassVar[str] = "hang"
    commit: bool = field(default=False, validator=validators.flag)


@frozen
class Truncate:
    """
    The real answer, cut off: with the full `content-length`, then the connection is closed.

    Attributes:
        keep: How many bytes of the body are sent; at least one is always missing.
    """

    kind: ClassVar[str] = "truncate"
    commit: ClassVar[bool] = True
    keep: int = field(default=0, validator=validators.whole(0, _MOST_BYTES))


@frozen
class Drip:
    """
    The real answer, its body byte by byte.

    Attributes:
        seconds: The pause before each byte.
    """

    kind: ClassVar[str] = "drip"
    commit: ClassVar[bool] = True
    seconds: float = field(validator=validators.seconds)


@frozen
class Malformed:
    """
    The real answer with its status, damaged so that it is not a JSON object.

    Attributes:
        shape: The damage; see `Misshape`.
    """

    kind: ClassVar[str] = "malformed"
    commit: ClassVar[bool] = True
    shape: Misshape = field(default="html", validator=validators.word(get_args(Misshape)))


@frozen
class Alter:
    """
    The real answer with other members: wrong types, absurd numbers, missing fields.

    Attributes:
        fields: Members of the JSON object to set, by name.
        omit: Names of members to omit.
    """

    kind: ClassVar[str] = "alter"
    commit: ClassVar[bool] = True
    fields: Mapping[str, Document] = field(
        factory=dict[str, Document], converter=validators.json_members, repr=False
    )
    omit: tuple[str, ...] = field(default=(), converter=validators.names)


@frozen
class Endless:
    """A 200 with an endless body of blanks, in chunks; the request is not processed."""

    kind: ClassVar[str] = "endless"
    commit: ClassVar[bool] = False


@frozen
class GzipBomb:
    """
    A 200 with `content-encoding: gzip` that decompresses to a thousand times its size.

    The result is JSON: an empty object and blanks. The request is not processed.

    Attributes:
        size: Decompressed bytes, rounded up to a MiB; at most a gigabyte.
    """

    kind: ClassVar[str] = "gzip-bomb"
    commit: ClassVar[bool] = False
    size: int = field(default=100 * 2**20, validator=validators.whole(1, _MOST_BYTES))


Fault: TypeAlias = (
    Answer
    | Redirect
    | Delay
    | Drop
    | Reset
    | Hang
    | Truncate
    | Drip
    | Malformed
    | Alter
    | Endless
    | GzipBomb
)
"""Any kind of fault."""

KINDS: Mapping[str, type[Fault]] = MappingProxyType({kind.kind: kind for kind in get_args(Fault)})
"""Every kind by its name in JSON and on the command line."""
