"""A token request that needs its own token gets an error instead of waiting for itself."""

import asyncio

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, Scope
from flexiti_async.errors import TokenDeadlock
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry
from flexiti_async.testing import ManualClock
from flexiti_stores.memory import MemoryStore

from ..support.background import settle
from ..support.patience import PATIENCE, PATIENT


class ReentrantStore(MemoryStore):
    """A store that requests a token from the session that uses it."""

    session: FlexitiSession | None = None
    scope = Scope.CUSTOMER
    met: BaseException | None = None

    async def load(self, key: str) -> Entry | None:
        """Request a token first, once, like a store behind the same API."""
        session, self.session = self.session, None
        if session is not None:
            results = await asyncio.gather(
                asyncio.create_task(session.token(self.scope)), return_exceptions=True
            )
            self.met = results[0] if isinstance(results[0], BaseException) else None
        return await super().load(key)


def config_of(sandbox: Sandbox, store: MemoryStore | None = None) -> FlexitiConfig:
    """Return a configuration for the sandbox."""
    return FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store or "memory://",
        **PATIENT,
    )


async def test_a_store_that_requests_the_token_being_obtained_gets_an_error(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    """Even from a task that the store has started; and the caller gets the token."""
    store = ReentrantStore(clock=clock.boot)
    async with FlexitiSession(config_of(sandbox, store), clock=clock) as session:
        store.session = session
        async with asyncio.timeout(PATIENCE):
            token = await session.token()

    assert isinstance(store.met, TokenDeadlock)
    assert "would wait for itself" in str(store.met)
    assert token.access_token
    assert 1 == sandbox.tokens_issued


async def test_a_store_may_request_a_token_of_another_scope(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    """The other scope has a refresh of its own, so nothing waits for itself."""
    store = ReentrantStore(clock=clock.boot)
    store.scope = Scope.MERCHANT
    async with FlexitiSession(config_of(sandbox, store), clock=clock) as session:
        store.session = session
        async with asyncio.timeout(PATIENCE):
            await session.token()

    assert store.met is None
    assert 2 == sandbox.tokens_issued


@pytest.mark.parametrize("dedicated", [False, True])
async def test_a_trace_callback_that_requests_the_token_being_obtained_gets_an_error(
    sandbox: Sandbox, clock: ManualClock, dedicated: bool
) -> None:
    """A trace callback of a borrowed client session runs during the token request."""
    met: list[BaseException] = []
    tracing = aiohttp.TraceConfig()
    sessions: list[FlexitiSession] = []

    async def ask() -> None:
        refresher = sessions[0].refresher(Scope.CUSTOMER)
        await (refresher.dedicated(60) if dedicated else refresher.token())

    async def on_start(*_: object) -> None:
        try:
            await ask()
        except TokenDeadlock as error:
            met.append(error)

    tracing.on_request_start.append(on_start)
    async with aiohttp.ClientSession(trace_configs=[tracing]) as client:
        sessions.append(FlexitiSession(config_of(sandbox), client_session=client, clock=clock))
        async with asyncio.timeout(PATIENCE):
            await ask()
        await sessions[0].aclose()

    assert [TokenDeadlock] == [type(error) for error in met]
    assert 1 == sandbox.tokens_issued


async def test_a_cached_token_is_served_during_a_refresh(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    """With a cached token nothing has to wait, during the refresh and afterwards."""
    store = ReentrantStore(clock=clock.boot)
    async with FlexitiSession(config_of(sandbox, store), clock=clock) as session:
        await session.token()
        store.session = session
        clock.advance(1100)
        await session.token()
        await settle()
        await session.token()

    assert store.met is None
    assert 2 == sandbox.tokens_issued
