"""Events of a session: the life of tokens and calls, and no secret."""

import asyncio
import functools
import logging
from typing import Any, TypeVar, cast

import pytest

from flexiti_async import FlexitiSession, PurchaseWidget, Scope
from flexiti_async.errors import (
    ConfigError,
    GeneralError,
    ServerError,
    TokenMisconfigured,
    TokenUnavailable,
)
from flexiti_async.events.listeners import Listener
from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    Cause,
    ClockSkewed,
    Event,
    Listeners,
    Outcome,
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
from ..support.background import settle

BUY = PurchaseWidget(account_number=20009100)
E = TypeVar("E", bound=Event)


class Recorder:
    """Records every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Record an event."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of exactly one type, and remove them."""
        found = [event for event in self.events if isinstance(event, kind) and type(event) is kind]
        self.events = [event for event in self.events if type(event) is not kind]
        return found

    def kinds(self) -> list[str]:
        """Return the names of the events' types, in order."""
        return [type(event).__name__ for event in self.events]


@pytest.fixture
def recorder(session: FlexitiSession) -> Recorder:
    """Return a recorder of the session's events."""
    recorder = Recorder()
    session.events.add(recorder)
    return recorder


async def test_events_of_a_first_call(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A first call notifies of its refresh, its token, its wait and its end, in this order."""
    widget = await session.init_widget(BUY)

    assert ["RefreshStarted", "TokenIssued", "TokenWaited", "CallFinished"] == recorder.kinds()
    token = await session.token()
    [started] = recorder.of(RefreshStarted)
    [issued] = recorder.of(TokenIssued)
    [waited] = recorder.of(TokenWaited)
    [call] = recorder.of(CallFinished)

    assert (Scope.CUSTOMER, Cause.NO_TOKEN) == (started.scope, started.cause)
    assert (token.token_id, 1200.0, 0.0) == (issued.token_id, issued.lifetime, issued.seconds)
    assert {record.reference_id for record in sandbox.requests} == {
        issued.reference_id,
        widget.reference_id,
    }
    assert waited.served
    assert ("widget/init", widget.reference_id, Outcome.DONE, None, 1) == (
        call.endpoint,
        call.reference_id,
        call.outcome,
        call.status,
        call.attempts,
    )
    assert (0.0, 1200.0) == (call.token_age, call.token_remaining)


async def test_events_of_a_warm_call(
    session: FlexitiSession, clock: ManualClock, recorder: Recorder
) -> None:
    """A warm call notifies of itself only, with the age of its token."""
    await session.init_widget(BUY)
    clock.advance(100)
    recorder.events.clear()
    await session.init_widget(BUY)

    [call] = recorder.of(CallFinished)
    assert [] == recorder.events
    assert (100.0, 1100.0) == (call.token_age, call.token_remaining)


async def test_the_cause_of_a_refresh(
    session: FlexitiSession, clock: ManualClock, recorder: Recorder
) -> None:
    """A refresh of a stale token has the cause `stale`, one after expiry `due`."""
    await session.token()
    recorder.events.clear()
    clock.advance(1100)
    old = await session.token()
    await settle()

    assert [Cause.STALE] == [event.cause for event in recorder.of(RefreshStarted)]
    [refreshed] = recorder.of(TokenRefreshed)
    assert old.token_id != refreshed.token_id
    assert [] == recorder.events  # no caller waited

    clock.advance(1200)
    await session.token()
    assert [Cause.DUE] == [event.cause for event in recorder.of(RefreshStarted)]
    assert 1 == len(recorder.of(TokenIssued))
    assert 1 == len(recorder.of(TokenWaited))


async def test_the_cause_of_pinned_and_dedicated_tokens(
    session: FlexitiSession, recorder: Recorder
) -> None:
    """Pinning a token and requesting a dedicated one are causes of their own."""
    await session.token()
    recorder.events.clear()
    await session.token(min_ttl=60)
    await session.refresher(Scope.CUSTOMER).dedicated(60)

    assert [Cause.PIN, Cause.DEDICATED] == [e.cause for e in recorder.of(RefreshStarted)]


async def test_events_of_an_adopted_token(
    session: FlexitiSession, make_session: MakeSession, clock: ManualClock, recorder: Recorder
) -> None:
    """The process that found a stored token notifies of it, with its remaining life."""
    token = await session.token()
    recorder.events.clear()
    clock.advance(50)
    other_recorder = Recorder()
    other = make_session()
    other.events.add(other_recorder)
    await other.token()

    [adopted] = other_recorder.of(TokenAdopted)
    assert (token.token_id, 1150.0) == (adopted.token_id, adopted.remaining)
    assert [] == recorder.events


async def test_events_of_a_rejected_token(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, recorder: Recorder
) -> None:
    """A 401 notifies of the rejected token, its replacement, and the call with two attempts."""
    old = await session.token()
    recorder.events.clear()
    clock.advance(300)
    sandbox.revoke(old.access_token.reveal())
    await session.init_widget(BUY)

    [rejected] = recorder.of(AccessTokenRejected)
    assert (old.token_id, 300.0) == (rejected.token_id, rejected.age)
    # widget/init asks with a min_ttl: the token is marked before it goes out.
    assert [Cause.PIN, Cause.REJECTED] == [e.cause for e in recorder.of(RefreshStarted)]
    [reuse] = recorder.of(ReusePrevented)
    assert (old.token_id, "rejected") == (reuse.token_id, reuse.reason)
    assert [2] == [event.attempts for event in recorder.of(CallFinished)]


async def test_events_of_a_rejected_refresh_token(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, recorder: Recorder
) -> None:
    """A rejected refresh token is reported, and client_credentials is used in the same refresh."""
    token = await session.token()
    sandbox.revoke(token.access_token.reveal())
    clock.advance(1100)
    recorder.events.clear()
    await session.token()
    await settle()

    [reuse] = recorder.of(ReusePrevented)
    assert (token.token_id, "refresh_token") == (reuse.token_id, reuse.reason)
    assert 1 == len(recorder.of(TokenIssued))


async def test_events_of_a_pinned_token_that_is_not_refreshed(
    session: FlexitiSession, clock: ManualClock, recorder: Recorder
) -> None:
    """A pinned token that this process could refresh is reported as not refreshed."""
    token = await session.token()
    await session.token(min_ttl=60)
    clock.advance(1100)
    recorder.events.clear()
    await session.token()
    await settle()

    [reuse] = recorder.of(ReusePrevented)
    assert (token.token_id, "pinned") == (reuse.token_id, reuse.reason)


async def test_a_failure_is_reported_once_for_all_waiters(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder
) -> None:
    """One failed request notifies once, and each wait for it once."""
    sandbox.fail("oauth/token", status=500, times=None)
    results = await asyncio.gather(*(session.token() for _ in range(5)), return_exceptions=True)

    assert all(isinstance(result, TokenUnavailable) for result in results)
    [failed] = recorder.of(TokenFailed)
    assert isinstance(failed.error, TokenUnavailable)
    assert 500 == failed.error.status
    assert 0.75 <= failed.back_off <= 1.0
    assert [False] * 5 == [event.served for event in recorder.of(TokenWaited)]


async def test_events_of_a_failed_dedicated_token(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder
) -> None:
    """The failure of a dedicated token is reported, although it is shared with no other caller."""
    sandbox.fail("oauth/token", status=400, times=None)
    with pytest.raises(TokenMisconfigured):
        await session.refresher(Scope.CUSTOMER).dedicated(60)

    assert [TokenMisconfigured] == [type(event.error) for event in recorder.of(TokenFailed)]


async def test_the_duration_of_a_failed_dedicated_token(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder, clock: ManualClock
) -> None:
    """
    The event has the duration of the request, even on a machine that was suspended, and the back-
    off of a first attempt.
    """
    sandbox.latency = {"oauth/token": 0.05}
    sandbox.fail("oauth/token", status=500, times=None)
    asking = asyncio.ensure_future(session.refresher(Scope.CUSTOMER).dedicated(60))
    while sandbox.count("oauth/token") == 0:
        await asyncio.sleep(0)
    clock.advance(1500.0)
    with pytest.raises(TokenUnavailable):
        await asking
    [failed] = recorder.of(TokenFailed)

    assert 1500.0 == failed.seconds
    assert 0.75 <= failed.back_off <= 1.0


async def test_events_of_an_outage_of_the_store(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """An outage notifies at its beginning and its end, with its duration and the private tokens."""
    store = FaultyStore(clock.boot)
    session, recorder = make_session(store=store), Recorder()
    session.events.add(recorder)
    store.down = True
    await session.token()
    clock.advance(1200)
    await session.token()
    store.down = False
    clock.advance(1200)
    await session.token()

    [degraded] = recorder.of(StoreDegraded)
    [rejoined] = recorder.of(StoreRejoined)
    assert "down" in str(degraded.error)
    assert (2400.0, 2) == (rejoined.seconds, rejoined.private_tokens)


async def test_events_of_a_retry(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A retry notifies with its error, delay and reference id."""
    await session.token()
    sandbox.fail("widget/init", status=500, times=1)
    widget = await session.init_widget(BUY)

    [retried] = recorder.of(CallRetried)
    [call] = recorder.of(CallFinished)
    assert (1, widget.reference_id) == (retried.attempt, retried.reference_id)
    assert 0.05 <= retried.seconds <= 0.1
    assert (2, Outcome.DONE) == (call.attempts, call.outcome)
    assert call.seconds >= retried.seconds


async def test_another_token_costs_no_retry(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, recorder: Recorder
) -> None:
    """
    A call that is sent again with another token still has its two retries, and its duration covers
    all.
    """
    await session.token()
    clock.advance(300)
    sandbox.fail("widget/init", status=401, times=1)
    sandbox.fail("widget/init", status=500, times=None)
    began = asyncio.get_running_loop().time()
    with pytest.raises(ServerError):
        await session.init_widget(BUY)
    elapsed = asyncio.get_running_loop().time() - began
    [call] = recorder.of(CallFinished)

    assert (4, Outcome.FAILED, 500) == (call.attempts, call.outcome, call.status)
    assert isinstance(call.error, ServerError)
    assert 4 == sandbox.count("widget/init")
    assert [2, 3] == [event.attempt for event in recorder.of(CallRetried)]
    assert sum(event.seconds for event in recorder.of(CallRetried)) <= call.seconds <= elapsed


async def test_the_outcome_and_status_of_a_failed_call(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A call that fails has its error in the event."""
    sandbox.fail("widget/init", status=409, times=1)
    with pytest.raises(GeneralError):
        await session.init_widget(BUY)

    [call] = recorder.of(CallFinished)
    assert (Outcome.FAILED, 409) == (call.outcome, call.status)
    assert isinstance(call.error, GeneralError)


async def test_the_outcome_of_a_call_whose_token_cannot_be_replaced(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, recorder: Recorder
) -> None:
    """If the token cannot be replaced, that error is the call's."""
    await session.token()
    clock.advance(300)
    sandbox.revoke_all()
    sandbox.fail("oauth/token", status=500, times=None)
    with pytest.raises(TokenUnavailable):
        await session.init_widget(BUY)

    [call] = recorder.of(CallFinished)
    assert Outcome.FAILED is call.outcome
    assert isinstance(call.error, TokenUnavailable)


async def test_the_outcome_of_a_cancelled_call(
    session: FlexitiSession, sandbox: Sandbox, recorder: Recorder
) -> None:
    """A cancelled call is not a failure."""
    await session.token()
    sandbox.latency = {"widget/init": 60.0}
    call = asyncio.create_task(session.init_widget(BUY))
    while not sandbox.count("widget/init"):
        await asyncio.sleep(0.005)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert [Outcome.CANCELLED] == [event.outcome for event in recorder.of(CallFinished)]


@pytest.mark.parametrize(("ahead", "expected"), [(29.0, 0), (33.0, 1), (-33.0, 1), (-29.0, 0)])
async def test_clocks_that_differ_by_more_than_30_s_are_reported_once(
    session: FlexitiSession,
    clock: ManualClock,
    recorder: Recorder,
    caplog: pytest.LogCaptureFixture,
    ahead: float,
    expected: int,
) -> None:
    """The clocks' difference is reported once, and again only after they have agreed."""
    clock.jump(ahead)
    for _ in range(3):
        await session.refresher(Scope.CUSTOMER).dedicated(60)

    skews = [event.seconds for event in recorder.of(ClockSkewed)]
    assert expected == len(skews)
    assert all(abs(ahead - skew) <= 1.0 for skew in skews)
    direction = "ahead of" if ahead > 0 else "behind"
    assert expected == caplog.text.count(f"s {direction} the API's")
    clock.jump(-ahead)
    await session.refresher(Scope.CUSTOMER).dedicated(60)
    clock.jump(ahead)
    await session.refresher(Scope.CUSTOMER).dedicated(60)
    assert expected == len(recorder.of(ClockSkewed))


async def test_a_listener_that_raises_affects_nothing_and_is_logged_once(
    session: FlexitiSession, caplog: pytest.LogCaptureFixture, recorder: Recorder
) -> None:
    """
    A listener that raises affects neither calls nor other listeners, and is logged once without its
    text.
    """

    def broken(_: Event) -> None:
        msg = "canary"
        raise RuntimeError(msg)

    remove = session.events.add(broken)
    await session.init_widget(BUY)
    await session.init_widget(BUY)

    assert 2 == len(recorder.of(CallFinished))
    reports = [r for r in caplog.records if r.name == "flexiti_async.events"]
    assert [logging.ERROR] == [report.levelno for report in reports]
    assert "broken raised RuntimeError" in reports[0].getMessage()
    assert "canary" not in caplog.text
    remove()
    remove()


def test_listeners_can_be_passed_added_and_removed() -> None:
    """A removed listener gets no more events, and the others still do."""
    first, second = Recorder(), Recorder()
    events = Listeners([first])
    remove = events.add(second)
    event = ClockSkewed(seconds=31.0)
    events.notify(event)
    remove()
    events.notify(event)

    assert ([event, event], [event]) == (first.events, second.events)
    assert events.any


def test_a_listener_that_was_added_twice_is_removed_once() -> None:
    """Two parts of a program may share a listener; each removes what it has added."""
    heard = list[Event]()
    events = Listeners([heard.append])
    events.add(heard.append)()
    events.notify(ClockSkewed(seconds=1.0))

    assert 1 == len(heard)


async def test_calls_are_logged_at_debug_without_listeners(
    session: FlexitiSession, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG each call is logged as one line with its reference id; above, none is."""
    caplog.set_level(logging.INFO, logger="flexiti_async.call")
    await session.init_widget(BUY)
    above_debug = caplog.text
    caplog.set_level(logging.DEBUG, logger="flexiti_async.call")
    widget = await session.init_widget(BUY)

    assert "widget/init: done" not in above_debug
    assert f"attempts: 1, reference id {widget.reference_id}" in caplog.text


async def test_no_event_shows_a_secret(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, recorder: Recorder
) -> None:
    """No event shows a token or the client secret."""
    await session.init_widget(BUY)
    sandbox.revoke_all()
    clock.advance(100)
    await session.init_widget(BUY)
    sandbox.fail("oauth/token", status=400, times=None, body=b'{"error": "invalid_client"}')
    clock.advance(1300)
    await asyncio.gather(session.token(), return_exceptions=True)

    shown = repr(recorder.events)
    assert len(recorder.events) > 10
    assert sandbox.client_secret not in shown
    assert not [t for t in sandbox.tokens if t.access_token in shown or t.refresh_token in shown]


async def listen(_: object) -> None:
    """Do nothing, and that later."""


class Asynchronous:
    """An object whose call is a coroutine."""

    async def __call__(self, _: object) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    "listener", [listen, functools.partial(listen, 1), Asynchronous(), cast("Any", "print")]
)
def test_what_cannot_listen_is_refused(make_session: MakeSession, listener: Listener) -> None:
    """A coroutine would never be awaited: it is refused when it is added, with what to do."""
    session = make_session()
    with pytest.raises(ConfigError, match=r"coroutine function|not callable"):
        session.events.add(listener)
    with pytest.raises(ConfigError, match=r"put_nowait|not callable"):
        FlexitiSession(session.config, listeners=[listener])

    assert not session.events.any
