"""
A plan: what callers do and what goes wrong, second by second.

A plan can be written down as JSON and run again; `draw.py` makes one out of a number.
"""

import enum
import json
from typing import Final

from attrs import asdict, field, frozen

__all__ = ["DISTURBANCES", "Act", "Plan", "Verb"]


class Verb(enum.StrEnum):
    """What can happen."""

    TOKEN = "token"
    """A caller asks for a token of the scope `what`."""
    SEND = "send"
    """A caller makes a plain call of the scope `what`."""
    WIDGET = "widget"
    """A caller has a flow begun and forgets it: `init_widget` of the session, as `what`."""
    OPEN = "open"
    """A checkout is started under the reference id `flow`, and `held` or `put down`."""
    STEP = "step"
    """The checkout `flow` calls widget/init, as `what`; resumed, if it is not held here."""
    MISDEED = "misdeed"
    """A process does what it must not, `what` of `misdeeds.py`. No seed leads there."""

    KILL = "kill"
    """The process is killed; another one takes its place at once."""
    STOP = "stop"
    """The process is stopped for some seconds, as by a debugger or a frozen container."""
    CUT = "cut"
    """Connections to the API are reset: those of one process, or everybody's."""
    OUTAGE = "outage"
    """The API is not there."""
    LOSE = "lose"
    """The token endpoint does what it is asked, and its answers get lost."""
    THROTTLE = "throttle"
    """An endpoint (`what`) answers 503 or 429 (`number`) with Retry-After: 1."""
    FAIL = "fail"
    """An endpoint (`what`) answers 500, half of the time."""
    SLOW = "slow"
    """Everything takes `number` seconds longer."""
    HANG = "hang"
    """An endpoint (`what`) does not answer."""
    REVOKE = "revoke"
    """The newest token of the scope `what` is revoked."""
    REVOKE_ALL = "revoke all"
    """All tokens are."""
    STORE_OUTAGE = "store outage"
    """The store is not there; a server comes back empty, a folder as it was."""
    STORE_STALL = "store stall"
    """The store does not answer: a server is stopped, the locks of a folder are held."""
    STORE_LOSS = "store loss"
    """What is stored is gone."""
    CLOCK = "clock"
    """Somebody sets the wall clock of the process wrong, by `number` seconds."""


DISTURBANCES: Final = {
    Verb.KILL: 3,
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
}
"""What goes wrong, with how often."""


@frozen
class Act:
    """
    One thing that happens.

    Attributes:
        at: When, in seconds from the start.
        verb: What.
        worker: Number of the process; None if it is nobody's or everybody's.
        what: What exactly; see `Verb`.
        flow: Reference id of the call, or of the checkout that it belongs to.
        seconds: How long it lasts.
        number: How much; see `Verb`.
    """

    at: float
    verb: Verb = field(converter=Verb)
    worker: int | None = None
    what: str = ""
    flow: str = ""
    seconds: float = 0.0
    number: float = 0.0

    def __str__(self) -> str:
        who = "all" if self.worker is None else f"worker {self.worker}"
        told = [f"{self.at:7.3f} s  {who:9} {self.verb.value:12} {self.what:14}"]
        told += [f"for {self.seconds:.3f} s"] if self.seconds else []
        told += [f"by {self.number:g}"] if self.number else []
        told += [f"flow {self.flow}"] if self.flow else []
        return " ".join(told).rstrip()


@frozen
class Plan:
    """
    What is going to happen.

    Attributes:
        seed: What it was made of.
        seconds: How long it lasts.
        workers: How many processes there are.
        lifetime: `expires_in` of the tokens, whole seconds.
        acts: What happens, in the order of time.
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
        """Show what happens around some moment: the disturbances, and the work nearest to it."""
        shown = (
            act
            for act in self.acts
            if at - before <= act.at <= at + after
            and (act.verb in DISTURBANCES or abs(act.at - at) < after)
        )
        return "\n".join(map(str, shown))

    def to_json(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read what `to_json` wrote."""
        told = json.loads(text)
        acts = tuple(Act(**act) for act in told.pop("acts"))
        return cls(**told, acts=acts)
