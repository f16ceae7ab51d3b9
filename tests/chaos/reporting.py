"""The report of a run: one line if no rule was broken, and all details otherwise."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from flexiti_async.sandbox import RequestRecord

from .evidence import Evidence, Job
from .invariants import Violation

__all__ = ["command_for", "explanation", "summary"]

_MOST: Final = 5
"""Violations shown with details: one often causes others."""


def command_for(seen: Evidence, store: str) -> str:
    """Return the command that runs the same plan again."""
    plan = seen.plan
    return (
        f"nox -s chaos -- --seed {plan.seed} --store {store} "
        f"--seconds {plan.seconds:g} --workers {plan.workers}"
    )


def summary(seen: Evidence) -> str:
    """Return the outcomes in one line."""
    outcomes = Counter(job.report.outcome for job in seen.jobs if job.report)
    grants = Counter(
        request.grant for request in seen.requests if request.grant and request.status == 200
    )
    killed = sum(job.killed for job in seen.jobs)
    parts = [f"{number} {name}" for name, number in outcomes.most_common()]
    parts += [f"{killed} killed"] if killed else []
    granted = ", ".join(f"{number} {name}" for name, number in sorted(grants.items()))
    return f"{', '.join(parts)}; granted: {granted or 'nothing'}"


def explanation(seen: Evidence, found: Sequence[Violation], store: str) -> str:
    """Return the violations with their surroundings, and the command that repeats the run."""
    parts = [f"{len(found)} violations; again: {command_for(seen, store)}"]
    for violation in found[:_MOST]:
        parts += ["", str(violation)]
        if violation.at >= 0:
            parts += ["planned then:", seen.plan.around(violation.at)]
            parts += ["seen then:", _seen_around(seen, violation.at)]
    parts += ["", summary(seen), str(seen.plan).partition("\n")[0]]
    return "\n".join(parts)


def _seen_around(seen: Evidence, at: float) -> str:
    lines = [
        (request.at, _shown(request))
        for request in seen.requests
        if at - 1.5 <= request.at <= at + 0.2
    ]
    lines += [(job.ordered_at, _line_of(job)) for job in seen.jobs if _is_near(job, at)]
    return "\n".join(f"{when:7.3f} s  {text}" for when, text in sorted(lines))


def _shown(request: RequestRecord) -> str:
    asked = f"{request.endpoint} {request.grant or ''} {request.scope} token {request.token_id}"
    return f"API    {asked} -> {request.status} {request.fault or ''} ({request.reference_id})"


def _is_near(job: Job, at: float) -> bool:
    ended = job.report.ended if job.report else at
    return job.ordered_at <= at + 0.2 and at - 0.5 <= ended


def _line_of(job: Job) -> str:
    act, report = job.act, job.report
    head = f"caller worker {act.worker} ({job.pid}) {act.verb} {act.what} {act.flow}"
    if report is None:
        return f"{head}: {'killed' if job.killed else 'no answer'}"
    return (
        f"{head}: {report.begun:.3f} to {report.ended:.3f} s, idle {report.idle:.3f} s: "
        f"{report.outcome} {report.text} {report.token_id}"
    )
