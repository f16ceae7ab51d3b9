"""A report as a web page that needs no network: all plots and all tables."""

import functools
import html
import json
from typing import Final

import vl_convert

from benchmarks.report.cells import cell_text
from benchmarks.report.report import Report, Table
from benchmarks.report.surroundings import surroundings

__all__ = ["page_of"]

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


def page_of(report: Report) -> str:
    """Return the page."""
    facts = {**surroundings(), "date": report.date, **report.parameters}
    listed = "".join(
        f"<dt>{_escaped(name)}</dt><dd>{_escaped(cell_text(value))}</dd>"
        for name, value in facts.items()
    )
    shown = [*([report.goals_table] if report.goals else []), *report.tables]
    return _PAGE.format(
        title=_escaped(f"{report.name}: {report.title}"),
        facts=listed,
        charts="".join(f'<div id="chart{n}"></div>' for n in range(len(report.charts))),
        tables="".join(map(_table, shown)),
        library=_library(),
        specs=_in_script(json.dumps(list(report.charts))),
    )


@functools.cache
def _library() -> str:
    """Return the JavaScript that draws the charts; building it takes a second."""
    return _in_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _in_script(text: str) -> str:
    """Escape a text so that it cannot end the script element around it."""
    return text.replace("</script", "<\\/script")


def _table(table: Table) -> str:
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
