"""
The rules that hold under any disturbance, checked after a run.

Each rule reads the records of the sandbox and the results of callers; none of them asks the
library. Rules about time subtract the seconds in which the machine did not run the process (it was
stopped, or got no core), and nothing else.
"""

from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

from flexiti_async.sandbox import RequestRecord

from ..support.metronome import Gap, lost_in
from .evidence import Evidence, Job
from .limits import CALL_TIMEOUT, MARGIN
from .plan import Verb

__all__ = ["RULES", "Violation", "violations"]

_ON_ITS_WAY: Final = 0.1
"""Seconds that a request may take from the last check of its token's life to the server."""


@frozen
class Violation:
    """
    A broken rule.

    Attributes:
        rule: The rule.
        at: When, in seconds of the plan; negative if the whole run broke it.
        text: The evidence.
    """

    rule: str
    at: float
    text: str

    def __str__(self) -> str:
        when = f" at {self.at:.3f} s" if self.at >= 0 else ""
        return f"{self.rule}{when}: {self.text}"


def _no_refresh_token_twice(seen: Evidence) -> Iterator[tuple[float, str]]:
    for at in seen.replays:
        yield at, "a refresh token was sent a second time"


def _no_expired_token(seen: Evidence) -> Iterator[tuple[float, str]]:
    for request in seen.requests:
        token = seen.tokens.get(request.token_id or "")
        if token is None or request.at <= token.expires_at:
            continue
        late = request.at - token.expires_at
        # Calls do not begin with a token in the last tenth of its life; a process that took it
        # before may have been stopped for that long.
        since = token.expires_at - (token.expires_at - token.issued_at) / 10
        lost = lost_in(seen.lags, since, request.at) + max(
            (lost_in(gaps, since, request.at) for gaps in _gaps_of(seen, request)), default=0.0
        )
        if late > lost + _ON_ITS_WAY:
            text = (
                f"{request.endpoint} with token {token.token_id}, which had expired {late:.3f} s "
            )
            text += f"before (reference id {request.reference_id}; {lost:.3f} s are the machine's)"
            yield request.at, text


def _gaps_of(seen: Evidence, request: RequestRecord) -> Iterator[set[Gap]]:
    for job in seen.jobs_of(request.reference_id or ""):
        if job.ordered_at <= request.at:
            yield seen.gaps.get(job.pid, set())


def _no_checkout_changes_its_token(seen: Evidence) -> Iterator[tuple[float, str]]:
    """Once a caller got a widget and the step was saved, a flow keeps its token."""
    for flow in sorted({job.act.flow for job in seen.jobs if job.act.verb is Verb.STEP}):
        given = [job.report for job in seen.jobs_of(flow) if _gave_widget(job) and job.report]
        if not given:
            continue
        first = min(given, key=lambda report: report.ended)
        for request in seen.requests:
            mine = request.reference_id == flow and request.endpoint == "widget/init"
            if mine and request.at > first.ended and request.token_id != first.token_id:
                text = f"flow {flow} had token {first.token_id} since {first.ended:.3f} s"
                yield request.at, f"{text}, and now {request.token_id}"


def _gave_widget(job: Job) -> bool:
    report = job.report
    # A step that reported that it was not saved is repeated by the process that resumes it.
    return job.act.verb is Verb.STEP and bool(report and report.outcome == "done" and report.saved)


def _callers_are_answered_in_time(seen: Evidence) -> Iterator[tuple[float, str]]:
    for job in seen.jobs:
        if job.report is None:
            if not job.killed:
                yield job.ordered_at, f"{job}: no answer"
            continue
        report = job.report
        if report.call > CALL_TIMEOUT + MARGIN:
            text = f"the call took {report.call:.3f} s, not {CALL_TIMEOUT:g} s at most"
            yield report.ended, f"{job}: {text} ({report.outcome})"
        took = report.ended - report.begun - report.idle
        if took > report.limit + MARGIN:
            text = f"{job} took {took:.3f} s, not {report.limit:g} s at most "
            text += f"({report.outcome}; {report.idle:.3f} s more were the machine's)"
            yield report.ended, text


def _errors_are_typed(seen: Evidence) -> Iterator[tuple[float, str]]:
    for job in seen.jobs:
        if job.fault:
            yield job.ordered_at, f"{job}: {job.fault}"
        if job.report is not None and not job.report.typed:
            yield job.report.ended, f"{job}: {job.report.outcome}: {job.report.text}"


def _nothing_is_left(seen: Evidence) -> Iterator[tuple[float, str]]:
    for worker, left in seen.left.items():
        if left:
            yield -1.0, f"worker {worker} left {', '.join(left)}"


def _processes_recover(seen: Evidence) -> Iterator[tuple[float, str]]:
    for worker, error in seen.without_token.items():
        yield -1.0, f"worker {worker} got no token after the last disturbance: {error}"


RULES: Final[dict[str, Callable[[Evidence], Iterator[tuple[float, str]]]]] = {
    "no refresh token is sent twice": _no_refresh_token_twice,
    "no expired token is used": _no_expired_token,
    "no checkout changes its token": _no_checkout_changes_its_token,
    "every caller is answered in time": _callers_are_answered_in_time,
    "every error is typed": _errors_are_typed,
    "no task, thread or socket is left": _nothing_is_left,
    "a healthy process gets a token again": _processes_recover,
}
"""The rules by name."""


def violations(seen: Evidence) -> tuple[Violation, ...]:
    """Return the broken rules."""
    return tuple(
        Violation(name, at, text) for name, rule in RULES.items() for at, text in rule(seen)
    )
