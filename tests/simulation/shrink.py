"""Make a plan that breaks a rule smaller."""

from attrs import evolve

from .history import History, run
from .plan import Plan

__all__ = ["rules_of", "shrink"]


def rules_of(history: History) -> set[str]:
    """Return the names of the rules that a history has broken."""
    return {text.partition(":")[0] for text in history.broken}


def shrink(history: History) -> History:
    """
    Drop moves as long as one of the same rules is broken; returns the last history that does.

    First halves, then quarters and so on are dropped, as delta debugging does.
    """
    wanted = rules_of(history)
    size = len(history.plan.moves) // 2
    while size:
        shorter = _without(history, size, wanted)
        if shorter is None:
            size //= 2
        else:
            history = shorter
    return history


def _without(history: History, size: int, wanted: set[str]) -> History | None:
    """Return the first history without `size` moves in a row that breaks one of the rules."""
    moves = history.plan.moves
    for start in range(0, len(moves), size):
        plan: Plan = evolve(history.plan, moves=moves[:start] + moves[start + size :])
        shorter = run(plan)
        if rules_of(shorter) & wanted:
            return shorter
    return None
