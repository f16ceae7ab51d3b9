"""Random answers: proper ones, odd ones, and broken ones, cut into pieces at random places."""

import gzip
import random
import zlib
from collections.abc import Sequence
from typing import Final

from attrs import frozen

__all__ = ["BODY", "Script", "draw"]

BODY: Final = b'{"redirection_url": "https://widget.invalid/x"}'

_ODD: Final = 0.1
"""Probability of each odd part; an answer has several, and most answers should be read."""
_STATUSES: Final = (
    *(
        b"200 OK",
        b"201 Created",
        b"204 No Content",
        b"302 Found",
        b"304 Not Modified",
        b"400 Bad",
        b"503 Down",
    ),
    *(b"200", b"200 ", b"999 Odd", b"099 Odd", b"000 Odd", b"20 OK", b"2000 OK", b"199 Odd"),
    *(b"101 Switching", b"100 Continue", b"200 \xff", b"200 " + b"o" * 9000),
)
_VERSIONS: Final = (
    *(b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/0.9", b"http/1.1", b"ICY", b"HTTP/1.1 "),
)
_LENGTHS: Final = (b"-1", b"+5", b"0x10", b"5,5", b"9" * 23, b"", b" 47 ", b"47\x0b", b"0")
_CODINGS: Final = (
    *(b"gzip", b"deflate", b"GZIP", b"br", b"zstd", b"identity", b"x-odd", b"gzip, identity"),
    "gzi\u212a".encode(),
)
_GZIP: Final = gzip.compress(BODY)
_DEFLATE: Final = zlib.compress(BODY)
_PACKED: Final = (
    *(_GZIP, _DEFLATE, _GZIP, _DEFLATE, _DEFLATE[2:-4], BODY, b"", _GZIP[:-9], _GZIP * 2),
    *(_GZIP + b"x", _DEFLATE + b"x", gzip.compress(bytes(5_000_000))),
)
_TRANSFERS: Final = (b"gzip, chunked", b"chunked, gzip", b"gzip", b"chunked, chunked", b"Chunked")
_PLAIN_HEADERS: Final = (
    *(b"Retry-After: 7", b"Connection: keep-alive", b"Keep-Alive: timeout=5", b"X-A: b", b"X-A: c"),
    *(b"Content-Type: application/json", b"Date: Sun, 06 Nov 1994 08:49:37 GMT", b"X-V: \xc3\xa9"),
    *(b"X-Empty:", b"X-Tab:\ta\t", b"Set-Cookie: a=b", b"Connection: close"),
)
_ODD_HEADERS: Final = (
    *(b"Retry-After: 7", b"Retry-After: 8 ", b"Connection: close", b"Connection: keep-alive"),
    *(
        b"Connection: upgrade",
        b"Upgrade: websocket",
        b"Keep-Alive: timeout=5",
        b"X-A: b",
        b"X-A: c",
    ),
    *(b"X-Empty:", b"X-Odd : 1", b" X-Led: 1", b"X-Fold: a\r\n b", b"X\x00: 1", b"X-V: a\x00b"),
    *(b"X-V: \xff\xfe", b"X-V: \xc3\xa9", b"X-V: a\rb", b"X-V: a\x01b", b"NoColon", b": none"),
    *(b"X-Long: " + b"y" * 8180, b"X-Long: " + b"y" * 9000, b"Set-Cookie: a=b", b"X-Tab:\ta\t"),
    *(b"Content-Type: application/json", b"Content-Encoding: gzip", b"Sec-WebSocket-Key1: x"),
    *(b"Trailer: X-T", b"Date: Sun, 06 Nov 1994 08:49:37 GMT", b"\xc3\xa9: 1", b"X(Y): 1"),
)
_TRAILERS: Final = (b"X-T: 1\r\n", b"Content-Length: 3\r\n", b"bad\r\n", b"X-T: 1\n")
_EXTENSIONS: Final = (b";a=b", b" ", b";" + b"a" * 9000, b"\x00")
_AFTER: Final = (
    *(b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"x", b"HTTP/1.1 200 O", b"\n"),
)
_BEFORE: Final = (
    *(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n", b"\r\n"),
    *(b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", b"HTTP/1.1 099 No\r\n\r\n"),
)


@frozen
class Script:
    """
    The bytes that a server sends.

    Attributes:
        pieces: Its bytes, as they arrive.
        closes: It closes the connection afterwards.
    """

    pieces: Sequence[bytes]
    closes: bool


def draw(source: random.Random) -> Script:
    """Draw an answer."""
    headers, body, closes = _draw_body(source)
    for _ in range(source.randrange(4)):
        drawn = source.choice(_ODD_HEADERS if source.random() < _ODD else _PLAIN_HEADERS)
        headers.insert(source.randrange(len(headers) + 1), drawn)
    if source.random() < 0.01:
        headers += [b"X-%d: 1" % number for number in range(source.choice([120, 128, 129, 200]))]
    end = b"\r\n" if source.random() < 0.97 else b"\n"
    version = source.choice(_VERSIONS) if source.random() < _ODD / 2 else b"HTTP/1.1"
    first = version + b" " + (source.choice(_STATUSES) if source.random() < _ODD else b"200 OK")
    data = end.join([first, *headers, b"", b""]) + body
    if source.random() < _ODD:
        data = source.choice(_BEFORE) + data
    if source.random() < 0.06:
        data += source.choice(_AFTER)
    if source.random() < 0.1:
        data, closes = data[: source.randrange(len(data))], source.random() < 0.8
    for _ in range(source.choice([0] * 10 + [1, 3])):
        data = _flip(data, source)
    cuts = sorted(source.randrange(len(data) + 1) for _ in range(source.choice([0, 0, 0, 1, 2, 5])))
    pieces = [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=True) if i < j]
    return Script(pieces, closes or source.random() < 0.1)


def _draw_body(source: random.Random) -> tuple[list[bytes], bytes, bool]:
    """Draw the headers around a body, its bytes, and whether its end is that of the connection."""
    length, chunked = b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked"
    drawn = source.random()
    if drawn < _ODD:
        packed = source.choice(_PACKED)
        coding = b"Content-Encoding: " + source.choice(_CODINGS)
        return [coding, b"Content-Length: %d" % len(packed)], packed, False
    if drawn < 2 * _ODD:
        headers = source.choice(
            [
                [b"Content-Length: " + source.choice(_LENGTHS)],
                [length, b"Content-Length: " + source.choice([b"5", b"%d" % len(BODY)])],
                [length, chunked],
                [b"Transfer-Encoding: " + source.choice(_TRANSFERS)],
            ]
        )
        body = BODY if source.random() < 1 / 2 else _chunked(source)
        return headers, body, source.random() < 1 / 2
    if drawn < 3 * _ODD:
        return [], BODY, True
    return (
        ([length], BODY, False) if source.random() < 1 / 2 else ([chunked], _chunked(source), False)
    )


def _chunked(source: random.Random) -> bytes:
    """Return the body in chunks."""
    cut = source.randrange(1, len(BODY))
    extension = source.choice(_EXTENSIONS) if source.random() < _ODD else b""
    trailer = source.choice(_TRAILERS) if source.random() < _ODD else b""
    parts = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in (BODY[:cut], BODY[cut:])]
    return b"".join([*parts, b"0\r\n", trailer, b"\r\n"])


def _flip(data: bytes, source: random.Random) -> bytes:
    """Replace, remove or repeat a byte."""
    if not data:
        return data
    at = source.randrange(len(data))
    return (
        data[:at]
        + source.choice([bytes([source.randrange(256)]), b"", data[at : at + 1] * 2])
        + data[at + 1 :]
    )
