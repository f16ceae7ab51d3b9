"""What one flight leaves in the store for the others, and when it spends a refresh token."""

import asyncio
import logging

import pytest

from flexiti_async import FlexitiSession, Scope
from flexiti_async.clock import now
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_async.tokens.record import Record, TokenKey, decode_record
from flexiti_async.tokens.refresh_tokens import RefreshTokens

from ..conftest import MakeSession

ENDPOINT = "oauth/token"


@pytest.fixture
def faulty(clock: ManualClock) -> FaultyStore:
    """Give a store that can be looked into."""
    return FaultyStore(clock.boot)


@pytest.fixture
def session(make_session: MakeSession, faulty: FaultyStore) -> FlexitiSession:
    """Give a session over that store."""
    return make_session(store=faulty)


def another_process(session: FlexitiSession) -> FlexitiSession:
    """Make a session share nothing with others but the store, as one in another process would."""
    refresher = session.refresher(Scope.CUSTOMER)
    object.__setattr__(refresher._context, "refresh_tokens", RefreshTokens())
    refresher._flights._key = (refresher._context.key.store_key, id(session))
    return session


async def stored(session: FlexitiSession, faulty: FaultyStore) -> Record:
    """Read the record of the session's token."""
    key = TokenKey(session.config.api_url, session.config.client_id, Scope.CUSTOMER).store_key
    entry = await faulty.load(key)
    assert entry is not None
    return decode_record(entry.payload, key)


async def settle() -> None:
    """Wait for the flights in the background."""
    while running := [t for t in asyncio.all_tasks() if t.get_name().startswith("flexiti-async")]:
        await asyncio.wait(running)
        await asyncio.sleep(0)


async def test_a_claim_keeps_the_token_in_use_for_who_comes_meanwhile(
    make_session: MakeSession,
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
) -> None:
    """A process that starts during a renewal has a token at once, and knows how long it lives."""
    first = await session.token()
    sandbox.latency = {ENDPOINT: 0.2}
    clock.advance(1100)
    await session.token()
    while (await stored(session, faulty)).claim is None:
        await asyncio.sleep(0)
    claimed = await stored(session, faulty)
    asked = len(sandbox.tokens)
    found = await another_process(make_session(store=faulty)).token()
    served = len(sandbox.tokens)
    await settle()

    assert first.token_id == found.token_id
    assert (1, 1) == (asked, served)
    assert claimed.token is not None
    assert 100 == pytest.approx(claimed.token.remaining)
    assert 2 == sandbox.count(ENDPOINT)


async def test_a_renewal_that_failed_leaves_the_token_in_use(
    make_session: MakeSession,
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
) -> None:
    """As long as it lives the failure is nobody's error, and nobody asks before its time."""
    first = await session.token()
    sandbox.latency = {ENDPOINT: 0.2}
    sandbox.fail(ENDPOINT, status=503, times=None)
    clock.advance(1100)
    await session.token()
    while (await stored(session, faulty)).claim is None:
        await asyncio.sleep(0)
    clock.advance(3)
    await settle()
    left = await stored(session, faulty)
    found = await another_process(make_session(store=faulty)).token()
    await settle()

    assert first.token_id == found.token_id
    assert left.token is not None
    assert left.failure is not None
    assert 97 == pytest.approx(left.token.remaining)
    assert 2 == sandbox.count(ENDPOINT)


async def test_an_ask_for_a_while_spends_no_refresh_token(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A plain token that lives too short for a checkout is let be, and one more is got."""
    plain = await session.token()
    clock.advance(900)
    pinned = await session.token(min_ttl=600)

    assert plain.token_id != pinned.token_id
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")
    live = {token.access_token for token in sandbox.tokens if not token.revoked}
    assert plain.access_token.reveal() in live


async def test_a_token_that_cannot_be_shared_will_do_for_a_checkout(
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    The store goes down under a flight: its token is nobody else's, so nobody refreshes it. One look
    shows that it is down: who waits for the token does not wait for more time-outs of the store.
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


async def test_a_token_minted_for_an_ask_is_given_to_it_however_long_that_took(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """No younger one can be had: whoever asks for nearly all of its life makes one request."""
    sandbox.latency = {ENDPOINT: 0.05}
    asking = asyncio.ensure_future(session.token(min_ttl=1165))
    while sandbox.count(ENDPOINT) == 0:
        await asyncio.sleep(0)
    clock.advance(20)
    token = await asking

    assert 1 == sandbox.count(ENDPOINT)
    assert 1180 == pytest.approx(token.remaining(now(clock)))
