"""The records of a run."""

from collections.abc import Iterator
from typing import Any

from attrs import define, field, frozen

from flexiti_async.sandbox import RequestRecord, TokenView

from ..support.metronome import Gap
from .plan import Act, Plan

__all__ = ["Evidence", "Job", "Report"]


@frozen(kw_only=True)
class Report:
    """
    How a call ended for its caller, as its process reports.

    Attributes:
        begun: When it began, in seconds of the plan.
        ended: When it ended.
        limit: Seconds within which it had to end.
        call: Seconds that the call itself took, after the wait for a token; 0 without a call.
        idle: Seconds of these in which the process did not run.
        outcome: `done`, or the class name of the error.
        typed: Whether it is done, or the error is one of ours.
        text: The error's text.
        token_id: The sandbox's name of the token that the caller got; empty without one.
        saved: Whether the checkout reported that its step is saved.
    """

    begun: float
    ended: float
    limit: float
    call: float
    idle: float
    outcome: str
    typed: bool
    text: str
    token_id: str
    saved: bool = True


@define(eq=False)
class Job:
    """
    An act that a process was ordered to carry out.

    Attributes:
        act: The act.
        pid: Id of the process.
        ordered_at: When it was ordered, in seconds of the plan.
        report: How it ended; None if the process was killed or does not answer.
        killed: Whether the process was killed meanwhile.
        fault: Failure of the worker itself: an error of the test.
    """

    act: Act
    pid: int
    ordered_at: float
    report: Report | None = None
    killed: bool = False
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.act.verb} of worker {self.act.worker}"


@define
class Evidence:
    """
    The records of a run. All times are seconds of the plan.

    Attributes:
        plan: The plan.
        requests: Requests to the sandbox.
        tokens: Tokens that it issued, by name.
        replays: When a refresh token was sent a second time.
        jobs: The acts that processes carried out.
        gaps: When each process did not run, by process id.
        lags: When the sandbox itself did not run.
        left: Tasks, threads and sockets that each process left behind, by its number.
        without_token: The last error of each process that had no token at the end, by its number.
    """

    plan: Plan
    requests: tuple[RequestRecord, ...] = ()
    tokens: dict[str, TokenView] = field(factory=dict[str, TokenView])
    replays: list[float] = field(factory=list[float])
    jobs: list[Job] = field(factory=list[Job])
    gaps: dict[int, set[Gap]] = field(factory=dict[int, set[Gap]])
    lags: list[Gap] = field(factory=list[Gap])
    left: dict[int, list[str]] = field(factory=dict[int, list[str]])
    without_token: dict[int, str] = field(factory=dict[int, str])

    def take(self, job: Job, answer: dict[str, Any], start: float) -> Report:
        """Record the answer of a process; `start` is the plan's beginning on its clock."""
        gaps = self.gaps.setdefault(job.pid, set())
        gaps.update(
            Gap(one["begun"] - start, one["ended"] - start, one["lost"])
            for one in answer.pop("gaps")
        )
        answer["begun"] -= start
        answer["ended"] -= start
        return Report(**answer)

    def jobs_of(self, flow: str) -> Iterator[Job]:
        """Return the jobs of a flow."""
        return (job for job in self.jobs if job.act.flow == flow)
