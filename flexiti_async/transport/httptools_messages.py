"""
Writes requests as bytes, and reads bytes as answers, with llhttp, by way of httptools.

It is at least as strict as aiohttp: it accepts nothing that aiohttp refuses, and reads what both
accept as the same answer (`tests/transport/test_engines_agree.py`). Beyond that it refuses line
ends without CR, folded headers, statuses below 100, a switch of protocols, a second answer, and
whatever else follows the answer.
"""

import zlib
from typing import Final

import aiohttp
import httptools
from multidict import CIMultiDict

from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse

__all__ = [
    "AnswerReader",
    "NotHttpError",
    "Outcome",
    "TooLargeError",
    "request_bytes",
]

_MOST_BYTES: Final = 4 * 1024 * 1024
"""Size of the largest body that is read, after decompression."""
_MOST_FRAMING: Final = 64 * 1024
"""Bytes of heads, chunk sizes and trailers of an answer, beyond one for each byte of its body."""
_MOST_LINE: Final = 8190  # aiohttp's max_line_size and max_field_size
_MOST_HEADERS: Final = 128  # aiohttp's max_headers
_INTERIM: Final = range(100, 200)
_SWITCHING_PROTOCOLS: Final = 101
_WINDOWS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_UNREADABLE: Final = frozenset({"br", "zstd"})
"""Encodings that aiohttp decodes with packages that it may find; no answer may be in them here."""
_OF_LENGTH: Final = frozenset({b"content-length", b"transfer-encoding"})
_ESCAPED: Final = "surrogateescape"
_REFUSED_HEADER: Final = "sec-websocket-key1"  # by aiohttp


class NotHttpError(Exception):
    """An answer is not HTTP/1.1 as it has to be. The text contains nothing of the answer."""


class TooLargeError(Exception):
    """The body of an answer is larger than what is read."""


Outcome = HttpResponse | Exception
"""An answer, or what came instead: an error of this module, or aiohttp's for a broken one."""


def request_bytes(request: HttpRequest, *, last: bool) -> bytes | None:
    """
    Return a request as bytes; None if it cannot be sent.

    That is so if its first line or a header contains something other than ASCII, or a control
    character, such as a line break, which would begin another header.

    Args:
        request: The request.
        last: Nothing else will be sent over its connection.
    """
    url, body = request.url, request.body
    target = url.raw_path_qs
    lines = [
        f"{request.method} {target} HTTP/1.1",
        f"Host: {url.host_port_subcomponent}",
        "Accept: */*",
        *map(": ".join, request.headers.items()),
    ]
    text = "".join(lines)
    if not (text.isascii() and text.isprintable()) or " " in target:
        return None
    if last:
        lines.append("Connection: close")
    if body is not None or request.method != "GET":
        lines.append(f"Content-Length: {len(body or b'')}")
    lines.append("\r\n")
    head = "\r\n".join(lines).encode("ascii")
    return head if body is None else head + body


class AnswerReader:
    """
    Reads one answer from pieces of bytes.

    Each answer has a reader, and a parser, of its own: no state of one can reach the next.

    Attributes:
        keeps_connection: The answer, once it is whole, allows another request on its connection.
    """

    __slots__ = (
        *("keeps_connection", "_parser", "_status", "_reason_size", "_head", "_parts", "_size"),
        *("_framing", "_whole", "_problem"),
    )

    def __init__(self) -> None:
        self.keeps_connection = False
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._status = self._reason_size = 0
        self._head: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._size = self._framing = 0
        self._whole = False
        self._problem: Exception | None = None

    def feed(self, data: bytes | memoryview) -> Outcome | None:
        """Read a piece of the answer, and return the outcome; None if more has to come."""
        parser = self._parser
        if parser is None:  # after the outcome
            return NotHttpError("bytes after the answer")
        self._framing += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._note(NotHttpError(type(error).__name__))
        if self._framing > _MOST_FRAMING + self._size:
            self._note(NotHttpError("too much around its body"))
        if self._problem is not None or self._whole:
            return self._outcome()
        return None

    def end(self) -> Outcome:
        """
        Return the outcome when the connection was closed properly.

        Only a body that has neither a length nor chunks ends so (RFC 9112 section 6.3, rule 8).
        """
        if self._parser is None or not self._status:
            self._note(aiohttp.ServerDisconnectedError())
        elif not _OF_LENGTH.isdisjoint(name.lower() for name, _ in self._head):
            self._note(aiohttp.ClientPayloadError())
        self.keeps_connection = False
        return self._outcome()

    def _outcome(self) -> Outcome:
        """Return the outcome, and forget what has been read: the parser and this are a cycle."""
        problem, headers, body = self._problem, _decoded(self._head), b"".join(self._parts)
        self._parser, self._head, self._parts = None, [], []
        if problem is None and "content-encoding" in headers:  # nobody has asked for it
            unpacked = _unpacked(body, headers.getall("content-encoding")[-1])
            if isinstance(unpacked, bytes):
                body = unpacked
            else:
                problem = unpacked
        if _REFUSED_HEADER in headers:
            problem = problem or NotHttpError("a header of an old WebSocket")
        if problem is None:
            return HttpResponse(self._status, headers, body)
        self.keeps_connection = False
        return problem

    def _note(self, problem: Exception) -> None:
        """Note what is wrong with the answer, unless something else is already."""
        self._problem = self._problem or problem

    def _refuse(self, problem: Exception) -> None:
        """Note what is wrong with the answer, and end `feed_data`."""
        self._note(problem)
        # Another exception: this one's traceback has frames with parts of the answer.
        raise ValueError

    # Called by llhttp.

    def on_message_begin(self) -> None:
        """Refuse a second answer."""
        if self._whole:
            self._refuse(NotHttpError("more than one answer"))

    def on_status(self, reason: bytes) -> None:
        """Bound the first line."""
        self._reason_size += len(reason)
        if self._reason_size > _MOST_LINE:
            self._refuse(NotHttpError("a line that is too long"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; a trailer has no say (RFC 9110 section 6.5.1)."""
        if self._status:
            return
        head = self._head
        if len(name) + len(value) > _MOST_LINE or len(head) >= _MOST_HEADERS:
            self._refuse(NotHttpError("a head that is too large"))
        head.append((name, value))

    def on_headers_complete(self) -> None:
        """Note the status, and whether the connection stays."""
        assert self._parser is not None  # noqa: S101 - it is the caller
        self._status = status = self._parser.get_status_code()
        self.keeps_connection = self._parser.should_keep_alive()
        # A status below 100 is not an interim one either.
        if status < _INTERIM.start or status == _SWITCHING_PROTOCOLS:
            self._refuse(NotHttpError("its status"))

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body; an interim answer has none (RFC 9112 section 6.3)."""
        if self._status in _INTERIM:
            self._refuse(NotHttpError("an interim answer with a body"))
        self._size += len(body)
        self._framing -= len(body)
        if self._size > _MOST_BYTES:
            self._refuse(TooLargeError())
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Note that the answer is whole; after an interim one, another follows."""
        if self._status in _INTERIM:
            self._status = self._reason_size = 0
            self._head = []
        else:
            self._whole = True


def _decoded(head: list[tuple[bytes, bytes]]) -> CIMultiDict[str]:
    """Decode names and values as aiohttp does: not every server knows that they are ASCII."""
    return CIMultiDict(
        [
            (name.decode("utf-8", _ESCAPED), value.rstrip(b" \t").decode("utf-8", _ESCAPED))
            for name, value in head
        ]
    )


def _unpacked(body: bytes, encoding: str) -> bytes | Exception:
    """Decompress a body, in bounds; of an encoding that aiohttp does not know, return it as is."""
    # `lower` makes ASCII of a Kelvin sign, which aiohttp does not.
    encoding = encoding.lower() if encoding.isascii() else ""
    if encoding in _UNREADABLE:
        return aiohttp.ClientPayloadError()
    if not body or encoding not in _WINDOWS:
        return body
    unpacking = zlib.decompressobj(_WINDOWS[encoding])
    try:
        unpacked = unpacking.decompress(body, _MOST_BYTES + 1)
    except zlib.error:
        return aiohttp.ClientPayloadError()
    if len(unpacked) > _MOST_BYTES:
        return TooLargeError()
    whole = unpacking.eof and not unpacking.unused_data
    return unpacked if whole else aiohttp.ClientPayloadError()
