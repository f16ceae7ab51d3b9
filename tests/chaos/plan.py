"""
A plan: the acts of callers and the disturbances, by time.

A plan can be stored as JSON and run again; `draw.py` draws one from a seed.
"""

import enum
import json
from typing import Final

from attrs import asdict, field, frozen

__all__ = ["DISTURBANCES", "INTERRUPT", "KILL", "SLOW", "Act", "Plan", "Verb"]

SLOW, INTERRUPT, KILL = range(3)
"""Effects of a point."""


class Verb(enum.StrEnum):
    """Kinds of acts."""

    TOKEN = "token"
    """A caller asks for a token of the scope `what`."""
    SEND = "send"
    """A caller makes a plain call of the scope `what`."""
    WIDGET = "widget"
    """A caller makes a one-shot `init_widget` of the session, as `what`."""
    OPEN = "open"
    """A checkout starts with reference id `flow`; `kept` in the process, or only `saved`."""
    STEP = "step"
    """The checkout `flow` calls widget/init, as `what`; resumed if the process has not kept it."""
    MISDEED = "misdeed"
    """A process breaks a rule on purpose, `what` of `misdeeds.py`. No seed draws it."""

    KILL = "kill"
    """The process is killed, and replaced at once."""
    END = "end"
    """The process closes its session and ends, as in a deployment, and is replaced at once."""
    STOP = "stop"
    """The process is stopped for some seconds, as by a debugger or a frozen container."""
    CUT = "cut"
    """Connections to the API are reset: those of one process, or all."""
    OUTAGE = "outage"
    """The API is unavailable."""
    LOSE = "lose"
    """The token endpoint executes requests, and its answers are lost."""
    THROTTLE = "throttle"
    """An endpoint (`what`) answers 503 or 429 (`number`) with Retry-After: 1."""
    FAIL = "fail"
    """An endpoint (`what`) answers 500, half of the time."""
    SLOW = "slow"
    """Every answer takes `number` seconds longer."""
    HANG = "hang"
    """An endpoint (`what`) does not answer."""
    REVOKE = "revoke"
    """The newest token of the scope `what` is revoked."""
    REVOKE_ALL = "revoke all"
    """All tokens are revoked."""
    STORE_OUTAGE = "store outage"
    """The store is unavailable; a server comes back empty, a folder with its records."""
    STORE_STALL = "store stall"
    """The store does not answer: a server is stopped, the locks of a folder are held."""
    STORE_LOSS = "store loss"
    """All records of the store are lost."""
    CLOCK = "clock"
    """The wall clock of the process is set wrong, by `number` seconds."""
    POINT = "point"
    """The process is disturbed, as `number` says, where it next reaches the point `what`."""


DISTURBANCES: Final = {
    Verb.KILL: 3,
    Verb.END: 3,
    Verb.STOP: 3,
    Verb.CUT: 2,
    Verb.OUTAGE: 1,
    Verb.LOSE: 3,
    Verb.THROTTLE: 2,
    Verb.FAIL: 2,
    Verb.SLOW: 2,
    Verb.HANG: 2,
    Verb.REVOKE: 2,
    Verb.REVOKE_ALL: 1,
    Verb.STORE_OUTAGE: 2,
    Verb.STORE_STALL: 2,
    Verb.STORE_LOSS: 1,
    Verb.CLOCK: 3,
    Verb.POINT: 0,
}
"""Disturbances, with their weights; points are drawn apart."""


@frozen
class Act:
    """
    An act of a plan.

    Attributes:
        at: When, in seconds from the start.
        verb: Its kind.
        worker: Number of the process; None if it affects all of them or none.
        what: Its object; see `Verb`.
        flow: Reference id of the call, or of the checkout that it belongs to.
        seconds: How long it lasts.
        number: Its size; see `Verb`.
    """

    at: float
    verb: Verb = field(converter=Verb)
    worker: int | None = None
    what: str = ""
    flow: str = ""
    seconds: float = 0.0
    number: float = 0.0

    def __str__(self) -> str:
        worker = "all" if self.worker is None else f"worker {self.worker}"
        parts = [f"{self.at:7.3f} s  {worker:9} {self.verb.value:12} {self.what:14}"]
        parts += [f"for {self.seconds:.3f} s"] if self.seconds else []
        parts += [f"by {self.number:g}"] if self.number else []
        parts += [f"flow {self.flow}"] if self.flow else []
        return " ".join(parts).rstrip()


@frozen
class Plan:
    """
    A plan.

    Attributes:
        seed: The seed that it was drawn from.
        seconds: How long it lasts.
        workers: Number of processes.
        lifetime: `expires_in` of the tokens, whole seconds.
        acts: The acts, in the order of time.
    """

    seed: int
    seconds: float
    workers: int
    lifetime: int
    acts: tuple[Act, ...] = field(repr=False)

    def __str__(self) -> str:
        head = f"seed {self.seed}: {self.workers} workers, {self.seconds:g} s, tokens of "
        return "\n".join([f"{head}{self.lifetime} s", *map(str, self.acts)])

    def around(self, at: float, *, before: float = 3.0, after: float = 0.5) -> str:
        """Return the acts around a moment as text: the disturbances, and the nearest calls."""
        shown = (
            act
            for act in self.acts
            if at - before <= act.at <= at + after
            and (act.verb in DISTURBANCES or abs(act.at - at) < after)
        )
        return "\n".join(map(str, shown))

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read a plan that `to_json` returned."""
        values = json.loads(text)
        acts = tuple(Act(**act) for act in values.pop("acts"))
        return cls(**values, acts=acts)
