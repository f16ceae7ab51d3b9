"""Operations by exhaustive search: clean under each fault set, and caught without each rule."""

import attrs
import pytest

from .operation_cases import BROKEN, CLEAN, HOLES, SECOND_NETS
from .operation_model import Result, search
from .operation_rules import Case, Rules
from .operation_state import Outcome


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    """Return the results of the searches that have run in this process."""
    return {}


@pytest.mark.parametrize("name", CLEAN)
def test_the_design_is_clean(name: str, results: dict[str, Result]) -> None:
    """No history moves money twice, forgets an unknown outcome, or locks a key without a reason."""
    results[name] = search(CLEAN[name])

    assert results[name].found is None, str(results[name].found)


def test_every_outcome_is_reached(results: dict[str, Result]) -> None:
    """The searches are not empty: each outcome occurs in some, and `OperationConflict` as well."""
    found = [results.get(name) or search(case) for name, case in CLEAN.items()]

    assert set(Outcome) == {outcome for result in found for outcome in result.outcomes}
    assert any(result.conflict for result in found)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_caught(rule: str) -> None:
    """Without any one rule, the search finds what the rule prevents."""
    broken = BROKEN[rule]
    found = search(broken.case(rule), only=broken.violation).found

    assert found is not None
    assert broken.violation is found.violation


@pytest.mark.parametrize("rule", BROKEN)
def test_it_is_the_rule_that_prevents_it(rule: str) -> None:
    """Under the same faults, the design is clean."""
    found = search(BROKEN[rule].case()).found

    assert found is None, str(found)


@pytest.mark.parametrize("rule", SECOND_NETS)
def test_a_second_net_saves_writes_not_money(rule: str) -> None:
    """Without it nothing breaks while the other rules hold."""
    found = search(SECOND_NETS[rule]).found

    assert found is None, str(found)


def test_every_rule_is_broken_once() -> None:
    """No rule stands in the model that nothing shows to be needed."""
    assert {rule.name for rule in attrs.fields(Rules)} == {*BROKEN, *SECOND_NETS}


@pytest.mark.parametrize("name", HOLES)
def test_the_known_holes_are_real(name: str) -> None:
    """The search finds what the design says that no client can close."""
    hole = HOLES[name]
    found = search(hole.case(), only=hole.violation).found

    assert found is not None
    assert hole.violation is found.violation


def test_a_trace_names_each_step() -> None:
    """The counterexample is the shortest one, in the words of the design."""
    broken = BROKEN["no_clock_frees"]
    found = search(broken.case("no_clock_frees"), only=broken.violation).found

    assert found is not None
    assert str(found).startswith("money moved twice: 0: loads absent; 0: claims; 0: sends; ")
    assert "a tick passes; 1: takes an overdue record for free; 1: claims; 1: sends" in str(found)


def test_a_search_without_faults_ends_at_once() -> None:
    """One attempt alone is answered or refused, or too late."""
    result = search(Case(attempts=1, horizon=1))

    assert {Outcome.ANSWER, Outcome.REFUSED, Outcome.NOT_SENT} == {*result.outcomes}
