"""The wire as it fails: each way ends in a typed error that says whether anything was sent."""

import asyncio

import aiohttp
import pytest
from yarl import URL

from flexiti_async import (
    FlexitiConfig,
    FlexitiSession,
    OutcomeUnknown,
    PurchaseWidget,
    Scope,
    TransportError,
)
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import (
    BadHttp,
    ConnectError,
    ConnectionLost,
    MalformedAnswer,
    RequestTimeout,
    ServerError,
    SessionClosed,
    TokenUnavailable,
)
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Hang
from flexiti_async.testing import ManualClock
from flexiti_async.transport.pool import Transport

from ..conftest import MakeSession
from ..support.metronome import lap
from ..support.patience import PATIENCE
from ..support.raw_server import Handler, drips, hangs, never_ends, says, server

BUY = PurchaseWidget(account_number=20009100)
INIT = "widget/init"


async def failure(base_url: str, *, timeout: float = PATIENCE) -> TransportError:  # noqa: ASYNC109
    """Send one request, and return the error that came of it."""
    transport = Transport(base_url, timeout=timeout, connect_timeout=PATIENCE, connections=1)
    url = URL(f"{base_url}/v2.5/client-id/shop/widget/init")
    try:
        outcome = await transport.attempt(HttpRequest(INIT, "POST", url, {}, b"{}", "ref"))
    finally:
        await transport.aclose()
    assert isinstance(outcome, TransportError), outcome
    return outcome


@pytest.mark.usefixtures("both_engines")
@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        pytest.param(hangs, RequestTimeout, id="never answers"),
        pytest.param(drips, RequestTimeout, id="slow drip"),
        pytest.param(never_ends, BadHttp, id="endless body"),
        pytest.param(says(b""), ConnectionLost, id="closed without a word"),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"),
            ConnectionLost,
            id="truncated",
        ),
        pytest.param(says(b"HTTP/1.1 200 "), ConnectionLost, id="half a status line"),
        pytest.param(says(b"hello\r\n\r\n"), BadHttp, id="no HTTP"),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), BadHttp, id="negative length"
        ),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope"),
            ConnectionLost,
            id="broken gzip",
        ),
    ],
)
async def test_each_way_to_fail_has_its_error(handler: Handler, kind: type[TransportError]) -> None:
    """The error names the endpoint and the reference id, and nothing of aiohttp is in its chain."""
    seconds = 0.5 if kind is RequestTimeout else PATIENCE
    async with server(handler) as base_url:
        error = await failure(base_url, timeout=seconds)

    assert kind is type(error)
    assert (INIT, "ref") == (error.endpoint, error.reference_id)
    assert (None, None) == (error.__cause__, error.__context__)


@pytest.mark.usefixtures("both_engines")
async def test_a_refused_connection_was_never_sent(unused_port: int) -> None:
    """Nobody listens: the same call may be made again."""
    error = await failure(f"http://127.0.0.1:{unused_port}")

    assert ConnectError is type(error)


@pytest.fixture
async def unused_port() -> int:
    """Give a port on which nobody listens."""
    running = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port: int = running.sockets[0].getsockname()[1]
    running.close()
    await running.wait_closed()
    return port


@pytest.mark.usefixtures("both_engines")
async def test_waiting_for_a_connection_of_a_busy_pool_was_never_sent() -> None:
    """A pool of one, taken by a server that hangs: the second request has not begun."""
    async with server(hangs) as base_url:
        transport = Transport(base_url, timeout=1.0, connect_timeout=0.2, connections=1)
        request = HttpRequest(INIT, "POST", URL(base_url), {}, b"{}", "ref")
        first, second = await asyncio.gather(transport.attempt(request), transport.attempt(request))
        await transport.aclose()

    assert [RequestTimeout, ConnectError] == [type(first), type(second)]


async def test_the_wait_for_a_connection_is_a_part_of_the_time_that_is_left() -> None:
    """A caller that gets a connection late has the rest of the time for the request itself."""
    async with server(hangs) as base_url:
        transport = Transport(base_url, timeout=PATIENCE, connect_timeout=PATIENCE, connections=1)
        request = HttpRequest(INIT, "POST", URL(base_url), {}, b"{}", "ref")
        with lap() as took:
            _, second = await asyncio.gather(
                transport.attempt(request, within=0.3), transport.attempt(request, within=4)
            )
        await transport.aclose()

    assert isinstance(second, RequestTimeout)
    assert 3.9 <= took.total
    assert took.seconds < PATIENCE / 10


@pytest.mark.usefixtures("both_engines")
async def test_callers_in_a_busy_pool_are_served_in_the_order_in_which_they_came(
    make_session: MakeSession,
) -> None:
    """A caller that comes back at once does not overtake waiting callers."""
    session = make_session(connections=5)
    await session.token(min_ttl=None)
    done = [0] * 20

    async def shop(number: int) -> None:
        for _ in range(10):
            await session.init_widget(BUY)
            done[number] += 1
            assert max(done) - min(done) <= 3

    await asyncio.gather(*(shop(number) for number in range(20)))

    assert [10] * 20 == done


async def test_a_token_request_waits_behind_no_call(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """With every connection taken by slow calls, a token is got all the same."""
    session = make_session(connections=2)
    await session.token(min_ttl=None)
    sandbox.latency = {INIT: PATIENCE}
    calls = [asyncio.ensure_future(session.init_widget(BUY)) for _ in range(4)]
    while sandbox.count(INIT) < 2:
        await asyncio.sleep(0)

    merchant = await session.token(Scope.MERCHANT)

    assert Scope.MERCHANT is merchant.scope
    assert not any(call.done() for call in calls)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:2/x", "https://127.0.0.1:1/x", "http://localhost:1/x"]
)
async def test_another_origin_is_refused(url: str) -> None:
    """A bearer token goes to the configured origin and nowhere else."""
    transport = Transport("http://127.0.0.1:1", timeout=1, connect_timeout=1, connections=1)
    request = HttpRequest(INIT, "POST", URL(url), {}, b"{}", "ref")

    error = await transport.attempt(request)

    assert isinstance(error, TransportError)
    assert "would leave http://127.0.0.1:1" in str(error)


@pytest.mark.usefixtures("both_engines")
async def test_a_redirect_is_not_followed(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Wherever it points, the token stays; the answer is a malformed one."""
    sandbox.fail(
        INIT, status=307, times=1, headers={"Location": "http://127.0.0.1:1/steal"}, body=b""
    )

    with pytest.raises(MalformedAnswer, match="redirect"):
        await session.init_widget(BUY)

    assert 1 == sandbox.count(INIT)


@pytest.mark.usefixtures("both_engines")
async def test_a_401_with_a_large_body_and_a_pool_of_one_does_not_hang(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The first answer is read and let go of before the call is repeated."""
    session = make_session(connections=1)
    await session.token()
    clock.advance(100)
    sandbox.fail(INIT, status=401, times=1, body=b"x" * 3_000_000)

    async with asyncio.timeout(PATIENCE):
        widget = await session.send(init_widget(BUY))

    assert widget.session_id


@pytest.mark.parametrize("failures", [1, 2])
async def test_a_safe_call_is_repeated_with_the_same_reference_id(
    session: FlexitiSession, sandbox: Sandbox, failures: int
) -> None:
    """After a 5xx it is made again, twice at most by default."""
    sandbox.fail(INIT, status=502, times=failures)

    widget = await session.init_widget(BUY)

    sent = [request for request in sandbox.requests if request.endpoint == INIT]
    assert failures + 1 == len(sent)
    assert {widget.reference_id} == {request.reference_id for request in sent}


async def test_repeats_end(session: FlexitiSession, sandbox: Sandbox) -> None:
    """The error of the last attempt is the caller's."""
    sandbox.fail(INIT, status=502, times=None)

    with pytest.raises(ServerError) as caught:
        await session.init_widget(BUY)

    assert (502, 3) == (caught.value.status, sandbox.count(INIT))


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The caller hears at once, and for how long."""
    sandbox.fail(INIT, status=503, times=None, headers={"Retry-After": "7200"})

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ServerError) as caught:
            await session.init_widget(BUY)

    assert (7200.0, 1) == (caught.value.retry_after, sandbox.count(INIT))


async def test_a_retry_after_beyond_the_end_of_the_token_is_not_waited_for(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A checkout cannot be repeated with another token: its caller hears at once."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    clock.advance(checkout.remaining - 5)
    sandbox.fail(INIT, status=503, times=None, headers={"Retry-After": "8"})

    with pytest.raises(ServerError) as caught:
        await checkout.init_widget(BUY)

    assert (8.0, 2) == (caught.value.retry_after, sandbox.count(INIT))


async def test_all_attempts_of_a_call_share_one_deadline(
    sandbox: Sandbox, make_session: MakeSession
) -> None:
    """The last attempt gets what is left, not a whole request's time."""
    session = make_session(request_timeout=30.0, call_timeout=2.0, retries=9)
    await session.token()
    sandbox.fail(INIT, status=503)
    sandbox.inject(Hang(), endpoint=INIT)

    with lap() as took, pytest.raises(RequestTimeout):
        await session.init_widget(BUY)

    assert 1.9 <= took.total
    assert took.seconds < 15
    assert 2 == sandbox.count(INIT)


async def test_a_token_that_is_not_replaced_in_time_ends_the_call(
    sandbox: Sandbox, make_session: MakeSession, clock: ManualClock
) -> None:
    """The wait for another token is a part of the call, too."""
    session = make_session(call_timeout=2.0)
    await session.token()
    clock.advance(300)
    sandbox.revoke_all()
    sandbox.latency = {"oauth/token": PATIENCE}

    with pytest.raises(TokenUnavailable, match="no other token in time"):
        await session.init_widget(BUY)


async def test_a_retry_after_as_a_date_is_waited_for(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Counted from the answer's own Date, it is zero here: the call is repeated at once."""
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    sandbox.fail(INIT, status=503, times=1, headers={"Retry-After": date, "Date": date})
    await session.init_widget(BUY)

    assert 2 == sandbox.count(INIT)


async def test_a_retry_after_as_a_date_beyond_the_deadline_is_not_waited_for(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The error comes at once, and says how many seconds it would have been."""
    headers = {
        "Retry-After": "Sun, 06 Nov 1994 10:49:37 GMT",
        "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
    }
    sandbox.fail(INIT, status=503, times=1, headers=headers)

    with pytest.raises(ServerError) as caught:
        await session.init_widget(BUY)

    assert (7200.0, 1) == (caught.value.retry_after, sandbox.count(INIT))


@pytest.mark.usefixtures("both_engines")
async def test_a_call_that_must_not_be_repeated_ends_in_outcome_unknown(
    sandbox: Sandbox, make_session: MakeSession
) -> None:
    """It may have run: the error says what to look up, and nothing is sent again."""
    session = make_session(request_timeout=1.0)
    await session.token()
    sandbox.latency = {INIT: PATIENCE}
    plain = init_widget(BUY)
    money = Call(
        "verify",  # which moves no money
        plain.method,
        plain.path,
        Scope.CUSTOMER,
        plain.result,
        Replay.NEVER,
        body=plain.body,
    )

    with pytest.raises(OutcomeUnknown) as caught:
        await session.send(money)

    assert 1 == sandbox.count(INIT)
    assert caught.value.reference_id is not None
    assert caught.value.reference_id in str(caught.value)


async def test_a_call_that_was_never_sent_is_repeated_whatever_its_rule(unused_port: int) -> None:
    """No connection, no harm: three attempts, then ConnectError."""
    config = FlexitiConfig(
        client_id="shop", client_secret="hush", base_url=f"http://127.0.0.1:{unused_port}"
    )
    async with FlexitiSession(config) as session:
        with pytest.raises(TokenUnavailable, match="no connection"):
            await session.init_widget(BUY)


async def test_a_borrowed_client_session_is_used_and_not_closed(make_session: MakeSession) -> None:
    """It is the shop's own, before, meanwhile and afterwards."""
    async with aiohttp.ClientSession() as borrowed:
        config = make_session().config
        async with FlexitiSession(config, client_session=borrowed) as session:
            await session.init_widget(BUY)
        still_open = not borrowed.closed
    with pytest.raises(SessionClosed):
        async with FlexitiSession(config, client_session=borrowed) as session:
            await session.init_widget(BUY)

    assert still_open


async def test_the_shops_middlewares_see_calls_but_no_token_request(
    make_session: MakeSession,
) -> None:
    """The client secret passes by none of them."""
    seen: list[str] = []

    async def watch(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(request.url.path.rpartition("/")[2])
        return await handler(request)

    config = make_session().config
    async with (
        aiohttp.ClientSession(middlewares=(watch,)) as borrowed,
        FlexitiSession(config, client_session=borrowed) as session,
    ):
        await session.init_widget(BUY)

    assert ["init"] == seen


async def test_cookies_of_the_api_are_not_kept(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Customers of one shop share connections, so nothing of one may stick to another."""
    sandbox.fail(INIT, status=502, times=1, headers={"Set-Cookie": "who=ada; Path=/"}, body=b"")
    await session.init_widget(BUY)
    pool = session._transport._pool()

    assert [0, 0] == [len(client.cookie_jar) for client in (pool.kept, pool.fresh)]


async def test_a_wait_in_the_queue_of_a_lent_session_has_sent_nothing() -> None:
    """It ends before the time of the whole request, whose end would leave that open."""
    async with (
        server(hangs) as base_url,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as lent,
    ):
        transport = Transport(
            base_url, timeout=PATIENCE, connect_timeout=PATIENCE, connections=1, client_session=lent
        )
        request = HttpRequest("verify", "POST", URL(base_url), {}, b"{}", "ref")
        first = asyncio.create_task(transport.attempt(request))
        await asyncio.sleep(0)
        second = await transport.attempt(request, longest=0.5)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await transport.aclose()

    assert isinstance(second, ConnectError)
