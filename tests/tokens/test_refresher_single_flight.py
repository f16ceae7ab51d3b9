"""One token request for any number of callers: cold, due, stale, cancelled, failing."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from flexiti_async import FlexitiSession, Scope, Token
from flexiti_async.errors import (
    SessionClosed,
    TokenMisconfigured,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.events.types import Event, RefreshStarted
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession

CALLERS = 10_000
ENDPOINT = "oauth/token"


async def request_many(session: FlexitiSession, number: int, **ask: Any) -> set[str]:
    """Request many tokens concurrently, and return their ids."""
    tokens = await asyncio.gather(*(session.token(**ask) for _ in range(number)))
    return {token.token_id for token in tokens}


def without_waiting(asking: Coroutine[Any, Any, Token]) -> Token:
    """Run a coroutine that must end without a single await."""
    try:
        asking.send(None)
    except StopIteration as done:
        token: Token = done.value
        return token
    asking.close()
    raise AssertionError("the caller had to wait")


async def test_10_000_callers_at_a_cold_start_make_one_request(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Any number of first callers cause one request, and all get its token."""
    tokens = await request_many(session, CALLERS)

    assert 1 == len(tokens)
    assert 1 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize(
    ("first", "second", "pinned"),
    [(0.0, 0.0, False), (0.0, 1.0, True), (1.0, 0.0, True), (0.0, None, True)],
)
async def test_a_token_is_pinned_if_one_of_its_callers_needs_it(
    session: FlexitiSession, sandbox: Sandbox, first: float, second: float | None, *, pinned: bool
) -> None:
    """A caller who joins a refresh can need the token for longer than the one who began it."""
    tokens = await asyncio.gather(session.token(min_ttl=first), session.token(min_ttl=second))

    assert [pinned] * 2 == [token.pinned for token in tokens]
    assert 1 == sandbox.count(ENDPOINT)


async def test_10_000_callers_at_hard_expiry_make_one_request(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """When the token has expired, one request obtains the next one for all."""
    await session.token()
    clock.advance(1200)

    tokens = await request_many(session, CALLERS)

    assert 1 == len(tokens)
    assert 2 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize(
    ("min_ttl", "age"),
    [pytest.param(0.0, 1150.0, id="plain"), pytest.param(600.0, 560.0, id="min_ttl")],
)
async def test_a_stale_token_causes_one_request_and_no_caller_waits(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, min_ttl: float, age: float
) -> None:
    """A stale token is served at once and refreshed once, also for a `min_ttl`."""
    first = await session.token(min_ttl=min_ttl)
    clock.advance(age)

    tokens = {without_waiting(session.token(min_ttl=min_ttl)).token_id for _ in range(CALLERS)}
    await session.aclose()  # waits for the refresh in the background

    assert {first.token_id} == tokens
    assert 2 == sandbox.count(ENDPOINT)


async def test_regular_callers_over_five_lifetimes_never_wait(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Regular callers, with and without a `min_ttl`, wait at the cold start only."""
    await session.token(min_ttl=600.0)
    waited = 0
    for _ in range(600):
        clock.advance(10.0)
        for min_ttl in (0.0, 600.0):
            try:
                without_waiting(session.token(min_ttl=min_ttl))
            except AssertionError:
                waited += 1
        for task in [task for task in asyncio.all_tasks() if "refresh" in task.get_name()]:
            await task

    assert 0 == waited
    assert 11 <= sandbox.count(ENDPOINT) <= 16


async def test_a_fresh_token_is_returned_without_any_await(session: FlexitiSession) -> None:
    """The cached path does not go through the event loop."""
    first = await session.token()

    assert first is without_waiting(session.token())


@pytest.mark.parametrize("cancelled", [0, 5, 9])
async def test_a_cancelled_caller_does_not_affect_others(
    session: FlexitiSession, sandbox: Sandbox, cancelled: int
) -> None:
    """If one of ten waiters leaves, the other nine get the token of the one request."""
    sandbox.latency = {ENDPOINT: 0.05}
    callers = [asyncio.ensure_future(session.token()) for _ in range(10)]
    while sandbox.count(ENDPOINT) == 0:
        await asyncio.sleep(0)
    callers[cancelled].cancel()

    results = await asyncio.gather(*callers, return_exceptions=True)

    assert isinstance(results[cancelled], asyncio.CancelledError)
    assert 9 == sum(isinstance(result, Token) for result in results)
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_refresh_goes_on_when_every_caller_has_left(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A refresh goes on when all its callers have left, and its token is cached."""
    sandbox.latency = {ENDPOINT: 0.05}
    callers = [asyncio.ensure_future(session.token()) for _ in range(3)]
    while sandbox.count(ENDPOINT) == 0:
        await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)

    await session.token()

    assert 1 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param({"status": 500}, TokenUnavailable, id="500"),
        pytest.param(
            {"status": 503, "headers": {"Retry-After": "7"}}, TokenThrottled, id="503 Retry-After"
        ),
        pytest.param({"status": 200, "body": b"<html>"}, TokenUnavailable, id="html"),
        pytest.param(
            {"status": 400, "body": b'{"error": "invalid_client"}'},
            TokenMisconfigured,
            id="invalid_client",
        ),
    ],
)
async def test_a_failure_is_one_request_and_a_typed_error_for_each_of_20_callers(
    session: FlexitiSession, sandbox: Sandbox, answer: dict[str, Any], kind: type[Exception]
) -> None:
    """The failure is shared, by concurrent callers and during the back-off."""
    sandbox.fail(ENDPOINT, times=None, **answer)

    at_once = await asyncio.gather(*(session.token() for _ in range(20)), return_exceptions=True)
    later = await asyncio.gather(session.token(), return_exceptions=True)

    assert [kind] * 21 == [type(error) for error in (*at_once, *later)]
    assert 21 == len({id(error) for error in (*at_once, *later)})
    assert 1 == sandbox.count(ENDPOINT)


async def test_after_the_back_off_one_request_is_made(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """After the back-off, one request is made for all callers."""
    sandbox.fail(ENDPOINT, status=500, times=1)
    with pytest.raises(TokenUnavailable):
        await session.token()
    clock.advance(1.1)

    tokens = await request_many(session, 20)

    assert 1 == len(tokens)
    assert 2 == sandbox.count(ENDPOINT)


async def test_a_failed_refresh_fails_no_caller_while_the_token_lives(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The cached token is served while failed refreshes back off (static stability)."""
    first = await session.token()
    sandbox.fail(ENDPOINT, status=500, times=None)
    clock.advance(1090)
    served: set[str] = set()
    for _ in range(70):
        clock.advance(1)
        served.add(without_waiting(session.token()).token_id)
        for task in [task for task in asyncio.all_tasks() if "refresh" in task.get_name()]:
            await task

    assert {first.token_id} == served
    # Doubling back-off: a handful of probes in 70 seconds.
    assert 4 <= sandbox.count(ENDPOINT) <= 10


async def test_two_sessions_of_one_client_share_a_refresh(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Sessions with the same credentials share a refresh."""
    one, other = make_session(), make_session()

    tokens = await asyncio.gather(one.token(), other.token(), one.token(), other.token())

    assert 1 == len({token.token_id for token in tokens})
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_failed_refresh_is_shared_only_with_the_same_credentials(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A wrong secret in one session does not fail another one."""
    good, bad = make_session(), make_session(client_secret="wrong")

    results = await asyncio.gather(bad.token(), good.token(), return_exceptions=True)

    assert isinstance(results[0], TokenMisconfigured)
    assert isinstance(results[1], Token)
    assert 2 == sandbox.count(ENDPOINT)


async def test_closing_the_session_that_started_a_refresh_does_not_fail_the_other(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A refresh may belong to a session that closes; callers of the other one get its token."""
    one, other = make_session(), make_session()
    sandbox.latency = {ENDPOINT: 0.05}
    first = asyncio.ensure_future(one.token())
    while sandbox.count(ENDPOINT) == 0:
        await asyncio.sleep(0)
    second = asyncio.ensure_future(other.token())
    await asyncio.sleep(0)

    await one.aclose()

    with pytest.raises(SessionClosed):
        await first
    token = await second

    assert token.token_id == (await other.token()).token_id
    assert 1 == sandbox.tokens_issued


async def test_each_scope_has_its_own_token(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Customer and merchant tokens are separate, and never substitute each other."""
    customer, merchant = await asyncio.gather(
        session.token(Scope.CUSTOMER), session.token(Scope.MERCHANT)
    )

    assert customer.token_id != merchant.token_id
    assert [Scope.CUSTOMER, Scope.MERCHANT] == [customer.scope, merchant.scope]
    assert 1 == sandbox.count(ENDPOINT, scope="customer")
    assert 1 == sandbox.count(ENDPOINT, scope="merchant")


@pytest.fixture
def watchdog() -> Iterator[None]:
    """Raise if the event loop is blocked, because nothing inside it could."""

    def bark(*_: object) -> None:
        raise AssertionError("the event loop is blocked")

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("watchdog")
@pytest.mark.parametrize("steps", range(12))
async def test_a_caller_at_the_end_of_a_refresh_is_served(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, steps: int
) -> None:
    """
    A caller that comes between the end of a refresh and its callback waits for the callback, and
    does not block the loop that has to run it.
    """
    store = FaultyStore(clock.boot)
    token = await make_session(store=store).token()
    session = make_session(store=store)

    async def come_later() -> Token:
        for _ in range(steps):
            await asyncio.sleep(0)
        return await session.token()

    tokens = await asyncio.gather(session.token(), come_later())

    assert [token.token_id] * 2 == [one.token_id for one in tokens]
    assert 1 == sandbox.count(ENDPOINT)


async def test_sessions_do_not_find_a_token_stale_at_the_same_moment(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """The window of 120 s opens up to a tenth earlier, at another moment in each process."""
    began: list[Event] = []

    def note(event: Event) -> None:
        if isinstance(event, RefreshStarted):
            began.append(event)

    holder, *others = (make_session() for _ in range(31))
    for session in others:
        session.events.add(note)
    await holder.token()
    await asyncio.gather(*(session.token() for session in others))
    began.clear()
    clock.advance(1200 - 126)
    for session in others:
        without_waiting(session.token())

    assert 0 < len(began) < len(others)
