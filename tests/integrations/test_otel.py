"""Spans and metrics of a real session, read back from the SDK's in-memory exporters."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiSession,
    PurchaseWidget,
    Scope,
)
from flexiti_async.errors import GeneralError, JournalForgot, OutcomeUnknown, TokenMisconfigured
from flexiti_async.events.types import CallFinished, Event
from flexiti_async.integrations.otel import Telemetry
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.testing import FaultyStore, ManualClock

from ..operations.customers import purchase
from .conftest import Observatory

BUY = PurchaseWidget(account_number=20009100)
NAME = "Canarina"
EMAIL = "canary.customer@example.com"
DOB = "1988-07-24"
VCC = "1070015210367982"
PHONE = "6135550199"


@pytest.fixture
def watched(session: FlexitiSession, observatory: Observatory) -> FlexitiSession:
    """Yield a session that OpenTelemetry listens to."""
    session.events.add(observatory.telemetry)
    return session


async def test_a_call_is_a_child_of_the_shops_span(
    watched: FlexitiSession, observatory: Observatory
) -> None:
    """The span has endpoint, scope, reference id and the age of the token."""
    await watched.token()
    observatory.exporter.clear()
    with observatory.traces.get_tracer("shop").start_as_current_span("POST /checkout"):
        widget = await watched.init_widget(BUY)
    call, request = observatory.spans

    assert ("flexiti widget/init", SpanKind.CLIENT) == (call.name, call.kind)
    assert call.parent is not None
    assert request.context is not None
    assert request.context.span_id == call.parent.span_id
    assert {
        "flexiti.endpoint": "widget/init",
        "flexiti.scope": "customer",
        "flexiti.reference_id": widget.reference_id,
        "flexiti.outcome": "done",
        "flexiti.token.age": 0.0,
        "flexiti.token.remaining": 1200.0,
    } == dict(call.attributes or {})
    assert StatusCode.UNSET == call.status.status_code


async def test_a_token_request_is_a_trace_of_its_own_with_a_link(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """Many callers may wait for it, so it has no parent; the span that caused it is linked."""
    with observatory.traces.get_tracer("shop").start_as_current_span("POST /checkout"):
        token = await watched.token()
    issued, request = observatory.spans

    assert "flexiti oauth/token" == issued.name
    assert None is issued.parent
    assert [request.context] == [link.context for link in issued.links]
    attributes = dict(issued.attributes or {})
    assert (token.token_id, "client_credentials", "customer") == (
        attributes["flexiti.token.id"],
        attributes["flexiti.grant"],
        attributes["flexiti.scope"],
    )
    assert sandbox.requests[0].reference_id == attributes["flexiti.reference_id"]


async def test_spans_last_as_long_as_what_they_describe(
    observatory: Observatory, clock: ManualClock, watched: FlexitiSession
) -> None:
    """A span ends now, and starts so many seconds before."""
    heard: list[Event] = []
    watched.events.add(heard.append)
    await watched.init_widget(BUY)
    for span in observatory.spans:
        assert span.start_time is not None
        assert span.end_time is not None
        assert int(clock.wall() * 1e9) == span.end_time
    call = observatory.spans[-1]
    assert call.start_time is not None
    assert call.end_time is not None
    [seconds] = [event.seconds for event in heard if isinstance(event, CallFinished)]

    assert int(seconds * 1e9) == call.end_time - call.start_time


async def test_a_failed_call_is_an_error_by_class_and_status(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """The text of the error is not recorded."""
    sandbox.fail("widget/init", status=409, body=b'{"error": "general_error", "message": "canary"}')
    with pytest.raises(GeneralError):
        await watched.init_widget(BUY)
    call = observatory.spans[-1]
    attributes = dict(call.attributes or {})

    assert StatusCode.ERROR is call.status.status_code
    assert None is call.status.description
    assert ("GeneralError", 409) == (
        attributes["error.type"],
        attributes["http.response.status_code"],
    )
    assert {"GeneralError widget/init failed customer 409": 1} == observatory.metric(
        "flexiti.call.duration"
    )


async def test_a_call_that_is_repeated_says_how_often(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """The retries are on the span of the call, and in a metric of their own."""
    sandbox.fail("widget/init", status=503, headers={"Retry-After": "0"})
    await watched.init_widget(BUY)
    attributes = dict(observatory.spans[-1].attributes or {})

    assert 1 == attributes["http.request.resend_count"]
    assert {"ServerError widget/init": 1} == observatory.metric("flexiti.call.retries")


async def test_a_token_request_that_fails_is_an_error(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """A failed token request has its class, its status, and the back-off."""
    sandbox.fail("oauth/token", status=400, body=b'{"error": "invalid_client"}')
    with pytest.raises(TokenMisconfigured):
        await watched.token()
    [span] = observatory.spans
    attributes = dict(span.attributes or {})

    assert ("TokenMisconfigured", 400) == (
        attributes["error.type"],
        attributes["http.response.status_code"],
    )
    assert isinstance(attributes["flexiti.back_off"], float)
    assert attributes["flexiti.reference_id"]
    assert {"TokenMisconfigured customer": 1} == observatory.metric(
        "flexiti.token.request.duration"
    )


async def test_the_life_of_tokens_is_measured(
    watched: FlexitiSession, observatory: Observatory, clock: ManualClock
) -> None:
    """Causes, grants, waits, waiters and the remaining life of tokens are recorded."""
    await asyncio.gather(*(watched.token() for _ in range(10)))
    clock.advance(300)
    await watched.init_widget(BUY)
    clock.advance(900)
    await watched.token()

    refreshes = observatory.metric("flexiti.token.refreshes")
    assert 1 == refreshes["no_token customer"]
    assert 1 == refreshes["pin customer"]
    assert 1 == refreshes["due customer"]
    assert {"client_credentials customer": 2} == observatory.metric(
        "flexiti.token.request.duration"
    )
    assert 12 == observatory.metric("flexiti.token.wait.duration")["customer True"]
    assert 10 == observatory.greatest("flexiti.token.waiters")
    assert 300 == observatory.greatest("flexiti.token.age")
    assert 900 == observatory.greatest("flexiti.token.remaining")


async def test_a_token_of_another_process_is_counted_as_adopted(
    watched: FlexitiSession,
    make_session: Callable[..., FlexitiSession],
    observatory: Observatory,
) -> None:
    """There is one request, and one adoption."""
    await make_session().token()
    await watched.token()

    assert {"customer": 1} == observatory.metric("flexiti.token.adopted")
    assert {} == observatory.metric("flexiti.token.request.duration")


async def test_a_token_that_the_api_rejects_is_counted(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A rejected token is counted once, and its copy in the store is not used."""
    token = await watched.token()
    clock.advance(300)
    sandbox.revoke(token.access_token.reveal())
    await watched.init_widget(BUY)

    assert {"customer": 1} == observatory.metric("flexiti.token.rejected")
    assert {"rejected customer": 1} == observatory.metric("flexiti.token.reuse_prevented")


async def test_time_without_the_store_is_counted_while_it_lasts(
    make_session: Callable[..., FlexitiSession], observatory: Observatory, clock: ManualClock
) -> None:
    """An outage is counted while it lasts, and only once when it is over."""
    store = FaultyStore(clock.boot)
    session = make_session(store=store)
    session.events.add(observatory.telemetry)
    store.down = True
    await session.token()
    clock.advance(40)

    assert {"customer": 40.0} == observatory.metric("flexiti.store.degraded")
    store.down = False
    clock.advance(1200)
    await session.token()
    clock.advance(1000)
    assert {"customer": 1240.0} == observatory.metric("flexiti.store.degraded")


async def test_a_wrong_clock_is_measured(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """The metric is the lead of this machine's clock."""
    sandbox.clock_offset = -90.0
    await watched.token()

    assert 90 == pytest.approx(observatory.metric("flexiti.clock.skew")[""], abs=1.5)


async def test_operations_are_counted_by_kind_and_outcome(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """Outcomes that are alerted on begin at 0, so that the first one is an increase."""
    before = observatory.metric("flexiti.operations")
    wanted = await purchase(watched, sandbox)
    sandbox.inject(Drop(), endpoint="authorization")
    with (
        observatory.traces.get_tracer("shop").start_as_current_span("POST /pay"),
        pytest.raises(OutcomeUnknown) as lost,
    ):
        await watched.authorizations.authorize(wanted, idempotency_key="canary-key")
    await watched.operations.resolve(lost.value.operation_id, executed=True, by="ann")
    await watched.authorizations.authorize(wanted, idempotency_key="canary-key")
    after = observatory.metric("flexiti.operations")
    [request] = [span for span in observatory.spans if span.name == "POST /pay"]
    [event] = request.events

    assert {0.0} == set(before.values())
    assert (0, 0) == (before["authorize unknown"], before["refund conflict"])
    assert (1, 1, 1) == (
        after["authorize unknown"],
        after["authorize resolved"],
        after["authorize replayed"],
    )
    assert "flexiti.operation" == event.name
    assert {
        "flexiti.operation.kind": "authorize",
        "flexiti.outcome": "unknown",
        "flexiti.operation.id": lost.value.operation_id,
        "flexiti.reference_id": lost.value.reference_id,
    } == dict(event.attributes or {})


async def test_calls_that_a_lost_journal_has_stopped_are_counted(
    make_session: Callable[..., FlexitiSession], observatory: Observatory, sandbox: Sandbox
) -> None:
    """Somebody has to compare and accept before money moves again."""
    store = FaultyStore()
    session = make_session(journal=store)
    session.events.add(observatory.telemetry)
    wanted = await purchase(session, sandbox)
    await session.authorizations.authorize(wanted, idempotency_key="order-1")
    assert {"": 0} == observatory.metric("flexiti.journal.lost")

    store.fingerprint = "another server"
    with pytest.raises(JournalForgot):
        await session.authorizations.authorize(wanted, idempotency_key="order-2")
    assert {"": 1} == observatory.metric("flexiti.journal.lost")


async def test_pending_operations_are_observed_once_they_are_listed(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The age of the oldest one rises with no further listing, and is 0 without any."""
    assert {} == observatory.metric("flexiti.operations.pending")
    for key in ("order-1", "order-2"):
        wanted = await purchase(watched, sandbox)
        sandbox.inject(Drop(), endpoint="authorization")
        with pytest.raises(OutcomeUnknown):
            await watched.authorizations.authorize(wanted, idempotency_key=key)
        clock.advance(100)

    assert 2 == await observatory.telemetry.count_pending(watched.operations)
    assert {"": 2} == observatory.metric("flexiti.operations.pending")
    assert {"": 200.0} == observatory.metric("flexiti.operations.pending.age")
    clock.advance(1000)
    assert {"": 1200.0} == observatory.metric("flexiti.operations.pending.age")

    async for one in watched.operations.pending():
        await watched.operations.resolve(one.operation_id, executed=True, by="ann")
    assert 0 == await observatory.telemetry.count_pending(watched.operations)
    assert {"": 0.0} == observatory.metric("flexiti.operations.pending.age")


async def test_no_span_and_no_metric_shows_a_secret_or_a_person(
    make_session: Callable[..., FlexitiSession], observatory: Observatory, sandbox: Sandbox
) -> None:
    """This holds even if everything fails and the API quotes its input."""
    session = make_session(retries=0)
    session.events.add(observatory.telemetry)
    who: dict[str, Any] = {"first_name": NAME, "last_name": NAME, "dob": DOB}
    where: dict[str, Any] = {
        "address_1": f"1 {NAME} St",
        "city": NAME,
        "province": "ON",
        "postal_code": "k1a0b1",
    }
    apply = ApplyWidget(**who, **where, email=EMAIL, phone_number=PHONE, tos_agreement=True)
    await session.init_widget(PurchaseWidget(vcc_number=VCC))
    await session.init_widget(apply)
    quoted = f'{{"error": "wrong_inputs", "message": "{EMAIL} {VCC} {DOB} {NAME}"}}'.encode()
    for status in (400, 409, 500):
        sandbox.fail("widget/init", status=status, body=quoted)
        await asyncio.gather(session.init_widget(apply), return_exceptions=True)
    sandbox.fail("oauth/token", status=400, body=quoted)
    await asyncio.gather(session.token(Scope.MERCHANT), return_exceptions=True)
    data = observatory.reader.get_metrics_data()
    assert data is not None
    told = data.to_json() + json.dumps([json.loads(span.to_json()) for span in observatory.spans])
    tokens = [t for token in sandbox.tokens for t in (token.access_token, token.refresh_token)]
    canaries = [NAME, EMAIL, DOB, VCC, PHONE, sandbox.client_secret, *tokens]

    assert len(tokens) > 2
    assert "flexiti widget/init" in told
    assert [] == [canary for canary in canaries if canary in told]


async def test_without_an_sdk_it_does_nothing(flexiti_config: FlexitiConfig) -> None:
    """Without an SDK the API is a no-op: no provider, no error."""
    async with FlexitiSession(flexiti_config, listeners=[Telemetry()]) as flexiti:
        widget = await flexiti.init_widget(BUY)

    assert widget.session_id
