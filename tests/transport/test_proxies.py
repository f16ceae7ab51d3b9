"""Through a proxy, and with certificates of the shop's: the options, and their faults."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import define, evolve, field

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import ConnectError, TokenUnavailable
from flexiti_async.protocol.call import Replay
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession
from ..support.authority import Authority
from ..support.patience import PATIENCE, PATIENT
from ..support.relay import relay_to

BUY = PurchaseWidget(account_number=20009100)
ONCE = evolve(init_widget(BUY), endpoint="verify", replay=Replay.NEVER)
"""A call that is sent once, under the name of one that moves no money."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority that nobody trusts by default."""
    return Authority(tmp_path)


@define
class ConnectProxy:
    """
    A proxy with one answer to every CONNECT.

    Attributes:
        port: Where it listens.
        answer: The answer; with None it waits, with an empty one it closes.
        heads: The heads of all requests.
    """

    port: int = 0
    answer: bytes | None = b"HTTP/1.1 200 Connection established\r\n\r\n"
    heads: list[str] = field(factory=list[str])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        back: asyncio.StreamWriter | None = None
        with contextlib.suppress(OSError, EOFError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            if self.answer is None:
                await reader.read()
            else:
                writer.write(self.answer)
                await writer.drain()
            if self.answer and b" 200 " in self.answer:
                port = int(head.split()[1].rpartition(":")[2])
                there, back = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.wait(
                    [
                        asyncio.create_task(_copy(reader, back)),
                        asyncio.create_task(_copy(there, writer)),
                    ]
                )
        for side in (writer, back):
            if side is not None:
                side.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[ConnectProxy]:
    """Yield a proxy."""
    running, tasks = ConnectProxy(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(running.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    yield running
    server.close()
    await asyncio.wait(tasks, timeout=PATIENCE) if tasks else None
    await server.wait_closed()


@pytest.fixture
async def secure(sandbox: Sandbox, authority: Authority) -> AsyncIterator[str]:
    """Yield the sandbox's URL over TLS."""
    assert sandbox.port is not None
    async with relay_to(sandbox.port, tls=authority.server()) as relay:
        yield url_of(sandbox, relay.port)


def url_of(sandbox: Sandbox, port: int) -> str:
    """Return the sandbox's URL at another port, over TLS."""
    path = sandbox.base_url.partition(str(sandbox.port))[2]
    return f"https://localhost:{port}{path}"


async def error_of(session: FlexitiSession, **options: Any) -> ConnectError:
    """Make one request, without the token, and return its error."""
    request = session._client._builder.grant(session.config.client_secret, ONCE.scope, "0" * 32)
    outcome = await session._transport.attempt(request, once=True, **options)
    assert isinstance(outcome, ConnectError), outcome
    return outcome


@pytest.mark.parametrize("trusting", ["option", "environment"])
async def test_everything_goes_through_the_proxy(
    make_session: MakeSession,
    proxy: ConnectProxy,
    secure: str,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    trusting: str,
) -> None:
    """It is the option's, or the environment's if that is trusted; netrc is not read."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    url = f"http://ada:hush@127.0.0.1:{proxy.port}"
    if trusting == "environment":
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "example.com")
    options = {"proxy": url} if trusting == "option" else {"trust_env": "true"}
    session = make_session(base_url=secure, ca_file=str(authority.ca_file), **options)

    widget = await session.init_widget(BUY)
    answer = await session.send(ONCE)

    assert widget.session_id
    assert answer.session_id
    assert 3 == len(proxy.heads)  # the token, one to keep, and a new one for money
    assert all("Proxy-Authorization: Basic YWRhOmh1c2g=" in head for head in proxy.heads)
    assert not any("hush" in repr(part) for part in (session.config, session._transport._wire))


@pytest.mark.parametrize("bypass", ["localhost", "*"])
async def test_the_environment_can_name_hosts_without_a_proxy(
    make_session: MakeSession,
    secure: str,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    bypass: str,
) -> None:
    """`NO_PROXY` is read as everywhere else, and without `trust_env` neither is."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    plain = make_session(base_url=secure, ca_file=str(authority.ca_file))
    monkeypatch.setenv("NO_PROXY", bypass)
    trusting = make_session(base_url=secure, ca_file=str(authority.ca_file), trust_env=True)

    assert (await plain.init_widget(BUY)).session_id
    assert (await trusting.init_widget(BUY)).session_id


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        pytest.param(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            407,
            "answered CONNECT with 407",
            id="407",
        ),
        pytest.param(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n", 503, "with 503", id="503"),
        pytest.param(b"SSH-2.0-server\r\n\r\n", None, "not HTTP", id="no proxy"),
        pytest.param(b"", None, "through the proxy", id="closes"),
        pytest.param(None, None, "in time", id="says nothing"),
    ],
)
async def test_a_proxy_that_does_not_connect_has_sent_nothing(
    make_session: MakeSession,
    proxy: ConnectProxy,
    secure: str,
    answer: bytes | None,
    status: int | None,
    words: str,
) -> None:
    """The outcome of money that was not sent is known; the error names the proxy and its status."""
    proxy.answer = answer
    limits = {"request_timeout": 0.5} if answer is None else {}
    session = make_session(
        base_url=secure, proxy=f"http://ada:hush@127.0.0.1:{proxy.port}", **limits
    )

    error = await error_of(session)

    assert words in str(error)
    assert "hush" not in str(error)
    assert (status, f"127.0.0.1:{proxy.port}") == (error.proxy_status, error.address)
    assert error.reason == ("timeout" if answer is None else "proxy")


async def test_a_proxy_that_is_down_is_named(make_session: MakeSession, secure: str) -> None:
    """Not the API, which nobody has tried to reach."""
    error = await error_of(make_session(base_url=secure, proxy="http://127.0.0.1:1"))

    assert ("proxy", "127.0.0.1:1") == (error.reason, error.address)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        pytest.param("untrusted", 20, "unable to get local issuer", id="unknown authority"),
        pytest.param("expired", 10, "certificate has expired", id="expired"),
        pytest.param("other name", 62, "Hostname mismatch", id="another name"),
    ],
)
async def test_a_certificate_that_is_refused_says_why(
    make_session: MakeSession,
    sandbox: Sandbox,
    authority: Authority,
    fault: str,
    code: int,
    words: str,
) -> None:
    """In the text, and as OpenSSL's number."""
    assert sandbox.port is not None
    name = "other.test" if fault == "other name" else "localhost"
    tls = authority.server(name, expired=fault == "expired")
    trusted = {} if fault == "untrusted" else {"ca_file": str(authority.ca_file)}
    async with relay_to(sandbox.port, tls=tls) as relay:
        session = make_session(base_url=url_of(sandbox, relay.port), **trusted)
        error = await error_of(session)
        await session.aclose()

    assert ("certificate", code) == (error.reason, error.verify_code)
    assert words in str(error)


@pytest.mark.parametrize("apart", [False, True])
async def test_a_server_may_ask_for_a_certificate_of_the_shop(
    make_session: MakeSession, sandbox: Sandbox, authority: Authority, apart: bool
) -> None:
    """Its key is in the same file, or in another one; without it no token comes."""
    assert sandbox.port is not None
    cert, key = authority.client(apart=apart)
    given = {"client_cert": str(cert), "client_key": str(key) if key else None}
    async with relay_to(sandbox.port, tls=authority.server(wants_client=True)) as relay:
        shared = {"base_url": url_of(sandbox, relay.port), "ca_file": str(authority.ca_file)}
        shows, hides = make_session(**shared, **given), make_session(**shared, store="memory://")
        widget = await shows.init_widget(BUY)
        with pytest.raises(TokenUnavailable):
            await hides.token()
        await shows.aclose()
        await hides.aclose()

    assert widget.session_id


async def test_dns_is_told_from_refusal(make_session: MakeSession) -> None:
    """A name that nobody has is another fault than a port that nobody listens to."""
    unknown = await error_of(make_session(base_url="https://nowhere.invalid:444/x"))
    refused = await error_of(make_session(base_url="https://127.0.0.1:1/x"))

    assert ("dns", "nowhere.invalid:444") == (unknown.reason, unknown.address)
    assert ("connection", "127.0.0.1:1") == (refused.reason, refused.address)
    assert "refused" in str(refused)


def config_with(**options: Any) -> FlexitiConfig:
    """Configure with these options."""
    return FlexitiConfig(
        client_id="shop", client_secret="x", base_url="https://api.test/x", **PATIENT, **options
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"proxy": "proxy.test:3128"}, "proxy: must look like"),
        ({"proxy": "socks5://proxy.test:1080"}, "proxy: must look like"),
        ({"proxy": "http://ada:hush@proxy.test"}, "proxy: must look like"),
        ({"proxy": "http://ada:hush@proxy.test:x"}, "proxy: must look like"),
        ({"trust_env": "perhaps"}, "trust_env: must be true or false"),
        ({"client_key": "key.pem"}, "client_key: set client_cert as well"),
        ({"keepalive_timeout": 0}, "keepalive_timeout: must be a number"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    """They are refused when the configuration is made, and no password is shown."""
    with pytest.raises(ConfigError) as caught:
        config_with(**options)

    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(("text", "read"), [("yes", True), ("0", False), (True, True)])
def test_a_switch_is_read(text: object, read: bool) -> None:
    """From code, and from an environment variable."""
    assert read is config_with(trust_env=text).trust_env


@pytest.mark.parametrize("option", ["ca_file", "client_cert"])
@pytest.mark.parametrize("content", [None, "nothing of the kind"])
def test_a_file_that_holds_no_certificate_is_an_error_at_the_start(
    tmp_path: Path, option: str, content: str | None
) -> None:
    """The session is not made, and the error names the option."""
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=f"{option}: file.pem") as caught:
        FlexitiSession(config_with(**{option: str(file)}))

    assert option == caught.value.option
    assert caught.value.__context__ is None


def test_a_proxy_of_the_environment_that_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Going around it would be worse."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.test:1080")

    with pytest.raises(ConfigError, match="trust_env: https_proxy"):
        FlexitiSession(config_with(trust_env=True))


async def test_a_lent_session_takes_none_of_these_options() -> None:
    """It has its own, and an option that does nothing would mislead."""
    async with aiohttp.ClientSession() as lent:
        with pytest.raises(ConfigError, match="proxy: a client session that is lent"):
            FlexitiSession(config_with(proxy="http://proxy.test:3128"), client_session=lent)


def context_with(**attributes: Any) -> ssl.SSLContext:
    """Make the context of a client that differs from the default one."""
    context = ssl.create_default_context()
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


@pytest.mark.filterwarnings("ignore:(verify_ssl|ssl_context|fingerprint) is:DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(aiohttp.TCPConnector, None, id="default"),
        pytest.param(lambda: aiohttp.TCPConnector(ssl=context_with()), None, id="a context"),
        pytest.param(
            lambda: aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(b"x" * 32)), None, id="pinned"
        ),
        pytest.param(lambda: aiohttp.TCPConnector(ssl=False), "ssl=False", id="ssl=False"),
        pytest.param(lambda: aiohttp.TCPConnector(verify_ssl=False), "ssl=False", id="verify_ssl"),
        pytest.param(
            lambda: aiohttp.TCPConnector(ssl=context_with(check_hostname=False)),
            "check_hostname",
            id="no host names",
        ),
        pytest.param(
            lambda: aiohttp.TCPConnector(
                ssl_context=context_with(check_hostname=False, verify_mode=ssl.CERT_NONE)
            ),
            "CERT_NONE",
            id="no certificates",
        ),
        pytest.param(lambda: aiohttp.UnixConnector("/run/x"), "does not speak TLS", id="a socket"),
    ],
)
async def test_a_lent_session_has_to_verify_tls(
    make: Callable[[], aiohttp.BaseConnector], words: str | None
) -> None:
    """Another is refused before anything is sent, and the error says how to lend one that does."""
    async with aiohttp.ClientSession(connector=make()) as lent:
        if words is None:
            FlexitiSession(config_with(), client_session=lent)
            return
        with pytest.raises(ConfigError, match=f"client_session: .*{words}") as caught:
            FlexitiSession(config_with(), client_session=lent)

    assert "client_session" == caught.value.option
    assert "TCPConnector(ssl=ssl.create_default_context(cafile=…))" in str(caught.value)


async def test_a_lent_session_needs_no_tls_on_loopback(make_session: MakeSession) -> None:
    """The sandbox speaks plain http."""
    connector = aiohttp.TCPConnector(ssl=False)
    async with (
        aiohttp.ClientSession(connector=connector) as lent,
        FlexitiSession(make_session().config, client_session=lent) as session,
    ):
        widget = await session.init_widget(BUY)

    assert widget.session_id


@pytest.mark.filterwarnings("ignore:.*auth:DeprecationWarning")
@pytest.mark.parametrize("source", ["auth", "netrc"])
async def test_credentials_of_a_lent_session_have_sent_nothing(
    make_session: MakeSession,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    source: str,
) -> None:
    """The library says which setting of the session it is, and money is not unknown."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    helper = make_session()
    token = await helper.token()
    options: dict[str, Any] = (
        {"auth": aiohttp.BasicAuth("other", "other")} if source == "auth" else {"trust_env": True}
    )
    async with (
        aiohttp.ClientSession(**options) as lent,
        FlexitiSession(helper.config, client_session=lent) as session,
    ):
        session.refresher(token.scope)._install(token)
        with pytest.raises(ConnectError, match="credentials of its own") as caught:
            await session.send(ONCE)

    assert "client_session" == caught.value.reason
    assert 0 == sandbox.count("widget/init")
