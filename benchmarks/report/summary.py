"""The main table of a run of all benchmarks, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.report.cells import Cell, cell_text
from benchmarks.report.report import GOAL_COLUMNS, Report
from benchmarks.report.surroundings import surroundings

__all__ = ["write_summary"]

_NAME: Final = "summary.md"


def write_summary(reports: Sequence[Report], seconds: Mapping[str, float], folder: Path) -> Path:
    """
    Write `summary.md`: the main figures, all goals, and durations.

    Args:
        reports: The reports.
        seconds: Seconds that each benchmark took.
        folder: The folder to write to.
    """
    facts = surroundings()
    goals = [goal for report in reports for goal in report.goals]
    taken: list[Sequence[Cell]] = [(name, round(spent)) for name, spent in seconds.items()]
    parts = [
        "# Benchmarks",
        f"`{facts.pop('command')}`, {reports[-1].date[:10]}: {_listed(facts)}.",
        _table(GOAL_COLUMNS, [goal.row for goal in goals if goal.main]),
        "## All goals",
        _table(GOAL_COLUMNS, [goal.row for goal in goals]),
        "## Durations",
        _table(("benchmark", "seconds"), [*taken, ("all", round(sum(seconds.values())))]),
    ]
    path = folder / _NAME
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _listed(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    lines = [columns, ["---"] * len(columns), *([cell_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
