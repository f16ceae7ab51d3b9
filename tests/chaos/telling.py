"""What a run is told by: a line if all is well, and all that helps if it is not."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from flexiti_async.sandbox import RequestRecord

from .evidence import Deed, Evidence
from .invariants import Violation

__all__ = ["command_for", "complaint", "summary"]

_MOST: Final = 5
"""Violations that are told at length: one often brings others."""


def command_for(seen: Evidence, store: str) -> str:
    """Give the command that runs the same plan again."""
    plan = seen.plan
    return (
        f"nox -s chaos -- --seed {plan.seed} --store {store} "
        f"--seconds {plan.seconds:g} --workers {plan.workers}"
    )


def summary(seen: Evidence) -> str:
    """Tell in a line what happened."""
    outcomes = Counter(deed.report.outcome for deed in seen.deeds if deed.report)
    grants = Counter(
        request.grant for request in seen.requests if request.grant and request.status == 200
    )
    killed = sum(deed.killed for deed in seen.deeds)
    told = [f"{number} {name}" for name, number in outcomes.most_common()]
    told += [f"{killed} killed"] if killed else []
    granted = ", ".join(f"{number} {name}" for name, number in sorted(grants.items()))
    return f"{', '.join(told)}; granted: {granted or 'nothing'}"


def complaint(seen: Evidence, found: Sequence[Violation], store: str) -> str:
    """Tell what was violated, amid what, and how to see it again."""
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
    lines += [(deed.told_at, _told(deed)) for deed in seen.deeds if _is_near(deed, at)]
    return "\n".join(f"{when:7.3f} s  {text}" for when, text in sorted(lines))


def _shown(request: RequestRecord) -> str:
    asked = f"{request.endpoint} {request.grant or ''} {request.scope} token {request.token_id}"
    return f"API    {asked} -> {request.status} {request.fault or ''} ({request.reference_id})"


def _is_near(deed: Deed, at: float) -> bool:
    ended = deed.report.ended if deed.report else at
    return deed.told_at <= at + 0.2 and at - 0.5 <= ended


def _told(deed: Deed) -> str:
    act, report = deed.act, deed.report
    head = f"caller worker {act.worker} ({deed.pid}) {act.verb} {act.what} {act.flow}"
    if report is None:
        return f"{head}: {'killed' if deed.killed else 'no answer'}"
    return (
        f"{head}: {report.begun:.3f} to {report.ended:.3f} s, idle {report.idle:.3f} s: "
        f"{report.outcome} {report.told} {report.token_id}"
    )
