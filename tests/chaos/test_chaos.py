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
from .telling import complaint

SECONDS = 4.0


@pytest.mark.parametrize("store", ["file", "valkey"])
@pytest.mark.parametrize("seed", [5, 28])
def test_whatever_goes_wrong_the_rules_hold(crew: Crew[Hand], seed: int, store: str) -> None:
    """Every rule of `invariants.py` holds, and callers were given what they asked for, mostly."""
    seen = asyncio.run(run(make_plan(seed, seconds=SECONDS), crew, store))
    found = violations(seen)
    reports = [deed.report for deed in seen.deeds if deed.report]
    done = [report for report in reports if report.outcome == "done"]

    assert () == found, complaint(seen, found, store)
    assert len(done) > len(reports) / 2
