"""Which connection a request takes, and what happens when it breaks, is idle, or is closing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from attrs import define, evolve
from yarl import URL

from flexiti_async import FlexitiConfig, FlexitiSession, OutcomeUnknown, PurchaseWidget, Scope
from flexiti_async.api.widget import Widget, init_widget
from flexiti_async.errors import ConnectionLost, FlexitiError, TokenUnavailable
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock
from flexiti_async.transport.pool import Transport

from ..conftest import MakeSession
from ..support.background import settle
from ..support.patience import PATIENCE, PATIENT
from ..support.relay import Relay, relay_to

BUY = PurchaseWidget(account_number=20009100)
TOKEN = "oauth/token"
GRANT = {"token_type": "bearer", "access_token": "a-token", "expires_in": 1200, "scope": "customer"}
WIDGET = {"redirection_url": "http://127.0.0.1/#/x"}
ONCE: Call[Widget] = evolve(init_widget(BUY), endpoint="verify", replay=Replay.NEVER)
"""A call that is sent once, under the name of one that moves no money."""


@pytest.fixture
async def relay(sandbox: Sandbox) -> AsyncIterator[Relay]:
    """Yield a relay in front of the sandbox."""
    assert sandbox.port is not None
    async with relay_to(sandbox.port) as running:
        yield running


def through(relay: Relay, sandbox: Sandbox) -> str:
    """Return the sandbox's URL, by way of the relay."""
    return sandbox.base_url.replace(str(sandbox.port), str(relay.port))


async def failure_of(work: Awaitable[object]) -> FlexitiError | None:
    """Wait for something in this very task, and return its failure."""
    try:
        await work
    except FlexitiError as error:
        return error
    return None


@pytest.fixture
async def stale(make_session: MakeSession, sandbox: Sandbox, relay: Relay) -> FlexitiSession:
    """Return a session with 20 connections, which are reset when they are used."""
    session = make_session(base_url=through(relay, sandbox), connections=20)
    await asyncio.gather(*(session.send(init_widget(BUY)) for _ in range(20)))
    assert 20 <= relay.opened
    relay.make_stale()
    return session


@pytest.mark.usefixtures("both_engines")
async def test_stale_connections_fail_no_call(stale: FlexitiSession, relay: Relay) -> None:
    """Repeats, money and tokens take new ones."""
    refresher = stale.refresher(Scope.CUSTOMER)
    work = [
        *(stale.send(call) for _ in range(6) for call in (ONCE, init_widget(BUY))),
        *(refresher.dedicated(60) for _ in range(6)),
        stale.token(Scope.MERCHANT),
    ]
    failures = [failure for each in work if (failure := await failure_of(each)) is not None]

    assert [] == failures
    assert 6 == relay.broken


@pytest.mark.usefixtures("both_engines")
async def test_a_burst_over_stale_connections_fails_no_call(
    stale: FlexitiSession, relay: Relay
) -> None:
    """They are repeated, though a session with few calls may repeat ten of them in a minute."""
    await asyncio.gather(*(stale.send(init_widget(BUY)) for _ in range(20)))

    assert 10 < relay.broken


async def test_a_token_request_whose_connection_breaks_is_repeated_at_once(
    make_session: MakeSession, sandbox: Sandbox, relay: Relay
) -> None:
    """Over a new connection, without a failure that would hold the others back."""
    session = make_session(base_url=through(relay, sandbox))
    relay.break_next = 1

    token = await session.token()

    assert token.access_token
    assert (1, 1) == (relay.broken, sandbox.tokens_issued)


async def test_a_token_request_is_repeated_twice(
    make_session: MakeSession, sandbox: Sandbox, relay: Relay
) -> None:
    """An endpoint that breaks every connection is a failure like any other."""
    session = make_session(base_url=through(relay, sandbox))
    relay.break_next = 10

    with pytest.raises(TokenUnavailable, match="connection broke"):
        await session.token()

    assert 3 == relay.broken


async def test_a_refresh_whose_connection_breaks_falls_back(
    make_session: MakeSession, sandbox: Sandbox, relay: Relay, clock: ManualClock
) -> None:
    """The refresh token is sent once: it may have been used up. The other grant gets the token."""
    session = make_session(base_url=through(relay, sandbox))
    first = await session.token()
    clock.advance(1100)
    relay.break_next = 1
    await session.token()  # served while it is refreshed
    await settle()
    second = await session.token()

    assert second.token_id != first.token_id
    assert 1 == relay.broken
    assert b"grant_type=refresh_token" in relay.last_broken
    assert (2, 0) == (sandbox.tokens_issued, sandbox.replays)


@define
class Server:
    """
    A server of HTTP/1.1 that ends connections as it likes, and announces none of it.

    Attributes:
        idle: Seconds after which it ends an idle connection; 0: right after an answer.
        headers: Header lines of every answer.
        read: Requests that it has read, by path.
        opened: Connections so far.
        head: The head of the last request.
        silent: It reads requests and closes without an answer.
    """

    idle: float = PATIENCE
    headers: str = ""
    read: int = 0
    opened: int = 0
    silent: bool = False
    head: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.opened += 1
        wait = PATIENCE  # a new connection is not an idle one
        try:
            while True:
                async with asyncio.timeout(wait):
                    head = await reader.readuntil(b"\r\n\r\n")
                wait = self.idle or PATIENCE
                length = re.search(rb"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                self.head = head.decode()
                token = TOKEN in self.head
                self.read += not token
                if self.silent and not token:
                    return
                body = json.dumps(GRANT if token else WIDGET).encode()
                lines = f"HTTP/1.1 200 OK\r\n{self.headers}Content-Length: {len(body)}\r\n\r\n"
                writer.write(lines.encode() + body)
                await writer.drain()
                if not self.idle:
                    return
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            writer.close()


@pytest.fixture
def server() -> Server:
    """Return a server, which runs at `server_url`."""
    return Server()


@pytest.fixture
async def server_url(server: Server) -> AsyncIterator[str]:
    """Run the server, and yield its URL."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(server.serve(reader, writer)))

    running = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    running.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await running.wait_closed()


def config_for(url: str, **options: Any) -> FlexitiConfig:
    """Configure for the server."""
    return FlexitiConfig(client_id="shop", client_secret="x", base_url=url, **PATIENT, **options)


@pytest.mark.parametrize("idle", [0.0, 0.05])
async def test_no_outcome_is_unknown_because_a_server_ends_connections(
    server: Server, server_url: str, idle: float
) -> None:
    """1,000 captures, while the server ends connections without a word (RFC 9112 section 9.6)."""
    server.idle = idle
    async with FlexitiSession(config_for(server_url, connections=20)) as session:

        async def till(number: int) -> list[FlexitiError | None]:
            failures: list[FlexitiError | None] = []
            for turn in range(50):
                # At many distances from the end of the last connection.
                await asyncio.sleep((number + turn) % 10 * 0.01)
                failures += [
                    await failure_of(session.send(call)) for call in (init_widget(BUY), ONCE)
                ]
            return failures

        failures = await asyncio.gather(*(till(number) for number in range(20)))

    assert [] == [failure for each in failures for failure in each if failure is not None]
    assert 2000 <= server.read


@pytest.mark.usefixtures("both_engines")
async def test_calls_share_connections_and_money_does_not(server: Server, server_url: str) -> None:
    """A call that is safe to repeat takes the connection of the one before."""
    async with FlexitiSession(config_for(server_url)) as session:
        await session.token()
        opened = [server.opened]
        for call in (init_widget(BUY), init_widget(BUY), ONCE, ONCE):
            await session.send(call)
            opened.append(server.opened - opened[0])

    assert [1, 1, 2, 3] == opened[1:]


@pytest.mark.usefixtures("both_engines")
@pytest.mark.parametrize(
    ("headers", "opened"),
    [
        pytest.param("", 1, id="nothing announced"),
        pytest.param("Keep-Alive: timeout=60, max=100\r\n", 1, id="a minute"),
        pytest.param("Keep-Alive: max=7, TIMEOUT = 1\r\n", 2, id="a second"),
        pytest.param("Keep-Alive: timeout=soon\r\n", 1, id="nonsense"),
    ],
)
async def test_the_pool_heeds_how_long_a_server_keeps_connections(
    server: Server, server_url: str, headers: str, opened: int
) -> None:
    """A connection that ends within a second is not used any more."""
    server.headers = headers
    async with FlexitiSession(config_for(server_url)) as session:
        await session.send(init_widget(BUY))
        before = server.opened
        await asyncio.sleep(0.1)  # longer than the least idle time, and much less than the usual
        await session.send(init_widget(BUY))

        assert opened - 1 == server.opened - before


@pytest.mark.usefixtures("both_engines")
async def test_an_idle_connection_is_used_for_as_long_as_the_option_says(
    server: Server, server_url: str
) -> None:
    """The default is below the idle time-outs of common servers, 5 seconds and more."""
    config = config_for(server_url, keepalive_timeout="0.05")
    async with FlexitiSession(config) as session:
        await session.send(init_widget(BUY))
        before = server.opened
        await asyncio.sleep(0.1)
        await session.send(init_widget(BUY))

    assert 1 == server.opened - before
    assert config_for(server_url).keepalive_timeout < 5


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_aiohttp_sends_nothing_twice(server: Server, server_url: str, method: str) -> None:
    """It repeats what HTTP calls idempotent by itself; a call that moves money is sent once."""
    server.silent = True
    transport = Transport(server_url, timeout=9, connect_timeout=9, connections=1)
    request = HttpRequest("capture", method, URL(server_url), {}, b"{}", "ref")

    outcome = await transport.attempt(request, once=True)
    await transport.aclose()

    assert isinstance(outcome, ConnectionLost)
    assert 1 == server.read


@pytest.mark.usefixtures("both_engines")
async def test_money_that_a_server_has_read_and_not_answered_is_unknown(
    server: Server, server_url: str
) -> None:
    """A new connection makes it rare, and not impossible."""
    server.silent = True
    async with FlexitiSession(config_for(server_url)) as session:
        with pytest.raises(OutcomeUnknown):
            await session.send(ONCE)

    assert 1 == server.read


@pytest.mark.usefixtures("both_engines")
@pytest.mark.parametrize("body", [None, b"{}"])
async def test_no_content_type_is_made_up(
    server: Server, server_url: str, body: bytes | None
) -> None:
    """A POST without a body has none, and one with a body has the call's."""
    transport = Transport(server_url, timeout=9, connect_timeout=9, connections=1)
    headers = {} if body is None else {"content-type": "application/json"}
    await transport.attempt(HttpRequest("x", "POST", URL(server_url), headers, body, "ref"))
    await transport.aclose()

    assert (body is not None) is ("content-type" in server.head.lower())
    assert "octet-stream" not in server.head
