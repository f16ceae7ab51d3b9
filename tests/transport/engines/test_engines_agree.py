"""The httptools engine reads nothing that aiohttp refuses, and nothing in another way."""

import asyncio
import random
import zlib
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import pytest
from yarl import URL

from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.transport.pool import Transport

from .answers import BODY, Script, draw
from .comparing import Answer, compare, of_aiohttp, of_httptools

CASES = 400
OVER_SOCKETS = 40
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (
    len(BODY),
    BODY,
)
INTERIM = b"HTTP/1.1 199 Odd\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
PLAIN = Answer(200, [("content-length", str(len(BODY)))], BODY)
IN_CHUNKS = Answer(200, [("transfer-encoding", "chunked")], BODY)


async def test_random_answers_are_read_as_aiohttp_reads_them() -> None:
    """Cut, flipped, and odd ones: `nox -s engine` compares ten thousand and more."""
    both, refused, differences = await compare(range(CASES))

    assert [] == differences
    assert CASES / 4 < both
    assert 0 < refused < both


def bytewise(data: bytes) -> list[bytes]:
    """Cut bytes one by one."""
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize(
    ("pieces", "closes", "expected"),
    [
        pytest.param([GOOD], False, PLAIN, id="a length"),
        pytest.param(bytewise(GOOD), False, PLAIN, id="byte by byte"),
        pytest.param(bytewise(CHUNKED + b"\r\n"), False, IN_CHUNKS, id="chunks, byte by byte"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\n\r\n", BODY], True, Answer(200, [], BODY), id="until it closes"
        ),
        pytest.param(
            [b"HTTP/1.1 100 Go on\r\n\r\n", GOOD], False, PLAIN, id="after an interim one"
        ),
        pytest.param([CHUNKED + b"Retry-After: 3\r\n\r\n"], False, IN_CHUNKS, id="a trailer"),
        pytest.param([GOOD[:-1]], True, "ClientPayloadError", id="half a body"),
        pytest.param([CHUNKED], True, "ClientPayloadError", id="no end of the chunks"),
        pytest.param([GOOD[:20]], True, "ServerDisconnectedError", id="half a head"),
        pytest.param(
            [b"HTTP/1.1 100 Go on\r\n\r\n"], True, "ServerDisconnectedError", id="interim"
        ),
        pytest.param([INTERIM + GOOD], False, "NotHttpError", id="a body of an interim answer"),
        pytest.param([GOOD + GOOD], False, "NotHttpError", id="two answers"),
        pytest.param([GOOD + b"H"], False, "NotHttpError", id="a byte after it"),
        pytest.param([GOOD.replace(b"200", b"099")], False, "NotHttpError", id="status 099"),
        pytest.param([GOOD.replace(b"200", b"101")], False, "NotHttpError", id="another protocol"),
        pytest.param([GOOD.replace(b"\r\n", b"\n")], False, "NotHttpError", id="line ends"),
        pytest.param(
            [GOOD.replace(b"Con", b"X: a\r\n b\r\nCon")], False, "NotHttpError", id="folds"
        ),
        pytest.param([GOOD.replace(b"Con", b"X: a\0b\r\nCon")], False, "NotHttpError", id="NUL"),
        pytest.param(
            [GOOD.replace(b"Con", b"Transfer-Encoding: chunked\r\nCon")],
            *(False, "NotHttpError"),
            id="two kinds of length",
        ),
        pytest.param(
            [GOOD.replace(b"Con", b"Content-Length: 5\r\nCon")],
            *(False, "NotHttpError"),
            id="two lengths",
        ),
    ],
)
async def test_an_answer_is_read_or_refused(
    pieces: Sequence[bytes], closes: bool, expected: Answer | str
) -> None:
    """An answer that could be two, or could be cut off, is refused; aiohttp is laxer."""
    script = Script(pieces, closes)

    assert expected == of_httptools(script)
    if isinstance(expected, Answer):
        assert expected == await of_aiohttp(script)


ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        pytest.param(b"", b"H", id="a version"),
        pytest.param(b"HTTP/1.1 200 ", b"o" * 999, id="a reason"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 999, id="a value"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"y" * 999, id="a name"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 50, id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 8000 + b"\r\n", id="long headers"),
        pytest.param(b"", b"HTTP/1.1 100 Go on\r\n\r\n" * 50, id="interim answers"),
        pytest.param(ENDLESS + b"1", b";" + b"a" * 999, id="an extension of a chunk"),
        pytest.param(ENDLESS + b"0\r\nX: ", b"y" * 999, id="a trailer"),
        pytest.param(ENDLESS + b"0\r\n", b"X: y\r\n" * 50, id="trailers"),
        pytest.param(ENDLESS, b"1;abcdefg\r\nx\r\n" * 50, id="tiny chunks"),
        pytest.param(ENDLESS, b"fff\r\n" + b"x" * 4095 + b"\r\n", id="chunks"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 9999, id="a body without a length"),
    ],
)
def test_every_part_of_an_answer_is_bounded(first: bytes, rest: bytes) -> None:
    """Whatever goes on for ever is refused after the size of the largest body, or long before."""
    script = Script([first, *[rest] * (5_000_000 // len(rest))], closes=False)

    assert of_httptools(script) in {"NotHttpError", "TooLargeError"}


def test_a_bomb_of_any_encoding_is_bounded() -> None:
    """16 MiB of zeros in 16 KiB are not unpacked, and half of a stream is not an answer."""
    for coding, window in (("gzip", 31), ("deflate", 15)):
        packer = zlib.compressobj(wbits=window)
        packed = packer.compress(bytes(1 << 24)) + packer.flush()
        small = zlib.compressobj(wbits=window)
        whole = small.compress(BODY) + small.flush()

        def answer(body: bytes, coding: str = coding) -> Script:
            head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}"
            return Script([head.encode() + b"\r\n\r\n" + body], closes=False)

        assert "TooLargeError" == of_httptools(answer(packed))
        assert "ClientPayloadError" == of_httptools(answer(whole[:-1]))
        read = of_httptools(answer(whole))
        assert isinstance(read, Answer)
        assert BODY == read.body


async def served(
    script: Script, said: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve a connection: the first of all requests by the script, others properly."""
    with suppress(OSError, EOFError):
        while await reader.readuntil(b"\r\n\r\n{}"):
            if said.is_set():
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext")
                continue
            for piece in script.pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            said.set()
            if script.closes:
                break
    writer.close()


async def outcomes_of(script: Script, http: str) -> list[object]:
    """Send a request that is answered by a script, and another one over the same transport."""
    alone = of_httptools(script) if http == "httptools" else await of_aiohttp(script)
    said = asyncio.Event()
    running = await asyncio.start_server(partial(served, script, said), "127.0.0.1", 0)
    url = URL(f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/x")
    transport = Transport(str(url), timeout=60, connect_timeout=60, connections=2, http=http)
    found: list[object] = []
    for _ in range(2):
        request = HttpRequest("x", "POST", url, {}, b"{}", "ref")
        task = asyncio.ensure_future(transport.attempt(request))
        await said.wait()
        if not found and alone is None:  # it has all that will come, and waits for more
            task.cancel()
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, HttpResponse):
            found.append((outcome.status, outcome.body))
        else:
            found.append(type(outcome).__name__)
    await transport.aclose()
    running.close()
    await running.wait_closed()
    return found


async def test_the_next_request_gets_its_own_answer() -> None:
    """Whatever came before it on a real connection, by the same rule as aiohttp's."""
    for seed in range(OVER_SOCKETS):
        script = draw(random.Random(seed))  # noqa: S311 - repeatable
        first, second = await outcomes_of(script, "httptools")

        # A connection may be closed while the next request is on its way.
        assert (200, b"next") == second or (script.closes and "ConnectionLost" == second), seed
        if isinstance(first, tuple):
            assert first == (await outcomes_of(script, "aiohttp"))[0], seed
