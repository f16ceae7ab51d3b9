"""
Decodes the body of an answer, also in the forms that gateways and careless servers give it.

JSON in UTF-8 is decoded at once. Anything else is tried once more, as text in the charset that the
body or the header names, with what is not JSON in it replaced:

* a byte order mark, and comments (HTML, C, shell) around and between values, are left out;
* NaN and Infinity, which JSON does not have, are null;
* control characters within a text are escaped, and half of a surrogate pair is U+FFFD.

Nothing else is guessed: half of a body, two values, and a page of HTML are not JSON.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from attrs import define, field

from flexiti_async.protocol.json_codec import UnfitError, decode

__all__ = ["HttpResponse", "body_of"]


@define
class HttpResponse:
    """
    A complete answer as it was received.

    Attributes:
        status: HTTP status.
        headers: Header names in lower case, with the last value of each.
        body: The bytes of the body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


_CHARSET: Final = re.compile(
    r"""charset=["']?((?:utf-?(?:16|32)|iso-?8859-?\d|latin-?\d|windows-125\d)[\w-]*)""",
    re.IGNORECASE | re.ASCII,
)
_OLD: Final = "iso-8859-1"
"""The charset of HTTP before RFC 7231, for a body that is not UTF-8 and names none."""
_AROUND: Final = "\ufeff \t\r\n"
_MOST_REPAIRED: Final = 2**20
"""Characters of a text in which anything is replaced: it takes up to 0.2 s."""
# Possessive (`*+` never goes back), so that an unfinished text or comment costs one pass.
_NOT_JSON: Final = re.compile(
    r"""
    "[^"\\]*+(?:\\.[^"\\]*+)*+"?
    | <!--(?:.*?-->|.*+)
    | /\*(?:.*?\*/|.*+)
    | (?://|\#)[^\r\n]*+
    | [+-]?\b(?:nan|inf(?:inity)?)\b
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_NOT_TEXT: Final = re.compile(
    r"""
    (?P<good>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2} | \\[^u])
    | (?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})
    | (?P<control>[\x00-\x1f])
    """,
    re.VERBOSE,
)


def body_of(answer: HttpResponse) -> object:
    """
    Decode an answer's body; an empty one is an empty object.

    Raises:
        UnfitError: It is not JSON, or beyond the limits of `decode`.
    """
    try:
        return decode(answer.body)
    except UnfitError as error:
        unfit = error
    if not answer.body.strip():
        return {}
    try:
        text = _text_of(answer).strip(_AROUND)
    except (UnicodeError, LookupError):
        raise unfit from None
    if len(text) <= _MOST_REPAIRED:
        text = _NOT_JSON.sub(_replaced, text)
    return decode(text.encode()) if text else {}


def _text_of(answer: HttpResponse) -> str:
    """Return a body as text: in UTF-8, else in the charset that it or its header names."""
    charset: str = json.detect_encoding(answer.body)  # by its mark, or the zeros in it
    if charset == "utf-8":
        try:
            return answer.body.decode()
        except UnicodeDecodeError:
            named = _CHARSET.search(answer.headers.get("content-type", ""))
            charset = named[1] if named else _OLD
    return answer.body.decode(charset)


def _replaced(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] == '"':
        return _NOT_TEXT.sub(_escaped, text)
    return " " if text[0] in "</#" else "null"


def _escaped(found: re.Match[str]) -> str:
    if found["control"] is not None:
        return f"\\u{ord(found['control']):04x}"
    return "\\ufffd" if found["half"] is not None else found[0]
