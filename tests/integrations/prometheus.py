"""Metrics as Prometheus names them, and as much of its language as the examples use."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
    Sum,
)

__all__ = ["Series", "label_matchers", "metric_names", "series_of"]

_SUFFIXES: Final = {"s": "_seconds"}
"""How Prometheus writes a unit; braces are left out."""
_MATCHERS: Final = re.compile(r"\{([^{}]*)\}")
_MATCHER: Final = re.compile(r'(\w+)="(\w+)"')
_LABELS: Final = re.compile(r"\bby \(([^)]*)\)")


@frozen
class Series:
    """
    One time series.

    Attributes:
        name: Its name, without the suffixes of a histogram.
        labels: Its labels.
        value: Its value; of a histogram, the number of records.
        suffixes: The suffixes with which its name is queried.
    """

    name: str
    labels: Mapping[str, str]
    value: float
    suffixes: tuple[str, ...] = ("",)


def series_of(reader: InMemoryMetricReader) -> list[Series]:
    """Return what a scrape would find now."""
    data = reader.get_metrics_data()
    assert data is not None
    found: list[Series] = []
    for metric in (m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics):
        counter = isinstance(metric.data, Sum) and metric.data.is_monotonic
        name = metric.name.replace(".", "_") + _SUFFIXES.get(str(metric.unit), "")
        for point in metric.data.data_points:
            labels = {
                label.replace(".", "_"): json.dumps(value).strip('"')
                for label, value in (point.attributes or {}).items()
            }
            if isinstance(point, HistogramDataPoint):
                found.append(Series(name, labels, point.count, ("_bucket", "_count", "_sum")))
            else:
                assert isinstance(point, NumberDataPoint)
                found.append(Series(f"{name}_total" if counter else name, labels, point.value))
    return found


def metric_names(expression: str) -> set[str]:
    """Return the names of the metrics that an expression asks for, as it writes them."""
    text = _LABELS.sub("", _MATCHERS.sub("", expression))
    return set(re.findall(r"\bflexiti_\w+", text))


def label_matchers(expression: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield each metric, label and value that an expression names; None without a value."""
    for name, matchers in re.findall(r"(flexiti_\w+)\{([^{}]*)\}", expression):
        for label, value in _MATCHER.findall(matchers):
            yield name, label, value
    for labels in _LABELS.findall(expression):
        for label in (one.strip() for one in labels.split(",")):
            for name in metric_names(expression):
                if label != "le":
                    yield name, label, None
