"""The arithmetic of the benchmarks: turns, medians, refreshes, goals, and their output."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from .package import make_importable

if TYPE_CHECKING:
    from flexiti_async.cli.driver import Served


@pytest.fixture(autouse=True)
def benchmarks_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make them importable."""
    make_importable(monkeypatch)


def test_interleaved_gives_each_subject_a_turn_a_round() -> None:
    """Every round has each subject once, and no two rounds in a row have the same order."""
    from benchmarks.harness.measure import interleaved

    turns = list(interleaved("abc", 4))
    rounds = [turns[n : n + 3] for n in range(0, 12, 3)]

    assert [["a", "b", "c"]] * 4 == [sorted(one) for one in rounds]
    assert ["abc", "acb", "cab", "cba"] == ["".join(one) for one in rounds]


def test_spread_has_median_and_quartiles() -> None:
    """A spread has the median and the quartiles, and one repeat is its own spread."""
    from benchmarks.harness.measure import Spread

    assert Spread(3.0, 2.0, 4.0, 5) == Spread.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert Spread(7.0, 7.0, 7.0, 1) == Spread.of([7.0])
    assert Spread(6.0, 4.0, 8.0, 5) == Spread.of([1.0, 2.0, 3.0, 4.0, 5.0]).scaled(2.0)


def test_nothing_measured_has_no_spread() -> None:
    """A spread without repeats is an error, not a zero."""
    from benchmarks.harness.measure import Spread

    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_ratios_are_pairwise() -> None:
    """A machine that was slow for one whole round does not affect the ratios."""
    from benchmarks.harness.measure import Spread, ratios

    assert Spread(2.0, 2.0, 2.0, 3) == ratios([2.0, 20.0, 4.0], [1.0, 10.0, 2.0])


def test_percentile() -> None:
    """A percentile is one of the values, and without values an error."""
    from benchmarks.harness.measure import percentile

    values = [float(n) for n in range(100, 0, -1)]

    assert 99.0 == percentile(values, 99)
    assert 50.0 == percentile(values, 50)
    assert 7.0 == percentile([7.0], 99)
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 99)


def test_requests_of_one_refresh_are_counted_together() -> None:
    """Requests that come close together belong to one refresh."""
    from benchmarks.harness.measure import group_refreshes

    assert [2, 1, 3] == group_refreshes([5.0, 0.0, 0.1, 9.2, 9.0, 9.1], apart=1.0)
    assert [] == group_refreshes([], apart=1.0)


def test_cells() -> None:
    """Figures have three digits, repeats their quartiles, and missing figures are a dash."""
    from benchmarks.harness.measure import Spread
    from benchmarks.report.cells import Cell, cell_text

    shown: dict[Cell, str] = {
        None: "-",
        "text": "text",
        True: "yes",
        12345: "12,345",
        0.0: "0",
        0.01234: "0.0123",
        1.234: "1.23",
        12.34: "12.3",
        1234.5: "1,234",
        Spread(2.0, 2.0, 2.0, 1): "2.00",
        Spread(2.0, 1.0, 3.0, 5): "2.00 (1.00 … 3.00)",
    }

    assert list(shown.values()) == [cell_text(cell) for cell in shown]


@pytest.mark.parametrize(
    ("relation", "met"),
    [("≤", [True, True, False]), ("=", [False, True, False]), ("≥", [False, True, True])],
)
def test_goals(relation: Literal["≤", "=", "≥"], met: list[bool]) -> None:
    """A goal is met at the limit and on its side of it, by the median of repeats."""
    from benchmarks.harness.measure import Spread
    from benchmarks.report.report import Goal

    assert met == [Goal("figure", value, 2.0, relation).met for value in (1, 2.0, 3)]
    assert met[1] == Goal("figure", Spread.of([1.0, 2.0, 30.0]), 2.0, relation).met


def _customer(came: float, took: float, flow: str = "widget") -> "Served":
    from flexiti_async.cli.driver import DONE, Served

    return Served(came, took, flow, DONE)


def test_refresh_is_compared_with_as_long_a_calm() -> None:
    """Customers of a refresh are compared with those in the middle of the calm after it."""
    from benchmarks.harness.measure import Spread
    from benchmarks.load.refreshes import p99_ratio, pairs
    from benchmarks.load.results import Results

    # One comes every 5 ms, for 12 s; the token is refreshed every 4 s, for a second.
    refreshes = [(0.0, 1.0), (4.0, 5.0), (8.0, 9.0)]
    customers = [
        _customer(came / 200, 0.03 if came // 200 in {4, 8} else 0.01) for came in range(2400)
    ]
    (pair,) = pairs(Results(served=customers, refreshes=refreshes))

    assert (4.0, 4.995) == (pair.during[0].came, pair.during[-1].came)
    assert (6.0, 6.995) == (pair.between[0].came, pair.between[-1].came)
    assert Spread.of([3.0]) == p99_ratio([pair])


def test_refreshes_without_evidence_are_left_out() -> None:
    """A refresh that met faults, few customers or only dedicated tokens has no pair."""
    from benchmarks.load.refreshes import pairs
    from benchmarks.load.results import Results
    from flexiti_async.cli.driver import APPLICATION

    refreshes = [(0.0, 1.0), (4.0, 5.0), (8.0, 9.0)]
    many = [_customer(came / 200, 0.01) for came in range(2400)]
    dedicated = [_customer(came / 200, 0.01, APPLICATION) for came in range(2400)]

    assert [] == pairs(Results(many, refreshes, faults=[(4.5, 4.6)]))
    assert [] == pairs(Results(many[::3], refreshes))
    assert [] == pairs(Results(dedicated, refreshes))


def test_requests_of_refreshes_leave_faults_out() -> None:
    """Two requests at once belong to one refresh, and refreshes that met faults do not count."""
    from benchmarks.load.refreshes import requests_of_refreshes
    from benchmarks.load.results import Results

    refreshes = [(0.0, 1.0), (3.0, 4.0), (3.1, 4.1), (6.0, 7.0), (6.1, 7.1), (9.0, 10.0)]

    assert [1, 2, 1] == requests_of_refreshes(
        Results(refreshes=refreshes, faults=[(5.0, 8.0)]), 12.0
    )


def test_summary_has_the_main_table_first(tmp_path: Path) -> None:
    """The summary has the main goals, then all of them, then how long each benchmark took."""
    from benchmarks.report.report import Goal, Report
    from benchmarks.report.summary import write_summary

    goals = [Goal("one", 1, 1, "=", main=True), Goal("other", 2.5, 1.5)]
    report = Report("call", "title", tables=[], goals=goals, charts=[], parameters={})
    text = write_summary([report], {"call": 61.4}, tmp_path).read_text(encoding="utf-8")
    main, others, taken = text.partition("## All goals")[0], *text.split("## ")[1:]

    assert "| one | = 1 | 1 | yes |" in main
    assert "other" not in main
    assert "| other | ≤ 1.5 | 2.50 | no |" in others
    assert "| call | 61 |" in taken
