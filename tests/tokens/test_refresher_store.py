"""
The refresher with a failing store: outages, unknown swaps, evictions, rollbacks; and with several
processes.
"""

import asyncio
import logging

import pytest

from flexiti_async import (
    FlexitiSession,
    PurchaseWidget,
    Scope,
    StoreUnavailable,
    Token,
)
from flexiti_async.clock import now
from flexiti_async.errors import TokenThrottled, TokenUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry, Life
from flexiti_async.testing import FaultyStore, ManualClock, Trouble
from flexiti_async.tokens.record import Claim, Record, TokenKey, encode_record
from flexiti_stores.memory import MemoryStore

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
    return make_session(store=faulty, store_timeout=0.05)


async def test_three_processes_make_one_request_between_them(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """One process claims, the others wait and adopt, at every refresh and every expiry."""
    processes = [make_session(store=faulty) for _ in range(3)]
    counts: list[int] = []
    for age in (0.0, 1200.0, 1110.0, 1250.0):
        clock.advance(age)
        tokens = await asyncio.gather(*(session.token() for session in processes * 5))
        await settle()
        counts.append(sandbox.count(ENDPOINT))
        assert all(token.remaining(now(clock)) > 0 for token in tokens)

    assert [1, 2, 3, 4] == counts
    assert 0 == sandbox.replays


async def test_a_session_with_a_usable_token_never_waits_for_the_store(
    session: FlexitiSession, faulty: FaultyStore, clock: ManualClock
) -> None:
    """An outage does not matter while the token lives, even when it is stale."""
    first = await session.token()
    faulty.silent = True
    clock.advance(1090)

    asking = session.token()
    with pytest.raises(StopIteration) as done:
        asking.send(None)

    assert first is done.value.value
    await settle()


async def test_degraded_mode_uses_private_tokens_and_warns_once(
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    Degraded mode makes one request for all callers, warns of one state, and ends with the outage.
    """
    caplog.set_level(logging.INFO, logger="flexiti_async")
    faulty.down = True
    tokens = await asyncio.gather(*(session.token() for _ in range(20)))
    clock.advance(1200)
    await session.token()
    faulty.down = False
    clock.advance(1200)
    await session.token()

    assert 1 == len({token.token_id for token in tokens})
    assert 3 == sandbox.count(ENDPOINT, grant="client_credentials")
    assert 2 == session.refresher(Scope.CUSTOMER).private_tokens
    warned = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert [
        "token store unavailable: using unshared tokens: the store is down",
        "token store still unavailable for 1200 s, failures: 1, 0 of them in the last 1200 s",
        "token store still unavailable for 2400 s, failures: 2, 1 of them in the last 1200 s",
        "token store available again after 2400 s, failures: 2",
    ] == [text.partition("; the last")[0] for text in warned]


async def test_a_store_that_hangs_is_an_outage_not_a_stall(
    session: FlexitiSession, faulty: FaultyStore
) -> None:
    """A hanging store costs no more than its time-out."""
    faulty.silent = True
    token = await session.token()

    assert isinstance(token, Token)


async def test_on_store_failure_raise_raises(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox
) -> None:
    """With `raise`, the error is raised and no token is requested."""
    session = make_session(store=faulty, on_store_failure="raise")
    faulty.down = True

    with pytest.raises(StoreUnavailable):
        await session.token()

    assert 0 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize(("lifetime", "pause"), [(1200, 1.0), (10, 0.5)])
async def test_on_store_failure_raise_backs_off(
    make_session: MakeSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
    lifetime: int,
    pause: float,
) -> None:
    """The store is tried again once a second, or once in a 20th of a lifetime, for all callers."""
    sandbox.expires_in = lifetime
    session = make_session(store=faulty, on_store_failure="raise")
    await session.token()
    clock.advance(lifetime)
    faulty.down = True
    asked: list[int] = []
    for wait in (0.0, 0.9 * pause, 0.2 * pause):
        clock.advance(wait)
        faulty.operations.clear()
        found = await asyncio.gather(*(session.token() for _ in range(5)), return_exceptions=True)
        asked.append(len(faulty.operations))

        assert [StoreUnavailable] * 5 == [type(error) for error in found]
    assert [1, 0, 1] == asked


async def test_a_refresh_during_an_outage_waits_for_the_store_then_degrades(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    In the first half of the stale window the refresh waits for the store; in the second it gets a
    private token.
    """
    await session.token()
    faulty.down = True
    clock.advance(1085)
    await session.token()
    await settle()
    waiting = sandbox.count(ENDPOINT)
    clock.advance(50)
    await session.token()
    await settle()

    assert (1, 2) == (waiting, sandbox.count(ENDPOINT))


async def test_the_pause_before_a_store_is_tried_again_scales_with_the_lifetime(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The store is not tried with every call, and the pause shrinks with the lifetime."""
    sandbox.expires_in = 60
    await session.token()
    faulty.down = True
    clock.advance(33)
    tries: list[int] = []
    for seconds in (0.0, 2.9, 0.2):
        clock.advance(seconds)
        faulty.operations.clear()
        await session.token()
        await settle()
        tries.append(len(faulty.operations))

    assert [1, 0, 1] == tries
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_plain_token_that_cannot_be_marked_is_not_pinned(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox
) -> None:
    """A checkout that needs a token while the store is down gets a private one."""
    plain = await session.token()
    faulty.down = True
    pinned = await session.token(min_ttl=600)

    assert plain.token_id != pinned.token_id
    assert pinned.pinned
    assert 2 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize("write", [0, 1], ids=["claim", "publish"])
@pytest.mark.parametrize(
    "trouble", ["written but unknown", "not written but unknown", "written but denied", "late"]
)
async def test_a_swap_of_unknown_outcome_costs_no_second_request(
    make_session: MakeSession,
    session: FlexitiSession,
    faulty: FaultyStore,
    sandbox: Sandbox,
    clock: ManualClock,
    trouble: Trouble,
    write: int,
) -> None:
    """The stored version decides who owns the claim, even if the store's answer was wrong."""
    denied: list[Trouble] = ["written but denied"] * write
    faulty.trouble = [*denied, trouble]
    first = await session.token()
    await faulty.deliver()
    faulty.trouble = []
    clock.advance(1)
    second = await make_session(store=faulty).token()

    assert first.token_id == second.token_id
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_claim_of_a_dead_process_is_waited_for_one_lease_at_most(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A claim whose owner has died lapses, and another process obtains the token."""
    key = TokenKey.of(session.config, Scope.CUSTOMER).store_key
    claimed = Record(key, claim=Claim(25.0))
    await faulty.swap(key, Entry("dead", encode_record(claimed), 60.0), expected=None)

    asking = asyncio.ensure_future(session.token())
    while faulty.operations.count("load") < 3:
        await asyncio.sleep(0.005)
    waiting = sandbox.count(ENDPOINT)
    clock.advance(25.0)

    assert isinstance(await asking, Token)
    assert (0, 1) == (waiting, sandbox.count(ENDPOINT))


async def test_a_process_that_was_suspended_while_waiting_reads_once_more(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    Its wait is over when it wakes, but the other process has finished as well, and the token is
    adopted.
    """
    other = make_session(store=faulty)
    session = make_session(store=faulty)
    key = TokenKey.of(session.config, Scope.CUSTOMER).store_key
    claimed = Entry("theirs", encode_record(Record(key, claim=Claim(25.0))), 60.0)
    await faulty.swap(key, claimed, expected=None)
    asking = asyncio.ensure_future(session.token())
    while faulty.operations.count("load") < 2:
        await asyncio.sleep(0)
    clock.advance(80)
    theirs = await other.token()

    assert theirs.token_id == (await asking).token_id
    assert 1 == sandbox.count(ENDPOINT)


async def test_an_evicted_record_costs_one_request_and_no_refresh(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """After an eviction the state of the refresh token is unknown, so it is not sent."""
    await session.token()
    faulty.evict()
    clock.advance(1110)
    await session.token()
    await settle()

    assert 2 == sandbox.count(ENDPOINT, grant="client_credentials")
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")


async def test_a_rollback_to_an_older_record_replays_nothing(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A failover restores the record of a token that was refreshed: it is not refreshed again."""
    one, other = (make_session(store=faulty) for _ in range(2))
    await one.token()
    await other.token()
    faulty.snapshot()
    clock.advance(1100)
    await one.token()
    await settle()
    faulty.roll_back()
    for session in (one, other) * 3:
        clock.advance(5)
        await session.token()
        await settle()

    assert 0 == sandbox.replays
    assert sandbox.count(ENDPOINT) <= 3


async def test_a_store_without_ages_shares_a_token_seen_being_written(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox
) -> None:
    """A waiting process knows the maximum age of a token that was missing at its last read."""
    faulty.ageless = True
    processes = [make_session(store=faulty) for _ in range(3)]

    tokens = await asyncio.gather(*(session.token() for session in processes))

    assert 1 == len({token.token_id for token in tokens})
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_token_of_unknown_age_is_not_adopted(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox
) -> None:
    """
    A process that starts later cannot know the remaining life of the token, and requests its own.
    """
    faulty.ageless = True
    early, late = (make_session(store=faulty) for _ in range(2))
    await early.token()
    await late.token()

    assert 2 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize("denied", [True, False], ids=["denied", "failing"])
async def test_a_store_that_can_be_read_but_not_written_is_down(
    session: FlexitiSession, faulty: FaultyStore, sandbox: Sandbox, denied: bool
) -> None:
    """A read-only replica or a full disk causes no busy loop: a private token is requested."""
    faulty.read_only = "denied" if denied else "failing"
    plain = await session.token()
    pinned = await session.token(min_ttl=600)

    assert isinstance(plain, Token)
    assert pinned.pinned
    assert len(faulty.operations) <= 12
    assert sandbox.count(ENDPOINT) <= 2


async def test_an_unreadable_record_counts_as_an_outage_and_is_not_overwritten(
    session: FlexitiSession, faulty: FaultyStore
) -> None:
    """
    An unreadable record is neither treated as missing nor overwritten: another process may be able
    to read it.
    """
    key = TokenKey.of(session.config, Scope.CUSTOMER).store_key
    await faulty.swap(key, Entry("foreign", "not ours", 1200.0), expected=None)

    token = await session.token()
    stored = await faulty.load(key)

    assert isinstance(token, Token)
    assert "foreign" == (stored.version if stored else None)


async def test_a_failure_is_shared_through_the_store(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox
) -> None:
    """One failed request is the same typed error for all waiters of all processes."""
    processes = [make_session(store=faulty) for _ in range(4)]
    sandbox.fail(ENDPOINT, status=500, times=None)

    results = await asyncio.gather(
        *(session.token() for session in processes * 5), return_exceptions=True
    )

    assert [TokenUnavailable] * 20 == [type(result) for result in results]
    assert 1 == sandbox.count(ENDPOINT)
    assert {500} == {getattr(result, "status", None) for result in results}


async def test_a_failure_does_not_back_off_other_credentials(
    make_session: MakeSession, faulty: FaultyStore
) -> None:
    """A process with a wrong secret does not stop those with the right one."""
    wrong = make_session(store=faulty, client_secret="wrong")
    right = make_session(store=faulty)
    await asyncio.gather(wrong.token(), return_exceptions=True)

    assert isinstance(await right.token(), Token)


async def test_a_warm_session_does_not_use_the_store(
    make_session: MakeSession, faulty: FaultyStore
) -> None:
    """
    A call costs no operation of the token store, nor does an unsaved checkout, whose key is looked
    up in the journal; a saved step costs one.
    """
    session = make_session(store=faulty, journal=MemoryStore())
    widget = PurchaseWidget(account_number=20009100)
    await session.init_widget(widget)
    faulty.operations.clear()
    await session.init_widget(widget)
    checkout = await session.checkout("order-1", resumable=False)
    await checkout.init_widget(widget)
    warm = list(faulty.operations)
    resumable = await session.checkout("order-2")
    await resumable.init_widget(widget)

    assert [] == warm
    assert ["swap", "swap"] == faulty.operations


async def test_the_store_is_looked_at_before_an_own_failure_is_raised(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    A process whose own request failed adopts what another one has stored meanwhile.

    It looks once a second, and makes no request before its own back-off is over.
    """
    failing, going_on = (make_session(store=faulty, token_timeout=5) for _ in range(2))
    sandbox.fail(ENDPOINT, status=429, headers={"Retry-After": "600"})
    for session in (failing, going_on):
        with pytest.raises(TokenThrottled):
            await session.token()
    clock.advance(13)  # two leases: the failure of another process keeps nobody longer
    token = await going_on.token()
    found = await asyncio.gather(*(failing.token() for _ in range(20)))

    assert {token.token_id} == {each.token_id for each in found}
    with pytest.raises(TokenThrottled) as known:
        await failing.refresher(Scope.CUSTOMER).dedicated(0.0)
    assert (587.0, 2) == (known.value.retry_after, sandbox.count(ENDPOINT))


async def test_a_failure_that_backs_off_costs_one_read_a_second(
    make_session: MakeSession, faulty: FaultyStore, sandbox: Sandbox, clock: ManualClock
) -> None:
    """All callers share the read; a slow store prolongs no back-off, a broken one is no error."""
    session = make_session(store=faulty, store_timeout=0.05)
    sandbox.fail(ENDPOINT, status=429, headers={"Retry-After": "600"})
    with pytest.raises(TokenThrottled):
        await session.token()
    faulty.operations.clear()
    for trouble in ("", "", "down", "silent"):
        setattr(faulty, trouble or "ageless", True)
        calls = (session.token() for _ in range(9))
        failures = await asyncio.gather(*calls, return_exceptions=True)
        assert {TokenThrottled} == {type(failure) for failure in failures}
        clock.advance(1)

    assert ["load"] * 4 == faulty.operations
    clock.advance(596)
    faulty.down = faulty.silent = faulty.ageless = False
    assert isinstance(await session.token(), Token)


class SuspendedStore(FaultyStore):
    """A store whose first claim is written while the machine is suspended."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__(clock.boot)
        self._hands = clock
        self._seconds = seconds

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write it, late for the clocks and in time for the event loop."""
        won = await super().swap(key, entry, expected=expected, life=life)
        seconds, self._seconds = self._seconds, 0.0
        self._hands.advance(seconds)
        return won


async def test_a_claim_whose_write_took_its_lease_is_not_used(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Others may have claimed since then, so the session claims anew; its callers get a token."""
    store = SuspendedStore(clock, seconds=3600.0)
    token = await make_session(store=store).token()

    assert token.remaining(now(clock)) > 1000
    assert 1 == sandbox.count(ENDPOINT)
    assert 3 == store.operations.count("swap"), "two claims and the token"
