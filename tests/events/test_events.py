"""What a session tells its listeners: the life of tokens and calls, and no secret."""

import asyncio
import logging
from typing import TypeVar

import pytest

from flexiti_async import FlexitiSession, PurchaseWidget, Scope
from flexiti_async.errors import (
    GeneralError,
    ServerError,
    TokenMisconfigured,
    TokenUnavailable,
)
from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    Cause,
    ClockSkewed,
    Event,
    Listeners,
    RefreshStarted,
    ReusePrevented,
    StoreDegraded,
    StoreRejoined,
    TokenAdopted,
    TokenFailed,
    TokenIssued,
    TokenRefreshed,
    TokenWaited,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession

BUY = PurchaseWidget(account_number=20009100)
E = TypeVar("E", bound=Event)


class Ear:
    """Keep every event that is told."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Be told."""
        self.heard.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """Give the events of exactly one kind, and forget them."""
        found = [event for event in self.heard if isinstance(event, kind) and type(event) is kind]
        self.heard = [event for event in self.heard if type(event) is not kind]
        return found

    def kinds(self) -> list[str]:
        """Name what was told, in its order."""
        return [type(event).__name__ for event in self.heard]


@pytest.fixture
def ear(session: FlexitiSession) -> Ear:
    """Listen to the session."""
    ear = Ear()
    session.events.add(ear)
    return ear


async def test_a_first_call_tells_of_its_token_and_of_itself(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear
) -> None:
    """From the flight that starts to the call that ends, in the order in which it happens."""
    widget = await session.init_widget(BUY)

    assert ["RefreshStarted", "TokenIssued", "TokenWaited", "CallFinished"] == ear.kinds()
    token = await session.token()
    [started] = ear.of(RefreshStarted)
    [issued] = ear.of(TokenIssued)
    [waited] = ear.of(TokenWaited)
    [call] = ear.of(CallFinished)

    assert (Scope.CUSTOMER, Cause.NO_TOKEN) == (started.scope, started.cause)
    assert (token.token_id, 1200.0, 0.0) == (issued.token_id, issued.lifetime, issued.seconds)
    assert {record.reference_id for record in sandbox.requests} == {
        issued.reference_id,
        widget.reference_id,
    }
    assert waited.served
    assert ("widget/init", widget.reference_id, "done", None, 1) == (
        call.endpoint,
        call.reference_id,
        call.outcome,
        call.status,
        call.attempts,
    )
    assert (0.0, 1200.0) == (call.token_age, call.token_remaining)


async def test_a_warm_call_tells_of_itself_only(
    session: FlexitiSession, clock: ManualClock, ear: Ear
) -> None:
    """Nothing is told of a token that is simply used, but how old it is."""
    await session.init_widget(BUY)
    clock.advance(100)
    ear.heard.clear()
    await session.init_widget(BUY)

    [call] = ear.of(CallFinished)
    assert [] == ear.heard
    assert (100.0, 1100.0) == (call.token_age, call.token_remaining)


async def test_a_renewal_tells_its_cause(
    session: FlexitiSession, clock: ManualClock, ear: Ear
) -> None:
    """In the window it is renewing, by the refresh token; after the end, due."""
    await session.token()
    ear.heard.clear()
    clock.advance(1100)
    old = await session.token()
    await asyncio.gather(*session.refresher(Scope.CUSTOMER)._flights.tasks)

    assert [Cause.STALE] == [event.cause for event in ear.of(RefreshStarted)]
    [refreshed] = ear.of(TokenRefreshed)
    assert old.token_id != refreshed.token_id
    assert [] == ear.heard  # nobody waited

    clock.advance(1200)
    await session.token()
    assert [Cause.DUE] == [event.cause for event in ear.of(RefreshStarted)]
    assert 1 == len(ear.of(TokenIssued))
    assert 1 == len(ear.of(TokenWaited))


async def test_a_promise_and_a_dedicated_token_tell_their_cause(
    session: FlexitiSession, ear: Ear
) -> None:
    """Marking a token and minting one for a checkout alone are causes of their own."""
    await session.token()
    ear.heard.clear()
    await session.token(min_ttl=60)
    await session.refresher(Scope.CUSTOMER).dedicated(60)

    assert [Cause.PIN, Cause.DEDICATED] == [e.cause for e in ear.of(RefreshStarted)]


async def test_another_process_tells_that_it_adopted(
    session: FlexitiSession, make_session: MakeSession, clock: ManualClock, ear: Ear
) -> None:
    """A token that was there is told by whoever found it, with what it has left."""
    token = await session.token()
    ear.heard.clear()
    clock.advance(50)
    other_ear = Ear()
    other = make_session()
    other.events.add(other_ear)
    await other.token()

    [adopted] = other_ear.of(TokenAdopted)
    assert (token.token_id, 1150.0) == (adopted.token_id, adopted.remaining)
    assert [] == ear.heard


async def test_a_refused_token_is_told_with_its_age_and_so_is_its_successor(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, ear: Ear
) -> None:
    """One 401: refused, replaced because of it, and the call made in two attempts."""
    old = await session.token()
    ear.heard.clear()
    clock.advance(300)
    sandbox.revoke(old.access_token.reveal())
    await session.init_widget(BUY)

    [refused] = ear.of(AccessTokenRejected)
    assert (old.token_id, 300.0) == (refused.token_id, refused.age)
    # widget/init asks with a min_ttl: the token is marked before it goes out.
    assert [Cause.PIN, Cause.REJECTED] == [e.cause for e in ear.of(RefreshStarted)]
    [reuse] = ear.of(ReusePrevented)
    assert (old.token_id, "rejected") == (reuse.token_id, reuse.reason)
    assert [2] == [event.attempts for event in ear.of(CallFinished)]


async def test_a_refresh_token_that_is_refused_is_told(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, ear: Ear
) -> None:
    """It is not tried again; client_credentials is, in the same flight."""
    token = await session.token()
    sandbox.revoke(token.access_token.reveal())
    clock.advance(1100)
    ear.heard.clear()
    await session.token()
    await asyncio.gather(*session.refresher(Scope.CUSTOMER)._flights.tasks)

    [reuse] = ear.of(ReusePrevented)
    assert (token.token_id, "refresh_token") == (reuse.token_id, reuse.reason)
    assert 1 == len(ear.of(TokenIssued))


async def test_a_promised_token_that_could_be_refreshed_is_told_not_to_be(
    session: FlexitiSession, clock: ManualClock, ear: Ear
) -> None:
    """Its refresh token is here, and stays unspent."""
    token = await session.token()
    await session.token(min_ttl=60)
    clock.advance(1100)
    ear.heard.clear()
    await session.token()
    await asyncio.gather(*session.refresher(Scope.CUSTOMER)._flights.tasks)

    [reuse] = ear.of(ReusePrevented)
    assert (token.token_id, "pinned") == (reuse.token_id, reuse.reason)


async def test_a_failure_is_told_once_for_all_waiters(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear
) -> None:
    """The error as an attribute, each wait as an event of its own."""
    sandbox.fail("oauth/token", status=503, times=None)
    results = await asyncio.gather(*(session.token() for _ in range(5)), return_exceptions=True)

    assert all(isinstance(result, TokenUnavailable) for result in results)
    [failed] = ear.of(TokenFailed)
    assert isinstance(failed.error, TokenUnavailable)
    assert 503 == failed.error.status
    assert 0.75 <= failed.back_off <= 1.0
    assert [False] * 5 == [event.served for event in ear.of(TokenWaited)]


async def test_a_dedicated_token_that_fails_is_told(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear
) -> None:
    """Nobody shares that failure, so it is told by the checkout that met it."""
    sandbox.fail("oauth/token", status=400, times=None)
    with pytest.raises(TokenMisconfigured):
        await session.refresher(Scope.CUSTOMER).dedicated(60)

    assert [TokenMisconfigured] == [type(event.error) for event in ear.of(TokenFailed)]


async def test_how_long_a_dedicated_token_was_waited_for_is_told(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear, clock: ManualClock
) -> None:
    """It is a first attempt each time, with the back-off of one, also on a machine that slept."""
    sandbox.latency = {"oauth/token": 0.05}
    sandbox.fail("oauth/token", status=503, times=None)
    asking = asyncio.ensure_future(session.refresher(Scope.CUSTOMER).dedicated(60))
    while sandbox.count("oauth/token") == 0:
        await asyncio.sleep(0)
    clock.advance(1500.0)
    with pytest.raises(TokenUnavailable):
        await asking
    [failed] = ear.of(TokenFailed)

    assert 1500.0 == failed.seconds
    assert 0.75 <= failed.back_off <= 1.0


async def test_an_outage_of_the_store_is_told_from_its_beginning_to_its_end(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """Degraded once, then rejoined, with the seconds and the private tokens between."""
    store = FaultyStore(clock.boot)
    session, ear = make_session(store=store), Ear()
    session.events.add(ear)
    store.down = True
    await session.token()
    clock.advance(1200)
    await session.token()
    store.down = False
    clock.advance(1200)
    await session.token()

    [degraded] = ear.of(StoreDegraded)
    [rejoined] = ear.of(StoreRejoined)
    assert "down" in str(degraded.error)
    assert (2400.0, 2) == (rejoined.seconds, rejoined.private_tokens)


async def test_a_repeat_is_told_and_the_call_counts_its_attempts(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear
) -> None:
    """Why, after how long, and with the same reference id."""
    await session.token()
    sandbox.fail("widget/init", status=500, times=1)
    widget = await session.init_widget(BUY)

    [retried] = ear.of(CallRetried)
    [call] = ear.of(CallFinished)
    assert (1, widget.reference_id) == (retried.attempt, retried.reference_id)
    assert 0.05 <= retried.seconds <= 0.1
    assert (2, "done") == (call.attempts, call.outcome)
    assert call.seconds >= retried.seconds


async def test_another_token_costs_no_repeat(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, ear: Ear
) -> None:
    """A call that is sent again with another token has its two repeats, and its time is told."""
    await session.token()
    clock.advance(300)
    sandbox.fail("widget/init", status=401, times=1)
    sandbox.fail("widget/init", status=500, times=None)
    began = asyncio.get_running_loop().time()
    with pytest.raises(ServerError):
        await session.init_widget(BUY)
    took = asyncio.get_running_loop().time() - began
    [call] = ear.of(CallFinished)

    assert (4, "ServerError", 500) == (call.attempts, call.outcome, call.status)
    assert 4 == sandbox.count("widget/init")
    assert [2, 3] == [event.attempt for event in ear.of(CallRetried)]
    assert sum(event.seconds for event in ear.of(CallRetried)) <= call.seconds <= took


async def test_a_call_that_fails_tells_its_error_and_status(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear
) -> None:
    """The name of the class is the outcome."""
    sandbox.fail("widget/init", status=409, times=1)
    with pytest.raises(GeneralError):
        await session.init_widget(BUY)

    assert [("GeneralError", 409)] == [(e.outcome, e.status) for e in ear.of(CallFinished)]


async def test_a_call_whose_token_cannot_be_replaced_tells_that(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, ear: Ear
) -> None:
    """An error that comes out of the replacement is the call's outcome, too."""
    await session.token()
    clock.advance(300)
    sandbox.revoke_all()
    sandbox.fail("oauth/token", status=503, times=None)
    with pytest.raises(TokenUnavailable):
        await session.init_widget(BUY)

    assert ["TokenUnavailable"] == [event.outcome for event in ear.of(CallFinished)]


async def test_a_cancelled_call_tells_that(
    session: FlexitiSession, sandbox: Sandbox, ear: Ear
) -> None:
    """A customer who leaves is no failure."""
    await session.token()
    sandbox.latency = {"widget/init": 60.0}
    call = asyncio.create_task(session.init_widget(BUY))
    while not sandbox.count("widget/init"):
        await asyncio.sleep(0.005)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert ["cancelled"] == [event.outcome for event in ear.of(CallFinished)]


@pytest.mark.parametrize(("ahead", "told"), [(29.0, 0), (33.0, 1), (-33.0, 1), (-29.0, 0)])
async def test_clocks_that_differ_by_more_than_30_s_are_told_once(
    session: FlexitiSession,
    clock: ManualClock,
    ear: Ear,
    caplog: pytest.LogCaptureFixture,
    ahead: float,
    told: int,
) -> None:
    """By how much, and again only after they have agreed."""
    clock.jump(ahead)
    for _ in range(3):
        await session.refresher(Scope.CUSTOMER).dedicated(60)

    skews = [event.seconds for event in ear.of(ClockSkewed)]
    assert told == len(skews)
    assert all(abs(ahead - skew) <= 1.0 for skew in skews)
    direction = "ahead of" if ahead > 0 else "behind"
    assert told == caplog.text.count(f"s {direction} the API's")
    clock.jump(-ahead)
    await session.refresher(Scope.CUSTOMER).dedicated(60)
    clock.jump(ahead)
    await session.refresher(Scope.CUSTOMER).dedicated(60)
    assert told == len(ear.of(ClockSkewed))


async def test_a_listener_that_raises_harms_nobody_and_is_reported_once(
    session: FlexitiSession, caplog: pytest.LogCaptureFixture, ear: Ear
) -> None:
    """The call succeeds, the other listeners hear, and the report quotes nothing."""

    def broken(_: Event) -> None:
        msg = "canary"
        raise RuntimeError(msg)

    remove = session.events.add(broken)
    await session.init_widget(BUY)
    await session.init_widget(BUY)

    assert 2 == len(ear.of(CallFinished))
    reports = [r for r in caplog.records if r.name == "flexiti_async.events"]
    assert [logging.ERROR] == [report.levelno for report in reports]
    assert "broken raised RuntimeError" in reports[0].getMessage()
    assert "canary" not in caplog.text
    remove()
    remove()


def test_a_listener_can_be_given_at_the_start_and_removed() -> None:
    """What is removed hears no more, and only that."""
    first, second = Ear(), Ear()
    events = Listeners([first])
    remove = events.add(second)
    event = ClockSkewed(seconds=31.0)
    events.notify(event)
    remove()
    events.notify(event)

    assert ([event, event], [event]) == (first.heard, second.heard)
    assert events.any


async def test_without_listeners_calls_are_logged_if_the_logger_asks(
    session: FlexitiSession, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG each call is one line with its reference id; above, none is written."""
    caplog.set_level(logging.INFO, logger="flexiti_async.call")
    await session.init_widget(BUY)
    quiet = caplog.text
    caplog.set_level(logging.DEBUG, logger="flexiti_async.call")
    widget = await session.init_widget(BUY)

    assert "widget/init: done" not in quiet
    assert f"attempts: 1, reference id {widget.reference_id}" in caplog.text


async def test_no_event_shows_a_secret(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, ear: Ear
) -> None:
    """Whatever a listener prints of an event, no token and no client secret is in it."""
    await session.init_widget(BUY)
    sandbox.revoke_all()
    clock.advance(100)
    await session.init_widget(BUY)
    sandbox.fail("oauth/token", status=400, times=None, body=b'{"error": "invalid_client"}')
    clock.advance(1300)
    await asyncio.gather(session.token(), return_exceptions=True)

    shown = repr(ear.heard)
    assert len(ear.heard) > 10
    assert sandbox.client_secret not in shown
    assert not [t for t in sandbox.tokens if t.access_token in shown or t.refresh_token in shown]
