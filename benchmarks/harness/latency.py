"""Percentiles of latencies, by HdrHistogram: three digits, from 1 µs to 10 minutes."""

from collections.abc import Iterable
from typing import Final, Self

from hdrh.histogram import HdrHistogram

__all__ = ["Latencies"]

_PER_SECOND: Final = 1_000_000
_LONGEST: Final = 600 * _PER_SECOND
_DIGITS: Final = 3


class Latencies:
    """A histogram of durations."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST, _DIGITS)

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self:
        """Record durations in seconds."""
        latencies = cls()
        for one in seconds:
            latencies.record(one)
        return latencies

    def record(self, seconds: float) -> None:
        """Record one."""
        self._histogram.record_value(min(max(round(seconds * _PER_SECOND), 1), _LONGEST))

    def add(self, others: Self) -> None:
        """Add another histogram to this one."""
        self._histogram.add(others._histogram)

    def milliseconds(self, percent: float) -> float | None:
        """Return the milliseconds within which this many percent were done; None if empty."""
        if not self._histogram.get_total_count():
            return None
        return self._histogram.get_value_at_percentile(percent) / _PER_SECOND * 1000

    def encode(self) -> str:
        """Return the histogram for another process, in HdrHistogram's own compressed form."""
        return self._histogram.encode().decode("ascii")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a histogram that `encode` returned."""
        latencies = cls()
        latencies._histogram.decode_and_add(text)
        return latencies
