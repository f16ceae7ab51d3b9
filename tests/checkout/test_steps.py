"""The table of a checkout: complete, without a way around its rules, and drawn as it is."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import fields_dict
from checkout_diagram import PARTS, diagram, page

from flexiti_async.api.widget_reactions import Reaction
from flexiti_async.checkout.in_store import InStoreCheckout
from flexiti_async.checkout.online import OnlineCheckout
from flexiti_async.checkout.state import CheckoutState, Sharing, Step
from flexiti_async.checkout.steps import ENDS_AT, NEXT_STEPS, OPERATIONS, TABLE, missing, row_of
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.secret import Secret
from flexiti_async.tokens.record import StoredToken

PAGE = Path(__file__).parents[2] / "docs" / "checkout.md"
STATE = CheckoutState("r", "order-1", StoredToken("t", Secret("a"), 1200.0, 900.0), Sharing.SHARED)


def paths_to(goal: Step, start: Step) -> list[list[str]]:
    """Return all paths from a step to another one that visit no step twice."""
    found: list[list[str]] = []

    def walk(step: Step, path: list[str], seen: frozenset[Step]) -> None:
        if step is goal:
            found.append(path)
            return
        for row in TABLE:
            if row.at is step and row.to not in seen:
                walk(row.to, [*path, row.method], seen | {row.to})

    walk(start, [], frozenset({start}))
    return found


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step.OPEN, {"init_widget"}),
        (Step.IN_STORE, {"lookup"}),
        (Step.WIDGET, {"init_widget", "handle_event"}),
        (Step.STOPPED, {"init_widget"}),
        (Step.VERIFIED, {"init_widget", "plans", "authorize"}),
        (Step.READY_TO_APPLY, {"init_widget", "apply"}),
        (Step.ACCOUNT_FOUND, {"lookup", "plans", "verify"}),
        (Step.CODE_SENT, {"lookup", "plans", "verify", "authorize"}),
        (Step.AUTHORIZED, set[str]()),
        (Step.APPLIED, set[str]()),
    ],
)
def test_allowed_calls(step: Step, expected: set[str]) -> None:
    """The allowed calls are those of the flows in spec section 7.5."""
    assert expected == NEXT_STEPS[step]


def test_every_step_is_in_the_table() -> None:
    """Every step is in the table, and can be reached from a start."""
    reached = {Step.OPEN, Step.IN_STORE}
    for _ in Step:
        reached |= {row.to for row in TABLE if row.at in reached}

    assert set(Step) == reached == set(NEXT_STEPS)


def test_every_method_exists() -> None:
    """Every method in the table is a method of the kind of checkout that reaches its step."""
    for kind, start in ((OnlineCheckout, Step.OPEN), (InStoreCheckout, Step.IN_STORE)):
        reached = {step for step in Step if step is start or paths_to(step, start)}
        methods = {row.method for row in TABLE if row.at in reached}

        assert methods == {name for name in methods if callable(getattr(kind, name, None))}


def test_every_reaction_has_a_row() -> None:
    """Every reaction to an event has a row."""
    rows = [row for row in TABLE if row.method == "handle_event"]

    assert sorted(Reaction) == sorted(row.outcome for row in rows)
    assert [Step.VERIFIED] == [row.to for row in rows if row.outcome == Reaction.AUTHORIZE]
    assert [Step.READY_TO_APPLY] == [row.to for row in rows if row.outcome == Reaction.APPLY]
    assert {Step.STOPPED, Step.WIDGET} == {row.to for row in rows} - {
        Step.VERIFIED,
        Step.READY_TO_APPLY,
    }


def test_operations() -> None:
    """The calls that must not run twice are operations, and end the checkout."""
    operations = {row.method: row.operation for row in TABLE if row.operation is not None}

    assert {"authorize": OperationKind.AUTHORIZE, "apply": OperationKind.APPLY} == operations
    assert {Step.VERIFIED, Step.CODE_SENT, Step.READY_TO_APPLY} == set(OPERATIONS)
    assert all(kind.value == method for method, kind in operations.items())
    assert {Step.AUTHORIZED, Step.APPLIED} == set(ENDS_AT.values())
    assert not any(NEXT_STEPS[step] for step in ENDS_AT.values())


@pytest.mark.parametrize("start", [Step.OPEN, Step.IN_STORE])
def test_money_moves_only_after_a_verification(start: Step) -> None:
    """Every path to moved money has a verification before the authorization."""
    verification = "handle_event" if start is Step.OPEN else "verify"
    paths = paths_to(Step.AUTHORIZED, start)

    assert paths
    assert all(path[-1] == "authorize" and verification in path for path in paths)


def test_no_merchant_token_reaches_a_browser() -> None:
    """No path leads from a counter to a widget, nor from a widget to a counter."""
    assert not paths_to(Step.WIDGET, Step.IN_STORE)
    assert not paths_to(Step.ACCOUNT_FOUND, Step.OPEN)


def test_required_data_are_fields() -> None:
    """Required data are fields of the state, and are named when they are missing."""
    names = {name for row in TABLE for name in row.needs}
    row = row_of(Step.VERIFIED, "authorize")

    assert names <= set(fields_dict(CheckoutState))
    assert ["account_number", "session_id"] == missing(row, STATE)


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        ("authorize", {("account_number", "session_id"), ("account_number", "request_id")}),
        ("plans", {("account_number",)}),
        ("verify", {("account_number",)}),
        ("apply", {("session_id",)}),
    ],
)
def test_the_data_of_each_step(method: str, needs: set[tuple[str, ...]]) -> None:
    """Each step requires data of earlier answers."""
    assert needs == {row.needs for row in TABLE if row.method == method}


def test_an_unknown_outcome_is_an_error() -> None:
    """An unknown outcome is an error."""
    with pytest.raises(LookupError, match="authorize"):
        row_of(Step.VERIFIED, "authorize", "captured")


def test_each_row_is_found() -> None:
    """Step, method and outcome identify a row."""
    for row in TABLE:
        method = "".join(row.method)  # as a name from elsewhere would be: equal, another object

        one, found = row_of(row.at, method), row_of(row.at, method, row.outcome)

        assert (row.at, row.method) == (one.at, one.method)
        assert (row.at, row.method, row.outcome) == (found.at, found.method, found.outcome)
        assert row == found


def test_the_rows_of_one_method_agree() -> None:
    """An outcome leads to one step, and the required data do not depend on it."""
    outcomes: dict[tuple[Step, str, str], set[Step]] = {}
    needs: dict[tuple[Step, str], set[tuple[str, ...]]] = {}
    for row in TABLE:
        outcomes.setdefault((row.at, row.method, row.outcome), set()).add(row.to)
        needs.setdefault((row.at, row.method), set()).add(row.needs)

    assert {1} == set(map(len, outcomes.values())) | set(map(len, needs.values()))


def test_the_committed_page_is_the_generated_one() -> None:
    """The committed page equals the generated one."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_the_diagram_has_an_arrow_for_every_row() -> None:
    """The three parts have one arrow for every row, and no others."""
    arrows: Mapping[tuple[str, str], str] = {
        (at, to): label
        for rows in PARTS.values()
        for line in diagram(rows)
        if " --> " in line and ": " in line
        for at, _, rest in [line.strip().partition(" --> ")]
        for to, _, label in [rest.partition(": ")]
    }
    expected = {(row.at.value, row.to.value): row.method for row in TABLE}

    assert set(arrows) == set(expected)
    assert all(method in arrows[pair] for pair, method in expected.items())
