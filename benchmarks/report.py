"""What a benchmark has found: on the terminal, as JSON, as PNG, and as a page without network."""

import datetime
import functools
import html
import json
import os
import platform
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import attrs
import vl_convert
from attrs import Factory, frozen
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.cells import Cell, cell_text
from benchmarks.measure import Spread
from flexiti_async.cli.output import mask_store

__all__ = ["Chart", "Goal", "Report", "Table"]

Chart: TypeAlias = dict[str, object]
"""A Vega-Lite specification; see `benchmarks.charts`."""


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
    """

    figure: str
    value: float | Spread
    wanted: float
    relation: Literal["≤", "≥", "="] = "≤"
    counted: bool = False

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

    def show(self, console: Console) -> None:
        """Print it."""
        console.rule(f"[bold]{self.name}[/bold]: {self.title}")
        for table in [*self.tables, *([_goals_table(self.goals)] if self.goals else [])]:
            drawn = RichTable(*table.columns, title=table.title, title_justify="left")
            for column in drawn.columns[1:]:
                column.justify = "right"
            for row in table.rows:
                drawn.add_row(*(cell_text(cell) for cell in row))
            console.print(drawn)
        if self.missing:
            console.print(f"not installed, so left out: {', '.join(self.missing)}")

    def write(self, folder: Path) -> list[Path]:
        """Write `NAME.json`, `NAME.png` and `NAME.html`, and tell where."""
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / f"{self.name}.json", folder / f"{self.name}.html"]
        written[0].write_text(json.dumps(self._document(), indent=1) + "\n", encoding="utf-8")
        written[1].write_text(self._page(), encoding="utf-8")
        if self.charts:
            written.append(folder / f"{self.name}.png")
            written[2].write_bytes(vl_convert.vegalite_to_png(self.charts[0], scale=2))
        return written

    def _document(self) -> dict[str, object]:
        document = attrs.asdict(self, recurse=True)
        for written, goal in zip(document["goals"], self.goals, strict=True):
            written["met"] = goal.met
        return {**document, **_surroundings()}

    def _page(self) -> str:
        facts = {**_surroundings(), "date": self.date, **self.parameters}
        listed = "".join(
            f"<dt>{_escaped(name)}</dt><dd>{_escaped(str(value))}</dd>"
            for name, value in facts.items()
        )
        shown = [*([_goals_table(self.goals)] if self.goals else []), *self.tables]
        places = "".join(f'<div id="chart{n}"></div>' for n in range(len(self.charts)))
        return _PAGE.format(
            title=_escaped(f"{self.name}: {self.title}"),
            facts=listed,
            charts=places,
            tables="".join(map(_table_html, shown)),
            library=_library(),
            specs=_in_script(json.dumps(list(self.charts))),
        )


def _command() -> str:
    """Tell what was called, without the password that the URL of a store may hold."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    module = "benchmarks" if spec is None else str(spec.name).removesuffix(".__main__")
    shown = [_URL.sub(lambda url: mask_store(url[0]), argument) for argument in sys.argv[1:]]
    return shlex.join(["python", "-m", module, *shown])


def _surroundings() -> dict[str, str]:
    return {
        "command": _command(),
        "python": platform.python_version(),
        "system": platform.system(),
        "processors": str(os.cpu_count()),
    }


@functools.cache
def _library() -> str:
    """Give all that draws charts in a page; making it takes a second."""
    return _in_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _in_script(text: str) -> str:
    """Keep a text from ending the script that it stands in."""
    return text.replace("</script", "<\\/script")


def _goals_table(goals: Sequence[Goal]) -> Table:
    rows = [
        (goal.figure, goal.value, f"{goal.relation} {goal.wanted:g}", goal.met) for goal in goals
    ]
    return Table("Goals", ("figure", "found", "to reach", "met"), rows)


def _table_html(table: Table) -> str:
    head = "".join(f"<th>{_escaped(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_escaped(cell_text(cell))}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    return (
        f"<h2>{_escaped(table.title)}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _escaped(text: str) -> str:
    return html.escape(text)


_URL: Final = re.compile(r"[\w+.-]+://.*")
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: 0 1rem; color: #555 }}
dd {{ margin: 0 }}
</style>
<h1>{title}</h1>
<dl>{facts}</dl>
{charts}
{tables}
<script type="module">
{library}
</script>
<script type="module">
const actions = {{ export: true, source: false, compiled: false, editor: false }};
{specs}.forEach((spec, n) => vegaEmbed("#chart" + n, spec, {{ actions }}));
</script>
"""
