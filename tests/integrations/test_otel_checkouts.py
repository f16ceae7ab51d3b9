"""Spans and metrics of checkouts and operations, of real sessions on a sandbox."""

import asyncio

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from flexiti_async import FlexitiSession, OutcomeUnknown
from flexiti_async.errors import CheckoutExpired, CreditExceeded
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.testing import ManualClock

from ..checkout.customers import ACCOUNT, APPLICANT, BUY, PLAN, at_the_counter, verified, with_code
from .conftest import Observatory


@pytest.fixture
def watched(session: FlexitiSession, observatory: Observatory) -> FlexitiSession:
    """Return a session that OpenTelemetry listens to."""
    session.events.add(observatory.telemetry)
    return session


def seconds(span: ReadableSpan) -> int:
    """Return the duration of a span, rounded."""
    assert span.start_time is not None
    assert span.end_time is not None
    return round((span.end_time - span.start_time) / 1e9)


async def test_the_funnel_is_counted(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """Each step by place and flow; those that an alert compares begin at 0."""
    before = observatory.metric("flexiti.checkouts")
    paid = await verified(await watched.checkout("order-1"), sandbox)
    await paid.authorize("300.00", **PLAN)
    counter = await with_code(await watched.in_store_checkout("order-2"))
    with pytest.raises(CreditExceeded):
        await counter.authorize("9999.00", **at_the_counter())
    await counter.authorize("300.00", **at_the_counter(auto_capture=True))
    applying = await watched.checkout("order-3")
    widget = await applying.init_widget(APPLICANT)
    await applying.handle_event(sandbox.play(widget.redirection_url, "cancel"))
    after = observatory.metric("flexiti.checkouts")
    durations = observatory.metric("flexiti.checkout.duration")

    assert {
        "False purchase in_store authorized": 0,
        "False purchase online authorized": 0,
        "True purchase in_store authorized": 0,
        "True purchase online authorized": 0,
        "purchase in_store verified": 0,
        "purchase online verified": 0,
        "online started": 0,
        "purchase in_store started": 0,
    } == before
    assert {
        "online started": 2,
        "purchase online verified": 1,
        "False purchase online authorized": 1,
        "purchase in_store started": 1,
        "purchase in_store verified": 1,
        "purchase in_store declined CreditExceeded": 1,
        "True purchase in_store authorized": 1,
        "apply online cancelled": 1,
    } == {name: value for name, value in after.items() if value}
    assert 6 == sum(durations.values())


async def test_a_checkout_is_a_span_from_its_start(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A trace of its own, linked to the shop's request, which has the step as an event."""
    checkout = await verified(await watched.checkout("order-1"), sandbox)
    clock.advance(90)
    tracer = observatory.traces.get_tracer("shop")
    with tracer.start_as_current_span("POST /pay"):
        await checkout.authorize("300.00", **PLAN)
    spans = {span.name: span for span in observatory.spans}
    [span] = [span for span in observatory.spans if span.name == "flexiti checkout"]
    shops = spans["POST /pay"]
    named = {
        "flexiti.checkout.step": "authorized",
        "flexiti.checkout.place": "online",
        "flexiti.checkout.flow": "purchase",
        "flexiti.checkout.captured": False,
        "flexiti.reference_id": checkout.reference_id,
    }

    assert named == dict(span.attributes or {})
    assert (90, None, SpanKind.INTERNAL) == (seconds(span), span.parent, span.kind)
    assert [shops.context] == [link.context for link in span.links]
    assert [("flexiti.checkout", named)] == [
        (event.name, dict(event.attributes or {}))
        for event in shops.events
        if event.name == "flexiti.checkout"
    ]


async def test_an_operation_is_a_span_of_the_shops_request(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox
) -> None:
    """It is an error where the shop gets one; a replay has no span."""
    tracer = observatory.traces.get_tracer("shop")
    checkout = await verified(await watched.checkout("order-1"), sandbox)
    unlucky = await verified(await watched.checkout("order-2"), sandbox)
    with tracer.start_as_current_span("POST /pay"):
        with pytest.raises(CreditExceeded):
            await checkout.authorize("9999.00", **PLAN)
        for _ in range(2):
            await checkout.authorize("300.00", **PLAN)
        sandbox.inject(Drop(), endpoint="authorization")
        with pytest.raises(OutcomeUnknown):
            await unlucky.authorize("300.00", **PLAN)
    shops = observatory.spans[-1]
    made = [span for span in observatory.spans if span.name == "flexiti operation authorize"]

    assert [
        ("refused", "CreditExceeded", StatusCode.ERROR),
        ("done", None, StatusCode.UNSET),
        ("unknown", "OutcomeUnknown", StatusCode.ERROR),
    ] == [
        (
            (span.attributes or {})["flexiti.outcome"],
            (span.attributes or {}).get("error.type"),
            span.status.status_code,
        )
        for span in made
    ]
    for span in made:
        assert span.parent is not None
        assert shops.context is not None
        assert span.parent.span_id == shops.context.span_id
        assert span.kind is SpanKind.INTERNAL
    counted = observatory.metric("flexiti.operations")
    assert 1 == counted["CreditExceeded authorize refused"]


async def test_an_operation_lasts_from_its_claim(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox, clock: ManualClock
) -> None:
    """However it ends."""
    for order, fault in (("order-1", None), ("order-2", Drop())):
        checkout = await verified(await watched.checkout(order), sandbox)
        sandbox.on_request = lambda record: (
            clock.advance(3) if record.endpoint == "authorization" else None
        )
        if fault is not None:
            sandbox.inject(fault, endpoint="authorization")
        await asyncio.gather(checkout.authorize("300.00", **PLAN), return_exceptions=True)
    made = [span for span in observatory.spans if span.name == "flexiti operation authorize"]

    assert [3, 3] == [seconds(span) for span in made]


def _values(observatory: Observatory) -> list[str]:
    """Return every attribute value of all metrics."""
    data = observatory.reader.get_metrics_data()
    assert data is not None
    return [
        str(value)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        for value in (point.attributes or {}).values()
    ]


async def test_metrics_have_no_attribute_that_grows_with_the_customers(
    watched: FlexitiSession, observatory: Observatory, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Ten customers have the attributes of one: no reference id, key, account or number."""
    sizes: list[int] = []
    for number in range(10):
        order = f"order-{number}"
        checkout = await verified(await watched.checkout(order), sandbox)
        await checkout.authorize("30.00", **PLAN)
        left = await watched.checkout(f"left-{number}")
        await left.init_widget(BUY)
        clock.advance(1200)
        with pytest.raises(CheckoutExpired):
            await left.init_widget(BUY)
        values = _values(observatory)
        sizes.append(len(values))
        known = (str(ACCOUNT), order, checkout.reference_id, str(checkout.authorization_id))
        assert not {*known} & {*values}

    assert 1 == len(set(sizes[1:]))
