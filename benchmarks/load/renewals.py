"""What renewals of the shared token did to the customers of a load test."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

from benchmarks.harness.measure import Spread, percentile, ratios, renewals_of
from benchmarks.load.results import APPLICATION, Checkout, Results, Span, overlaps

__all__ = ["Pair", "p99_ratio", "pairs", "parted", "requests_of_renewals"]

_ENOUGH: Final = 100
"""Customers of whom a 99th percentile can be told at all."""


@frozen
class Pair:
    """
    A renewal, and as long a time between it and the next one.

    Attributes:
        during: Customers who came while the token was renewed.
        between: Customers who came in as long a time without a renewal.
    """

    during: Sequence[Checkout]
    between: Sequence[Checkout]


def parted(results: Results) -> tuple[list[Checkout], list[Checkout]]:
    """
    Part those who took the shared token by whether its successor was fetched meanwhile.

    Without those who came before there was any token: they had to wait.
    """
    first, *renewals = sorted(results.renewals) or [(0.0, 0.0)]
    parts: tuple[list[Checkout], list[Checkout]] = [], []
    for one in _sharing(results):
        if not overlaps(one.span, [first]):
            parts[not overlaps(one.span, renewals)].append(one)
    return parts


def pairs(results: Results) -> list[Pair]:
    """
    Compare each renewal with the middle of the calm after it.

    Both take equally long, so a machine that stalls now and then hits one as often as the other;
    what a renewal does shows in all pairs. Customers count by when they came: who takes long does
    not get into one of the two for it.
    """
    sharing = _sharing(results)
    found: list[Pair] = []
    for (begin, end), (following, _) in pairwise(sorted(results.renewals)[1:]):
        length, calm = end - begin, following - end
        if not 0 < length <= calm or overlaps((begin, following), results.faults):
            continue
        middle = end + (calm - length) / 2
        pair = Pair(
            during=_who_came(sharing, (begin, end)),
            between=_who_came(sharing, (middle, middle + length)),
        )
        if min(len(pair.during), len(pair.between)) >= _ENOUGH:
            found.append(pair)
    return found


def p99_ratio(found: Sequence[Pair]) -> Spread:
    """
    Divide the 99th percentiles of each pair.

    Raises:
        ValueError: There is no pair.
    """
    return ratios([_p99(pair.during) for pair in found], [_p99(pair.between) for pair in found])


def requests_of_renewals(results: Results, lifetime: float | None) -> list[int]:
    """Count the requests of each renewal that met no faults; the first token is one."""
    begun = [begin for begin, end in results.renewals if not overlaps((begin, end), results.faults)]
    # Half of the least time between two: with a `min_ttl` of half, a quarter of a lifetime.
    return renewals_of(begun, apart=(lifetime or 1200.0) / 8)


def _sharing(results: Results) -> list[Checkout]:
    return [one for one in results.undisturbed if one.flow != APPLICATION]


def _p99(customers: Sequence[Checkout]) -> float:
    return percentile([one.took for one in customers], 99)


def _who_came(customers: Sequence[Checkout], when: Span) -> list[Checkout]:
    return [one for one in customers if when[0] <= one.came < when[1]]
