"""What a benchmark has found: values only."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from attrs import Factory, frozen

from benchmarks.harness.measure import Spread
from benchmarks.report.cells import Cell

__all__ = ["GOAL_COLUMNS", "Chart", "Goal", "Report", "Table"]

GOAL_COLUMNS: Final = ("figure", "goal", "found", "met")

Chart: TypeAlias = dict[str, object]
"""A Vega-Lite specification; see `benchmarks.report.charts`."""


@frozen
class Table:
    """
    A table.

    Attributes:
        title: What it is about, units included.
        columns: Names of the columns; the first one names the rows.
        rows: The figures.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@frozen
class Goal:
    """
    A figure and what it should be.

    Attributes:
        figure: What it is.
        value: What was found.
        wanted: The limit.
        relation: How it should be to the limit.
        counted: It is a count, so it holds on any machine: a smoke run fails without it.
        main: It is one of the figures that the library is known by: it stands in the summary.
    """

    figure: str
    value: float | Spread
    wanted: float
    relation: Literal["≤", "≥", "="] = "≤"
    counted: bool = False
    main: bool = False

    @property
    def met(self) -> bool:
        """Whether it is as it should be; of what was repeated the median counts."""
        value = self.value.median if isinstance(self.value, Spread) else self.value
        match self.relation:
            case "≤":
                return value <= self.wanted
            case "≥":
                return value >= self.wanted
            case "=":
                return value == self.wanted

    @property
    def row(self) -> Sequence[Cell]:
        """It as a row of a table with `GOAL_COLUMNS`."""
        return self.figure, f"{self.relation} {self.wanted:g}", self.value, self.met


@frozen
class Report:
    """
    What one benchmark has found.

    Attributes:
        name: Name of the benchmark, and of the files.
        title: What was measured.
        tables: The figures.
        goals: The figures that should be something.
        charts: The plots, the most important one first: that is the PNG.
        parameters: What it was run with.
        missing: Peers that were left out because they are not installed.
        date: When it was made.
    """

    name: str
    title: str
    tables: Sequence[Table]
    goals: Sequence[Goal]
    charts: Sequence[Chart]
    parameters: Mapping[str, Cell]
    missing: Sequence[str] = ()
    date: str = Factory(
        lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")  # noqa: TID251
    )

    @property
    def goals_table(self) -> Table:
        """The goals as a table."""
        return Table("Goals", GOAL_COLUMNS, [goal.row for goal in self.goals])
