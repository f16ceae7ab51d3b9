"""
Search every interleaving of an operation (design, section 4) for one idempotency key.

The parties: up to three attempts, each a process with a wall clock and a boot-time clock; an API
that executes late or never, and whose answers are lost; a store that loses swaps and records, with
the journal's marker; an operator who looks up, resolves and accepts. `operation_rules` has the
rules as switches and the faults, `operation_attempt` what the library does, `operation_parties`
what the others do, `operation_cases` the searches.

    python -m tests.models.operation_model            the searches of the tests
    python -m tests.models.operation_model --large    more attempts and faults, some minutes
    python -m tests.models.operation_model -v         also the shortest trace of each violation
"""

# ruff: noqa: T201 - the command prints

import argparse
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from .operation_attempt import attempt_moves
from .operation_cases import BROKEN, CLEAN, HOLES, LARGE, SECOND_NETS
from .operation_parties import api_moves, clock_moves, operator_moves, store_moves
from .operation_rules import Case
from .operation_state import (
    Move,
    Moves,
    Outcome,
    Phase,
    State,
    Step,
    Violation,
    forgot,
    initial,
)

__all__ = ["Found", "Result", "search"]

_PARTIES: tuple[Moves, ...] = (
    attempt_moves,
    api_moves,
    store_moves,
    operator_moves,
    clock_moves,
)


class Found(NamedTuple):
    """
    A counterexample.

    Attributes:
        violation: The broken invariant.
        trace: The shortest way to it, step by step.
    """

    violation: Violation
    trace: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.violation}: {'; '.join(self.trace)}"


class Result(NamedTuple):
    """
    The result of a search.

    Attributes:
        states: How many states.
        found: The first counterexample, or None if there is none.
        outcomes: The outcomes of callers, in how many steps.
        conflict: `OperationConflict` was raised somewhere.
    """

    states: int
    found: Found | None
    outcomes: Counter[Outcome]
    conflict: bool


def search(case: Case, *, only: Violation | None = None) -> Result:
    """
    Search breadth-first to the end, or to the first violation.

    Args:
        case: Faults, rules and bounds.
        only: Look for this violation, and ignore others.
    """
    first = initial(case)
    parents: dict[State, tuple[State, str] | None] = {first: None}
    queue = deque([first])
    outcomes: Counter[Outcome] = Counter()
    conflict = False
    while queue:
        state = queue.popleft()
        moves = list(_moves(case, state))
        if not moves and (stuck := _stuck(state, only)):
            return Result(len(parents), Found(stuck, _trace(parents, state)), outcomes, conflict)
        for move in moves:
            if move.told is not None:
                outcomes[move.told] += 1
            if move.violation is None and move.state in parents:
                continue
            for violation in (move.violation, *_violations(move.state)):
                if violation is not None and only in {None, violation}:
                    trace = (*_trace(parents, state), move.label)
                    return Result(len(parents), Found(violation, trace), outcomes, conflict)
            if move.state in parents:
                continue
            parents[move.state] = (state, move.label)
            queue.append(move.state)
            conflict = conflict or move.state.conflict
    return Result(len(parents), None, outcomes, conflict)


def _moves(case: Case, state: State) -> Iterator[Move]:
    for party in _PARTIES:
        yield from party(case, state)


def _trace(parents: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    labels: list[str] = []
    while (at := parents[state]) is not None:
        state, label = at
        labels.append(label)
    return tuple(reversed(labels))


# -- what must hold in every state


def _violations(s: State) -> Iterator[Violation]:
    phase = None if s.record is None else s.record.phase
    # The names of an operation, so that nobody takes its key for unused.
    named = (
        phase in {Phase.PENDING, Phase.DONE}
        or s.conflict
        or s.misled  # a person has vouched for it
        or forgot(s, s.journal_id)
    )
    if s.ran > 1 and not s.misled:
        yield Violation.TWICE
    if not named and (s.ran or any(s.flights)):
        yield Violation.FORGOTTEN
    if _denied(s):
        yield Violation.DENIED
    if _locked(s):
        yield Violation.LOCKED


def _denied(s: State) -> bool:
    """Return whether an answer was given to a caller, and the journal says that nothing ran."""
    known = s.ran and any(a.told is Outcome.ANSWER and a.step is Step.END for a in s.attempts)
    phase = None if s.record is None else s.record.phase
    return bool(known and phase in {None, Phase.FREE}) and not (
        s.conflict or forgot(s, s.journal_id)
    )


def _locked(s: State) -> bool:
    record = s.record
    if record is None or record.phase is not Phase.PENDING or record.unknown or s.lost:
        return False
    claimant = s.attempts[record.by]
    if claimant.step is not Step.END or claimant.sends:
        return False
    # A process that died, or whose store did not answer to the end, could not free its key.
    return claimant.told not in {Outcome.KILLED, Outcome.UNAVAILABLE}


def _stuck(s: State, only: Violation | None) -> Violation | None:
    ended = all(a.step is Step.END for a in s.attempts)
    return None if ended or only not in {None, Violation.STUCK} else Violation.STUCK


# -- the command


def main() -> int:
    """Run the searches and print what each saw; return how many were not as expected."""
    parser = argparse.ArgumentParser(description="Search every interleaving of an operation.")
    parser.add_argument("--large", action="store_true", help="more attempts and faults")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the shortest traces")
    options = parser.parse_args()
    unexpected = 0
    for name, case, violation in _searches(large=options.large):
        before = time.process_time()
        result = search(case, only=violation)
        seconds = time.process_time() - before
        as_expected = violation == (result.found and result.found.violation)
        unexpected += not as_expected
        mark = "ok   " if as_expected else "WRONG"
        what = result.found.violation if result.found else "none"
        print(f"{mark} {name}: {result.states:,} states, {seconds:.1f} s: {what}", flush=True)
        if result.found and (options.verbose or not as_expected):
            print(f"      {'; '.join(result.found.trace)}")
    return unexpected


def _searches(*, large: bool) -> Iterator[tuple[str, Case, Violation | None]]:
    """Yield the name of each search, the case, and the violation that it has to find."""
    if large:
        for name, case in LARGE.items():
            yield name, case, None
        return
    for name, case in CLEAN.items():
        yield name, case, None
    for rule, case in SECOND_NETS.items():
        yield f"without {rule}", case, None
    for rule, broken in BROKEN.items():
        yield f"BROKEN: not {rule}", broken.case(rule), broken.violation
    for name, hole in HOLES.items():
        yield f"HOLE: {name}", hole.case(), hole.violation


if __name__ == "__main__":
    raise SystemExit(main())
