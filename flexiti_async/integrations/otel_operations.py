"""
Metrics and spans of calls that move money.

Only the journal knows the pending ones, and no metric callback can ask it: it runs in the thread
that exports, and a scrape must not cost a listing. So the shop's job that reconciles counts them,
and the age is computed at each export: if the job stops, the age goes on rising.
"""

from collections.abc import AsyncIterable, Iterable
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace import get_current_span

from flexiti_async.clock import Clock
from flexiti_async.events.types import (
    OperationConflict,
    OperationDone,
    OperationEvent,
    OperationRefused,
    OperationReplayed,
    OperationResolved,
    OperationUnknown,
)
from flexiti_async.integrations.otel_spans import Spans
from flexiti_async.operations import Operation
from flexiti_async.protocol.call import OperationKind

__all__ = ["OperationMetrics"]

_CONFLICT: Final = "conflict"
_UNKNOWN: Final = "unknown"
_OUTCOMES: Final[dict[type[OperationEvent], str]] = {
    OperationConflict: _CONFLICT,
    OperationDone: "done",
    OperationRefused: "refused",
    OperationReplayed: "replayed",
    OperationResolved: "resolved",
    OperationUnknown: _UNKNOWN,
}
_ALERTED: Final = (_CONFLICT, _UNKNOWN)
"""Outcomes that are counted from 0, so that the first one is an increase."""


class OperationMetrics:
    """
    Counts operations, and observes the pending ones.

    Args:
        meter: Creates the instruments.
        spans: Records the spans.
        clock: Clock for the age of the oldest pending operation.
    """

    def __init__(self, meter: Meter, spans: Spans, clock: Clock) -> None:
        self._spans = spans
        self._clock = clock
        self._pending: tuple[int, float | None] | None = None
        self._count = meter.create_counter(
            "flexiti.operations",
            unit="{operation}",
            description="Calls that move money, by kind and outcome.",
        )
        for kind in OperationKind:
            for outcome in _ALERTED:
                self._count.add(0, _attributes(kind.value, outcome))
        self._lost = meter.create_counter(
            "flexiti.journal.lost",
            unit="{operation}",
            description="Calls that were not sent because the journal may have lost records.",
        )
        self._lost.add(0)
        meter.create_observable_gauge(
            "flexiti.operations.pending",
            [self._observe_count],
            unit="{operation}",
            description="Operations without an outcome, as last listed.",
        )
        meter.create_observable_gauge(
            "flexiti.operations.pending.age",
            [self._observe_age],
            unit="s",
            description="Age of the oldest operation without an outcome.",
        )

    def operation(self, event: OperationEvent) -> None:
        """Count an operation, and record it in the trace in which it was made."""
        outcome = _OUTCOMES.get(type(event))
        if outcome is None:
            return  # an event of a later version
        counted = attributes = _attributes(event.kind, outcome)
        error_type: str | None = None
        if isinstance(event, OperationRefused):
            error_type = type(event.error).__name__
            counted = {**attributes, "error.type": error_type}
        elif isinstance(event, OperationUnknown):
            error_type = "cancelled" if event.error is None else type(event.error).__name__
        self._count.add(1, counted)
        named = {
            **attributes,
            "flexiti.operation.id": event.operation_id,
            "flexiti.reference_id": event.reference_id,
        }
        span = get_current_span()
        if span.is_recording():
            span.add_event("flexiti.operation", named)
        if isinstance(event, OperationDone | OperationRefused | OperationUnknown):
            name = f"flexiti operation {event.kind}"
            self._spans.internal(name, event.seconds, named, error_type=error_type)

    def journal_lost(self) -> None:
        """Count a call that was not sent."""
        self._lost.add(1)

    async def count_pending(self, operations: AsyncIterable[Operation]) -> int:
        """List the pending operations, and observe them from now on; returns their number."""
        began = [one.began_at.timestamp() async for one in operations]
        # Another thread reads both at once.
        self._pending = (len(began), min(began, default=None))
        return len(began)

    def _observe_count(self, _: CallbackOptions) -> Iterable[Observation]:
        pending = self._pending
        return [] if pending is None else [Observation(pending[0])]

    def _observe_age(self, _: CallbackOptions) -> Iterable[Observation]:
        pending = self._pending
        if pending is None:
            return []
        oldest = pending[1]
        age = 0.0 if oldest is None else max(self._clock.wall() - oldest, 0.0)
        return [Observation(age)]


def _attributes(kind: str, outcome: str) -> dict[str, str]:
    return {"flexiti.operation.kind": kind, "flexiti.outcome": outcome}
