"""Each kind of fault, as a client meets it; with raw bytes where aiohttp would hide it."""

import asyncio
import gzip
import json
import logging
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from attrs import frozen

from flexiti_async.sandbox import Only, Sandbox, faults
from flexiti_async.sandbox.faults.replies import Reply, reply_of
from tests.sandbox.conftest import REFERENCE_ID, Answer, Api, until

from ..support.patience import PATIENCE

NOW = 1_800_000_000
TOKEN = "oauth/token"
KINDS: list[faults.Fault] = [
    faults.Answer(503),
    faults.Redirect("http://127.0.0.1/"),
    faults.Delay(0.001),
    faults.Drop(),
    faults.Reset(),
    faults.Hang(),
    faults.Truncate(),
    faults.Drip(0.0001),
    faults.Malformed(),
    faults.Alter(),
    faults.Endless(),
    faults.GzipBomb(1),
]


async def raw(sandbox: Sandbox, at_most: int = -1) -> bytes:
    """Request a token over a socket, and return the bytes until the connection ends."""
    form = urlencode({"client_id": sandbox.client_id, "client_secret": sandbox.client_secret})
    reader, writer = await asyncio.open_connection(sandbox.host, sandbox.port)
    try:
        writer.write(
            "POST /flexiti/pos-api/v2.5/oauth/token HTTP/1.1\r\nhost: sandbox\r\n"
            f"x-reference-id: {REFERENCE_ID}\r\nconnection: close\r\n"
            "content-type: application/x-www-form-urlencoded\r\n"
            f"content-length: {len(form)}\r\n\r\n{form}".encode()
        )
        async with asyncio.timeout(PATIENCE):
            return await reader.read(at_most)
    finally:
        writer.close()


@frozen
class Met:
    """An answer, undecoded."""

    status: int
    headers: Mapping[str, str]
    content_type: str
    body: bytes


async def meet(api: Api, fault: faults.Fault) -> Met:
    """Request a token, meet a fault, and return the undecoded answer."""
    api.sandbox.inject(fault, endpoint=TOKEN)
    form = {"client_id": api.sandbox.client_id, "client_secret": api.sandbox.client_secret}
    async with api.http.post(
        f"{api.sandbox.base_url}/v2.5/oauth/token",
        data=form,
        headers={"x-reference-id": REFERENCE_ID},
        allow_redirects=False,
    ) as response:
        body = await response.read()
        return Met(response.status, response.headers, response.content_type, body)


async def test_retry_after(api: Api, sandbox: Sandbox) -> None:
    """Retry-After is in seconds, or a date by the sandbox's clock."""
    sandbox.clock_offset = 3600
    in_seconds = await meet(api, faults.Answer(429, retry_after=7))
    as_date = await meet(api, faults.Answer(503, retry_after=7, retry_after_date=True))
    moment = parsedate_to_datetime(as_date.headers["retry-after"])

    assert (429, "7") == (in_seconds.status, in_seconds.headers["retry-after"])
    assert (503, NOW + 3607) == (as_date.status, moment.timestamp())


@pytest.mark.parametrize("commit", [False, True])
async def test_answer(api: Api, sandbox: Sandbox, commit: bool) -> None:
    """A scripted answer can replace the processing, or the real answer after it."""
    answer = await meet(api, faults.Answer(504, {"server": "gateway"}, b"<h1>", commit=commit))

    assert (504, "gateway", b"<h1>") == (answer.status, answer.headers["server"], answer.body)
    assert int(commit) == sandbox.tokens_issued


async def test_redirect(api: Api, sandbox: Sandbox) -> None:
    """A redirect has the given URL, and the request is not processed."""
    answer = await meet(api, faults.Redirect("https://evil.example/x", status=308))

    assert (308, "https://evil.example/x") == (answer.status, answer.headers["location"])
    assert 0 == sandbox.tokens_issued


async def test_delay(api: Api, sandbox: Sandbox) -> None:
    """The real answer is computed after the delay, with the settings of that time."""
    sandbox.inject(faults.Delay(0.05), endpoint="merchants/login")
    access_token = await api.access_token()
    started = time.monotonic()
    call = asyncio.create_task(api.call("merchants/login", access_token))
    await until(lambda: sandbox.count("merchants/login") == 1)
    sandbox.revoke(access_token)

    assert 401 == (await call).status
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(("commit", "status"), [(True, 200), (False, None)])
async def test_drop(api: Api, sandbox: Sandbox, commit: bool, status: int | None) -> None:
    """The answer is lost: the token is issued (or not), and the connection ends without a byte."""
    sandbox.inject(faults.Drop(commit=commit))
    sandbox.inject(faults.Drop(commit=commit))

    assert b"" == await raw(sandbox)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api.token()
    assert 2 * commit == sandbox.tokens_issued
    assert [("drop", status)] * 2 == [(seen.fault, seen.status) for seen in sandbox.requests]


async def test_lost_refresh_sent_again(api: Api, sandbox: Sandbox) -> None:
    """A refresh whose answer was lost has spent its token: a retry revokes the family."""
    first = (await api.token()).body
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    sandbox.inject(faults.Drop(), endpoint=TOKEN, only=Only(grant="refresh_token"))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api.token(**refresh)
    [_, lost] = sandbox.tokens
    again = await api.token(**refresh)

    assert not lost.revoked
    assert (400, "invalid_request") == again.refusal
    assert [True, True] == [token.revoked for token in sandbox.tokens]
    assert 1 == sandbox.replays


@pytest.mark.parametrize("commit", [False, True])
async def test_reset(sandbox: Sandbox, commit: bool) -> None:
    """The connection is reset, not just closed."""
    sandbox.inject(faults.Reset(commit=commit))
    with pytest.raises(ConnectionResetError):
        await raw(sandbox)

    assert int(commit) == sandbox.tokens_issued


async def test_hang(api: Api, sandbox: Sandbox) -> None:
    """One client waits in vain, others are served; the handler ends when the client disconnects."""
    before = asyncio.all_tasks()
    sandbox.inject(faults.Hang(commit=True))
    call = asyncio.create_task(api.token())
    await until(lambda: sandbox.count(TOKEN, status=200) == 1)

    assert 200 == (await api.token()).status
    assert not call.done()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await api.http.close()
    await until(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize(("keep", "come"), [(0, 0), (10, 10), (10**6, -1)])
async def test_truncate(api: Api, sandbox: Sandbox, keep: int, come: int) -> None:
    """The body is shorter than declared, by at least one byte."""
    sandbox.inject(faults.Truncate(keep), times=2)
    head, _, body = (await raw(sandbox)).partition(b"\r\n\r\n")
    pinned = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])

    assert len(body) == (pinned - 1 if come < 0 else come)
    assert body == b'{"token_type":"bearer","'[: len(body)] or come < 0
    with pytest.raises(aiohttp.ClientPayloadError):
        await api.token()
    assert 2 == sandbox.tokens_issued


async def test_drip(api: Api, sandbox: Sandbox) -> None:
    """The whole answer arrives, with a pause before each byte of its body."""
    started = time.monotonic()
    answer = await meet(api, faults.Drip(0.001))
    body = answer.body

    assert 1200 == json.loads(body)["expires_in"]
    assert time.monotonic() - started >= 0.001 * len(body)
    assert 1 == sandbox.tokens_issued


@pytest.mark.parametrize(
    ("shape", "content_type", "starts"),
    [
        ("html", "text/html", b"<!DOCTYPE html>"),
        ("html-as-json", "application/json", b"<!DOCTYPE html>"),
        ("json-as-text", "text/plain", b'{"token_type":'),
        ("half", "application/json", b'{"token_type":'),
        ("list", "application/json", b"[]"),
        ("empty", "application/json", b""),
        ("not-utf8", "application/json", b'{"token_type":'),
    ],
)
async def test_malformed(
    api: Api, sandbox: Sandbox, shape: faults.Misshape, content_type: str, starts: bytes
) -> None:
    """A valid answer becomes one that clients cannot use, or should not."""
    answer = await meet(api, faults.Malformed(shape))
    body = answer.body

    assert (200, content_type) == (answer.status, answer.content_type)
    assert body.startswith(starts)
    assert 1 == sandbox.tokens_issued
    if shape != "json-as-text":
        with pytest.raises((ValueError, TypeError)):
            json.loads(body)["token_type"]


async def test_no_http(sandbox: Sandbox) -> None:
    """The answer can be bytes that are not HTTP."""
    sandbox.inject(faults.Malformed("no-http"))

    assert b"This is not even HTTP.\r\n\r\n" == await raw(sandbox)
    assert 1 == sandbox.tokens_issued


async def test_alter(api: Api, sandbox: Sandbox) -> None:
    """Members of the real answer are set and omitted; the others are unchanged."""
    lies: dict[str, Any] = {"expires_in": -5.5, "scope": ["a\r\nb", None]}
    answer = await meet(api, faults.Alter(lies, omit=("refresh_token", "nothing")))
    body = json.loads(answer.body)

    assert {**lies, "token_type": "bearer"} == {
        name: value for name, value in body.items() if name != "access_token"
    }
    assert body["access_token"] == sandbox.tokens[0].access_token


async def test_alter_of_a_refusal(api: Api, sandbox: Sandbox) -> None:
    """A refusal can be altered as well, and keeps its status."""
    sandbox.inject(faults.Alter(omit=("error",)), endpoint="merchants/login")
    answer = await api.call("merchants/login", None)

    assert (401, False) == (answer.status, "error" in answer.body)


def test_alter_keeps_money() -> None:
    """Unaltered amounts keep their digits."""
    real = Reply(200, b'{"amount":0.10,"balance":12345678901234567.89}')
    altered = reply_of(faults.Alter({"x": 0.5}), real, "/", 0.0)

    assert altered is not None
    assert b'{"amount":0.10,"balance":12345678901234567.89,"x":0.5}' == altered.body


async def test_endless(sandbox: Sandbox) -> None:
    """The body continues until the client disconnects."""
    before = asyncio.all_tasks()
    sandbox.inject(faults.Endless())
    read = 0
    url = f"{sandbox.base_url}/v2.5/oauth/token"
    async with aiohttp.ClientSession() as http, http.post(url) as answer:
        async for part in answer.content.iter_any():
            read += len(part)
            if read > 10 * 2**20:
                break
        answer.close()

    assert 200 == answer.status
    await until(lambda: asyncio.all_tasks() == before)
    assert 0 == sandbox.tokens_issued


async def test_gzip_bomb(sandbox: Sandbox) -> None:
    """A few kilobytes decompress to megabytes of JSON, with a valid checksum."""
    sandbox.inject(faults.GzipBomb(3 * 2**20), times=2)
    url = f"{sandbox.base_url}/v2.5/oauth/token"
    async with aiohttp.ClientSession(auto_decompress=False) as http, http.post(url) as answer:
        packed = await answer.read()
    async with aiohttp.ClientSession() as http, http.post(url) as answer:
        unpacked = await answer.read()

    assert len(packed) < 5000
    assert 3 * 2**20 <= len(unpacked) < 5 * 2**20
    assert {} == json.loads(unpacked)
    assert unpacked == gzip.decompress(packed)


async def test_date_is_the_sandbox_clock(api: Api, sandbox: Sandbox) -> None:
    """Every answer has the date of the sandbox's clock, even those of a fault."""
    sandbox.clock_offset = -90
    answers = [await api.token(), await api.call("nothing", None)]
    dates = [answer.headers["date"] for answer in answers]
    kinds: list[faults.Fault] = [faults.Answer(500), faults.Drip(0), faults.GzipBomb(1)]
    dates += [(await meet(api, kind)).headers["date"] for kind in kinds]

    assert [NOW - 90] * 5 == [parsedate_to_datetime(date).timestamp() for date in dates]


async def test_clock_offset_ages_tokens(api: Api, sandbox: Sandbox) -> None:
    """Setting the clock ahead expires tokens; setting it back makes them valid again."""
    access_token = await api.access_token()

    async def status(offset: float) -> int:
        sandbox.clock_offset = offset
        return (await api.call("merchants/login", access_token)).status

    assert [401, 200] == [await status(1200), await status(1199)]


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), 1e10, True, "90", None])
def test_impossible_clock_offset(offset: float) -> None:
    """An invalid offset is refused, and the clock is unchanged."""
    sandbox = Sandbox()
    with pytest.raises(ValueError, match="clock_offset"):
        sandbox.clock_offset = offset

    assert 0.0 == sandbox.clock_offset


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf"), 10**400, "1", True])
def test_impossible_latency(seconds: float) -> None:
    """An invalid duration is refused as latency."""
    with pytest.raises(ValueError, match="latency of oauth/token"):
        Sandbox(latency={TOKEN: seconds})


def test_every_kind_is_tried() -> None:
    """The list at the top contains every kind."""
    assert set(faults.Fault.__args__) == {type(fault) for fault in KINDS}


@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: fault.kind)
async def test_after_a_fault(fault: faults.Fault, caplog: pytest.LogCaptureFixture) -> None:
    """After a fault there is a record, no task, no log, and the next answer is real."""
    async with Sandbox() as sandbox, aiohttp.ClientSession() as http:
        sandbox.inject(fault, endpoint=TOKEN)
        meeting = asyncio.create_task(raw(sandbox, at_most=1000))
        await until(lambda: sandbox.count(TOKEN) == 1)
        if fault.kind != "hang":
            await asyncio.wait([meeting])
        answer: Answer = await Api(sandbox, http).token()
    [met] = await asyncio.gather(meeting, return_exceptions=True)

    assert isinstance(met, ConnectionResetError if fault.kind == "reset" else bytes)
    assert [fault.kind, None] == [seen.fault for seen in sandbox.requests]
    assert 200 == answer.status
    assert {asyncio.current_task()} == asyncio.all_tasks()
    assert [] == [seen for seen in caplog.records if seen.levelno >= logging.WARNING]
