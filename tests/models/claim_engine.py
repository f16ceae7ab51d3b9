"""
Breadth-first search of a model, with shortest traces.

There is no livelock if no steps can go on for ever without a tick (`cycle`), and if some step is
left to do before the horizon (`end`); waiting is bounded by an invariant of the model.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

from attrs import frozen

__all__ = ["Found", "Model", "Move", "Result", "Violation", "search"]

S = TypeVar("S", bound=Hashable)

TICK: Final = "tick"


class Violation(NamedTuple):
    """
    A step or state that must not be.

    Attributes:
        kind: Its kind, one letter.
        text: In words.
    """

    kind: str
    text: str


class Move(NamedTuple, Generic[S]):
    """
    One step.

    Attributes:
        label: In words; a tick begins with `tick`.
        state: The state after it.
        violations: Violations of the step itself.
        fault: Whether it need not happen.
        step: Name of the step of `flexiti_async.tokens.claim` that it is, if any.
    """

    label: str
    state: S
    violations: tuple[Violation, ...] = ()
    fault: bool = False
    step: str = ""


class Model(ABC, Generic[S]):
    """A state machine."""

    @property
    @abstractmethod
    def horizon(self) -> int:
        """The last tick."""

    @abstractmethod
    def initial(self) -> S:
        """Return the first state."""

    @abstractmethod
    def moves(self, state: S) -> list[Move[S]]:
        """Return all steps from a state."""

    @abstractmethod
    def tidy(self, state: S) -> S:
        """Return the state without differences that no rule looks at."""

    @abstractmethod
    def invariants(self, state: S) -> tuple[Violation, ...]:
        """Return what must not be so in a state."""

    @abstractmethod
    def tick_of(self, state: S) -> int:
        """Return the time in a state."""

    @abstractmethod
    def requests_of(self, state: S) -> int:
        """Return how many token requests were made for one key, at most."""


class Found(NamedTuple):
    """A violation, and the shortest way to it."""

    text: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.text}: {'; '.join(self.trace)}"


@frozen
class Result:
    """
    The result of a search.

    Attributes:
        states: How many states it visited.
        complete: Whether these are all.
        found: The first violation of each kind.
        requests: The most token requests for one key.
        steps: The steps of the library that occur.
    """

    states: int
    complete: bool
    found: Mapping[str, Found]
    requests: int
    steps: frozenset[str]


class _Search(Generic[S]):
    def __init__(self, model: Model[S]) -> None:
        self.model = model
        first = model.initial()
        self.index: dict[S, int] = {first: 0}
        self.parents: list[tuple[int, str]] = [(-1, "")]
        self.queue = deque([first])
        self.found: dict[str, Found] = {}
        self.edges: list[tuple[int, int]] = []  # without ticks and faults
        self.ends: list[int] = []
        self.steps: set[str] = set()
        self.requests = 0

    def trace(self, at: int) -> tuple[str, ...]:
        labels: list[str] = []
        while at > 0:
            at, label = self.parents[at]
            labels.append(label)
        return tuple(reversed(labels))

    def note(self, kind: str, text: str, trace: tuple[str, ...]) -> None:
        self.found.setdefault(kind, Found(text, trace))

    def expand(self) -> None:
        """Visit the next state."""
        state = self.queue.popleft()
        here = self.index[state]
        moves = self.model.moves(state)
        if all(move.fault for move in moves) and self.model.tick_of(state) < self.model.horizon:
            self.ends.append(here)
        for move in moves:
            self.take(here, move)

    def take(self, here: int, move: Move[S]) -> None:
        self.steps.add(move.step)
        violations = move.violations
        state = self.model.tidy(move.state)
        there = self.index.get(state)
        if there is None:
            there = self.index[state] = len(self.parents)
            self.parents.append((here, move.label))
            self.queue.append(state)
            violations += self.model.invariants(state)
            self.requests = max(self.requests, self.model.requests_of(state))
        if not move.fault and not move.label.startswith(TICK):
            assert there != here, f"a step that changes nothing would stop the clock: {move.label}"
            self.edges.append((here, there))
        for kind, text in violations:
            if kind not in self.found:
                self.note(kind, text, (*self.trace(here), move.label))

    def in_a_cycle(self) -> int | None:
        """Return a state on a way, or after one, that can go on for ever without a tick."""
        entries = [0] * len(self.parents)
        following: dict[int, list[int]] = {}
        for one, other in self.edges:
            entries[other] += 1
            following.setdefault(one, []).append(other)
        todo = [at for at, count in enumerate(entries) if not count]
        while todo:
            for other in following.get(todo.pop(), ()):
                entries[other] -= 1
                if not entries[other]:
                    todo.append(other)
        return next((at for at, count in enumerate(entries) if count), None)


def search(model: Model[S], *, stop_at: str | None = None, limit: int = 2_000_000) -> Result:
    """
    Search to the end, or to the first violation of a kind.

    Args:
        model: The model.
        stop_at: The kind of violation to stop at.
        limit: States after which the search is cut.
    """
    run = _Search(model)
    while run.queue and stop_at not in run.found and len(run.parents) <= limit:
        run.expand()
    complete = not run.queue
    if complete:
        cycle = run.in_a_cycle()
        if cycle is not None:
            run.note("cycle", "steps without time passing can go on for ever", run.trace(cycle))
        if run.ends:
            run.note("end", "nobody can go on", run.trace(run.ends[0]))
    steps = frozenset(run.steps - {""})
    return Result(len(run.parents), complete, run.found, run.requests, steps)
