"""
Checkouts in several processes under disturbances: a few seeds; `nox -s chaos` runs more.

A failure shows the command that runs the seed again, and the acts and requests around the moment.
"""

import asyncio

import pytest

from ..crew.crew import Crew, WorkerHandle
from .draw import make_plan
from .driver import run
from .invariants import violations
from .plan import KILL, Act, Plan, Verb
from .reporting import explanation

SECONDS = 3.5
SEEDS = (164, 298)
"""Together they have nearly every kind of trouble."""


@pytest.mark.parametrize("store", ["file", "valkey"])
@pytest.mark.parametrize("seed", SEEDS)
def test_rules_hold_under_disturbances(crew: Crew[WorkerHandle], seed: int, store: str) -> None:
    """Every rule of `invariants.py` holds, and at least a quarter of the calls succeed."""
    seen = asyncio.run(run(make_plan(seed, seconds=SECONDS), crew, store))
    found = violations(seen)
    done = [job for job in seen.jobs if job.report and job.report.outcome == "done"]

    assert () == found, explanation(seen, found, store)
    assert len(done) > len(seen.jobs) / 4


def test_a_refresh_with_a_lost_answer_is_not_repeated(crew: Crew[WorkerHandle]) -> None:
    """No refresh token is sent twice when one process refreshes while answers are lost."""
    # Seeds seldom draw this plan.
    asks = [Act(number / 20, Verb.TOKEN, 0, "merchant") for number in range(80)]
    lost = [Act(1.0, Verb.LOSE, seconds=2.4)]
    plan = Plan(0, 4.0, 1, 4, tuple(sorted([*asks, *lost], key=lambda act: act.at)))
    sent: list[str | None] = []
    for _ in range(5):  # on a busy machine a token can end before it is refreshed
        seen = asyncio.run(run(plan, crew, "file"))
        found = violations(seen)

        assert () == found, explanation(seen, found, "file")

        sent = [request.grant for request in seen.requests if request.fault == "drop"]
        if "refresh_token" in sent and len(sent) > 1:
            return
    pytest.fail(f"no refresh lost its answer, only {sent}")


def test_a_process_is_killed_at_a_point(crew: Crew[WorkerHandle]) -> None:
    """A process that dies where it has just claimed is replaced, and every rule holds."""
    asks = [Act(number / 10, Verb.TOKEN, 0, "merchant") for number in range(1, 10)]
    strike = Act(0.0, Verb.POINT, 0, "token claimed", seconds=0.8, number=KILL)
    seen = asyncio.run(run(Plan(0, 1.0, 1, 4, (strike, *asks)), crew, "file"))
    found = violations(seen)

    assert () == found, explanation(seen, found, "file")
    assert any(job.killed for job in seen.jobs)
