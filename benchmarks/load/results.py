"""The measurements of all processes of a load test."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from attrs import define, field

from benchmarks.harness.children import Details
from flexiti_async.cli.driver import Served

__all__ = ["Results", "Span", "met", "overlaps"]

Span: TypeAlias = tuple[float, float]
"""From when to when, in seconds since the start."""

_Key = TypeVar("_Key")


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Whether a span has a moment in common with one of the others."""
    return any(span[0] <= other[1] and other[0] <= span[1] for other in others)


def met(customer: Served, spans: Iterable[Span]) -> bool:
    """Whether a customer was waiting or being served in one of the spans."""
    return overlaps((customer.came, customer.came + customer.took), spans)


@define
class Results:
    """
    Measurements of all processes; times are in seconds since the start.

    Attributes:
        served: All customers. In an open loop, each came when due, even if served later.
        refreshes: When shared tokens were requested.
        faults: When faults were on.
        tokens: Token requests by their purpose, as the clients counted them.
        cpu: Seconds of CPU time of all client processes.
        asked: Token requests that the target counted; None if it has no counter.
    """

    served: list[Served] = field(factory=list[Served])
    refreshes: list[Span] = field(factory=list[Span])
    faults: list[Span] = field(factory=list[Span])
    tokens: Counter[str] = field(factory=Counter[str])
    cpu: float = 0.0
    asked: int | None = None

    def add(self, report: Details, start: float) -> None:
        """Add the report of one process; its times are those of the monotonic clock."""
        self.served += [Served(came - start, *rest) for came, *rest in report["served"]]
        self.refreshes += [(begin - start, end - start) for begin, end in report["refreshes"]]
        self.tokens.update(report["tokens"])
        self.cpu += report["cpu"]

    @property
    def undisturbed(self) -> list[Served]:
        """Customers who met no faults."""
        return [one for one in self.served if not met(one, self.faults)]

    def by(self, key: Callable[[Served], _Key]) -> dict[_Key, list[Served]]:
        """Group customers by a key."""
        groups: dict[_Key, list[Served]] = defaultdict(list)
        for one in self.served:
            groups[key(one)].append(one)
        return groups
