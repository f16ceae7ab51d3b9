"""
The states of the model of claims (design, section 3), and its switches.

A record holds lengths of time, and the store reports its age by a clock that can step. A write can
land late, the answer to a swap can be lost and the swap repeated. Times are ticks of true time.
"""

import enum
from typing import Final, Literal, NamedTuple, Self

from attrs import field, frozen

from .claim_engine import Move

__all__ = [
    "FLIGHT",
    "Case",
    "Faults",
    "Issued",
    "Late",
    "Moves",
    "Phase",
    "Process",
    "Record",
    "Seen",
    "State",
]


class Phase(enum.Enum):
    """The next act of a process."""

    IDLE = "idle"
    JOIN = "join the flight of another session"
    LOAD = "load"
    CLAIM = "claim"
    SEND = "send"
    SEND_ALONE = "send alone"
    PUBLISH = "publish"
    REJOIN = "put its own token in"
    WITHDRAW = "withdraw"


FLIGHT: Final = frozenset({Phase.CLAIM, Phase.SEND, Phase.PUBLISH, Phase.WITHDRAW})
"""The phases of a flight."""


class Faults(NamedTuple):
    """How many of each fault may happen."""

    crash: int = 0
    cancel: int = 0
    unknown: int = 0  # a swap's answer is lost, written or not
    late: int = 0  # a swap whose answer is lost is still under way
    withdrawal_lost: int = 0
    late_server: int = 0  # a request that was given up runs later
    broken: int = 0  # the connection of a token request breaks, whether it ran or not
    error: int = 0  # 503
    clock: int = 0  # the store's clock steps
    replay: int = 0  # an old record is put back
    evict: int = 0
    failover: int = 0
    revoke: int = 0
    stall: int = 0
    rotate: int = 0  # a process restarts with a new secret


@frozen(kw_only=True)
class Case:
    """
    Bounds, faults and rules. The defaults of the rules are the design.

    Attributes:
        faults: How many of each fault.
        processes: How many processes.
        life: Of a token.
        ahead: At this rest of its life it is stale.
        leeway: At this rest it is due.
        lease: Of a claim.
        limit: A flight's own deadline, shorter than the lease.
        back_off: After a failure.
        horizon: The last tick.
        start: Whether all hold a token that turns stale (due), none does (cold), or one does.
        keys: Credentials of each process.
        steps: Sizes of a step of the store's clock.
        odd: A record at the start that the rules would not write: `lease` or `failure`.
        seized: Kinds of old records that an attacker has.
        skew: Wall clock of each process.
        longest_wait: Bound on waiting, instead of the general one.
        bound: Token requests that are allowed for one key.
        withdraw: By compare-and-swap, not at all, or over whatever is there.
        own_ended: How a process treats its claim of a flight that has ended.
        alone: After a lease of waiting a process requests a private token.
        wait_from: The lease of waiting counts from the first claim, or anew for each.
        alone_by_failures: It counts foreign failures, too.
        registry: Sessions of a process share a flight.
        refresh_token_by: Which sessions know a refresh token.
        idempotent: A swap is idempotent in its version.
        repeat_swap: An unknown swap is repeated with the same version.
        age: The largest of both, what the store says, or unknown counts as new.
        wall: The sealed moment makes tokens and failures older.
        caps: No lease and no back-off is believed beyond a process's own.
        repeat_request: `client_credentials` is repeated over a new connection.
        repeat_refresh: A refresh is repeated.
        remember: Which rejected tokens are.
        key_by: Whether credentials are in the key.
    """

    faults: Faults = field(factory=Faults)
    processes: int = 2
    life: int = 9
    ahead: int = 2
    leeway: int = 1
    lease: int = 2
    limit: int = 1
    back_off: int = 2
    horizon: int = 13
    start: Literal["due", "cold", "mixed"] = "due"
    keys: tuple[int, ...] = (0, 0, 0)
    steps: tuple[int, ...] = (-2, 3)
    odd: Literal["", "lease", "failure"] = ""
    seized: tuple[Literal["claim", "failure", "token"], ...] = ()
    skew: tuple[int, ...] = (0, 0, 0)
    longest_wait: int = 0
    bound: int = 1
    withdraw: Literal["swap", "none", "blind"] = "swap"
    own_ended: Literal["lapsed", "foreign", "reuse"] = "lapsed"
    alone: bool = True
    wait_from: Literal["first", "each"] = "first"
    alone_by_failures: bool = True
    registry: bool = False
    refresh_token_by: Literal["session", "process"] = "session"
    idempotent: bool = True
    repeat_swap: bool = True
    age: Literal["largest", "store", "zero"] = "largest"
    wall: bool = True
    caps: bool = True
    repeat_request: bool = True
    repeat_refresh: bool = False
    remember: Literal["all", "last"] = "all"
    key_by: Literal["credentials", "client"] = "credentials"


class Record(NamedTuple):
    """
    A stored record.

    Attributes:
        version: Its version.
        token: Number of the token in it, or -1.
        rest: Of the token's life when the write was sent.
        minted: Sealed wall time of the mint.
        claim: Owner and lease, or nothing.
        back_off: Of a failure, or 0.
        at: By the store's clock, when it landed.
        failed: Sealed wall time of the writing.
    """

    version: int
    token: int
    rest: int
    minted: int
    claim: tuple[int, int] | None
    back_off: int
    at: int
    failed: int


class Seen(NamedTuple):
    """The loaded record: version (None for nothing stored), token, its end, its mint."""

    version: int | None
    token: int
    end: int
    minted: int


class Process(NamedTuple):
    """
    A process, or a session of one.

    Attributes:
        phase: Its next act.
        token: The token that it holds, or -1.
        end: Of that token, as it believes.
        minted: Of that token.
        refresh_token: Token whose refresh token is in its memory, or -1.
        seen: The record that it has loaded.
        claim: Version of its claim, or -1.
        unknown: Version of a write whose answer was lost, or -1.
        deadline: Of its flight.
        grant: Token whose refresh token it will send, or -1.
        tries: Repeats of its request.
        result: Token that its request brought; -1 for a failure, -2 for nothing yet.
        sightings: Versions, and when it saw them first.
        due: Since when it needs a token, or -1.
        waits: Since when others keep it waiting, or -1.
        rejected: Tokens that it does not adopt.
        ever_rejected: All tokens that it has rejected.
        ended: Its claims whose flight has ended.
        gate: Until then its own failure backs off.
        tried: Its claim of which it does not know whether it is there, or -1.
        key: Its credentials.
        joins: Whose flight it shares, or -1.
    """

    phase: Phase = Phase.IDLE
    token: int = -1
    end: int = 0
    minted: int = 0
    refresh_token: int = -1
    seen: Seen | None = None
    claim: int = -1
    unknown: int = -1
    deadline: int = -1
    grant: int = -1
    tries: int = 0
    result: int = -2
    sightings: tuple[tuple[int, int], ...] = ()
    due: int = -1
    waits: int = -1
    rejected: tuple[int, ...] = ()
    ever_rejected: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    gate: int = -1
    tried: int = -1
    key: int = 0
    joins: int = -1

    def cleared(self) -> Self:
        """Return the process after its flight."""
        return self._replace(
            phase=Phase.IDLE,
            seen=None,
            claim=-1,
            unknown=-1,
            deadline=-1,
            grant=-1,
            tries=0,
            result=-2,
            due=-1,
            waits=-1,
            joins=-1,
            tried=-1,
        )


class Late(NamedTuple):
    """A write that is still under way."""

    cell: int
    expected: int | None
    record: Record
    by: int
    kind: str


class Issued(NamedTuple):
    """A token at the server: when, whether its refresh token is spent, revoked, credentials."""

    at: int
    spent: int
    revoked: int
    key: int


class State(NamedTuple):
    """
    Everything.

    Attributes:
        now: True time.
        clock: Ticks by which the store's clock is ahead.
        store: The record of each of two keys.
        tokens: All tokens that the server has issued.
        processes: The processes.
        pending: Writes under way.
        requests_left: Given-up requests that may still run: refresh token or -1, credentials.
        left: Faults that may still happen.
        history: Earlier records, by key.
        previous: The record before the last write, by key.
        faulty: Whether any fault has happened.
        requests: Token requests so far, by key.
    """

    now: int
    clock: int
    store: tuple[Record | None, ...]
    tokens: tuple[Issued, ...]
    processes: tuple[Process, ...]
    pending: tuple[Late, ...]
    requests_left: tuple[tuple[int, int], ...]
    left: Faults
    history: tuple[tuple[int, Record], ...]
    previous: tuple[Record | None, ...]
    faulty: int
    requests: tuple[int, ...]

    def put(self, i: int, process: Process) -> "State":
        """Return the state with another process `i`."""
        processes = (*self.processes[:i], process, *self.processes[i + 1 :])
        return self._replace(processes=processes)

    def stored(self, cell: int, record: Record | None) -> "State":
        """Return the state with another record."""
        return self._replace(store=(*self.store[:cell], record, *self.store[cell + 1 :]))

    def spend(self, fault: str) -> "State":
        """Return the state after one fault."""
        left = self.left._replace(**{fault: getattr(self.left, fault) - 1})
        return self._replace(left=left, faulty=1)


Moves = list[Move[State]]
