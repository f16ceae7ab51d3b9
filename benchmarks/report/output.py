"""Reports on the terminal and in files."""

import json
from pathlib import Path

import attrs
import vl_convert
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.report.cells import cell_text
from benchmarks.report.page import page_of
from benchmarks.report.report import Report
from benchmarks.report.surroundings import surroundings

__all__ = ["publish"]


def publish(report: Report, console: Console, folder: Path) -> None:
    """Print a report, and write `NAME.json`, `NAME.html` and `NAME.png`."""
    _show(report, console)
    folder.mkdir(parents=True, exist_ok=True)
    for path in _write(report, folder):
        console.print(f"wrote {path}")
    console.file.flush()  # the next benchmark takes a minute


def _show(report: Report, console: Console) -> None:
    console.rule(f"[bold]{report.name}[/bold]: {report.title}")
    for table in [*report.tables, *([report.goals_table] if report.goals else [])]:
        drawn = RichTable(*table.columns, title=table.title, title_justify="left")
        for column in drawn.columns[1:]:
            column.justify = "right"
        for row in table.rows:
            drawn.add_row(*(cell_text(cell) for cell in row))
        console.print(drawn)
    if report.missing:
        console.print(f"not installed, so left out: {', '.join(report.missing)}")


def _write(report: Report, folder: Path) -> list[Path]:
    document, page = folder / f"{report.name}.json", folder / f"{report.name}.html"
    document.write_text(json.dumps(_document(report), indent=1) + "\n", encoding="utf-8")
    page.write_text(page_of(report), encoding="utf-8")
    if not report.charts:
        return [document, page]
    plot = folder / f"{report.name}.png"
    plot.write_bytes(vl_convert.vegalite_to_png(report.charts[0], scale=2))
    return [document, page, plot]


def _document(report: Report) -> dict[str, object]:
    document = attrs.asdict(report, recurse=True)
    for written, goal in zip(document["goals"], report.goals, strict=True):
        written["met"] = goal.met
    return {**document, **surroundings()}
