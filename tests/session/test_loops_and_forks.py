"""
A session in a second event loop, in another thread, and after a fork: it works, or the error says
why not.
"""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.errors import ConnectError, SessionEntered, WrongLoop
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import TokenStore
from flexiti_async.testing import ManualClock
from flexiti_async.transport.connections import Pool
from flexiti_async.transport.pool import Transport
from flexiti_stores.memory import MemoryStore

from ..support.leftovers import Leftovers
from ..support.patience import PATIENCE, PATIENT

BUY = PurchaseWidget(account_number=20009100)
LOOPS = os.environ.get("LOOP_JOBS")
"""Jobs of the tests of a loop per job; `LOOP_JOBS=10000` takes minutes, so the default is fewer."""


@contextmanager
def sandbox_in_a_thread() -> Generator[Sandbox, None, None]:
    """Run the sandbox in a loop of its own, beside any number of other loops."""
    sandbox = Sandbox()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(sandbox.start())
        loop.call_soon(ready.set)
        loop.run_forever()
        loop.run_until_complete(sandbox.aclose())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield sandbox
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Yield a sandbox that outlives event loops."""
    with sandbox_in_a_thread() as running:
        yield running


def session_on(
    sandbox: Sandbox,
    client: aiohttp.ClientSession | None = None,
    *,
    clock: Clock = SYSTEM_CLOCK,
    store: TokenStore | str = "memory://",
) -> FlexitiSession:
    """Open a session on the sandbox."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        keepalive_timeout=PATIENCE,
        **PATIENT,
    )
    return FlexitiSession(config, client_session=client, clock=clock)


def in_a_thread(work: Callable[[], object]) -> object:
    """Run a function in a thread of its own, and return its result or exception."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - checked by the test
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    return results[0]


@pytest.mark.usefixtures("both_engines")
async def test_two_threads_with_loops_of_their_own_share_a_session_and_its_token(
    sandbox: Sandbox,
) -> None:
    """
    Both threads share one token request, and a close in one loop closes the pool of the other.
    """
    session = session_on(sandbox)
    stay = threading.Event()
    called = threading.Event()

    async def other() -> bool:
        await session.init_widget(BUY)
        pool = session._transport._own[asyncio.get_running_loop()]
        called.set()
        while not stay.is_set():
            await asyncio.sleep(0.01)
        return pool.kept.closed

    loop = asyncio.get_running_loop()
    there = loop.run_in_executor(None, lambda: asyncio.run(other()))
    await loop.run_in_executor(None, called.wait, PATIENCE)
    await session.init_widget(BUY)
    await session.aclose()
    stay.set()

    assert await there
    assert 1 == sandbox.tokens_issued


def test_threads_that_request_the_first_token_at_once(sandbox: Sandbox) -> None:
    """Each loop has a refresh of its own; through the store they make one request."""
    session = session_on(sandbox)
    barrier = threading.Barrier(8)

    names: list[object] = []

    def run() -> None:
        names.append(asyncio.run(ask()))

    async def ask() -> str:
        barrier.wait(PATIENCE)
        token = await session.token()
        barrier.wait(PATIENCE)
        await session._transport.aclose()
        return token.token_id

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert 8 == len(names)
    assert 1 == len(set(names))
    assert 1 == sandbox.tokens_issued


def test_a_borrowed_client_session_in_another_loop_is_an_error_that_says_so(
    sandbox: Sandbox,
) -> None:
    """
    A borrowed client session in another loop is WrongLoop; without the check aiohttp would fail
    obscurely or hang.
    """

    async def here() -> object:
        async with aiohttp.ClientSession() as client:
            session = session_on(sandbox, client)
            await session.init_widget(BUY)
            return await asyncio.get_running_loop().run_in_executor(
                None, in_a_thread, lambda: asyncio.run(session.init_widget(BUY))
            )

    error = asyncio.run(here())

    assert isinstance(error, WrongLoop)
    assert "belongs to another event loop" in str(error)


def in_a_forked_child(work: Callable[[], object]) -> str:
    """Fork, run a function in the child, and return its result or traceback as text."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - not measured in the child
        try:
            output = repr(work())
        except BaseException:  # noqa: BLE001 - reported to the parent
            output = traceback.format_exc()
        os.write(write, output.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        output = pipe.read()
    os.waitpid(child, 0)
    return output


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(sandbox: Sandbox, both_engines: str) -> None:
    """
    Parent and child both go on: the child with new connections, the parent with its own.

    The child neither uses nor closes the inherited ones, not even by garbage collection.
    """
    session = session_on(sandbox)

    async def work() -> None:
        async with asyncio.timeout(PATIENCE):
            await session.init_widget(BUY)

    with asyncio.Runner() as runner:
        runner.run(work())
        [pool] = session._transport._own.values()
        before = connections_of(pool)

        def child() -> object:
            inherited = len(session._transport._own)
            gc.collect()
            asyncio.run(work())
            gc.collect()
            return inherited

        output = in_a_forked_child(child)
        runner.run(work())
        after = connections_of(pool)
        runner.run(session.aclose())

    assert "0" == output
    assert before == after
    assert (pool.engine is None, 1) == (both_engines == "aiohttp", len(before))
    assert 1 == sandbox.tokens_issued


def connections_of(pool: Pool) -> set[int]:
    """Return the sockets that a pool keeps open, of both engines."""
    connector = pool.kept.connector
    assert connector is not None
    kept = [
        handler.transport
        for handlers in connector._conns.values()
        for handler, _ in handlers
        if handler.transport is not None
    ]
    if pool.engine is not None:
        kept += [each._transport for each in pool.engine._idle if each._transport is not None]
    return {transport.get_extra_info("socket").fileno() for transport in kept}


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_borrowed_client_session_in_a_forked_child_is_an_error_that_says_so(
    sandbox: Sandbox,
) -> None:
    """A borrowed client session in a forked child is WrongLoop: its sockets are the parent's."""
    with asyncio.Runner() as runner:

        async def lend() -> tuple[aiohttp.ClientSession, FlexitiSession]:
            client = aiohttp.ClientSession()
            session = session_on(sandbox, client)
            await session.init_widget(BUY)
            return client, session

        client, session = runner.run(lend())
        output = in_a_forked_child(lambda: asyncio.run(session.init_widget(BUY)))
        runner.run(session.init_widget(BUY))
        runner.run(client.close())

    assert "WrongLoop" in output


def open_files() -> int:
    """Count the open files and sockets of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def our_objects() -> Counter[str]:
    """Count the objects that a pool is made of."""
    gc.collect()
    names = (
        *("Pool", "ClientSession", "TCPConnector", "_Connector", "Deadlines", "ResponseHandler"),
        *("HttptoolsEngine", "_Connection", "AnswerReader"),
    )
    return Counter(name for each in gc.get_objects() if (name := type(each).__name__) in names)


@pytest.mark.usefixtures("both_engines")
def test_a_loop_per_job_leaves_nothing(sandbox: Sandbox) -> None:
    """A session that lives longer than its loops: each pool ends with its own."""
    session = session_on(sandbox)

    async def job() -> None:
        await session.init_widget(BUY)

    asyncio.run(job())
    files, objects = open_files(), our_objects()
    for _ in range(int(LOOPS or 100)):
        asyncio.run(job())

    assert {} == session._transport._own
    assert objects == our_objects()
    # The sandbox's ends of the last connections may still be closing.
    assert open_files() <= files + 10
    asyncio.run(session.aclose())


def test_a_job_that_ends_during_a_refresh_leaves_no_claim(
    sandbox: Sandbox, leftovers: Leftovers
) -> None:
    """The clock stands still, so the next job would wait for a claim that stayed without end."""
    clock, store = ManualClock(), MemoryStore()
    first, second = (session_on(sandbox, clock=clock, store=store) for _ in range(2))
    sandbox.latency = {"oauth/token": PATIENCE}

    async def job() -> None:
        asking = asyncio.create_task(first.token())
        while not sandbox.count("oauth/token"):
            await asyncio.sleep(0.001)
        sandbox.latency = {}
        async with asyncio.timeout(0):
            await asking

    with pytest.raises(TimeoutError):
        asyncio.run(job())
    [cut_off] = leftovers.take()
    token = asyncio.run(asyncio.wait_for(second.token(), PATIENCE))
    asyncio.run(first.aclose())
    asyncio.run(second.aclose())

    assert cut_off.startswith("task flexiti-async refresh")
    assert token.access_token
    assert 2 == sandbox.count("oauth/token")


def test_short_jobs_waste_no_request(sandbox: Sandbox) -> None:
    """No job starts a refresh that its end would cut off: the first one after the token does."""
    clock = ManualClock()
    session = session_on(sandbox, clock=clock, store=MemoryStore())

    async def job() -> None:
        await session.token()
        await asyncio.sleep(0.05)

    asyncio.run(job())
    clock.advance(1100)  # stale
    for _ in range(5):
        asyncio.run(job())
    while_stale = sandbox.count("oauth/token")
    clock.advance(100)
    asyncio.run(job())
    asyncio.run(session.aclose())

    assert 1 == while_stale
    assert 2 == sandbox.count("oauth/token")


def test_a_refresh_that_the_end_of_a_job_cuts_off_is_not_repeated_by_the_next(
    sandbox: Sandbox, leftovers: Leftovers
) -> None:
    """The next job is served the stale token, also if it lasts; callers wait once it is due."""
    clock = ManualClock()
    session = session_on(sandbox, clock=clock, store=MemoryStore())
    sandbox.expires_in = 10  # a loop counts as lasting after half a second

    async def job() -> None:
        await session.token()
        sandbox.latency = {"oauth/token": PATIENCE}
        clock.advance(6)  # stale
        await session.token()
        while sandbox.count("oauth/token") < 2:
            await asyncio.sleep(0.001)

    async def lasting_job() -> None:
        await session.token()
        await asyncio.sleep(0.6)

    asyncio.run(job())
    [cut_off] = leftovers.take()
    sandbox.latency = {}
    asyncio.run(lasting_job())
    while_stale = sandbox.count("oauth/token")
    clock.advance(4)
    asyncio.run(lasting_job())
    asyncio.run(session.aclose())

    assert cut_off.startswith("task flexiti-async refresh")
    assert 2 == while_stale
    assert 3 == sandbox.count("oauth/token")


def test_thousands_of_jobs_leave_nothing() -> None:
    """Nobody answers here: it is the pools that count."""
    transport = Transport("http://127.0.0.1:1", timeout=9, connect_timeout=9, connections=1)
    request = HttpRequest("widget/init", "POST", URL("http://127.0.0.1:1/"), {}, b"{}", "ref")

    def job() -> None:
        assert isinstance(asyncio.run(transport.attempt(request)), ConnectError)

    job()
    files, objects = open_files(), our_objects()
    for _ in range(int(LOOPS or 2000)):
        job()

    assert (files, objects) == (open_files(), our_objects())


JOBS = """
import asyncio, os, sys
from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget

BUY = PurchaseWidget(account_number=20009100)
url, client_id, client_secret = sys.argv[1:]
session = FlexitiSession(
    FlexitiConfig(client_id=client_id, client_secret=client_secret, base_url=url)
)

async def job():
    assert (await session.init_widget(BUY)).session_id

for _ in range(3):
    asyncio.run(job())
with asyncio.Runner() as runner:
    runner.run(job())
    child = os.fork()
    if child == 0:
        asyncio.run(job())
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    runner.run(job())
for _ in range(3):
    asyncio.run(job())
"""


# A loop that is closed without `shutdown_asyncgens`: the next pool clears it away, or the close.
CLOSED = (
    JOBS
    + """
for _ in range(3):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(job())
    loop.close()
"""
)


@pytest.mark.parametrize(
    ("script", "warnings"),
    [
        pytest.param(JOBS, "always", id="asyncio.run"),
        pytest.param(CLOSED + "asyncio.run(job())", "default", id="loop.close"),
        pytest.param(CLOSED + "asyncio.run(session.aclose())", "default", id="session.aclose"),
    ],
)
def test_jobs_and_forks_end_in_silence(sandbox: Sandbox, script: str, warnings: str) -> None:
    """A session that nobody closes: no "Unclosed client session", in the parent and the child."""
    # The sockets of a loop that was closed too early are asyncio's to warn of.
    ignored = () if warnings == "always" else ("-W", "ignore::ResourceWarning")
    command = [sys.executable, "-P", "-W", warnings, *ignored, "-c", script]
    ended = subprocess.run(
        [*command, sandbox.base_url, sandbox.client_id, sandbox.client_secret],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (0, "") == (ended.returncode, ended.stderr)


async def test_a_session_that_is_open_in_another_loop_is_not_entered_again(
    sandbox: Sandbox,
) -> None:
    """The block that ends first would close it for the other loop."""
    session = session_on(sandbox)

    async def other() -> None:
        async with session:
            pass

    async with session:
        loop = asyncio.get_running_loop()
        error = await loop.run_in_executor(None, in_a_thread, lambda: asyncio.run(other()))
        await session.init_widget(BUY)

    assert isinstance(error, SessionEntered)


def test_a_session_that_was_closed_elsewhere_leaves_nothing_in_a_resting_loop(
    sandbox: Sandbox, leftovers: Leftovers
) -> None:
    """Its connections are closed when the loop ends, although the session is gone by then."""
    with asyncio.Runner() as resting:
        session = session_on(sandbox)
        resting.run(session.init_widget(BUY))
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as other:
            other.run(session.aclose())
        del session
        gc.collect()  # a client session that is collected open would warn

    assert [] == leftovers.take()
