"""A server that lies: whatever it answers, and wherever, a typed error comes in time."""

import asyncio
import functools
import json
import resource
import zlib
from typing import Any

import pytest

from flexiti_async import (
    ApiError,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    OutcomeUnknown,
    PurchaseWidget,
    TokenError,
    TransportError,
)
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import ClockError
from flexiti_async.protocol.call import Call, Replay

from ..support.canaries import sightings
from ..support.metronome import lap
from ..support.patience import PATIENT
from ..support.raw_server import Handler, drips, hangs, never_ends, says, server

pytestmark = pytest.mark.usefixtures("both_engines")
BUY = PurchaseWidget(account_number=20009100)
CANARY = "canary0123456789abcdef"
GRANT = {"token_type": "bearer", "access_token": CANARY, "expires_in": 1200, "scope": "customer"}
CALL_TIMEOUT = 1.0
SLACK = 5.0
"""Seconds; without its time-out a call would take minutes."""
HASTE = {"request_timeout": 0.5, "call_timeout": CALL_TIMEOUT, "token_timeout": 0.5}


def answer(body: bytes | object, *headers: str, status: str = "200 OK") -> bytes:
    """Write a whole HTTP answer that closes its connection."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(content)}", "connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@functools.cache
def bomb() -> bytes:
    """Compress 256 MiB into 256 KiB, bit by bit: this process's own peak is measured later."""
    packer = zlib.compressobj(wbits=31)
    parts = [packer.compress(b'{"redirection_url": "')]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(256)]
    return b"".join([*parts, packer.flush()])


async def drops_a_bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with the bomb."""
    await says(answer(bomb(), "content-encoding: gzip"))(reader, writer)


LIES: dict[str, Handler] = {
    "HTML for JSON": says(answer(b"<html>maintenance</html>", "content-type: application/json")),
    "empty": says(answer(b"")),
    "truncated": says(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
    "endless": never_ends,
    "slow drip": drips,
    "no answer": hangs,
    "an array": says(answer([])),
    "a number": says(answer(17)),
    "null": says(answer(b"null")),
    "wrong types": says(answer({"access_token": 5, "redirection_url": 5})),
    "deeply nested": says(answer(b"[" * 100_000)),
    "not UTF-8": says(answer(b'{"redirection_url": "\xff\xfe"}')),
    "a script as URL": says(answer({"redirection_url": "javascript:alert(1)"})),
    "a redirect": says(answer(b"", "location: http://127.0.0.1:1/", status="302 Found")),
    "a bomb": drops_a_bomb,
    "unknown encoding": says(answer(b"x", "content-encoding: br2")),
    "a huge header": says(answer({}, "x-padding: " + "x" * 100_000)),
    "many headers": says(answer({}, *(f"x-{n}: 1" for n in range(100_000)))),
    "an odd status": says(answer({}, status="799 What")),
    "informational": says(b"HTTP/1.1 199 Odd\r\n\r\n"),
}


@pytest.fixture(scope="module", autouse=True)
def packed() -> None:
    """Pack the bomb, which takes most of a second, before the first call and its time-out."""
    bomb()


def config_of(base_url: str, **options: Any) -> FlexitiConfig:
    """Configure for a server that may take its time, or not with other options."""
    return FlexitiConfig(
        client_id="shop",
        client_secret=CANARY,
        base_url=base_url,
        store="memory://",
        **{**PATIENT, **options},
    )


async def failure(session: FlexitiSession, call: Call[object] | None = None) -> FlexitiError:
    """Call, and give the error that comes of it."""
    work = session.init_widget(BUY) if call is None else session.send(call)
    result = (await asyncio.gather(work, return_exceptions=True))[0]
    assert isinstance(result, FlexitiError), result
    return result


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_of_the_token_endpoint_is_a_token_error_in_time(lie: str) -> None:
    """No secret shows in it, and no caller waits longer than the time-out says."""
    async with (
        server(LIES[lie]) as base_url,
        FlexitiSession(config_of(base_url, **HASTE)) as session,
    ):
        with lap() as took:
            error = await failure(session)

    assert isinstance(error, TokenError)
    assert took.seconds < 2 * 0.5 + SLACK
    assert [] == sightings(error, CANARY)


@pytest.mark.parametrize("replay", Replay)
@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_of_an_endpoint_is_a_typed_error_in_time(lie: str, replay: Replay) -> None:
    """A call that must not be repeated, and may have run, says so."""
    plain = init_widget(BUY)
    call = Call(
        "verify",  # which moves no money
        plain.method,
        plain.path,
        plain.scope,
        plain.result,
        replay,
        body=plain.body,
    )

    async with (
        server(says(answer(GRANT))) as tokens,
        server(LIES[lie]) as base_url,
        FlexitiSession(config_of(tokens)) as honest,
        FlexitiSession(config_of(base_url, **HASTE)) as session,
    ):
        token = await honest.token()
        session.refresher(token.scope)._install(token)
        with lap() as took:
            error = await failure(session, call)

    assert isinstance(error, TransportError | ApiError | OutcomeUnknown)
    assert took.seconds < CALL_TIMEOUT + SLACK
    assert [] == sightings(error, CANARY)
    answered_no = isinstance(error, ApiError) and not 200 <= error.status < 300
    assert (replay is Replay.NEVER and not answered_no) is isinstance(error, OutcomeUnknown)


async def test_a_bomb_is_not_unpacked() -> None:
    """256 MiB in 256 KiB: memory grows by a part of it at most, and the error says too large."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with server(LIES["a bomb"]) as base_url, FlexitiSession(config_of(base_url)) as session:
        error = await failure(session)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    assert "too large" in str(error)
    assert grown < 128


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"expires_in": -1200}, ClockError),
        ({"expires_in": 0}, ClockError),
        ({"expires_in": "Infinity"}, TokenError),
        ({"access_token": "a\r\nx-evil: 1"}, TokenError),
        ({"access_token": ""}, TokenError),
        ({"scope": "merchant"}, TokenError),
        ({"token_type": "mac"}, TokenError),
    ],
)
async def test_a_grant_that_cannot_be_is_a_token_error(
    changed: dict[str, object], kind: type[TokenError]
) -> None:
    """A life that is over, a token with a line break, another scope: none of them is used."""
    handler = says(answer({**GRANT, **changed}))
    async with server(handler) as base_url, FlexitiSession(config_of(base_url)) as session:
        error = await failure(session)

    assert isinstance(error, kind)
    assert [] == sightings(error, CANARY)


async def test_a_life_of_a_thousand_years_is_taken_for_a_week() -> None:
    """Nobody loses by renewing early what claims to live for ever."""
    handler = says(answer({**GRANT, "expires_in": 31_536_000_000}))
    async with server(handler) as base_url, FlexitiSession(config_of(base_url)) as session:
        token = await session.token()

    assert 604_800.0 == token.lifetime
