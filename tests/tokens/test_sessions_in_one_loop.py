"""Sessions of one client in one event loop meet in the store, like processes, and nowhere else."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, Token
from flexiti_async.errors import TokenDeadlock, TokenError, TokenUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession
from ..support.background import settle
from ..support.patience import PATIENCE, PATIENT

Work = Coroutine[Any, Any, Any]
TOKEN = "oauth/token"
SECOND = "a second session for the same tokens is open in this event loop"


async def test_100_sessions_make_one_request(make_session: MakeSession, sandbox: Sandbox) -> None:
    """At the cold start and when the token has expired; all get the same token."""
    sandbox.latency = {TOKEN: 0.05}
    sessions = [make_session() for _ in range(100)]
    tokens = await asyncio.gather(*(each.token() for each in sessions for _ in range(3)))

    assert 1 == len({token.token_id for token in tokens})
    assert 1 == sandbox.count(TOKEN)


async def test_a_stale_token_is_refreshed_by_one_of_many_sessions(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """All are served at once, and the others adopt the successor."""
    sessions = [make_session() for _ in range(20)]
    before = await asyncio.gather(*(each.token() for each in sessions))
    clock.advance(1100)
    served = await asyncio.gather(*(each.token() for each in sessions))
    await settle()
    after = await asyncio.gather(*(each.token() for each in sessions))

    assert before == served
    assert 1 == len({token.token_id for token in after})
    assert 2 == sandbox.count(TOKEN)


async def test_the_second_session_is_warned_of_once(
    make_session: MakeSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that is closed, or has other credentials, is no second one."""
    first = make_session()
    await first.token()
    await first.aclose()
    await make_session().token()
    await asyncio.gather(
        make_session(client_id="another").token(),
        make_session(merchants_login="always").token(),
        return_exceptions=True,
    )
    alone = caplog.text.count(SECOND)
    await asyncio.gather(*(make_session().token() for _ in range(3)))

    assert 0 == alone
    assert 1 == caplog.text.count(SECOND)
    assert "share one session" in caplog.text
    assert sandbox.client_secret not in caplog.text


async def test_the_failure_of_one_session_is_not_anothers(
    sandbox: Sandbox, clock: ManualClock, store: MemoryStore, make_session: MakeSession
) -> None:
    """A lent client session that raises, and one that is closed, fail their own session only."""

    async def fail(*_: object) -> None:
        raise LookupError("of its own")

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(fail)
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        **PATIENT,
    )
    closed = aiohttp.ClientSession()
    await closed.close()
    async with (
        aiohttp.ClientSession(trace_configs=[tracing]) as lent,
        FlexitiSession(config, client_session=lent, clock=clock) as broken,
        FlexitiSession(config, client_session=closed, clock=clock) as ended,
        asyncio.timeout(PATIENCE),
    ):
        healthy = [make_session() for _ in range(3)]
        results: list[Any] = await asyncio.gather(
            *(each.token() for each in (broken, ended, *healthy)), return_exceptions=True
        )

    assert all(isinstance(result, Token) for result in results[2:])
    assert 1 == len({token.token_id for token in results[2:]})


async def test_each_session_has_a_single_flight_while_the_store_is_down(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Nothing else connects them, so each requests one private token for all of its callers."""
    store = FaultyStore(clock.boot)
    store.down = True
    sessions = [make_session(store=store) for _ in range(3)]
    tokens = await asyncio.gather(*(each.token() for each in sessions for _ in range(10)))

    assert 3 == len({token.token_id for token in tokens})
    assert 3 == sandbox.count(TOKEN)


async def test_the_refresh_token_is_the_session_s_that_obtained_it(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Another session of the process refreshes with the grant that needs none."""
    first, other = make_session(), make_session()
    await first.token()
    await other.token()
    clock.advance(1130)
    await other.token()
    await settle()

    assert 2 == sandbox.count(TOKEN, grant="client_credentials")
    assert 0 == sandbox.count(TOKEN, grant="refresh_token")


@pytest.mark.parametrize("by_url", [False, True])
async def test_a_flight_that_waits_for_another_session_s_callback_is_found(
    sandbox: Sandbox, clock: ManualClock, *, by_url: bool
) -> None:
    """
    A callback of A that asks B for the token would wait for A's own claim.

    They meet in one store, whether it is passed as an object or named by its URL.
    """
    store = f"memory://{os.urandom(8).hex()}" if by_url else MemoryStore(clock=clock.boot)
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        **PATIENT,
    )
    met: list[object] = []
    other = FlexitiSession(config, clock=clock)

    async def ask(*_: object) -> None:
        met.extend(await asyncio.gather(other.token(), return_exceptions=True))

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(ask)
    async with (
        other,
        aiohttp.ClientSession(trace_configs=[tracing]) as lent,
        FlexitiSession(config, client_session=lent, clock=clock) as session,
        asyncio.timeout(PATIENCE),
    ):
        await session.token()

    assert [TokenDeadlock] == [type(error) for error in met]


async def test_a_claim_that_could_not_be_withdrawn_does_not_keep_its_own_session(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The clock stands still, so a claim that counted as live would be waited for without end."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store, on_store_failure="raise")
    sandbox.latency = {TOKEN: 0.05}
    asking = asyncio.create_task(session.token())
    while not sandbox.count(TOKEN):
        await asyncio.sleep(0.001)
    store.down = True  # neither the token nor the end of the claim is written
    private = await asking
    store.down = False
    session.refresher(private.scope).reject(private.token_id)
    async with asyncio.timeout(PATIENCE):
        token = await session.token()

    assert private.token_id != token.token_id
    assert 2 == sandbox.count(TOKEN)


async def test_a_task_factory_that_takes_no_context(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A shop's own factory of Python 3.10 and earlier takes the loop and the coroutine only."""
    made: list[str] = []

    def factory(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]
    ) -> asyncio.Task[Any]:
        made.append(repr(work))
        return asyncio.Task(work, loop=loop)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(factory)  # type: ignore[arg-type]
    try:
        tokens = await asyncio.gather(*(make_session().token() for _ in range(2)))
    finally:
        loop.set_task_factory(None)

    assert 1 == len({token.token_id for token in tokens})
    assert 1 == sandbox.count(TOKEN)
    assert made


async def test_a_failure_is_one_request_for_all_sessions(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The sessions that waited read it from the store, with what it said."""
    sandbox.fail(TOKEN, status=500, times=None)
    sandbox.latency = {TOKEN: 0.05}
    sessions = [make_session() for _ in range(10)]
    errors = await asyncio.gather(*(each.token() for each in sessions), return_exceptions=True)

    assert [TokenUnavailable] * 10 == [type(error) for error in errors]
    assert {500} == {error.status for error in errors if isinstance(error, TokenError)}
    assert 1 == sandbox.count(TOKEN)
