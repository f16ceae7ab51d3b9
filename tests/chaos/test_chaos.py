"""
Checkouts in several processes while much goes wrong: a few seeds; `nox -s chaos` tries more.

A seed that fails is told with the command that runs it again, and with what was planned and seen
around the moment.
"""

import asyncio

import pytest

from ..crew.crew import Crew, Hand
from .draw import make_plan
from .driver import run
from .invariants import violations
from .plan import Act, Plan, Verb
from .telling import complaint

SECONDS = 3.5
SEEDS = (164, 298)
"""They have nearly every kind of trouble between them."""


@pytest.mark.parametrize("store", ["file", "valkey"])
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_the_rules_hold(crew: Crew[Hand], seed: int, store: str) -> None:
    """Every rule of `invariants.py` holds, and many a caller was given what it had asked for."""
    seen = asyncio.run(run(make_plan(seed, seconds=SECONDS), crew, store))
    found = violations(seen)
    done = [deed for deed in seen.deeds if deed.report and deed.report.outcome == "done"]

    assert () == found, complaint(seen, found, store)
    assert len(done) > len(seen.deeds) / 4


def test_a_refresh_whose_answer_gets_lost_is_not_made_again(crew: Crew[Hand]) -> None:
    """A plan by hand, because seeds seldom try it: the same process renews again and again."""
    asks = [Act(number / 20, Verb.TOKEN, 0, "merchant") for number in range(80)]
    lost = [Act(1.0, Verb.LOSE, seconds=2.4)]
    plan = Plan(0, 4.0, 1, 4, tuple(sorted([*asks, *lost], key=lambda act: act.at)))
    seen = asyncio.run(run(plan, crew, "file"))
    found = violations(seen)
    sent = [request.grant for request in seen.requests if request.fault == "drop"]

    assert () == found, complaint(seen, found, "file")
    assert "refresh_token" in sent
    assert len(sent) > 1
