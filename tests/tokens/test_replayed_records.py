"""
Records that are older than they look: put back, dated wrongly by a store, or written by odd rules.

Such a record may cost a token request or a bounded wait, and no call with a token that has ended.
"""

import asyncio
import secrets

import pytest
from attrs import evolve

from flexiti_async import FlexitiSession, Scope, Token
from flexiti_async.clock import now
from flexiti_async.errors import TokenThrottled, TokenUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry
from flexiti_async.testing import ManualClock
from flexiti_async.tokens.record import (
    Claim,
    Failure,
    Record,
    TokenKey,
    decode_record,
    encode_record,
)
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession

ENDPOINT = "oauth/token"
LIFETIME = 1200.0


class LyingStore(MemoryStore):
    """A store that reports another age than the entry has; None for none."""

    def __init__(self, clock: ManualClock, age: float | None) -> None:
        super().__init__(clock=clock.boot)
        self.age = age

    async def load(self, key: str) -> Entry | None:
        """Return the entry with a wrong age."""
        entry = await super().load(key)
        return None if entry is None else evolve(entry, age=self.age)


def key_of(session: FlexitiSession) -> str:
    """Return the key of the customer record."""
    return TokenKey.of(session.config, Scope.CUSTOMER).store_key


async def stored(store: MemoryStore, key: str) -> Record:
    """Return the record under a key."""
    entry = await store.load(key)
    assert entry is not None
    return decode_record(entry.payload, key)


async def put(store: MemoryStore, record: Record) -> None:
    """Write a record over whatever is stored, as one that has access to the store can."""
    entry = Entry("put back", encode_record(record), 3600.0)
    assert await store.swap(record.key, entry, expected=await store.load(record.key))


def without_moments(record: Record) -> Record:
    """Return a record as an older release writes it."""
    token, failure = record.token, record.failure
    return evolve(
        record,
        token=None if token is None else evolve(token, minted=None),
        failure=None if failure is None else evolve(failure, at=None),
    )


@pytest.mark.parametrize("age", [100.0, 500.0, 1000.0])
async def test_a_token_that_is_put_back_is_as_old_as_it_is(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, age: float
) -> None:
    """A newcomer adopts it for the rest of its life, not for the life that the record says."""
    first = await make_session().token(min_ttl=0.0)
    record = await stored(store, key_of(make_session()))
    clock.advance(age)
    await put(store, record)
    adopted = await make_session().token(min_ttl=0.0)

    assert first.token_id == adopted.token_id
    assert LIFETIME - age == pytest.approx(adopted.remaining(now(clock)))


async def test_a_token_that_has_ended_stays_ended(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """A newcomer requests a token of its own, once."""
    first = await make_session().token()
    record = await stored(store, key_of(make_session()))
    clock.advance(LIFETIME + 1)
    await put(store, record)
    tokens = [await make_session().token() for _ in range(3)]

    assert first.token_id not in {token.token_id for token in tokens}
    assert 2 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize("reported", [0.0, 300.0])
async def test_a_store_that_makes_a_record_younger(
    make_session: MakeSession, clock: ManualClock, reported: float
) -> None:
    """A clock that was set back, or a time to live that somebody has extended: no longer life."""
    store = LyingStore(clock, reported)
    first = await make_session(store=store).token(min_ttl=0.0)
    clock.advance(1000)
    adopted = await make_session(store=store).token(min_ttl=0.0)

    assert first.token_id == adopted.token_id
    assert adopted.remaining(now(clock)) <= LIFETIME - 1000


async def test_the_moment_of_the_mint_alone_gives_no_token(
    make_session: MakeSession, clock: ManualClock, sandbox: Sandbox
) -> None:
    """The age of a record from the future is unknown; its token is not adopted."""
    store = LyingStore(clock, None)
    first = await make_session(store=store).token()
    second = await make_session(store=store).token()

    assert first.token_id != second.token_id
    assert 2 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize("jump", [-3600.0, -500.0, 0.0, 100.0])
async def test_a_reader_whose_wall_clock_is_wrong(
    make_session: MakeSession, clock: ManualClock, jump: float
) -> None:
    """Set back it makes no token younger; set forward it makes it older."""
    first = await make_session().token(min_ttl=0.0)
    clock.advance(500)
    clock.jump(jump)
    adopted = await make_session().token(min_ttl=0.0)

    assert first.token_id == adopted.token_id
    assert LIFETIME - 500 - max(jump, 0.0) == pytest.approx(adopted.remaining(now(clock)))


async def test_a_token_of_an_older_release_is_adopted(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock
) -> None:
    """Without the moment of its mint, its age is that of the record."""
    first = await make_session().token(min_ttl=0.0)
    await put(store, without_moments(await stored(store, key_of(make_session()))))
    clock.advance(500)
    adopted = await make_session().token(min_ttl=0.0)

    assert first.token_id == adopted.token_id
    assert LIFETIME - 500 == pytest.approx(adopted.remaining(now(clock)))


async def failure_of(session: FlexitiSession) -> TokenUnavailable:
    """Ask for a token, and return the error."""
    with pytest.raises(TokenUnavailable) as caught:
        await session.token()
    return caught.value


async def failed(make_session: MakeSession, store: MemoryStore, sandbox: Sandbox) -> Record:
    """Let a token request fail, and return the record."""
    sandbox.fail(ENDPOINT, status=500, times=1)
    session = make_session()
    await failure_of(session)
    return await stored(store, key_of(session))


async def test_a_failure_that_is_put_back_is_over(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """It is as old as it is, however often it is put back."""
    record = await failed(make_session, store, sandbox)
    assert record.failure is not None
    clock.advance(record.failure.back_off + 0.001)
    await put(store, record)

    assert isinstance(await make_session().token(), Token)


async def test_a_failure_of_an_older_release_backs_off(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """Without its moment, it is as old as the record."""
    record = without_moments(await failed(make_session, store, sandbox))
    await put(store, record)
    assert record.failure is not None
    error = await failure_of(make_session())
    clock.advance(record.failure.back_off + 0.001)

    assert record.failure.back_off == pytest.approx(error.retry_after)
    assert isinstance(await make_session().token(), Token)


@pytest.mark.parametrize(("kind", "longest"), [("transient", 30.0), ("throttled", 3600.0)])
async def test_a_back_off_is_believed_up_to_a_cap(
    make_session: MakeSession,
    store: MemoryStore,
    clock: ManualClock,
    sandbox: Sandbox,
    kind: str,
    longest: float,
) -> None:
    """A record that this library would not write blocks for no longer than one that it would."""
    record = await failed(make_session, store, sandbox)
    assert record.failure is not None
    odd = Failure(kind, "put there", 1_000_000.0, 1, record.failure.fingerprint)
    await put(store, evolve(record, failure=odd))
    with pytest.raises(Exception, match="put there") as caught:
        await make_session().token()
    clock.advance(longest)

    assert longest == pytest.approx(getattr(caught.value, "retry_after", None))
    assert isinstance(await make_session().token(), Token)


async def test_a_lease_is_believed_up_to_the_own_longest(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """A claim for a month is waited for as one that this process would write."""
    session = make_session(token_timeout=20.0)
    await put(store, Record(key_of(session), claim=Claim(30 * 86_400.0)))
    asking = asyncio.ensure_future(session.token())
    await asyncio.sleep(0.2)
    waiting = sandbox.count(ENDPOINT)
    clock.advance(25.0)

    assert isinstance(await asking, Token)
    assert (0, 1) == (waiting, sandbox.count(ENDPOINT))


async def replay(store: MemoryStore, record: Record) -> None:
    """Put a record back, under another version each time."""
    while True:
        entry = Entry(secrets.token_hex(16), encode_record(record), 3600.0)
        await store.swap(record.key, entry, expected=await store.load(record.key))
        await asyncio.sleep(0.01)


async def test_a_claim_that_is_replayed_stops_a_process_for_two_leases(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """Then it goes on with a private token, without a claim."""
    session = make_session(token_timeout=20.0)
    replaying = asyncio.create_task(replay(store, Record(key_of(session), claim=Claim(25.0))))
    asking = asyncio.create_task(session.token())
    for _ in range(4):
        await asyncio.sleep(0.3)
        assert not asking.done()
        clock.advance(12.0)
    waiting = sandbox.count(ENDPOINT)
    clock.advance(2.0)
    token = await asking
    replaying.cancel()

    assert (0, 1) == (waiting, sandbox.count(ENDPOINT))
    assert token is await session.token()


async def test_a_failure_that_is_replayed_stops_a_process_for_two_leases(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """Claims and failures of others count together, over all calls."""
    record = await failed(make_session, store, sandbox)
    assert record.failure is not None
    failure = evolve(record.failure, back_off=3600.0, kind="throttled", at=None)
    await put(store, evolve(record, failure=failure))
    session = make_session(token_timeout=20.0)
    before = sandbox.count(ENDPOINT)
    for _ in range(5):
        with pytest.raises(TokenThrottled):
            await session.token()
        clock.advance(10.0)

    assert before == sandbox.count(ENDPOINT)
    assert isinstance(await session.token(), Token)
    assert before + 1 == sandbox.count(ENDPOINT)


async def test_a_process_that_goes_on_alone_backs_off_for_its_own_failure(
    make_session: MakeSession, store: MemoryStore, clock: ManualClock, sandbox: Sandbox
) -> None:
    """Its request fails: only then it waits for longer, two leases again."""
    record = await failed(make_session, store, sandbox)
    assert record.failure is not None
    failure = evolve(record.failure, back_off=3600.0, kind="throttled", at=None)
    await put(store, evolve(record, failure=failure))
    session = make_session(token_timeout=20.0)
    with pytest.raises(TokenThrottled):
        await session.token()
    clock.advance(50.0)
    sandbox.fail(ENDPOINT, status=500, times=1)
    before = sandbox.count(ENDPOINT)
    await failure_of(session)
    clock.advance(1.0)
    for _ in range(2):
        with pytest.raises(TokenThrottled):
            await session.token()
        clock.advance(25.0)

    assert before + 1 == sandbox.count(ENDPOINT)
    assert isinstance(await session.token(), Token)
