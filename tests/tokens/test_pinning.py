"""Pinning a plain token, for every state of the store."""

import asyncio

import pytest

from flexiti_async import FlexitiSession, Scope
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Answer
from flexiti_async.store.interface import Entry
from flexiti_async.testing import FaultyStore, ManualClock, Trouble
from flexiti_async.tokens.record import (
    Claim,
    Record,
    StoredToken,
    TokenKey,
    decode_record,
    encode_record,
)

from ..conftest import MakeSession
from ..support.background import settle

ENDPOINT = "oauth/token"


@pytest.fixture
def faulty(clock: ManualClock) -> FaultyStore:
    """Return a store with scheduled faults."""
    return FaultyStore(clock.boot)


@pytest.fixture
def session(make_session: MakeSession, faulty: FaultyStore) -> FlexitiSession:
    """Return a session over that store."""
    return make_session(store=faulty)


def key_of(session: FlexitiSession) -> str:
    """Return the key of the session's record."""
    return TokenKey.of(session.config, Scope.CUSTOMER).store_key


async def replace(
    session: FlexitiSession, faulty: FaultyStore, token: StoredToken | None, claim: Claim | None
) -> None:
    """Replace the stored record by another process's."""
    key = key_of(session)
    stored = await faulty.load(key)
    record = encode_record(Record(key, token=token, claim=claim))
    assert await faulty.swap(key, Entry("theirs", record, 1300.0), expected=stored)


def as_stored(token: Token, life: float) -> StoredToken:
    """Return a token as another process would store it."""
    return StoredToken.of(token, life)


LATER = StoredToken("later", Secret("later-token"), 1200.0, 1200.0)


async def test_callers_at_once_write_one_mark(session: FlexitiSession, faulty: FaultyStore) -> None:
    """Many checkouts that begin with a plain token read and swap its record once."""
    plain = await session.token()
    faulty.operations.clear()
    pinned = await asyncio.gather(*(session.token(min_ttl=600) for _ in range(50)))

    assert {(plain.token_id, True)} == {(token.token_id, token.pinned) for token in pinned}
    assert ["load", "swap"] == faulty.operations


@pytest.mark.parametrize("trouble", [[], ["not written but unknown"], ["written but unknown"]])
async def test_the_mark_is_written_through_a_failing_swap(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, trouble: list[Trouble]
) -> None:
    """A failed swap is repeated, and one that was written after all is recognized by a read."""
    plain = await session.token()
    faulty.trouble = trouble
    pinned = await session.token(min_ttl=600)
    stored = await faulty.load(key_of(session))
    assert stored is not None
    record = decode_record(stored.payload, key_of(session))

    assert plain.token_id == pinned.token_id
    assert record.token is not None
    assert record.token.pinned
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_refresh_in_flight_is_waited_for_and_its_token_pinned(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The other refresh may use this token's refresh token, so the checkout gets its successor."""
    plain = await session.token()
    clock.advance(10)
    await replace(session, faulty, as_stored(plain, 1190.0), Claim(25.0))
    asking = asyncio.ensure_future(session.token(min_ttl=600))
    loads = faulty.operations.count("load")
    while not asking.done() and faulty.operations.count("load") < loads + 2:
        await asyncio.sleep(0.005)
    waiting = not asking.done()
    await replace(session, faulty, LATER, None)

    pinned = await asking

    assert waiting
    assert ("later", True) == (pinned.token_id, pinned.pinned)
    assert 1 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize(
    ("token", "claim", "age"),
    [
        pytest.param(None, None, 0.0, id="no token"),
        pytest.param(LATER, Claim(5.0), 6.0, id="a lapsed claim on another token"),
    ],
)
async def test_a_token_that_cannot_be_marked_is_not_pinned(
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
    token: StoredToken | None,
    claim: Claim | None,
    age: float,
) -> None:
    """The checkout gets a private token, or the newer one, and never the unmarked one."""
    plain = await session.token()
    await replace(session, faulty, token, claim)
    clock.advance(age)
    pinned = await session.token(min_ttl=600)

    assert plain.token_id != pinned.token_id
    assert pinned.pinned
    assert sandbox.count(ENDPOINT) <= 2


async def test_a_lapsed_claim_on_this_token_may_have_spent_its_refresh_token(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The token is not pinned: a private one is requested."""
    plain = await session.token()
    await replace(session, faulty, as_stored(plain, 1200.0), Claim(5.0))
    clock.advance(6.0)
    faulty.operations.clear()
    pinned = await session.token(min_ttl=600)

    assert plain.token_id != pinned.token_id
    assert 2 == sandbox.count(ENDPOINT, grant="client_credentials")
    assert ["load"] == faulty.operations


async def test_an_evicted_record_cannot_be_pinned(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox
) -> None:
    """The state of the token's refresh token is unknown: a private token is requested."""
    plain = await session.token()
    faulty.evict()
    pinned = await session.token(min_ttl=600)

    assert plain.token_id != pinned.token_id
    assert 2 == sandbox.count(ENDPOINT)


async def test_a_mark_that_the_store_forgets_is_written_again(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The process that had a token pinned writes the mark again, and does not refresh it."""
    await session.token()
    faulty.snapshot()
    await session.token(min_ttl=600)
    faulty.roll_back()
    sandbox.inject(Answer(503), endpoint=ENDPOINT, times=None)
    clock.advance(1110)
    await session.token()
    await settle()
    stored = await faulty.load(key_of(session))
    assert stored is not None
    record = decode_record(stored.payload, key_of(session))

    assert record.token is not None
    assert record.token.pinned
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")
    assert 1 < sandbox.count(ENDPOINT, grant="client_credentials")
