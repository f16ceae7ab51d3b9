"""A loop that was busy for longer than a time-out: what the server has answered is not lost."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from attrs import evolve
from yarl import URL

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget, Token
from flexiti_async.api.widget import Widget, init_widget
from flexiti_async.errors import ConnectError, TokenUnavailable
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.protocol.response import HttpResponse
from flexiti_async.sandbox import Sandbox
from flexiti_async.transport.faults import Progress
from flexiti_async.transport.pool import Transport
from flexiti_stores.memory import MemoryStore

from ..support.patience import PATIENCE
from ..support.stalling_loop import StallingLoop
from .test_loops_and_forks import sandbox_in_a_thread

SAFE = init_widget(PurchaseWidget(account_number=20009100))
ONCE = evolve(SAFE, endpoint="verify", replay=Replay.NEVER)
"""A call that is sent once, under the name of one that moves no money."""
LIMIT = 1.0
GRANT = {"token_type": "bearer", "access_token": "t", "expires_in": 1200, "scope": "customer"}
WIDGET = {"redirection_url": "http://127.0.0.1/#/x", "filler": "x" * 700_000}
MOST_TURNS = 80
"""More than any trial takes; one that gets there does not end by itself."""
MOST_SWEEPS = 50
"""More than a busy machine needs: one that gets there misses a moment for another reason."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Yield a sandbox in a thread: it goes on while the loop of the test is busy."""
    with sandbox_in_a_thread() as running:
        yield running


async def stall_once(sandbox: Sandbox, endpoint: str, seconds: float) -> None:
    """Block the loop from the next request on until it is answered, and for seconds more."""
    before = sandbox.count(endpoint)
    while sandbox.count(endpoint) == before:
        await asyncio.sleep(0)
    while sandbox.requests[-1].status is None:
        time.sleep(0.01)  # noqa: ASYNC251 - that is what is tested
    time.sleep(seconds)  # noqa: ASYNC251 - as above


@pytest.mark.parametrize("endpoint", ["widget/init", "oauth/token"])
@pytest.mark.parametrize("stall", [1.1, 2.5])
async def test_an_answer_that_came_in_time_is_not_thrown_away(
    sandbox: Sandbox, endpoint: str, stall: float
) -> None:
    """Neither an authorization, which would be an unknown outcome, nor a token."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=MemoryStore(),
        request_timeout=LIMIT,
        token_timeout=LIMIT,
        connect_timeout=PATIENCE,
        store_timeout=PATIENCE,
    )
    async with FlexitiSession(config) as session:
        if endpoint == "widget/init":
            await session.token()
        before = sandbox.count(endpoint)
        sandbox.latency = {endpoint: 0.1}
        busy = asyncio.create_task(stall_once(sandbox, endpoint, stall))
        await asyncio.gather(
            session.send(ONCE) if endpoint == "widget/init" else session.token(), busy
        )
        sandbox.latency = {}

    assert before + 1 == sandbox.count(endpoint)


class Slow(BaseHTTPRequestHandler):
    """Answers after a moment, and in two parts, with more than a socket's buffer holds."""

    protocol_version = "HTTP/1.1"
    answered: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        """Answer a token request or a call."""
        self.rfile.read(int(self.headers["content-length"]))
        kind = "token" if "oauth" in self.path else "call"
        body = json.dumps(GRANT if kind == "token" else WIDGET).encode()
        time.sleep(0.002)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.answered[kind] += 1
        self.wfile.write(head + body[:10])
        time.sleep(0.002)
        self.wfile.write(body[10:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Write no log."""


@pytest.fixture(scope="module")
def slow() -> Iterator[str]:
    """Yield the URL of a server in threads of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(PATIENCE)


def session_at(url: str, loop: StallingLoop, seconds: float) -> FlexitiSession:
    """Open a session with a time for each call, and one connection at a time."""
    config = FlexitiConfig(
        client_id="shop",
        client_secret="x",
        base_url=url,
        store=MemoryStore(),
        connections=1,
        retries=0,
        call_timeout=seconds,
        request_timeout=3 * seconds,  # of which a connection may take all
        connect_timeout=3 * seconds,
        token_timeout=seconds,
    )
    return FlexitiSession(config, clock=loop)


def at_every_turn(
    trial: Callable[[StallingLoop, int], Awaitable[bool]],
    complete: Callable[[], bool] = lambda: True,
) -> None:
    """
    Repeat a trial for each turn of a loop until it ends before the stall.

    How many turns a trial takes depends on how fast the server's thread is, so all turns are
    repeated until the stalls have been at every moment that the test is about.
    """

    async def trials() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, StallingLoop)
        for _ in range(MOST_SWEEPS):
            turn = 1
            while await trial(loop, turn):
                turn += 1
                assert turn < MOST_TURNS
            if complete():
                return

    with asyncio.Runner(loop_factory=StallingLoop) as runner:
        runner.run(trials())


STALLS = [
    pytest.param(limit, stall, id=f"{stall} s of {limit} s")
    for limit, stall in [(0.09, 0.1), (1.0, 2.5), (9.0, 10.0), (2.0, 60.0)]
]


@pytest.mark.parametrize("call", [pytest.param(SAFE, id="safe"), pytest.param(ONCE, id="money")])
@pytest.mark.parametrize(("limit", "stall"), STALLS)
def test_no_answer_is_lost_to_a_stall_at_any_turn(
    slow: str, call: Call[Widget], limit: float, stall: float
) -> None:
    """
    Two calls and one connection: a stall while one waits for it, while it is made, while the
    request is sent, and while head and body are read. All that was sent gets its answer.
    """
    answered: set[int] = set()

    async def trial(loop: StallingLoop, turn: int) -> bool:
        async with session_at(slow, loop, limit) as session:
            await session.token()
            before = Slow.answered["call"]

            loop.stall_at(turn, stall, lambda: answered.add(Slow.answered["call"] - before))
            results = await asyncio.gather(
                session.send(call), session.send(call), return_exceptions=True
            )
            reached = loop.stalled()
            kinds = Counter(type(result) for result in results)

            assert kinds.keys() <= {Widget, ConnectError}, results
            assert Slow.answered["call"] - before == kinds[Widget], turn
            assert reached or kinds[Widget] == 2
            return reached

    moments = {0, 1, 2}  # before, between and after the answers
    at_every_turn(trial, lambda: answered >= moments)

    assert moments == answered


def test_money_is_not_sent_after_its_time(slow: str) -> None:
    """Not even where the connection is ready in the very turn in which the stall ends."""
    written: list[float] = []

    async def trial(loop: StallingLoop, turn: int) -> bool:
        transport = Transport(slow, timeout=9.0, connect_timeout=9.0, connections=1)
        request = HttpRequest("capture", "POST", URL(f"{slow}/x"), {}, b"{}", "ref")
        before, began, looks = Slow.answered["call"], loop.time(), list[float]()

        def left() -> float:
            looks.append(loop.time() - began)
            return LIMIT

        loop.stall_at(turn, 2.5)
        outcome = await transport.attempt(
            request, within=LIMIT, once=True, progress=Progress(left=left)
        )
        await transport.aclose()
        written.extend(looks)
        sent = bool(looks) and looks[0] < LIMIT
        assert isinstance(outcome, HttpResponse if sent else ConnectError), (turn, outcome)
        assert Slow.answered["call"] - before == sent
        return loop.stalled()

    moments = {0.0, 2.5}  # the very turn is among them
    at_every_turn(trial, lambda: moments <= set(written))

    assert moments == set(written)


async def test_the_caller_s_clocks_are_looked_at_last(slow: str) -> None:
    """The loop's clock stands still while a machine is suspended, as it makes a connection."""
    transport = Transport(slow, timeout=PATIENCE, connect_timeout=PATIENCE, connections=1)
    request = HttpRequest("capture", "POST", URL(f"{slow}/x"), {}, b"{}", "ref")
    before, progress = Slow.answered["call"], Progress(left=lambda: 0.0)
    outcome = await transport.attempt(request, once=True, progress=progress)
    await transport.aclose()

    assert isinstance(outcome, ConnectError)
    assert "timeout" == outcome.reason
    assert not progress.connected
    assert before == Slow.answered["call"]


@pytest.mark.parametrize(("limit", "stall"), STALLS)
def test_no_token_is_lost_to_a_stall_at_any_turn(slow: str, limit: float, stall: float) -> None:
    """A token that was minted is the caller's, however late the loop reads it."""
    kinds: Counter[type[object]] = Counter()

    async def trial(loop: StallingLoop, turn: int) -> bool:
        async with session_at(slow, loop, limit) as session:
            before = Slow.answered["token"]
            loop.stall_at(turn, stall)
            [result] = await asyncio.gather(session.token(), return_exceptions=True)
            kinds[type(result)] += 1
            assert Slow.answered["token"] - before == isinstance(result, Token), (turn, result)
            return loop.stalled()

    at_every_turn(trial)

    assert kinds.keys() <= {Token, TokenUnavailable}
