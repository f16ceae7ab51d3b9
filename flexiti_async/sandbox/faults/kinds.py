"""
What can go wrong on purpose: each kind of fault is a frozen value.

| kind | what the client meets | is the request processed? |
|---|---|---|
| `Answer` | a status, headers and a body of your own; Retry-After, if you like | if `commit` |
| `Redirect` | a redirection to any URL | no |
| `Delay` | the real answer, late | yes, after the wait |
| `Drop` | the connection is closed without an answer | unless `commit` is False |
| `Reset` | the connection is reset (RST) | if `commit` |
| `Hang` | an answer that never comes | if `commit` |
| `Truncate` | the real answer, cut: `content-length` promises more than comes | yes |
| `Drip` | the real answer, its body a byte at a time | yes |
| `Malformed` | the real answer, turned into something that is no JSON object | yes |
| `Alter` | the real answer, with other members | yes |
| `Endless` | a body that never ends | no |
| `GzipBomb` | a small body that unpacks to a huge one | no |

A request that is processed has its effect: a token is issued, money has moved. `Rule` (in
`flexiti_async.sandbox.faults.rules`) says which requests meet the fault.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias, get_args

from attrs import field, frozen

from flexiti_async.sandbox.faults import validators as checked
from flexiti_async.sandbox.faults.validators import Document

__all__ = [
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
How `Malformed` spoils an answer.

`html`: a page with its content type; `html-as-json`: the page, called JSON; `json-as-text`: the
real body, called plain text; `half`: the first half of the body, of the right length; `list`: a
JSON array; `empty`: nothing; `not-utf8`: a byte that UTF-8 does not have; `no-http`: bytes that are
no HTTP at all.
"""

_YEAR = 366 * 86400
_MOST_BYTES = 10**9


@frozen
class Answer:
    """
    An answer of your own.

    Attributes:
        status: HTTP status, 200 to 599.
        headers: Its headers, save those that say how long the body is; its content type is JSON
            unless they say otherwise.
        body: Its body; None for the JSON error body of a `general_error` (spec section 6.1).
        retry_after: Seconds for a Retry-After header (RFC 9110 section 10.2.3), whole.
        retry_after_date: Write Retry-After as an HTTP date, by the sandbox's clock.
        commit: Process the request before: its real answer is lost.
    """

    kind: ClassVar[str] = "answer"
    status: int = field(validator=checked.whole(200, 599))
    headers: Mapping[str, str] = field(factory=dict[str, str], converter=checked.headers)
    body: bytes | None = field(default=None, repr=False, validator=checked.body)
    retry_after: int | None = field(default=None, validator=checked.whole(0, _YEAR, or_none=True))
    retry_after_date: bool = field(default=False, validator=checked.flag)
    commit: bool = field(default=False, validator=checked.flag)


@frozen
class Redirect:
    """
    A redirection; the request is not processed.

    Attributes:
        url: Where to: the Location header.
        status: HTTP status, 300 to 399.
    """

    kind: ClassVar[str] = "redirect"
    commit: ClassVar[bool] = False
    url: str = field(validator=checked.url)
    status: int = field(default=307, validator=checked.whole(300, 399))


@frozen
class Delay:
    """
    The real answer, late.

    Attributes:
        seconds: How long the request waits before it is processed, beyond the `latency` setting.
    """

    kind: ClassVar[str] = "delay"
    commit: ClassVar[bool] = True
    seconds: float = field(validator=checked.seconds)


@frozen
class Drop:
    """
    The connection is closed in order (FIN), and no answer was sent.

    Attributes:
        commit: Process the request before: the token is issued, and nobody is told.
    """

    kind: ClassVar[str] = "drop"
    commit: bool = field(default=True, validator=checked.flag)


@frozen
class Reset:
    """
    The connection is reset (RST), and no answer was sent.

    Attributes:
        commit: Process the request before.
    """

    kind: ClassVar[str] = "reset"
    commit: bool = field(default=False, validator=checked.flag)


@frozen
class Hang:
    """
    Nothing comes and nothing ends, until the client hangs up or the sandbox closes.

    Attributes:
        commit: Process the request before.
    """

    kind: ClassVar[str] = "hang"
    commit: bool = field(default=False, validator=checked.flag)


@frozen
class Truncate:
    """
    The real answer, cut: its `content-length` is whole, then the connection is closed.

    Attributes:
        keep: How many bytes of the body come; at least one is always missing.
    """

    kind: ClassVar[str] = "truncate"
    commit: ClassVar[bool] = True
    keep: int = field(default=0, validator=checked.whole(0, _MOST_BYTES))


@frozen
class Drip:
    """
    The real answer, its body a byte at a time.

    Attributes:
        seconds: The pause before each byte.
    """

    kind: ClassVar[str] = "drip"
    commit: ClassVar[bool] = True
    seconds: float = field(validator=checked.seconds)


@frozen
class Malformed:
    """
    The real answer, its status included, turned into something that is no JSON object.

    Attributes:
        shape: How; see `Misshape`.
    """

    kind: ClassVar[str] = "malformed"
    commit: ClassVar[bool] = True
    shape: Misshape = field(default="html", validator=checked.word(get_args(Misshape)))


@frozen
class Alter:
    """
    The real answer with other members: wrong types, absurd numbers, fields that are missing.

    Attributes:
        fields: Members of the JSON object to set, by name.
        omit: Names of members to leave out.
    """

    kind: ClassVar[str] = "alter"
    commit: ClassVar[bool] = True
    fields: Mapping[str, Document] = field(
        factory=dict[str, Document], converter=checked.fields, repr=False
    )
    omit: tuple[str, ...] = field(default=(), converter=checked.names)


@frozen
class Endless:
    """A 200 whose body, blanks in chunks, never ends; the request is not processed."""

    kind: ClassVar[str] = "endless"
    commit: ClassVar[bool] = False


@frozen
class GzipBomb:
    """
    A 200 with `content-encoding: gzip` that unpacks to a thousand times its size.

    What comes out is JSON: an empty object and blanks. The request is not processed.

    Attributes:
        size: Bytes unpacked, about: to the next MiB; at most a gigabyte.
    """

    kind: ClassVar[str] = "gzip-bomb"
    commit: ClassVar[bool] = False
    size: int = field(default=100 * 2**20, validator=checked.whole(1, _MOST_BYTES))


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
"""Any of them."""
