"""The report of a benchmark: values only."""

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
        title: Title, units included.
        columns: Names of the columns; the first column names the rows.
        rows: The figures.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@frozen
class Goal:
    """
    A figure and its goal.

    Attributes:
        figure: Name of the figure.
        value: The value found.
        wanted: The limit.
        relation: Required relation of the value to the limit.
        counted: Whether it is a count, which holds on any machine: a smoke run insists on it.
        main: Whether it is a main figure of the library, in the first table of the summary.
    """

    figure: str
    value: float | Spread
    wanted: float
    relation: Literal["≤", "≥", "="] = "≤"
    counted: bool = False
    main: bool = False

    @property
    def met(self) -> bool:
        """Whether the goal is met, by the median if the figure was measured several times."""
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
        """The row of a table with `GOAL_COLUMNS`."""
        return self.figure, f"{self.relation} {self.wanted:g}", self.value, self.met


@frozen
class Report:
    """
    The results of one benchmark.

    Attributes:
        name: Name of the benchmark, and of the files.
        title: Title of the page.
        tables: The figures.
        goals: The figures with a goal.
        charts: The plots; the first one becomes the PNG.
        parameters: The parameters of the run.
        missing: Peers that were left out because they are not installed.
        date: Date and time of the report.
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
