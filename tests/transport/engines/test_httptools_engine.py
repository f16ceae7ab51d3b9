"""`http="httptools"`: what it sends, how it fails, and when aiohttp takes its place."""

import asyncio
import re
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from yarl import URL

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, PurchaseWidget, Scope
from flexiti_async.config.options import HttpEngine
from flexiti_async.errors import ConnectError, ConnectionLost, FlexitiError, SessionClosed
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.sandbox import Sandbox
from flexiti_async.transport.faults import Progress
from flexiti_async.transport.pool import Transport

from ...conftest import MakeSession
from ...support.authority import Authority
from ...support.engines import ENGINES
from ...support.ports import free_port
from ...support.raw_server import Handler, hangs, says, server

BUY = PurchaseWidget(account_number=20009100)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def transport_to(url: str, http: str = "httptools", **options: Any) -> Transport:
    """Return a transport over an engine."""
    given: dict[str, Any] = {"timeout": 60, "connect_timeout": 60, "connections": 2, **options}
    return Transport(url, http=http, **given)


def request_to(
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = b"{}",
    method: str = "POST",
) -> HttpRequest:
    """Return a request to a URL."""
    return HttpRequest("x", method, URL(url, encoded=True), headers or {}, body, "ref")


def test_the_engine_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aiohttp is the default, whatever is installed; without the extra the error names it."""
    config: Any = {"client_id": "shop", "client_secret": "x", "environment": "training"}

    unknown: Any = {**config, "http": "httpx"}

    assert HttpEngine.AIOHTTP is attrs.fields(FlexitiConfig).http.default
    assert HttpEngine.HTTPTOOLS is FlexitiConfig(**config, http="httptools").http
    with pytest.raises(ConfigError, match="http: must be one of aiohttp, httptools"):
        FlexitiConfig(**unknown)
    monkeypatch.setitem(sys.modules, "httptools", None)
    FlexitiSession(FlexitiConfig(**config, http="aiohttp"))
    with pytest.raises(ConfigError, match=re.escape("install flexiti-async[fast]")) as caught:
        FlexitiSession(FlexitiConfig(**config, http="httptools"))
    assert "http" == caught.value.option


COMMON = {"user-agent": "us", "accept-encoding": "identity"}
"""Every request of the library has them."""
HEADS = {
    "a call": request_to(
        "http://127.0.0.1/flexiti/pos-api/v2.5/a%20b/x?q=%C3%A9&r=1%2F2",
        {**COMMON, "authorization": "Bearer abc", "content-type": "application/json"},
    ),
    "nothing": request_to("http://127.0.0.1/", COMMON, body=None),
    "get": request_to("http://127.0.0.1/x", COMMON, body=None, method="GET"),
    "delete": request_to("http://127.0.0.1/x", COMMON, body=None, method="DELETE"),
}


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("name", HEADS)
async def test_a_server_reads_the_same_request(name: str, once: bool) -> None:
    """Line, headers and body are those of aiohttp; only the order of headers may differ."""
    heads: list[tuple[str, list[str]]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        heads.append((line, sorted(each.lower() for each in headers)))
        writer.write(OK)
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    port: int = running.sockets[0].getsockname()[1]
    for http in ENGINES:
        request = HEADS[name]
        request = HttpRequest(
            *("x", request.method, request.url.with_port(port), request.headers, request.body),
            reference_id="ref",
        )
        transport = transport_to(str(request.url.origin()), http)
        answer = await transport.attempt(request, once=once)
        assert isinstance(answer, HttpResponse)
        await transport.aclose()
    running.close()
    await running.wait_closed()

    assert heads[0] == heads[1]


@pytest.mark.parametrize(
    ("where", "bad"),
    [
        *[
            ("value", bad)
            for bad in ("a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "é", "a\x7fb", "a\tb")
        ],
        *[("name", bad) for bad in ("a: b\r\nx-evil", "a\nb", "é")],
        *[
            ("path", bad) for bad in ("a HTTP/1.1", "a\0b", "é")
        ],  # line breaks do not get into a URL
    ],
)
@pytest.mark.parametrize("once", [False, True])
async def test_nothing_breaks_out_of_its_line(where: str, bad: str, once: bool) -> None:
    """Nothing of the request is written, and the error says that nothing was sent, not what."""
    read: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append(await reader.read())
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/"
    headers = {"value": {"x-a": bad}, "name": {bad: "x"}, "path": {"x-a": "b"}}[where]
    request = request_to(url + (bad if where == "path" else ""), headers)
    transport = transport_to(url)
    progress = Progress()
    outcome = await transport.attempt(request, once=once, progress=progress if once else None)
    await transport.aclose()
    running.close()
    await running.wait_closed()

    assert isinstance(outcome, ConnectError)
    assert ("request", False) == (outcome.reason, progress.connected)
    assert "evil" not in str(outcome)
    assert b"" == b"".join(read)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority that nobody trusts by default."""
    return Authority(tmp_path)


@pytest.fixture
def unused() -> str:
    """Return a URL at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}/"


async def error_by(http: str, url: str, *, once: bool, **options: Any) -> FlexitiError:
    """Send a request by an engine, and return its error."""
    transport = transport_to(url, http, **options)
    outcome = await transport.attempt(request_to(url), once=once)
    await transport.aclose()
    assert isinstance(outcome, FlexitiError), outcome
    return outcome


def facts_of(error: FlexitiError) -> tuple[type[FlexitiError], str, list[tuple[str, str]]]:
    """Return all that an error shows; what exactly is wrong with an answer is the engine's word."""
    text = re.sub(r"(not HTTP) \(.*\)", r"\1", str(error))
    assert (None, None) == (error.__cause__, error.__context__)
    return type(error), text, sorted((name, str(value)) for name, value in vars(error).items())


def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Awaitable[None]:
    """Reset the connection."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
    return asyncio.sleep(0)


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(says(b""), id="closes"),
        pytest.param(says(OK[:-1]), id="half a body"),
        pytest.param(says(OK[:9]), id="half a head"),
        pytest.param(says(b"hello\r\n\r\n"), id="not HTTP"),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 5_000_000)
        ),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope"),
            id="broken gzip",
        ),
        pytest.param(resets, id="resets"),
        pytest.param(hangs, id="hangs"),
    ],
)
async def test_a_broken_exchange_is_the_same_error(handler: Handler, once: bool) -> None:
    """Class, text and attributes, with both engines."""
    options = {"timeout": 0.3} if handler is hangs else {}
    async with server(handler) as url:
        theirs, ours = [
            facts_of(await error_by(http, url, once=once, **options)) for http in ENGINES
        ]

    assert theirs == ours


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize(
    "fault", ["refused", "no such name", "untrusted", "another name", "expired", "no TLS", "silent"]
)
async def test_a_connection_that_is_not_made_is_the_same_error(
    authority: Authority, unused: str, fault: str, once: bool
) -> None:
    """A certificate that is not trusted, for another name, or expired is refused; all by name."""
    made: dict[str, Callable[[], ssl.SSLContext]] = {
        "untrusted": authority.server,
        "another name": lambda: authority.server("elsewhere.example"),
        "expired": lambda: authority.server(expired=True),
    }
    held: list[asyncio.StreamWriter] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        if fault != "silent":
            writer.write(b"hello\r\n")

    running = await asyncio.start_server(
        accept,
        *("127.0.0.1", 0),
        ssl=made[fault]() if fault in made else None,
    )
    port: int = running.sockets[0].getsockname()[1]
    options: dict[str, Any] = {} if fault == "untrusted" else {"ca_file": str(authority.ca_file)}
    if fault == "silent":
        options["connect_timeout"] = 0.2
    url = {"refused": unused, "no such name": "http://flexiti.invalid/"}.get(
        fault, f"https://localhost:{port}/"
    )
    theirs, ours = [facts_of(await error_by(http, url, once=once, **options)) for http in ENGINES]
    running.close()
    for writer in held:
        writer.close()
    await running.wait_closed()

    assert theirs == ours
    assert ConnectError is ours[0]
    wanted = {"refused": "connection", "no such name": "dns", "no TLS": "tls", "silent": "timeout"}
    assert ("reason", wanted.get(fault, "certificate")) in ours[2]


async def test_trusted_certificates_are_accepted(authority: Authority) -> None:
    """TLS with the shop's own authority, over kept and new connections."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            heads.append(head)
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(OK)
        writer.close()

    context = authority.server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = f"https://localhost:{running.sockets[0].getsockname()[1]}/"
    transport = transport_to(url, ca_file=str(authority.ca_file))
    for once in (False, False, True):
        assert isinstance(await transport.attempt(request_to(url), once=once), HttpResponse)
    engine = transport._pool().engine
    assert engine is not None
    kept = len(engine._idle)
    await transport.aclose()
    running.close()

    assert [b"POST / HTTP/1.1\r\n"] * 3 == heads
    assert 1 == kept


async def test_what_comes_unasked_ends_an_idle_connection() -> None:
    """An answer that nobody waits for is not the next one's, and the next call has no error."""
    opened = 0
    more = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        number = opened
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number)
            await writer.drain()
            if number == 1:
                await more.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/"
    transport = transport_to(url, keepalive_timeout=300)  # nothing else ends it
    first = await transport.attempt(request_to(url))
    engine = transport._pool().engine
    assert engine is not None
    [connection] = engine._idle
    assert connection.is_usable()
    more.set()
    while connection.is_usable():
        await asyncio.sleep(0)
    second = await transport.attempt(request_to(url))
    third = await transport.attempt(request_to(url))
    await transport.aclose()
    running.close()

    bodies = [each.body for each in (first, second, third) if isinstance(each, HttpResponse)]
    assert [b"1", b"2", b"2"] == bodies
    assert 2 == opened


async def test_a_cancelled_call_leaves_nothing_to_the_next() -> None:
    """Its answer comes late, over a connection that is gone."""
    asked, late = asyncio.Event(), asyncio.Event()
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await reader.readuntil(b"\r\n\r\n{}")
        asked.set()
        if opened == 1:
            await late.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % opened)
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/"
    transport = transport_to(url)
    call = asyncio.ensure_future(transport.attempt(request_to(url)))
    await asked.wait()
    call.cancel()
    await asyncio.wait([call])
    late.set()
    answer = await transport.attempt(request_to(url))
    await transport.aclose()
    running.close()

    assert call.cancelled()
    assert isinstance(answer, HttpResponse)
    assert b"2" == answer.body


@pytest.fixture
async def fast(make_session: MakeSession) -> FlexitiSession:
    """Return a session over httptools that has made a call."""
    session = make_session(http="httptools")
    await session.init_widget(BUY)
    return session


async def test_only_what_it_can_do_goes_over_it(fast: FlexitiSession) -> None:
    """Token requests, large bodies and HEAD go by aiohttp, also where the engine refuses calls."""
    transport = fast._transport
    engine = transport._pool().engine
    assert engine is not None
    assert 1 == len(engine._idle)
    engine.close()
    url = fast.config.api_url

    large = await transport.attempt(request_to(url, body=b"x" * 65_537))
    head = await transport.attempt(request_to(url, body=None, method="HEAD"))
    small = await transport.attempt(request_to(url, body=b"x" * 65_536))
    token = await fast.token(Scope.MERCHANT)

    assert isinstance(large, HttpResponse)
    assert isinstance(head, HttpResponse)
    assert isinstance(small, SessionClosed)
    assert token.access_token


async def test_mocks_of_aiohttp_are_never_bypassed(
    fast: FlexitiSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function in the place of aiohttp's sees every request from then on, and none afterwards."""
    seen: list[str] = []
    original = aiohttp.ClientSession._request

    async def mock(
        self: aiohttp.ClientSession, method: str, url: URL, **options: Any
    ) -> aiohttp.ClientResponse:
        seen.append(url.path.rpartition("/")[2])
        return await original(self, method, url, **options)

    with monkeypatch.context() as patch:
        patch.setattr(aiohttp.ClientSession, "_request", mock)
        meanwhile = fast.http
        await fast.init_widget(BUY)
    await fast.init_widget(BUY)

    assert ["init"] == seen
    assert 3 == sandbox.count("widget/init")
    assert (HttpEngine.AIOHTTP, HttpEngine.HTTPTOOLS) == (meanwhile, fast.http)


async def test_a_class_in_the_place_of_aiohttps_is_never_bypassed(
    fast: FlexitiSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test may replace the whole class."""

    class Fake:
        """Has no function of aiohttp's."""

    monkeypatch.setattr(aiohttp, "ClientSession", Fake)

    assert HttpEngine.AIOHTTP is fast.http


async def test_tracing_agents_get_aiohttp(fast: FlexitiSession) -> None:
    """OpenTelemetry's instrumentation wraps aiohttp, and so do those of others."""
    AioHttpClientInstrumentor().instrument()
    try:
        instrumented = fast.http
    finally:
        AioHttpClientInstrumentor().uninstrument()

    assert (HttpEngine.AIOHTTP, HttpEngine.HTTPTOOLS) == (instrumented, fast.http)


async def test_proxies_and_lent_sessions_get_aiohttp(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option does not say how a shop reaches the API."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    plain = make_session(http="httptools")
    async with (
        aiohttp.ClientSession() as lent,
        FlexitiSession(plain.config, client_session=lent) as borrowing,
    ):
        await borrowing.init_widget(BUY)
        found = [
            plain.http,
            plain.with_options(timeout=9).http,
            borrowing.http,
            make_session(http="httptools", proxy="http://127.0.0.1:9").http,
            make_session(http="httptools", trust_env=True).http,
        ]

    assert [HttpEngine.HTTPTOOLS] * 2 + [HttpEngine.AIOHTTP] * 3 == found


async def test_a_stale_connection_leaves_no_doubt() -> None:
    """A server that closes while a request is on its way: repeats and money go over new ones."""
    read = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal read
        await reader.readuntil(b"\r\n\r\n{}")
        read += 1
        writer.write(OK)
        await reader.read(1)  # the head of the next request, which nobody answers
        writer.transport.abort()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/"
    transport = transport_to(url)
    outcomes = [await transport.attempt(request_to(url)) for _ in range(2)]
    progress = Progress()
    once = [await transport.attempt(request_to(url), once=True, progress=progress)]
    fresh = [await transport.attempt(request_to(url), fresh=True) for _ in range(2)]
    await transport.aclose()
    running.close()

    kinds = [type(each) for each in (*outcomes, *once, *fresh)]
    assert [HttpResponse, ConnectionLost, HttpResponse, HttpResponse, HttpResponse] == kinds
    assert progress.connected
    assert 4 == read


async def test_a_name_is_resolved_again_after_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of a burst share one answer of DNS; an address that has moved is found."""
    loop = asyncio.get_running_loop()
    resolve, time, ahead = loop.getaddrinfo, loop.time, 0.0
    resolved: list[object] = []

    async def count(host: str, *arguments: Any, **options: Any) -> object:
        resolved.append(host)
        return await resolve(host, *arguments, **options)

    monkeypatch.setattr(loop, "getaddrinfo", count)
    monkeypatch.setattr(loop, "time", lambda: time() + ahead)
    closing = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
    seen: list[int] = []
    async with server(says(closing)) as base_url:
        url = base_url.replace("127.0.0.1", "localhost")
        transport = transport_to(url)
        for ahead in (0.0, 1.0, 5.0, 20.0, 21.0, 40.0):  # noqa: B007 - the lambda reads it
            answer = await transport.attempt(request_to(url))
            assert isinstance(answer, HttpResponse)
            seen.append(len(resolved))
        await transport.aclose()

    assert [1, 1, 1, 2, 2, 3] == seen
