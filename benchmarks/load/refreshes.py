"""The effect of token refreshes on the customers of a load test."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

from benchmarks.harness.measure import Spread, group_refreshes, percentile, ratios
from benchmarks.load.results import Results, Span, met, overlaps
from flexiti_async.cli.driver import APPLICATION, Served

__all__ = ["Pair", "p99_ratio", "pairs", "requests_of_refreshes", "split"]

_ENOUGH: Final = 100
"""Fewer customers have no 99th percentile."""


@frozen
class Pair:
    """
    A refresh, and an equally long time between it and the next one.

    Attributes:
        during: Customers who came while the token was refreshed.
        between: Customers who came in as long a time without a refresh.
    """

    during: Sequence[Served]
    between: Sequence[Served]


def split(results: Results) -> tuple[list[Served], list[Served]]:
    """
    Return the customers with the shared token who met a refresh of it, and the others.

    Customers who came before the first token are left out: they had to wait.
    """
    first, *refreshes = sorted(results.refreshes) or [(0.0, 0.0)]
    parts: tuple[list[Served], list[Served]] = [], []
    for one in _sharing(results):
        if not met(one, [first]):
            parts[not met(one, refreshes)].append(one)
    return parts


def pairs(results: Results) -> list[Pair]:
    """
    Pair each refresh with the middle of the calm after it.

    Both take equally long, so a machine that stalls now and then hits one as often as the other;
    the effect of a refresh shows in all pairs. Customers count by when they came: being slow moves
    none of them from one side to the other.
    """
    sharing = _sharing(results)
    found: list[Pair] = []
    for (begin, end), (following, _) in pairwise(sorted(results.refreshes)[1:]):
        length, calm = end - begin, following - end
        if not 0 < length <= calm or overlaps((begin, following), results.faults):
            continue
        middle = end + (calm - length) / 2
        pair = Pair(
            during=_came_in(sharing, (begin, end)),
            between=_came_in(sharing, (middle, middle + length)),
        )
        if min(len(pair.during), len(pair.between)) >= _ENOUGH:
            found.append(pair)
    return found


def p99_ratio(found: Sequence[Pair]) -> Spread:
    """
    Divide the 99th percentiles of each pair.

    Raises:
        ValueError: No pairs.
    """
    return ratios([_p99(pair.during) for pair in found], [_p99(pair.between) for pair in found])


def requests_of_refreshes(results: Results, lifetime: float | None) -> list[int]:
    """Count the requests of each refresh that met no faults, the first token included."""
    begun = [
        begin for begin, end in results.refreshes if not overlaps((begin, end), results.faults)
    ]
    # Half of the least time between two: with a `min_ttl` of half, a quarter of a lifetime.
    return group_refreshes(begun, apart=(lifetime or 1200.0) / 8)


def _sharing(results: Results) -> list[Served]:
    return [one for one in results.undisturbed if one.flow != APPLICATION]


def _p99(customers: Sequence[Served]) -> float:
    return percentile([one.took for one in customers], 99)


def _came_in(customers: Sequence[Served], span: Span) -> list[Served]:
    return [one for one in customers if span[0] <= one.came < span[1]]
