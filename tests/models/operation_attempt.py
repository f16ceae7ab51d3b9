"""
The steps of one attempt: prepare, claim, send, record or free (design, section 4).

Between any two of its steps the process may be stopped for any time, killed, or its task cancelled.
"""

from collections.abc import Iterator
from typing import Final

from .operation_rules import DEADLINE, HOUR, Case
from .operation_state import (
    Attempt,
    Flight,
    Marker,
    Move,
    Outcome,
    Phase,
    Record,
    State,
    Step,
    Violation,
    clocks,
    elapsed,
    forgot,
    operator_clock,
    overdue,
    store_clock,
    swapped,
    version_of,
    with_attempt,
)

__all__ = ["attempt_moves", "request_of"]

_MAX_SENDS: Final = 2


def request_of(case: Case, i: int) -> str:
    """Return what an attempt asks for: the fingerprint."""
    return "b" if case.faults.other and i == case.attempts - 1 else "a"


def attempt_moves(case: Case, s: State) -> Iterator[Move]:
    """Yield the next steps of all attempts."""
    for i, attempt in enumerate(s.attempts):
        if attempt.step is not Step.END:
            for move in _moves(case, s, i, attempt):
                yield move._replace(label=f"{i}: {move.label}")


def _moves(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    if a.step is Step.PREPARE:
        yield from _prepare(case, s, i, a)
        return
    if s.left.crash:
        yield from _crash(case, s, i, a)
    if s.left.cancel and not a.cancelled:
        yield from _cancel(case, s, i, a)
    yield from _STEPS[a.step](case, s, i, a)


_KEPT: Final = {
    Outcome.ANSWER,
    Outcome.REFUSED,
    Outcome.FORGOT,
    Outcome.KILLED,
    Outcome.UNAVAILABLE,
}
"""The outcomes on which anything depends later; dropping the others saves states."""


def _ends(
    label: str,
    s: State,
    i: int,
    a: Attempt,
    told: Outcome,
    wrong: Violation | None = None,
    *,
    kept: bool = True,
) -> Move:
    """End an attempt, and drop all of it that nothing depends on any more."""
    kept = kept and told in _KEPT and a.step not in {Step.LOAD, Step.WAIT}
    ended = Attempt(Step.END, told=told if kept else None, afloat=a.afloat, sends=min(a.sends, 1))
    return Move(label, with_attempt(s, i, ended), wrong, told)


# -- faults of the process


def _crash(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    after = s._replace(left=s.left._replace(crash=s.left.crash - 1))
    told = a.told if a.told is Outcome.ANSWER else Outcome.KILLED
    yield _ends("is killed", after, i, a, told)
    if a.step is Step.CLAIM and a.afloat is None:  # its swap is on the way
        afloat = (version_of(a.found), _pending(case, i, a))
        yield _ends("is killed in its swap", after, i, a._replace(afloat=afloat), told)


def _cancel(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Cancel the task; an answer that is there is recorded all the same."""
    rules = case.rules
    after = s._replace(left=s.left._replace(cancel=s.left.cancel - 1))
    if a.step in {Step.LOAD, Step.WAIT} or (a.step is Step.CLAIM and not a.tried):
        yield _ends("is cancelled", after, i, a, Outcome.CANCELLED)
    elif a.step in {Step.CLAIM, Step.SEND} and not a.sends:
        if not rules.cancelled_unsent_frees:
            yield _ends("is cancelled unsent", after, i, a, Outcome.CANCELLED)
            return
        goes_on = a.step is Step.CLAIM and rules.withdraw_after_repeat
        step = Step.CLAIM if goes_on else Step.WITHDRAW
        a = a._replace(step=step, cancelled=True, told=Outcome.CANCELLED)
        yield Move("is cancelled unsent", with_attempt(after, i, a))
    elif a.step in {Step.SEND, Step.WRITE, Step.ANSWER}:
        if rules.cancelled_sent_stays_pending:
            yield _ends("is cancelled", after, i, a, Outcome.UNKNOWN)
        else:
            a = a._replace(step=Step.WITHDRAW, cancelled=True, told=Outcome.CANCELLED)
            yield Move("is cancelled", with_attempt(after, i, a))


# -- 1. prepare


def _prepare(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Validate, encode, get the token, all without a trace; nobody sees when, so load at once."""
    # Attempts that ask for the same are interchangeable until they start: they start in order.
    alike = i > 0 and request_of(case, i) == request_of(case, i - 1) and not case.faults.blind
    if alike and s.attempts[i - 1].step is Step.PREPARE:
        return
    if case.faults.invalid and case.rules.prepare_first:
        yield _ends("cannot be prepared", s, i, a, Outcome.INVALID)
    yield from _load(case, s, i, a._replace(step=Step.LOAD, knows=s.journal_id))


# -- 2. claim


def _load(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Judge what the journal holds."""
    rules, record, request = case.rules, s.record, request_of(case, i)
    if record is not None and case.faults.blind and i == case.attempts - 1:
        if rules.unopened_is_unknown:
            yield _ends("cannot open the record", s, i, a, Outcome.UNKNOWN)
        else:
            yield _may_claim("takes an unopened record for absent", case, s, i, a)
    elif record is None or record.phase is Phase.FREE:
        yield from _load_unclaimed(case, s, i, a)
    elif overdue(s, record):
        yield from _load_overdue(case, s, i, a, record)
    elif record.request != request and (rules.fingerprint_first or record.phase is Phase.DONE):
        yield _ends("asks for something else", s, i, a, Outcome.REUSED)
    elif record.phase is Phase.DONE:
        yield _ends("is answered from the journal", s, i, a, Outcome.REPLAYED)
    else:
        a = a._replace(step=Step.WAIT, awaits=record.by)
        yield Move(f"waits for {record.by}", with_attempt(s, i, a))


def _load_unclaimed(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Absent and free permit a claim only in the journal's accepted life."""
    rules = case.rules
    what = "absent" if s.record is None else "free"
    if s.marker is None and not rules.marker_by_person:
        s = s._replace(marker=Marker(s.journal_id, s.life))
        yield _may_claim(f"loads {what} and writes a marker", case, s, i, a)
    elif rules.life_before_claim and _forgot(case, s, a, s.record):
        yield _ends(f"loads {what} in another life", _noticed(s), i, a, Outcome.FORGOT)
    else:
        yield _may_claim(f"loads {what}", case, s, i, a)


def _load_overdue(case: Case, s: State, i: int, a: Attempt, record: Record) -> Iterator[Move]:
    """Its outcome is unknown, whatever is asked; a transaction may be sent again for an hour."""
    rules, same = case.rules, record.request == request_of(case, i)
    if not same and not rules.unknown_outranks_reused:
        yield _ends("asks for something else", s, i, a, Outcome.REUSED, Violation.HIDDEN)
        return
    yield _ends("loads an overdue record", s, i, a, Outcome.UNKNOWN)
    if not same:
        return
    if case.faults.api_key:
        since = record.first if rules.hour_from_first_claim else record.begun
        if max(clocks(s, i)[0] - since, store_clock(s) - record.written) <= HOUR:
            yield _may_claim("takes over the overdue claim", case, s, i, a)
    elif not rules.no_clock_frees:
        yield _may_claim("takes an overdue record for free", case, s, i, a)


def _may_claim(label: str, case: Case, s: State, i: int, a: Attempt) -> Move:
    """Read the clocks before the first try of the claim."""
    wall, boot = clocks(s, i)
    step = Step.CLAIM if case.rules.claim_first else Step.SEND
    a = a._replace(step=step, found=s.record, wall=wall, boot=boot)
    return Move(label, with_attempt(s, i, a))


def _pending(case: Case, i: int, a: Attempt) -> Record:
    """Return the record of a claim; what it claims over is its history."""
    over = a.found
    taken_over = over is not None and over.phase is Phase.PENDING
    return Record(
        Phase.PENDING,
        f"pending {i}",
        by=i,
        request=request_of(case, i),
        begun=a.wall,
        first=over.first if over is not None and taken_over else a.wall,
        unknown=taken_over and case.rules.unknown_claim_stays_pending,
        refused=() if over is None else over.refused,
    )


def _claim(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Swap the pending record in; repeat the swap until it is known to be written or not."""
    rules, new, expected = case.rules, _pending(case, i, a), version_of(a.found)
    claimed = a._replace(step=Step.SEND, tried=False, afloat=None)
    if not rules.deadline_from_first_try:
        wall, boot = clocks(s, i)
        claimed = claimed._replace(wall=wall, boot=boot)
    after = swapped(case, s, expected, new)
    if after is not None:
        yield Move("claims", with_attempt(after, i, claimed))
    elif a.cancelled:
        yield _ends("loses the claim", s, i, a._replace(afloat=None), Outcome.CANCELLED)
    else:
        lost = a._replace(step=Step.LOAD, found=None, tried=False, afloat=None)
        yield Move("loses the claim", with_attempt(s, i, lost))
    if a.tried and not a.cancelled:
        yield _ends("gives up its claim", s, i, a, Outcome.UNAVAILABLE)
    if s.left.unknown and not a.tried:
        less = s._replace(left=s.left._replace(unknown=s.left.unknown - 1))
        goes_on = a._replace(tried=True) if rules.unknown_swap_repeated else claimed
        if after is not None:
            applied = after._replace(left=less.left)
            yield Move("claims, the answer is lost", with_attempt(applied, i, goes_on))
        afloat = goes_on._replace(afloat=(expected, new))
        yield Move("claims late, unanswered", with_attempt(less, i, afloat))


def _wait(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Wait for the outcome of another claim; whatever it is, send nothing."""
    record, of = s.record, a.awaits
    if record is None:
        yield _ends("sees the record gone", s, i, a, Outcome.UNKNOWN)
    elif of in record.refused:
        withdrawn = s.attempts[of].told is Outcome.FORGOT
        wrong = Violation.MISTOLD if withdrawn and (s.ran or any(s.flights)) else None
        yield _ends("sees the refusal", s, i, a, Outcome.REFUSED, wrong)
        if record.phase is Phase.FREE and not case.rules.waiter_never_sends:
            yield _may_claim("sees the refusal, and claims", case, s, i, a)
    elif record.phase is Phase.DONE:
        wrong = None
        if record.request != request_of(case, i):
            wrong = Violation.ANOTHER
        elif _was_freed(s, of):
            wrong = Violation.DIFFERENT
        yield _ends("sees the answer", s, i, a, Outcome.REPLAYED, wrong)
    elif record.phase is Phase.PENDING and record.by == of:
        if overdue(s, record):
            yield _ends("has waited to the deadline", s, i, a, Outcome.UNKNOWN)
        yield _ends("waits no longer", s, i, a, Outcome.IN_PROGRESS)
    else:
        wrong = Violation.DIFFERENT if _was_freed(s, of) else None
        yield _ends("sees another record", s, i, a, Outcome.UNKNOWN, wrong)


def _was_freed(s: State, of: int | None) -> bool:
    """Return whether a claim was freed after a refusal, and the store has lost nothing since."""
    return of is not None and s.attempts[of].told is Outcome.REFUSED and not s.lost


# -- 3. send


def _send(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Look at the deadline and at the journal's life; then send, or withdraw the claim."""
    rules = case.rules
    if a.cancelled:
        yield Move("withdraws", with_attempt(s, i, a._replace(step=Step.WITHDRAW)))
        return
    if case.faults.invalid and not rules.prepare_first:
        yield _ends("cannot be encoded", s, i, a, Outcome.INVALID)
    if rules.deadline_before_send and elapsed(case, s, i) > DEADLINE:
        if a.sends:
            yield _ends("has no time to send again", s, i, a, Outcome.UNKNOWN)
        else:
            a = a._replace(step=Step.WITHDRAW, told=Outcome.NOT_SENT)
            yield Move("is past its deadline", with_attempt(s, i, a))
        return
    if rules.life_before_send and _forgot(case, s, a, a.found):
        if a.sends:
            yield _ends("finds another life", _noticed(s), i, a, Outcome.UNKNOWN)
        else:
            a = a._replace(step=Step.WITHDRAW, told=Outcome.FORGOT)
            yield Move("finds another life", with_attempt(_noticed(s), i, a))
        return
    wrong = Violation.WAITER if a.awaits is not None else None
    if case.faults.stopped:
        yield Move("has looked last", with_attempt(s, i, a._replace(step=Step.WRITE)), wrong)
    else:
        yield Move("sends", _sent(case, s, i, a), wrong)


def _write(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Write the request, whatever has happened since the last look."""
    yield Move("writes", _sent(case, s, i, a))


def _sent(case: Case, s: State, i: int, a: Attempt) -> State:
    """Return the state in which the API has the request; earlier connections are closed."""
    flights = (
        *(f._replace(heard=False) for f in s.flights[i]),
        Flight(s.now + case.faults.late, heard=True),
    )
    s = s._replace(flights=(*s.flights[:i], flights, *s.flights[i + 1 :]))
    return with_attempt(s, i, a._replace(step=Step.ANSWER, sends=a.sends + 1))


def _answer(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Without an answer the outcome is unknown; only a transaction is sent again, with its key."""
    nothing_comes = not any(f.heard for f in s.flights[i])
    if not (nothing_comes or case.faults.lost or elapsed(case, s, i) > DEADLINE):
        return
    if not case.rules.free_only_if_certain:
        a = a._replace(step=Step.FREE, told=Outcome.REFUSED)
        yield Move("gets no answer, and frees", with_attempt(s, i, a))
        return
    yield _ends("gets no answer", s, i, a, Outcome.UNKNOWN)
    if case.faults.api_key and a.sends < _MAX_SENDS:
        again = a._replace(step=Step.SEND, unknown=True)
        yield Move("gets no answer, sends again", with_attempt(s, i, again))


# -- 4. record


def _record(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Record the answer; it outranks everything but another answer."""
    record, version = s.record, f"done {i}"
    if record is not None and record.phase is Phase.DONE:
        yield _ends("finds its answer recorded", s, i, a, Outcome.ANSWER)
        return
    own = record is not None and record.version == f"pending {i}"
    if not own and not case.rules.answer_outranks:
        yield _ends("drops its answer", s, i, a, Outcome.ANSWER)
        return
    refused = () if record is None else record.refused
    done = Record(Phase.DONE, version, i, request_of(case, i), refused=refused)
    after = swapped(case, s, version_of(record), done)
    if after is not None:
        conflict = s.conflict or not own
        label = "records done" if own else "records done: OperationConflict"
        after = after._replace(conflict=conflict)
        yield _ends(label, after, i, a, Outcome.ANSWER)
        if s.left.unknown:
            less = s.left._replace(unknown=s.left.unknown - 1)
            yield Move(f"{label}, unanswered", after._replace(left=less))


def _free(case: Case, s: State, i: int, a: Attempt) -> Iterator[Move]:
    """Free the key against the claim's own version: after a certain refusal, or if unsent."""
    rules, claim = case.rules, _pending(case, i, a)
    told = a.told or Outcome.REFUSED
    if a.step is Step.FREE and a.unknown and rules.unknown_send_stays_pending:
        yield _ends("keeps the claim: an earlier send is unknown", s, i, a, Outcome.UNKNOWN)
        return
    if claim.unknown:
        told = Outcome.UNKNOWN if a.step is Step.FREE else told
        yield _ends("keeps the claim that it took over", s, i, a, told)
        return
    refused = (*claim.refused, i) if rules.refusal_kept else ()
    if told is Outcome.FORGOT and rules.forgot_is_no_refusal:
        refused = claim.refused
    free = Record(Phase.FREE, f"free {i}", i, claim.request, refused=refused)
    expected = claim.version if rules.swap_compares else version_of(s.record)
    after = swapped(case, s, expected, free)
    label = "frees" if a.step is Step.FREE else "withdraws its claim"
    if after is None:
        yield _ends("finds another record", s, i, a, told, kept=False)
        return
    yield _ends(label, after, i, a, told)
    if s.left.unknown:  # repeated until it is known
        less = s.left._replace(unknown=s.left.unknown - 1)
        yield Move(f"{label}, unanswered", after._replace(left=less))


# -- the journal's life


def _forgot(case: Case, s: State, a: Attempt, record: Record | None) -> bool:
    """Return whether nothing may be sent for this key: absent or free, in another life."""
    rules = case.rules
    if record is not None and record.phase is Phase.FREE and not rules.free_needs_life:
        return False
    return forgot(s, a.knows, compare_id=rules.marker_id_compared)


def _noticed(s: State) -> State:
    """Note the first `JournalForgot` by the store's clock and by the wall clock."""
    noticed = s.noticed or (store_clock(s), operator_clock(s))
    return s._replace(noticed=noticed)


_STEPS: Final = {
    Step.LOAD: _load,
    Step.WAIT: _wait,
    Step.CLAIM: _claim,
    Step.SEND: _send,
    Step.WRITE: _write,
    Step.ANSWER: _answer,
    Step.RECORD: _record,
    Step.FREE: _free,
    Step.WITHDRAW: _free,
}
