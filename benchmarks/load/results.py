"""What a load test has seen, put together of what its processes tell."""

from array import array
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, TypeVar

from attrs import define, field, frozen

from benchmarks.harness.children import Details

__all__ = ["APPLICATION", "DONE", "Checkout", "Results", "Span", "overlaps"]

APPLICATION: Final = "application"
"""The flow of those who get a token of their own."""
DONE: Final = "done"
Span: TypeAlias = tuple[float, float]
"""From when to when, in seconds since the start."""

_Key = TypeVar("_Key")


@frozen
class Checkout:
    """
    One customer.

    Attributes:
        came: When, in seconds since the start: when they were due, whenever they were served.
        took: Seconds until they were served.
        flow: What they did.
        outcome: `done`, or the name of the error.
    """

    came: float
    took: float
    flow: str
    outcome: str

    @property
    def span(self) -> Span:
        """From coming to being served."""
        return self.came, self.came + self.took


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Tell whether a span has a moment in common with one of the others."""
    return any(span[0] <= other[1] and other[0] <= span[1] for other in others)


@define
class Results:
    """
    What all processes have seen.

    Attributes:
        checkouts: All customers.
        renewals: When tokens that are shared were fetched.
        faults: When faults were on.
        tokens: Token requests by what they were for, as the clients saw them.
        cpu: Seconds of CPU time of all processes of customers.
        asked: Token requests that the target counted; None if it does not tell.
    """

    checkouts: list[Checkout] = field(factory=list[Checkout])
    renewals: list[Span] = field(factory=list[Span])
    faults: list[Span] = field(factory=list[Span])
    tokens: Counter[str] = field(factory=Counter[str])
    cpu: float = 0.0
    asked: int | None = None

    def take(self, told: Details) -> None:
        """Take up what one process has told."""
        came, took = _floats(told["came"]), _floats(told["took"])
        flows, outcomes = _indices(told["flow"]), _indices(told["outcome"])
        self.checkouts += [
            Checkout(at, seconds, told["flows"][flow], told["outcomes"][outcome])
            for at, seconds, flow, outcome in zip(came, took, flows, outcomes, strict=True)
        ]
        self.renewals += [(begin, end) for begin, end in told["renewals"]]
        self.tokens.update(told["tokens"])
        self.cpu += told["cpu"]

    @property
    def undisturbed(self) -> list[Checkout]:
        """Those who met no time of faults."""
        return [one for one in self.checkouts if not overlaps(one.span, self.faults)]

    def by(self, key: Callable[[Checkout], _Key]) -> dict[_Key, list[Checkout]]:
        """Sort customers by something."""
        groups: dict[_Key, list[Checkout]] = defaultdict(list)
        for one in self.checkouts:
            groups[key(one)].append(one)
        return groups


def _floats(text: str) -> "array[float]":
    numbers = array("d")
    numbers.frombytes(b64decode(text))
    return numbers


def _indices(text: str) -> "array[int]":
    numbers = array("H")
    numbers.frombytes(b64decode(text))
    return numbers
