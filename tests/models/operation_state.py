"""One state of the model: the journal's record, the attempts, the API, the clocks, the operator."""

from collections.abc import Callable, Iterator
from enum import StrEnum, auto
from typing import Final, NamedTuple

from .operation_rules import DEADLINE, SETTLE, Case

__all__ = [
    "Attempt",
    "Flight",
    "Left",
    "Marker",
    "Move",
    "Moves",
    "Outcome",
    "Phase",
    "Record",
    "State",
    "Step",
    "Violation",
    "elapsed",
    "forgot",
    "initial",
    "overdue",
    "settled",
    "store_clock",
    "swapped",
    "version_of",
    "with_attempt",
]


class Phase(StrEnum):
    """The phase of a record; a key without a record is None."""

    PENDING = auto()
    DONE = auto()
    FREE = auto()


class Step(StrEnum):
    """The next step of an attempt."""

    PREPARE = auto()
    LOAD = auto()
    WAIT = auto()
    CLAIM = auto()
    SEND = auto()
    WRITE = auto()
    ANSWER = auto()
    RECORD = auto()
    FREE = auto()
    WITHDRAW = auto()
    END = auto()


class Outcome(StrEnum):
    """The outcome that a caller gets."""

    ANSWER = auto()
    REPLAYED = auto()
    REFUSED = auto()
    IN_PROGRESS = "OperationInProgress"
    UNKNOWN = "OutcomeUnknown"
    REUSED = "IdempotencyKeyReused"
    FORGOT = "JournalForgot"
    UNAVAILABLE = "StoreUnavailable"
    INVALID = "ValidationError"
    NOT_SENT = auto()
    CANCELLED = auto()
    KILLED = auto()


class Violation(StrEnum):
    """A broken invariant."""

    TWICE = "money moved twice"
    FORGOTTEN = "a send that may have run is named by nothing"
    DENIED = "a caller has the answer, and the journal does not know"
    LOCKED = "locked, although nothing was sent and the process lived to say so"
    ANOTHER = "the answer to another request"
    WAITER = "a waiter sent"
    DIFFERENT = "a waiter got another outcome than the claim it waited for"
    MISTOLD = "a waiter reads that nothing ran, in a life that forgot what did"
    HIDDEN = "an unknown outcome is reported as a reused key"
    STUCK = "an attempt never ends"


class Record(NamedTuple):
    """
    The record of the key in the journal.

    Attributes:
        phase: Its phase.
        version: Drawn anew for every write.
        by: The attempt that claimed.
        request: The request: its fingerprint.
        begun: The claimant's wall clock before its first try, while it is pending.
        first: The same of the first claim, where one was taken over.
        unknown: A claim that this one took over has an unknown outcome.
        refused: The attempts whose claims ended without an execution: the history.
        written: The store's clock at the write, while it is pending.
    """

    phase: Phase
    version: str
    by: int
    request: str
    begun: int = 0
    first: int = 0
    unknown: bool = False
    refused: tuple[int, ...] = ()
    written: int = 0


class Attempt(NamedTuple):
    """
    One process that makes the operation.

    Attributes:
        step: Its next step.
        found: The record that it loaded, and claims over.
        wall: Its wall clock before the first try of the claim.
        boot: The same by its boot-time clock.
        tried: The answer of its swap was lost.
        afloat: A swap that may still land: the expected version, and the record.
        cancelled: It was cancelled, and ends its claim.
        sends: How often it sent.
        unknown: One of its sends has an unknown outcome.
        awaits: The attempt whose claim it waits for.
        told: The outcome of its caller, as far as anything depends on it.
        knows: The marker's id that this process has seen.
    """

    step: Step = Step.PREPARE
    found: Record | None = None
    wall: int = 0
    boot: int = 0
    tried: bool = False
    afloat: tuple[str | None, Record] | None = None
    cancelled: bool = False
    sends: int = 0
    unknown: bool = False
    awaits: int | None = None
    told: Outcome | None = None
    knows: int = 0


class Flight(NamedTuple):
    """
    A request that the API has received.

    Attributes:
        latest: The last tick in which it may be executed.
        heard: Its connection is open: the answer can reach the sender.
    """

    latest: int
    heard: bool


class Marker(NamedTuple):
    """
    The marker of the journal.

    Attributes:
        id: Random, drawn by `journal init` and `journal accept`.
        life: The physical fingerprint of the store when it was written.
    """

    id: int
    life: int


class Left(NamedTuple):
    """How often each fault may still happen."""

    crash: int
    cancel: int
    unknown: int
    losses: int
    clock: int
    wrong: int
    reinit: int


class State(NamedTuple):
    """
    Everything, at one moment.

    Attributes:
        now: True time.
        record: The journal's record of the key.
        past: The record before it, if the store can roll back.
        attempts: The processes.
        flights: The requests of each that the API has not dealt with.
        ran: How often the API executed the operation within the promise.
        ran_at: When it did first.
        life: The physical fingerprint of the store.
        marker: The journal's marker.
        journal_id: The marker's id that processes see when they start.
        noticed: When `JournalForgot` was first raised: the store's clock, the operator's.
        looked: The version for which the operator found nothing at the API.
        skews: How wrong the clocks are: walls, boot-time clocks, the store's, the operator's.
        left: The faults that may still happen.
        conflict: `OperationConflict` was raised.
        misled: The operator said "not executed" of what was executed.
        lost: The store has lost something.
    """

    now: int
    record: Record | None
    past: tuple[Record | None, ...]
    attempts: tuple[Attempt, ...]
    flights: tuple[tuple[Flight, ...], ...]
    ran: int
    ran_at: int
    life: int
    marker: Marker | None
    journal_id: int
    noticed: tuple[int, int] | None
    looked: str | None
    skews: tuple[int, ...]
    left: Left
    conflict: bool
    misled: bool
    lost: bool


class Move(NamedTuple):
    """
    One step of one party.

    Attributes:
        label: The step, in words.
        state: The state afterwards.
        violation: The invariant that the step itself breaks.
        told: The outcome of the caller whose attempt ends.
    """

    label: str
    state: State
    violation: Violation | None = None
    told: Outcome | None = None


Moves = Callable[[Case, State], Iterator[Move]]


def initial(case: Case) -> State:
    """Return the first state: an empty journal with an accepted life."""
    n, faults = case.attempts, case.faults
    return State(
        now=0,
        record=None,
        past=(),
        attempts=(Attempt(),) * n,
        flights=((),) * n,
        ran=0,
        ran_at=0,
        life=0,
        marker=Marker(0, 0),
        journal_id=0,
        noticed=None,
        looked=None,
        skews=(0,) * (2 * n + 2),
        left=Left(
            crash=faults.crash,
            cancel=faults.cancel,
            unknown=faults.unknown,
            losses=faults.losses,
            clock=faults.clock,
            wrong=faults.wrong,
            reinit=faults.reinit,
        ),
        conflict=False,
        misled=False,
        lost=False,
    )


_STORE: Final = -2
_OPERATOR: Final = -1


def store_clock(s: State) -> int:
    """Return the store's clock."""
    return s.now + s.skews[_STORE]


def operator_clock(s: State) -> int:
    """Return the operator's wall clock."""
    return s.now + s.skews[_OPERATOR]


def clocks(s: State, i: int) -> tuple[int, int]:
    """Return the wall clock and the boot-time clock of an attempt."""
    return s.now + s.skews[i], s.now + s.skews[len(s.attempts) + i]


def elapsed(case: Case, s: State, i: int) -> int:
    """Return the ticks since an attempt's first try; what forbids takes the larger clock."""
    a, (wall, boot) = s.attempts[i], clocks(s, i)
    pick = max if case.rules.deadline_by_larger_clock else min
    return pick(wall - a.wall, boot - a.boot)


def overdue(s: State, record: Record) -> bool:
    """Return whether a pending record is past its deadline for a reader; negative ages are not."""
    return record.phase is Phase.PENDING and store_clock(s) - record.written > DEADLINE


def settled(case: Case, s: State, written: int, begun: int, *, settle: bool = True) -> bool:
    """Return whether the API is through with a claim; what permits takes the smaller age."""
    pick = min if case.rules.resolve_by_smaller_age else max
    age = pick(store_clock(s) - written, operator_clock(s) - begun)
    return age > DEADLINE + (SETTLE if settle else 0)


def forgot(s: State, knows: int, *, compare_id: bool = True) -> bool:
    """Return whether the journal's life is not the one that was accepted."""
    marker = s.marker
    return marker is None or marker.life != s.life or (compare_id and marker.id != knows)


def version_of(record: Record | None) -> str | None:
    """Return a record's version; None if and only if a create would succeed."""
    return None if record is None else record.version


def with_attempt(s: State, i: int, attempt: Attempt) -> State:
    """Return the state with another attempt `i`."""
    return s._replace(attempts=(*s.attempts[:i], attempt, *s.attempts[i + 1 :]))


def swapped(case: Case, s: State, expected: str | None, new: Record) -> State | None:
    """
    Return the state after a swap that is applied, or None if the record is another one.

    A swap is idempotent in its version: it succeeds where it has been applied already.
    """
    at = version_of(s.record)
    if at == new.version:
        return s
    if at != expected:
        return None
    past = (s.record,) if case.faults.losses else ()
    if new.phase is Phase.PENDING:
        new = new._replace(written=store_clock(s))
    return s._replace(record=new, past=past)
