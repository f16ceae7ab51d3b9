"""The arithmetic of the benchmarks: turns, medians, ratios, renewals, and how a figure is shown."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def benchmarks_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `benchmarks` importable without the checkout, where the library is too, on the path."""
    folder = ROOT / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    monkeypatch.setitem(sys.modules, "benchmarks", importlib.util.module_from_spec(spec))


def test_interleaved_gives_each_subject_a_turn_a_round() -> None:
    """Every round has each subject once, and no two rounds in a row have the same order."""
    from benchmarks.measure import interleaved

    turns = list(interleaved("abc", 4))
    rounds = [turns[n : n + 3] for n in range(0, 12, 3)]

    assert [["a", "b", "c"]] * 4 == [sorted(one) for one in rounds]
    assert ["abc", "acb", "cab", "cba"] == ["".join(one) for one in rounds]


def test_spread_has_median_and_quartiles() -> None:
    """A spread quotes the median and the quartiles, and one repeat is its own spread."""
    from benchmarks.measure import Spread

    assert Spread(3.0, 2.0, 4.0, 5) == Spread.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert Spread(7.0, 7.0, 7.0, 1) == Spread.of([7.0])
    assert Spread(6.0, 4.0, 8.0, 5) == Spread.of([1.0, 2.0, 3.0, 4.0, 5.0]).scaled(2.0)


def test_nothing_measured_has_no_spread() -> None:
    """Repeats that were never made are an error, not a zero."""
    from benchmarks.measure import Spread

    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_ratios_are_pairwise() -> None:
    """A machine that was slow for one whole round does not show in the ratios."""
    from benchmarks.measure import Spread, ratios

    assert Spread(2.0, 2.0, 2.0, 3) == ratios([2.0, 20.0, 4.0], [1.0, 10.0, 2.0])


def test_requests_of_one_renewal_are_counted_together() -> None:
    """Requests that come close together belong to one renewal, however many renewals there are."""
    from benchmarks.measure import renewals_of

    assert [2, 1, 3] == renewals_of([5.0, 0.0, 0.1, 9.2, 9.0, 9.1], apart=1.0)
    assert [] == renewals_of([], apart=1.0)


def test_cells() -> None:
    """Figures are shown with three digits, repeats with their quartiles, and nothing as a dash."""
    from benchmarks.cells import Cell, cell_text
    from benchmarks.measure import Spread

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
