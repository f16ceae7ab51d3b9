"""Records that a session makes with OpenTelemetry, read back from exporters in memory."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flexiti_async.integrations.otel import Telemetry
from flexiti_async.testing import ManualClock


@frozen
class Observatory:
    """Everything that a session records with OpenTelemetry."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    traces: TracerProvider
    telemetry: Telemetry

    @property
    def spans(self) -> list[ReadableSpan]:
        """Return the spans that have ended, in that order."""
        return list(self.exporter.get_finished_spans())

    def metric(self, name: str) -> dict[str, float]:
        """Return a metric's values (of a histogram, the number of records) by its attributes."""
        return {
            _words(point.attributes or {}): (
                point.count if isinstance(point, HistogramDataPoint) else point.value
            )
            for point in self._points(name)
        }

    def greatest(self, name: str) -> float:
        """Return the greatest value that a histogram recorded."""
        points = [p for p in self._points(name) if isinstance(p, HistogramDataPoint)]
        return max(point.max for point in points)

    def _points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        if data is None:
            return []
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


def _words(attributes: Mapping[str, object]) -> str:
    return " ".join(str(attributes[name]) for name in sorted(attributes))


@pytest.fixture
def observatory(clock: ManualClock) -> Iterator[Observatory]:
    """Yield providers with exporters in memory, and a listener on them."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    traces, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([reader])
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry(tracer_provider=traces, meter_provider=meters, clock=clock)
    yield Observatory(exporter, reader, traces, telemetry)
    traces.shutdown()
    meters.shutdown()
