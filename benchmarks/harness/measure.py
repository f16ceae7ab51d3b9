"""Repeats, medians and spread: arithmetic only, no clock and no process."""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Self, TypeVar

from attrs import frozen

__all__ = ["Spread", "interleaved", "percentile", "ratios", "renewals_of"]

T = TypeVar("T")


@frozen
class Spread:
    """
    A figure that was measured several times.

    Attributes:
        median: What to quote.
        low: First quartile: a quarter of the repeats gave less.
        high: Third quartile: a quarter of the repeats gave more.
        repeats: How many there were.
    """

    median: float
    low: float
    high: float
    repeats: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """
        Sum up repeats.

        Raises:
            ValueError: There are none.
        """
        if not values:
            msg = "nothing was measured"
            raise ValueError(msg)
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high, len(values))

    def scaled(self, factor: float) -> Self:
        """Give it in another unit."""
        return type(self)(self.median * factor, self.low * factor, self.high * factor, self.repeats)


def ratios(of: Sequence[float], to: Sequence[float]) -> Spread:
    """
    Divide repeats pairwise, and sum up.

    Pairs were measured one after the other, so what slowed the machine down slowed both.

    Raises:
        ValueError: There are none, or not equally many.
    """
    return Spread.of([one / other for one, other in zip(of, to, strict=True)])


def percentile(values: Iterable[float], percent: float) -> float:
    """
    Tell the least of some values that so many percent of them do not exceed.

    Raises:
        ValueError: There are none.
    """
    ordered = sorted(values)
    if not ordered:
        msg = "nothing was measured"
        raise ValueError(msg)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def interleaved(subjects: Sequence[T], rounds: int) -> Iterator[T]:
    """
    Let subjects take turns: every round has each once, rotated by one, to and fro.

    So a drift of the machine, or who ran just before, hits all alike.
    """
    for number in range(rounds):
        start = number % len(subjects) if subjects else 0
        turn = [*subjects[start:], *subjects[:start]]
        yield from reversed(turn) if number % 2 else turn


def renewals_of(times: Sequence[float], *, apart: float) -> list[int]:
    """Count the requests of each renewal: those that came less than `apart` seconds apart."""
    counts: list[int] = []
    last = None
    for moment in sorted(times):
        if last is None or moment - last > apart:
            counts.append(0)
        counts[-1] += 1
        last = moment
    return counts
