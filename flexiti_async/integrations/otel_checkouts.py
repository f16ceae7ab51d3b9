"""
Metrics and spans of checkouts.

A checkout spans many requests of a shop, in several processes. So each step is an event of the span
that is current where it was taken, and the span of the whole checkout is created at its end, in a
trace of its own, with a link to that span.
"""

from typing import Final

from opentelemetry.metrics import Meter
from opentelemetry.trace import get_current_span

from flexiti_async.api.widget import Flow
from flexiti_async.events.checkouts import (
    CheckoutApplied,
    CheckoutAuthorized,
    CheckoutCancelled,
    CheckoutDeclined,
    CheckoutEvent,
    CheckoutExpiry,
    CheckoutFailed,
    CheckoutStarted,
    CheckoutVerified,
)
from flexiti_async.integrations.otel_spans import Spans

__all__ = ["CheckoutTelemetry"]

_STEP: Final = "flexiti.checkout.step"
_PLACE: Final = "flexiti.checkout.place"
_FLOW: Final = "flexiti.checkout.flow"
_CAPTURED: Final = "flexiti.checkout.captured"
_REASON: Final = "flexiti.reason"
_ONLINE: Final = "online"
_IN_STORE: Final = "in_store"
_STEPS: Final[dict[type[CheckoutEvent], str]] = {
    CheckoutApplied: "applied",
    CheckoutAuthorized: "authorized",
    CheckoutCancelled: "cancelled",
    CheckoutDeclined: "declined",
    CheckoutExpiry: "expired",
    CheckoutFailed: "failed",
    CheckoutStarted: "started",
    CheckoutVerified: "verified",
}
_ENDS: Final = frozenset(_STEPS) - {CheckoutStarted, CheckoutVerified}
"""The steps that may be a checkout's last; after some of them a customer may go on."""
_SECONDS: Final = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0)
"""Buckets over a token's life, in which a checkout has to end."""

Attributes = dict[str, str | bool]


class CheckoutTelemetry:
    """
    Counts the steps of checkouts, and records the spans of those that have ended.

    Args:
        meter: Creates the instruments.
        spans: Records the spans.
    """

    def __init__(self, meter: Meter, spans: Spans) -> None:
        self._spans = spans
        self._count = meter.create_counter(
            "flexiti.checkouts", unit="{checkout}", description="Steps that checkouts have taken."
        )
        self._duration = meter.create_histogram(
            "flexiti.checkout.duration",
            unit="s",
            description="Time from the start of a checkout to a step, the customer's included.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        # From 0, so that the first one is an increase: an alert compares the last two.
        self._count.add(0, {_PLACE: _ONLINE, _STEP: "started"})
        self._count.add(0, {_PLACE: _IN_STORE, _FLOW: Flow.PURCHASE.value, _STEP: "started"})
        for place in (_ONLINE, _IN_STORE):
            common = {_PLACE: place, _FLOW: Flow.PURCHASE.value}
            self._count.add(0, {**common, _STEP: "verified"})
            for captured in (False, True):
                self._count.add(0, {**common, _STEP: "authorized", _CAPTURED: captured})

    def __call__(self, event: CheckoutEvent) -> None:
        """Record a step."""
        step = _STEPS.get(type(event))
        if step is None:
            return  # an event of a later version
        common: Attributes = {_STEP: step, _PLACE: _IN_STORE if event.in_store else _ONLINE}
        if event.flow is not None:
            common[_FLOW] = event.flow
        attributes = common.copy()
        if isinstance(event, CheckoutDeclined | CheckoutFailed):
            attributes[_REASON] = event.reason
        if isinstance(event, CheckoutAuthorized):
            attributes[_CAPTURED] = event.captured
        self._count.add(1, attributes)
        if not isinstance(event, CheckoutStarted):
            self._duration.record(event.seconds, common)
        named: Attributes = {**attributes, "flexiti.reference_id": event.reference_id}
        span = get_current_span()
        if span.is_recording():
            span.add_event("flexiti.checkout", named)
        if type(event) in _ENDS:
            self._spans.internal("flexiti checkout", event.seconds, named, apart=True)
