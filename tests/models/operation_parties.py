"""The other parties: the API, the store, the operator, and the clocks."""

from collections.abc import Iterator

from .operation_rules import DEADLINE, HOUR, SETTLE, SKEW, Case
from .operation_state import (
    Flight,
    Marker,
    Move,
    Outcome,
    Phase,
    Record,
    State,
    Step,
    forgot,
    operator_clock,
    settled,
    store_clock,
    swapped,
    version_of,
    with_attempt,
)

__all__ = ["api_moves", "clock_moves", "operator_moves", "store_moves"]


# -- the clocks


def clock_moves(case: Case, s: State) -> Iterator[Move]:
    """Let a tick pass, or set one clock wrong."""
    due = any(flight.latest <= s.now for flights in s.flights for flight in flights)
    if s.now < case.horizon and not due:
        yield Move("a tick passes", s._replace(now=s.now + 1))
    if s.left.clock:
        left = s.left._replace(clock=s.left.clock - 1)
        for k, skew in enumerate(s.skews):
            for step in (-SKEW, SKEW):
                skews = (*s.skews[:k], skew + step, *s.skews[k + 1 :])
                label = f"clock {_clock(case, k)} is set by {step:+}"
                yield Move(label, s._replace(skews=skews, left=left))


def _clock(case: Case, k: int) -> str:
    names = [f"{kind} {i}" for kind in ("wall", "boot") for i in range(case.attempts)]
    return [*names, "store", "operator"][k]


# -- the API


def api_moves(case: Case, s: State) -> Iterator[Move]:
    """Execute a request, refuse it, or lose it; the answer reaches the sender, or is lost."""
    for i, flights in enumerate(s.flights):
        for k, flight in enumerate(flights):
            rest = (*flights[:k], *flights[k + 1 :])
            after = s._replace(flights=(*s.flights[:i], rest, *s.flights[i + 1 :]))
            for move in _deal_with(case, after, i, flight):
                yield move._replace(label=f"API: {move.label} {i}")


def _deal_with(case: Case, s: State, i: int, flight: Flight) -> Iterator[Move]:
    a = s.attempts[i]
    heard = flight.heard and a.step is Step.ANSWER
    ran = _executed(case, s)
    if heard:
        told = a._replace(step=Step.RECORD, told=Outcome.ANSWER)
        yield Move("executes", with_attempt(ran, i, told))
        yield Move("refuses", with_attempt(s, i, a._replace(step=Step.FREE)))
    if case.faults.lost or not heard:
        yield Move("executes, unheard,", ran)
        yield Move("never executes", s)


def _executed(case: Case, s: State) -> State:
    """Return the state after an execution; a transaction's key is known for an hour and more."""
    known = s.ran and s.now - s.ran_at <= HOUR + DEADLINE + case.faults.late
    if case.faults.api_key and known:
        return s
    return s._replace(ran=s.ran + 1, ran_at=s.now if case.faults.api_key else 0)


# -- the store


def store_moves(case: Case, s: State) -> Iterator[Move]:
    """Apply late swaps; lose records; end records."""
    for i, a in enumerate(s.attempts):
        if a.afloat is not None and version_of(s.record) == a.afloat[0]:
            after = swapped(case, s, *a.afloat)
            if after is not None:
                landed = with_attempt(after, i, a._replace(afloat=None))
                yield Move(f"store: the swap of {i} lands", landed)
    if s.left.losses:
        for how in case.faults.loss:
            yield from _lose(case, s, how)
    if case.faults.ends:
        yield from _ends(case, s)


def _lose(case: Case, s: State, how: str) -> Iterator[Move]:
    after = s._replace(left=s.left._replace(losses=s.left.losses - 1), past=(), lost=True)
    if how == "forget" and (s.record is not None or s.marker is not None):
        yield Move("store: forgets all", after._replace(record=None, marker=None))
    elif how == "evict" and s.record is not None:
        life = s.life + case.rules.eviction_changes_life
        yield Move("store: evicts the record", after._replace(record=None, life=life))
    elif how in {"roll back", "copy back"} and s.past:
        life = s.life + (how == "roll back")
        yield Move(f"store: {how} one write", after._replace(record=s.past[-1], life=life))


def _ends(case: Case, s: State) -> Iterator[Move]:
    """End records; days pass, so nobody is in the middle of an operation."""
    rules, record = case.rules, s.record
    if record is None:
        return
    gone = s._replace(record=None)
    idle = all(a.step in {Step.PREPARE, Step.END} for a in s.attempts) and not any(s.flights)
    if record.phase is Phase.FREE and idle:
        yield Move("store: a free record ends", gone)
    elif record.phase is Phase.DONE and idle:
        if rules.done_kept_for_promise:
            yield Move("store: a done record ends with its promise", gone._replace(ran=0))
        else:
            yield Move("store: a done record ends", gone)
    elif record.phase is Phase.PENDING and not rules.pending_has_no_end:
        yield Move("store: a pending record ends", gone)


# -- the operator


def operator_moves(case: Case, s: State) -> Iterator[Move]:
    """Look up, resolve, enter what was lost, accept."""
    if s.left.reinit and s.marker is None:
        left = s.left._replace(reinit=s.left.reinit - 1)
        marker = Marker(s.journal_id + 1, s.life)
        yield Move("somebody runs `journal init`", s._replace(marker=marker, left=left))
    if not case.faults.operator:
        return
    if s.record is not None and s.record.phase is Phase.PENDING:
        yield from _resolve(case, s, s.record)
    if forgot(s, s.journal_id):
        yield from _accept(case, s)


def _resolve(case: Case, s: State, record: Record) -> Iterator[Move]:
    rules = case.rules
    by, refused = record.by, (*record.refused, record.by)
    free = Record(Phase.FREE, f"resolved {by}", by, record.request, refused=refused)
    may_free = settled(case, s, record.written, record.begun, settle=rules.resolve_after_settle)
    if s.ran:  # at once
        done = Record(Phase.DONE, f"entered {by}", by, record.request, refused=record.refused)
        yield from _written(case, s, "operator: finds it, resolves executed", record, done)
        if s.left.wrong and may_free:
            left = s.left._replace(wrong=s.left.wrong - 1)
            misled = s._replace(left=left, misled=True)
            yield from _written(case, misled, "operator: wrongly resolves not", record, free)
    elif s.looked != record.version and (may_free or not rules.look_after_settle):
        yield Move("operator: finds nothing", s._replace(looked=record.version))
    if s.looked == record.version and may_free:
        yield from _written(case, s, "operator: resolves not executed", record, free)


def _written(case: Case, s: State, label: str, old: Record | None, new: Record) -> Iterator[Move]:
    after = swapped(case, s, version_of(old), new)
    if after is not None:
        yield Move(label, after._replace(looked=None))


def _accept(case: Case, s: State) -> Iterator[Move]:
    """Accept another life, after a comparison with the API, and only when all has settled."""
    rules, record = case.rules, s.record
    if s.noticed is None:
        noticed = (store_clock(s), operator_clock(s))
        yield Move("operator: runs `journal check`", s._replace(noticed=noticed))
    unnamed = record is None or record.phase is Phase.FREE
    if s.ran and unnamed:
        by = 0 if record is None else record.by
        entered = Record(Phase.DONE, f"entered {by}", by, "a")
        yield from _written(case, s, "operator: enters what ran", record, entered)
        if rules.accept_after_comparison:
            return
    # A pending record may be a stray claim of this life, over what was lost: resolve it first.
    pending = record is not None and record.phase is Phase.PENDING
    if s.noticed is None or (pending and rules.accept_after_resolving):
        return
    ages = (store_clock(s) - s.noticed[0], operator_clock(s) - s.noticed[1])
    if not rules.accept_after_settle or min(ages) > DEADLINE + SETTLE:
        journal_id = s.journal_id + 1
        marker = Marker(journal_id, s.life)
        after = s._replace(marker=marker, journal_id=journal_id, noticed=None)
        yield Move("operator: accept", after)
