"""What is known after a run."""

from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen

from flexiti_async.sandbox import RequestRecord, TokenView

from ..support.metronome import Gap
from .plan import Act, Plan

__all__ = ["Deed", "Evidence", "Report"]


@frozen(kw_only=True)
class Report:
    """
    How a call ended for its caller, as the process tells it.

    Attributes:
        begun: When it began, in seconds of the plan.
        ended: When it ended.
        limit: Seconds within which it had to.
        call: Seconds that the call itself took, after the wait for a token; 0 if it came to none.
        idle: Seconds of these in which the process did not run.
        outcome: `done`, or the name of the error's class.
        typed: Whether it is done, or the error one of ours.
        told: The error's text.
        token_id: The sandbox's name of the token that the caller was given; empty without.
        saved: Whether the checkout said that the store has its step.
    """

    begun: float
    ended: float
    limit: float
    call: float
    idle: float
    outcome: str
    typed: bool
    told: str
    token_id: str
    saved: bool = True


@define(eq=False)
class Deed:
    """
    Something that a process was told to do.

    Attributes:
        act: What.
        pid: By which process.
        told_at: When it was told, in seconds of the plan.
        report: What came of it; None if the process was killed, or does not answer.
        killed: The process was killed meanwhile.
        fault: What went wrong in the worker itself: an error of the test.
    """

    act: Act
    pid: int
    told_at: float
    report: Report | None = None
    killed: bool = False
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.act.verb} of worker {self.act.worker}"


@define
class Evidence:
    """
    What is known after a run. All times are seconds of the plan.

    Attributes:
        plan: What was to happen.
        requests: What the sandbox was asked, with `at` in seconds of the plan.
        tokens: What it issued, by name, likewise.
        replays: When a refresh token came a second time.
        deeds: What the processes did.
        gaps: When each process did not run, by process id.
        lags: When the sandbox itself did not run.
        left: What each process has left behind, by its number.
        starving: Who had no token when all was well again, by number, with the last error.
    """

    plan: Plan
    requests: tuple[RequestRecord, ...] = ()
    tokens: dict[str, TokenView] = field(factory=dict[str, TokenView])
    replays: list[float] = field(factory=list[float])
    deeds: list[Deed] = field(factory=list[Deed])
    gaps: dict[int, set[Gap]] = field(factory=dict[int, set[Gap]])
    lags: list[Gap] = field(factory=list[Gap])
    left: dict[int, list[str]] = field(factory=dict[int, list[str]])
    starving: dict[int, str] = field(factory=dict[int, str])

    def take(self, deed: Deed, answer: dict[str, Any], start: float) -> Report:
        """Take in what a process answered; `start` is the plan's beginning on its clock."""
        gaps = self.gaps.setdefault(deed.pid, set())
        gaps.update(
            Gap(one["begun"] - start, one["ended"] - start, one["lost"])
            for one in answer.pop("gaps")
        )
        answer["begun"] -= start
        answer["ended"] -= start
        return Report(**answer)

    def deeds_of(self, flow: str) -> Iterator[Deed]:
        """Give what was done for a flow."""
        return (deed for deed in self.deeds if deed.act.flow == flow)
