"""The plots of a load test."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.harness.latency import Latencies
from benchmarks.load.results import Results, Span
from benchmarks.report.charts import latency_over_time, lines
from benchmarks.report.report import Chart
from flexiti_async.cli.driver import APPLICATION, DONE

__all__ = ["latency_chart", "throughput_chart"]

_COLUMNS: Final = 120
"""Columns of the heat map."""
_PER_DECADE: Final = 12
"""Rows of the heat map between 1 ms and 10 ms, and so on."""
_POINTS: Final = 40
"""Points of a line."""
_PERCENTILES: Final = (50, 99)


def latency_chart(results: Results, seconds: float) -> Chart:
    """Draw the spread of latencies over time, with the refreshes and the faults."""
    return latency_over_time(
        "Latency of checkouts; lines: with the shared token; yellow: refreshes; red: faults",
        spots=list(_spots(results, seconds / _COLUMNS)),
        percentiles=list(_percentiles(results, seconds / _POINTS)),
        refreshes=_bands(results.refreshes),
        faults=_bands(results.faults),
    )


def throughput_chart(results: Results, seconds: float) -> Chart:
    """Draw how many customers came, by outcome."""
    width = seconds / _POINTS
    counts = Counter(
        (math.floor(one.came / width), "done" if one.outcome == DONE else "failed")
        for one in results.served
    )
    values = [
        {
            "seconds since the start": (column + 0.5) * width,
            "per second": n / width,
            "outcome": outcome,
        }
        for (column, outcome), n in sorted(counts.items())
    ]
    return lines(
        "Checkouts per second, by when they came",
        values,
        x="seconds since the start",
        y="per second",
        series="outcome",
    )


def _spots(results: Results, width: float) -> Iterator[dict[str, float]]:
    """Yield the cells of the heat map: numbers of customers by arrival and latency."""
    counts = Counter(
        (math.floor(one.came / width), math.floor(math.log10(one.took * 1000) * _PER_DECADE))
        for one in results.served
        if one.took > 0
    )
    for (column, row), number in counts.items():
        yield {
            "from": column * width,
            "to": (column + 1) * width,
            "low": 10 ** (row / _PER_DECADE),
            "high": 10 ** ((row + 1) / _PER_DECADE),
            "calls": number,
        }


def _percentiles(results: Results, width: float) -> Iterator[dict[str, object]]:
    """Yield percentiles of customers with the shared token, by interval of arrival."""
    for column, came in sorted(results.by(lambda one: math.floor(one.came / width)).items()):
        latencies = Latencies.of(one.took for one in came if one.flow != APPLICATION)
        for percent in _PERCENTILES:
            ms = latencies.milliseconds(percent)
            if ms is not None:
                second = (column + 0.5) * width
                yield {"second": second, "percentile": f"p{percent:g}", "ms": ms}


def _bands(spans: Sequence[Span]) -> list[dict[str, float]]:
    return [{"from": begin, "to": end} for begin, end in spans]
