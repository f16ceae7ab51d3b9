"""The record that one refresh leaves in the store, and its use of the refresh token."""

import asyncio
import logging

import pytest

from flexiti_async import FlexitiSession, Scope
from flexiti_async.clock import now
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_async.tokens.record import Record, TokenKey, decode_record

from ..conftest import MakeSession
from ..support.background import settle

ENDPOINT = "oauth/token"


@pytest.fixture
def faulty(clock: ManualClock) -> FaultyStore:
    """Return a store that records its operations."""
    return FaultyStore(clock.boot)


@pytest.fixture
def session(make_session: MakeSession, faulty: FaultyStore) -> FlexitiSession:
    """Return a session over that store."""
    return make_session(store=faulty)


async def stored(session: FlexitiSession, faulty: FaultyStore) -> Record:
    """Read the session's record from the store."""
    key = TokenKey.of(session.config, Scope.CUSTOMER).store_key
    entry = await faulty.load(key)
    assert entry is not None
    return decode_record(entry.payload, key)


async def test_a_claim_keeps_the_token_in_use_for_other_processes(
    make_session: MakeSession,
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
) -> None:
    """A process that starts during a refresh gets the token at once, with its remaining life."""
    first = await session.token()
    sandbox.latency = {ENDPOINT: 0.2}
    clock.advance(1100)
    await session.token()
    while (await stored(session, faulty)).claim is None:
        await asyncio.sleep(0)
    claimed = await stored(session, faulty)
    asked = len(sandbox.tokens)
    found = await make_session(store=faulty).token()
    served = len(sandbox.tokens)
    await settle()

    assert first.token_id == found.token_id
    assert (1, 1) == (asked, served)
    assert claimed.token is not None
    assert 100 == pytest.approx(claimed.token.remaining)
    assert 2 == sandbox.count(ENDPOINT)


async def test_a_failed_refresh_keeps_the_token_in_use(
    make_session: MakeSession,
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
) -> None:
    """While the token lives, a failed refresh is an error for no caller, and backs off."""
    first = await session.token()
    sandbox.latency = {ENDPOINT: 0.2}
    sandbox.fail(ENDPOINT, status=500, times=None)
    clock.advance(1100)
    await session.token()
    while (await stored(session, faulty)).claim is None:
        await asyncio.sleep(0)
    clock.advance(3)
    await settle()
    left = await stored(session, faulty)
    found = await make_session(store=faulty).token()
    await settle()

    assert first.token_id == found.token_id
    assert left.token is not None
    assert left.failure is not None
    assert 97 == pytest.approx(left.token.remaining)
    assert 2 == sandbox.count(ENDPOINT)


async def test_a_min_ttl_uses_no_refresh_token(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    A plain token that is too old for a checkout is left as it is, and another one is requested.
    """
    plain = await session.token()
    clock.advance(900)
    pinned = await session.token(min_ttl=600)

    assert plain.token_id != pinned.token_id
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")
    live = {token.access_token for token in sandbox.tokens if not token.revoked}
    assert plain.access_token.reveal() in live


async def test_a_token_that_cannot_be_shared_serves_a_checkout(
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    If the store goes down during a refresh, its token stays private and counts as pinned. One
    failed read is enough: callers do not wait for further time-outs of the store.
    """
    caplog.set_level(logging.WARNING)
    sandbox.latency = {ENDPOINT: 0.2}
    asking = asyncio.ensure_future(session.token())
    while "swap" not in faulty.operations:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    faulty.down = True
    plain = await asking
    operations = list(faulty.operations)
    pinned = await session.token(min_ttl=600)

    assert ["load", "swap", "swap", "load"] == operations
    assert 1 == sum("is not shared" in record.message for record in caplog.records)
    assert plain is pinned
    assert plain.pinned
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_new_token_is_returned_to_its_caller_however_long_the_request_took(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A caller that needs nearly the whole lifetime causes one request, even a slow one."""
    sandbox.latency = {ENDPOINT: 0.05}
    asking = asyncio.ensure_future(session.token(min_ttl=1165))
    while sandbox.count(ENDPOINT) == 0:
        await asyncio.sleep(0)
    clock.advance(20)
    token = await asking

    assert 1 == sandbox.count(ENDPOINT)
    assert 1180 == pytest.approx(token.remaining(now(clock)))
