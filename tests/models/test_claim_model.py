"""Claims by exhaustive search: clean under each fault set, and caught without each rule."""

from typing import Final, get_args

import pytest

from flexiti_async.tokens import claim

from .claim_cases import BROKEN, CLEAN, HOLES, REJECTED
from .claim_engine import Result
from .claim_model import run

STEPS: Final = {step.__name__ for step in get_args(claim.Step)}
"""The steps of `decide`, by their names."""
AFTERWARDS: Final = {"Keep", "PublishAgain"}
"""Those of `after_publish` that are not among them."""


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    """Return the results of the searches that have run in this process."""
    return {}


@pytest.mark.parametrize("name", CLEAN)
def test_the_design_is_clean(name: str, results: dict[str, Result]) -> None:
    """
    No token is used after its end, no refresh token sent twice, no process waits too long, and
    no more tokens are requested than processes and faults.
    """
    result = results[name] = run(CLEAN[name])

    assert result.complete
    assert {} == {kind: str(found) for kind, found in result.found.items()}


def test_each_step_of_the_code_occurs(results: dict[str, Result]) -> None:
    """The model has the steps of `tokens/claim.py`, all of them, and no others."""
    names = ("none", "swap unknown, twice", "503", "crash", "cancel at each step")
    found = [results.get(name) or run(CLEAN[name]) for name in names]

    assert STEPS | AFTERWARDS == {step for result in found for step in result.steps}
    assert all(hasattr(claim, step) for step in STEPS | AFTERWARDS)


@pytest.mark.parametrize("name", REJECTED)
def test_the_rules_for_a_401_are_clean(name: str) -> None:
    """No healthy call fails because of another endpoint, and a revoked token is replaced."""
    result = run(REJECTED[name])

    assert result.complete
    assert {} == {kind: str(found) for kind, found in result.found.items()}


@pytest.mark.parametrize("name", [*HOLES, *BROKEN])
def test_a_broken_rule_is_caught(name: str) -> None:
    """The search finds the shortest way to what a rule prevents."""
    broken = {**HOLES, **BROKEN}[name]

    assert broken.kind in run(broken.case, stop_at=broken.kind).found
