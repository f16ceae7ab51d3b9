"""Repeats, medians and spreads: arithmetic only, no clock and no process."""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Self, TypeVar

from attrs import frozen

__all__ = ["Spread", "group_refreshes", "interleaved", "percentile", "ratios"]

T = TypeVar("T")


@frozen
class Spread:
    """
    A figure that was measured several times.

    Attributes:
        median: The figure to quote.
        low: First quartile: a quarter of the repeats were lower.
        high: Third quartile: a quarter of the repeats were higher.
        repeats: Number of repeats.
    """

    median: float
    low: float
    high: float
    repeats: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """
        Summarize repeats.

        Raises:
            ValueError: No repeats.
        """
        if not values:
            msg = "nothing was measured"
            raise ValueError(msg)
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high, len(values))

    def scaled(self, factor: float) -> Self:
        """Return it in another unit."""
        return type(self)(self.median * factor, self.low * factor, self.high * factor, self.repeats)


def ratios(of: Sequence[float], to: Sequence[float]) -> Spread:
    """
    Divide repeats pairwise, and summarize.

    Pairs were measured one after the other, so a slow machine slowed both.

    Raises:
        ValueError: No repeats, or not equally many.
    """
    return Spread.of([one / other for one, other in zip(of, to, strict=True)])


def percentile(values: Iterable[float], percent: float) -> float:
    """
    Return the smallest of the values that this many percent of them do not exceed.

    Raises:
        ValueError: No values.
    """
    ordered = sorted(values)
    if not ordered:
        msg = "nothing was measured"
        raise ValueError(msg)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def interleaved(subjects: Sequence[T], rounds: int) -> Iterator[T]:
    """
    Yield subjects in turns: every round has each once, rotated by one, back and forth.

    A drift of the machine, or the subject that ran just before, then affects all alike.
    """
    for number in range(rounds):
        start = number % len(subjects) if subjects else 0
        turn = [*subjects[start:], *subjects[:start]]
        yield from reversed(turn) if number % 2 else turn


def group_refreshes(times: Sequence[float], *, apart: float) -> list[int]:
    """Count the requests of each refresh: those that came at most `apart` seconds apart."""
    counts: list[int] = []
    last = None
    for moment in sorted(times):
        if last is None or moment - last > apart:
            counts.append(0)
        counts[-1] += 1
        last = moment
    return counts
