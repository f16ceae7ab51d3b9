"""The searches: fault sets that the design survives, broken variants, and the known holes."""

from typing import Final

from attrs import evolve, field, frozen

from .operation_rules import Case, Faults, Rules
from .operation_state import Violation

__all__ = ["BROKEN", "CLEAN", "HOLES", "LARGE", "SECOND_NETS", "Broken"]


@frozen
class Broken:
    """
    A variant that the search has to catch.

    Attributes:
        violation: The violation that it causes.
        faults: The faults that it does not survive.
        attempts: How many attempts that takes.
        horizon: How many ticks.
    """

    violation: Violation
    faults: Faults = field(factory=Faults)
    attempts: int = 2
    horizon: int = 1

    def case(self, rule: str | None = None) -> Case:
        """Return the search, without a rule."""
        rules = Rules() if rule is None else Rules(**{rule: False})
        return Case(self.faults, rules, self.attempts, self.horizon)


_CLAIMS: Final = Faults(crash=1, unknown=1, lost=True)
_LATE: Final = Faults(late=1, lost=True, operator=True)
_PERSON: Final = Faults(operator=True)
_KEYED: Final = Faults(api_key=True, lost=True)
_ROLLS_BACK: Final = Faults(losses=1, loss=("roll back",))
_FORGETS: Final = Faults(losses=1, loss=("forget",))
_ANY_LOSS: Final = ("roll back", "forget", "evict")

CLEAN: Final = {
    "no faults": Case(horizon=1),
    "arguments that cannot be encoded": Case(Faults(invalid=True, lost=True), horizon=1),
    "two crashes": Case(Faults(crash=2), horizon=1),
    "two unknown swaps": Case(Faults(unknown=2), attempts=2, horizon=1),
    "a crash, an unknown swap, lost answers": Case(_CLAIMS, horizon=1),
    "two cancellations, an unknown swap, lost answers": Case(
        Faults(cancel=2, unknown=1, lost=True), attempts=2, horizon=1
    ),
    "another request, a crash, lost answers": Case(
        Faults(other=True, crash=1, lost=True), horizon=1
    ),
    "a process that cannot open records, a crash, lost answers": Case(
        Faults(blind=True, crash=1, lost=True), horizon=1
    ),
    "late execution, an operator": Case(_LATE, horizon=2),
    "late execution, an operator, a crash, an unknown swap": Case(
        evolve(_LATE, crash=1, unknown=1), attempts=2
    ),
    "late execution, an operator, a cancellation, an unknown swap": Case(
        evolve(_LATE, cancel=1, unknown=1), attempts=2
    ),
    "late execution, an operator, a wrong clock": Case(
        evolve(_LATE, clock=1), attempts=2, horizon=2
    ),
    "an operator who is wrong": Case(Faults(operator=True, wrong=1), horizon=2),
    "records that end, a crash, lost answers": Case(
        Faults(ends=True, crash=1, lost=True), horizon=1
    ),
    "a store that rolls back, and nobody accepts": Case(evolve(_ROLLS_BACK, lost=True), horizon=1),
    "any loss, a crash, an unknown swap, nobody accepts": Case(
        Faults(crash=1, unknown=1, losses=1, loss=_ANY_LOSS), attempts=2, horizon=1
    ),
    "a store that rolls back, accepted": Case(
        evolve(_LATE, losses=1, loss=("roll back",)), attempts=2, horizon=2
    ),
    "a store that forgets all, accepted": Case(
        evolve(_LATE, losses=1, loss=("forget",)), attempts=2, horizon=2
    ),
    "a store that evicts, accepted": Case(
        evolve(_LATE, losses=1, loss=("evict",)), attempts=2, horizon=2
    ),
    "a store that forgets all, and `journal init`": Case(evolve(_FORGETS, reinit=1), horizon=1),
    "transactions, late execution": Case(evolve(_KEYED, late=1), attempts=2),
    "transactions, a crash, a cancellation": Case(
        evolve(_KEYED, crash=1, cancel=1), attempts=2, horizon=2
    ),
    "transactions, late execution, an operator": Case(
        evolve(_KEYED, late=1, operator=True), attempts=2, horizon=2
    ),
}
"""Fault sets under which the design is clean."""

BROKEN: Final = {
    "prepare_first": Broken(Violation.LOCKED, Faults(invalid=True)),
    "claim_first": Broken(Violation.TWICE),
    "swap_compares": Broken(Violation.TWICE, _PERSON, attempts=3, horizon=2),
    "unknown_swap_repeated": Broken(Violation.TWICE, Faults(unknown=1)),
    "withdraw_after_repeat": Broken(Violation.LOCKED, Faults(unknown=1, cancel=1)),
    "fingerprint_first": Broken(Violation.ANOTHER, Faults(other=True)),
    "unknown_outranks_reused": Broken(Violation.HIDDEN, Faults(other=True)),
    "waiter_never_sends": Broken(Violation.WAITER),
    "unopened_is_unknown": Broken(Violation.TWICE, Faults(blind=True)),
    "deadline_before_send": Broken(Violation.TWICE, _PERSON, horizon=2),
    "deadline_from_first_try": Broken(Violation.TWICE, Faults(operator=True, unknown=1), horizon=2),
    "deadline_by_larger_clock": Broken(Violation.TWICE, Faults(operator=True, clock=1), horizon=2),
    "cancelled_unsent_frees": Broken(Violation.LOCKED, Faults(cancel=1)),
    "cancelled_sent_stays_pending": Broken(Violation.TWICE, Faults(cancel=1)),
    "free_only_if_certain": Broken(Violation.TWICE, Faults(lost=True)),
    "unknown_send_stays_pending": Broken(Violation.FORGOTTEN, _KEYED),
    "unknown_claim_stays_pending": Broken(Violation.FORGOTTEN, _KEYED),
    "refusal_kept": Broken(Violation.DIFFERENT),
    "forgot_is_no_refusal": Broken(Violation.MISTOLD, _ROLLS_BACK, attempts=3),
    "answer_outranks": Broken(Violation.DENIED, Faults(operator=True, wrong=1), horizon=2),
    "resolve_after_settle": Broken(Violation.TWICE, _LATE, horizon=2),
    "resolve_by_smaller_age": Broken(Violation.TWICE, evolve(_LATE, clock=1), horizon=2),
    "look_after_settle": Broken(Violation.TWICE, _LATE, horizon=2),
    "no_clock_frees": Broken(Violation.TWICE, Faults(lost=True)),
    "hour_from_first_claim": Broken(
        Violation.TWICE, Faults(api_key=True, late=1), attempts=3, horizon=3
    ),
    "pending_has_no_end": Broken(Violation.TWICE, Faults(ends=True, lost=True)),
    "done_kept_for_promise": Broken(Violation.TWICE, Faults(ends=True)),
    "life_before_send": Broken(Violation.TWICE, _ROLLS_BACK),
    "free_needs_life": Broken(Violation.TWICE, evolve(_ROLLS_BACK, lost=True), attempts=3),
    "marker_id_compared": Broken(Violation.TWICE, evolve(_FORGETS, reinit=1)),
    "marker_by_person": Broken(Violation.TWICE, _FORGETS),
    "eviction_changes_life": Broken(Violation.TWICE, Faults(losses=1, loss=("evict",))),
    "accept_after_settle": Broken(
        Violation.TWICE, evolve(_LATE, losses=1, loss=("forget",)), horizon=2
    ),
    "accept_after_comparison": Broken(Violation.TWICE, evolve(_FORGETS, operator=True), horizon=2),
    "accept_after_resolving": Broken(
        Violation.FORGOTTEN, evolve(_FORGETS, operator=True), horizon=2
    ),
}
"""For each rule, what happens without it."""

SECOND_NETS: Final = {
    "life_before_claim": Case(
        evolve(_LATE, losses=1, loss=_ANY_LOSS),
        Rules(life_before_claim=False),
        attempts=2,
        horizon=2,
    ),
}
"""Rules without which nothing breaks as long as the others hold: they save writes, not money."""

HOLES: Final = {
    "a process is stopped between its last look at the clock and the write": Broken(
        Violation.TWICE, Faults(operator=True, stopped=True), horizon=2
    ),
    "a disk is rolled back as a whole": Broken(
        Violation.TWICE, Faults(losses=1, loss=("copy back",))
    ),
    "the API executes later than `settle`": Broken(
        Violation.TWICE, Faults(operator=True, late=2, lost=True), horizon=2
    ),
}
"""Holes that the design names and cannot close, or assumes closed: the search finds each."""

LARGE: Final = {
    "two unknown swaps, three attempts": Case(Faults(unknown=2), horizon=1),
    "a crash, two unknown swaps, lost answers": Case(
        Faults(crash=1, unknown=2, lost=True), horizon=1
    ),
    "two crashes, an unknown swap, a cancellation, lost answers": Case(
        Faults(crash=2, unknown=1, cancel=1, lost=True), horizon=1
    ),
    "late execution, an operator, four ticks": Case(_LATE, horizon=4),
    "late execution, an operator, a crash": Case(evolve(_LATE, crash=1)),
    "late execution, an operator, a cancellation": Case(evolve(_LATE, cancel=1)),
    "late execution, an operator, an unknown swap": Case(evolve(_LATE, unknown=1)),
    "late execution, an operator, a wrong clock, a crash, four ticks": Case(
        evolve(_LATE, clock=1, crash=1), attempts=2, horizon=4
    ),
    "a store that rolls back, accepted": Case(
        Faults(late=1, operator=True, losses=1, loss=("roll back",))
    ),
    "a store that forgets all, accepted": Case(
        Faults(late=1, operator=True, losses=1, loss=("forget",))
    ),
    "a store that evicts, accepted": Case(Faults(late=1, operator=True, losses=1, loss=("evict",))),
    "two losses, a crash, accepted, five ticks": Case(
        evolve(_LATE, crash=1, losses=2, loss=_ANY_LOSS), attempts=2, horizon=5
    ),
    "transactions, lost answers": Case(_KEYED, horizon=2),
    "transactions, late execution, three attempts": Case(evolve(_KEYED, late=1)),
    "transactions, late execution, a crash, an unknown swap, an operator": Case(
        evolve(_KEYED, late=1, crash=1, unknown=1, operator=True), attempts=2
    ),
}
"""More attempts, ticks and faults at once."""
