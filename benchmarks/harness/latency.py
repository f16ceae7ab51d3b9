"""Percentiles of latencies, by HdrHistogram: three digits from a microsecond to ten minutes."""

from collections.abc import Iterable
from typing import Final, Self

from hdrh.histogram import HdrHistogram

__all__ = ["Latencies"]

_PER_SECOND: Final = 1_000_000
_LONGEST: Final = 600 * _PER_SECOND
_DIGITS: Final = 3


class Latencies:
    """Many durations, of which no single one is kept."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST, _DIGITS)

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Self:
        """Take up some durations in seconds."""
        latencies = cls()
        for one in seconds:
            latencies.record(one)
        return latencies

    def record(self, seconds: float) -> None:
        """Take up one."""
        self._histogram.record_value(min(max(round(seconds * _PER_SECOND), 1), _LONGEST))

    def add(self, others: Self) -> None:
        """Take up others."""
        self._histogram.add(others._histogram)

    def milliseconds(self, percent: float) -> float | None:
        """Tell the milliseconds within which so many percent were done; None if there were none."""
        if not self._histogram.get_total_count():
            return None
        return self._histogram.get_value_at_percentile(percent) / _PER_SECOND * 1000

    def encode(self) -> str:
        """Write them down for another process, in HdrHistogram's own compressed form."""
        return self._histogram.encode().decode("ascii")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` has written."""
        latencies = cls()
        latencies._histogram.decode_and_add(text)
        return latencies
