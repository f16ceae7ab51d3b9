"""
An orderly end leaves nothing to wait for: the next token() of another session gets a token at once.

The clock stands still, so a claim that stayed would be waited for without end.
"""

import asyncio

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import SessionClosed, TokenError, TokenUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession
from ..support.claims import claims_in
from ..support.patience import PATIENCE, PATIENT

TOKEN = "oauth/token"


async def test_a_caller_that_is_cancelled_before_its_session_is_closed(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The close waits 5 seconds for the refresh; a neighbour that waits with it gets a token."""
    first, neighbour, third = make_session(), make_session(), make_session()
    sandbox.latency = {TOKEN: PATIENCE}
    asking = asyncio.create_task(first.token())
    waiting = asyncio.create_task(neighbour.token())
    while not sandbox.count(TOKEN):
        await asyncio.sleep(0.001)
    sandbox.latency = {}
    asking.cancel()
    await asyncio.wait([asking])
    await first.aclose()
    async with asyncio.timeout(PATIENCE):
        tokens = {await waiting, await third.token()}

    assert 1 == len(tokens)
    assert 2 == sandbox.count(TOKEN)


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        pytest.param(asyncio.CancelledError(), TokenUnavailable, id="CancelledError"),
        pytest.param(LookupError("of its own"), TokenUnavailable, id="LookupError"),
        pytest.param(TokenError("of its own"), TokenError, id="FlexitiError"),
    ],
)
async def test_a_trace_callback_that_raises(
    sandbox: Sandbox,
    clock: ManualClock,
    store: MemoryStore,
    make_session: MakeSession,
    raised: BaseException,
    seen: type[TokenError],
) -> None:
    """Its session gets an error, of which no other session learns."""
    tracing = aiohttp.TraceConfig()

    async def end(*_: object) -> None:
        raise raised

    tracing.on_request_end.append(end)
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        **PATIENT,
    )
    async with (
        aiohttp.ClientSession(trace_configs=[tracing]) as lent,
        FlexitiSession(config, client_session=lent, clock=clock) as broken,
        asyncio.timeout(PATIENCE),
    ):
        with pytest.raises(seen) as error:
            await broken.token()
        assert [] == await claims_in(store)

        token = await make_session().token()

    assert seen is type(error.value)
    assert token.access_token
    assert 2 == sandbox.count(TOKEN)


async def test_a_lent_client_session_that_is_closed(
    sandbox: Sandbox, clock: ManualClock, store: MemoryStore, make_session: MakeSession
) -> None:
    """Its session claims, and sends nothing: the next one requests the token."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        **PATIENT,
    )
    lent = aiohttp.ClientSession()
    await lent.close()
    async with FlexitiSession(config, client_session=lent, clock=clock) as closed:
        with pytest.raises(SessionClosed, match="that was lent is closed"):
            await closed.token()

    assert [] == await claims_in(store)
    assert (await make_session().token()).access_token
    assert 1 == sandbox.count(TOKEN)


async def test_a_close_ends_its_callers_before_the_refresh_they_wait_for(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The refresh has 5 seconds to end; its callers hear at once."""
    session = make_session()
    sandbox.latency = {TOKEN: PATIENCE}
    asking = asyncio.create_task(session.token())
    while not sandbox.count(TOKEN):
        await asyncio.sleep(0.001)
    closing = asyncio.create_task(session.aclose())
    await asyncio.wait([asking, closing], return_when=asyncio.FIRST_COMPLETED)
    closed = closing.done()
    closing.cancel()
    await asyncio.wait([closing])

    assert not closed
    assert isinstance(asking.exception(), SessionClosed)
