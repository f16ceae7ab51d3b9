"""
A plan: the moves of one history, in order, as a seed draws them.

All choices are in it, but for the time that each message takes, which has a stream of random
numbers of its own. So a plan from which moves are dropped is a plan as well: that is how one that
breaks a rule is shrunk.
"""

import enum
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from attrs import field, frozen

from flexiti_async.protocol.points import POINTS

__all__ = [
    "CALLERS",
    "INTERRUPT",
    "KEYS",
    "KILL",
    "KINDS",
    "SLOW",
    "Move",
    "Plan",
    "Verb",
    "draw_plan",
]


class Verb(enum.StrEnum):
    """Kinds of moves."""

    TOKEN = "token"
    """A caller asks for a token of the scope `what`, with a `min_ttl` of `number` seconds."""
    SEND = "send"
    """A caller makes a call that moves no money."""
    PAY = "pay"
    """A caller moves money for the key `number`, as `what`."""
    BUY = "buy"
    """A customer's checkout for the key `number`, from its start to the authorization."""
    RESOLVE = "resolve"
    """A person looks into the API's books, and records what became of the key `number`."""
    CANCEL = "cancel"
    """The newest caller of the process is cancelled."""

    KILL = "kill"
    """The process is killed, and replaced."""
    END = "end"
    """The process closes its session, and is replaced."""
    ABORT = "abort"
    """The event loop of the process ends: all of its tasks are cancelled, and it is replaced."""
    STOP = "stop"
    """The process is stopped for some seconds."""
    POINT = "point"
    """The process is slowed, interrupted or killed at the point `what`, or at the next one."""
    CLOCK = "clock"
    """A wall clock, that of `what`, is set by `number` seconds."""

    TOKENS = "tokens"
    """The token store does `what`."""
    JOURNAL = "journal"
    """The journal's store does `what`."""
    FORGET = "forget"
    """As `JOURNAL`: it loses what it has acknowledged."""
    API = "api"
    """The API does `what` to the next requests of a group."""


CALLERS: Final = frozenset({Verb.TOKEN, Verb.SEND, Verb.PAY, Verb.BUY, Verb.RESOLVE})
"""Moves of which each is a task with an answer."""

KEYS: Final = 6
"""Keys of a history; each is used for some time."""
_AT_ONCE: Final = 2
KINDS: Final = ("capture", "transaction")
SLOW, INTERRUPT, KILL = EFFECTS = range(3)
"""Effects of a point."""
_ANY: Final = ("",) * len(POINTS)
_STRIKES: Final = frozenset({Verb.CANCEL, Verb.KILL, Verb.ABORT, Verb.STOP})
_WEIGHTS: Final = {
    Verb.TOKEN: 8,
    Verb.SEND: 8,
    Verb.PAY: 28,
    Verb.BUY: 3,
    Verb.RESOLVE: 6,
    Verb.CANCEL: 5,
    Verb.KILL: 4,
    Verb.END: 2,
    Verb.ABORT: 2,
    Verb.STOP: 3,
    Verb.CLOCK: 2,
    Verb.TOKENS: 12,
    Verb.JOURNAL: 12,
    Verb.FORGET: 0.7,
    Verb.API: 14,
}
SWAPS: Final = (
    "delay",
    "refuse",
    "break before",
    "break after",
    "lose request",
    "lose answer",
    "late",
    "foreign error",
)
"""Faults of one operation of a store."""
_TOKENS: Final = (
    *SWAPS,
    *("down", "silent", "read-only", "evict", "roll back", "newer", "ageless"),
)
_JOURNAL: Final = (*SWAPS, *SWAPS, "down", "silent", "read-only", "newer")
_LONG: Final = frozenset({"late", "newer"})
_FORGETS: Final = ("fail over", "fail over", "empty")
"""From then on the journal is of no use until a person has accepted it, which takes long."""
_API: Final = (
    "refuse",
    "slow connection",
    "cut before",
    "cut after",
    "hang",
    "hang before",
    "slow",
    "garble",
    "status 500",
    "status 500 after",
    "status 502 after",
    "status 503",
    "status 429",
    "status 408 after",
    "general error after",
    "foreign 401",
    "foreign 404 after",
    "reject",
    "revoke",
    "revoke all",
    "outage",
)
_DAY: Final = 86_400.0

T = TypeVar("T")


@frozen
class Move:
    """
    One move.

    Attributes:
        at: When, in seconds from the start.
        verb: Its kind.
        process: Number of the process.
        steps: It happens only after so many more steps of the process.
        what: See `Verb`.
        number: See `Verb`.
        seconds: How long it lasts, or how late something comes.
    """

    at: float
    verb: Verb
    process: int
    steps: int = 0
    what: str = ""
    number: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        parts = [f"{self.at:10.3f} s  process {self.process}  {self.verb.value:8} {self.what:16}"]
        parts += [f"after {self.steps} steps"] if self.steps else []
        parts += [f"{self.number:g}"] if self.number else []
        parts += [f"for {self.seconds:.3f} s"] if self.seconds else []
        return " ".join(parts).rstrip()


@frozen
class Plan:
    """
    A plan.

    Attributes:
        seed: The seed that it was drawn from.
        processes: How many processes the shop has at a time.
        lifetime: Seconds that a token lives.
        moves: The moves.
    """

    seed: int
    processes: int
    lifetime: float
    moves: tuple[Move, ...] = field(repr=False)

    def __str__(self) -> str:
        head = f"seed {self.seed}: {self.processes} processes, tokens of {self.lifetime:g} s"
        return "\n".join([f"{head}, {len(self.moves)} moves", *map(str, self.moves)])


def draw_plan(seed: int, *, moves: int = 50) -> Plan:
    """
    Draw a plan.

    One in three has faults at points of the library as well, which leave the others as they are.

    Args:
        seed: The seed.
        moves: How many moves it has, besides those faults.
    """
    draw = random.Random(seed)  # noqa: S311 - a repeatable plan
    processes = _pick(draw, (2, 3, 4))
    lifetime = _pick(draw, (60.0, 300.0, 1200.0))
    # Of two clocks that show how old something is, one may be wrong.
    clocks = _pick(draw, ("client", "store", "api", "none"))
    # A mix of its own: many faults of one kind find what a few of each kind do not.
    verbs = list(_WEIGHTS)
    weights = [weight * _pick(draw, (0.2, 1.0, 1.0, 4.0)) for weight in _WEIGHTS.values()]
    at, process, drawn = 0.0, 0, list[Move]()
    for number, verb in enumerate(draw.choices(verbs, weights, k=moves)):
        at += _gap(draw, lifetime)
        # Half of what strikes a process strikes the one that has just got something to do.
        if verb not in _STRIKES or draw.random() < 0.5:
            process = _pick(draw, range(processes))
        key = number * (KEYS - _AT_ONCE) // moves + _pick(draw, range(_AT_ONCE))
        drawn.append(_MAKERS.get(verb, _plain)(draw, at, verb, process, clocks, key))
    if seed % 3 == 0:
        points = random.Random(f"points {seed}")  # noqa: S311 - a repeatable plan
        drawn += [_point(points, _pick(points, drawn)) for _ in range(moves // 5)]
        drawn.sort(key=lambda move: move.at)
    return Plan(seed, processes, lifetime, tuple(drawn))


def _pick(draw: random.Random, choices: Sequence[T]) -> T:
    """Pick one: `Random.choice` is exact, and costs three times as much."""
    return choices[int(draw.random() * len(choices))]


def _gap(draw: random.Random, lifetime: float) -> float:
    """Draw the seconds between two moves: mostly few, sometimes most of a token's life."""
    kind = draw.random()
    if kind < 0.55:
        return draw.random() * 0.02
    if kind < 0.85:
        return draw.random()
    return draw.random() * 10.0 if kind < 0.93 else draw.uniform(0.4, 1.0) * lifetime


def _plain(draw: random.Random, at: float, verb: Verb, process: int, _: str, key: int) -> Move:
    match verb:
        case Verb.TOKEN:
            scope = _pick(draw, ("merchant", "customer"))
            return Move(at, verb, process, what=scope, number=_pick(draw, (0.0,) * 9 + (20.0,)))
        case Verb.PAY:
            return Move(at, verb, process, what=KINDS[key % 2], number=key)
        case Verb.BUY | Verb.RESOLVE:
            return Move(at, verb, process, number=key)
        case Verb.CANCEL | Verb.KILL | Verb.ABORT:
            return Move(at, verb, process, steps=_pick(draw, (0, _pick(draw, range(60)))))
        case Verb.STOP:
            # The longest outlast the time after which a person may free a key.
            seconds = _pick(draw, (0.5, 3.0, 15.0, 90.0)) * draw.random()
            seconds = _pick(draw, (seconds,) * 4 + (draw.uniform(1100.0, 9000.0),))
            return Move(at, verb, process, _pick(draw, range(30)), seconds=seconds)
        case _:
            return Move(at, verb, process)


def _clock(draw: random.Random, at: float, verb: Verb, process: int, clocks: str, _: int) -> Move:
    if clocks == "none":
        return Move(at, Verb.SEND, process)
    number = _pick(draw, (-_DAY, _DAY, -40.0, 40.0, draw.uniform(-_DAY, _DAY)))
    return Move(at, verb, process, what=clocks, number=number)


def _point(draw: random.Random, near: Move) -> Move:
    """Draw what happens at a point that the process of a move reaches after it."""
    seconds = _pick(draw, (0.1, 1.0, 5.0)) * draw.random()
    what, effect = _pick(draw, (*POINTS, *_ANY)), _pick(draw, EFFECTS)
    return Move(near.at, Verb.POINT, near.process, what=what, number=effect, seconds=seconds)


_Maker = Callable[[random.Random, float, Verb, int, str, int], Move]


def _of_store(choices: Sequence[str]) -> _Maker:
    def make(draw: random.Random, at: float, verb: Verb, process: int, _: str, __: int) -> Move:
        what = _pick(draw, choices)
        # A late write may land at any later time.
        longest = (0.3, 2.0, 20.0, 2000.0) if what in _LONG else (0.3, 1.0, 5.0)
        seconds = _pick(draw, longest) * draw.random()
        return Move(at, verb, process, what=what, number=_pick(draw, range(8)), seconds=seconds)

    return make


def _of_api(draw: random.Random, at: float, verb: Verb, process: int, _: str, __: int) -> Move:
    what = _pick(draw, _API)
    # Money that is executed late is executed within the time that `settle` allows.
    seconds = _pick(draw, (0.3, 5.0, 60.0, 880.0)) * draw.random()
    return Move(at, verb, process, what=what, number=_pick(draw, range(12)), seconds=seconds)


_MAKERS: Final[Mapping[Verb, _Maker]] = {
    Verb.CLOCK: _clock,
    Verb.TOKENS: _of_store(_TOKENS),
    Verb.JOURNAL: _of_store(_JOURNAL),
    Verb.FORGET: _of_store(_FORGETS),
    Verb.API: _of_api,
}
