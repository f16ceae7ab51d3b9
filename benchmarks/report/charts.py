"""The plots, as Vega-Lite specifications: drawn without a browser and without a network."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from benchmarks.harness.measure import Spread
from benchmarks.report.cells import cell_text
from benchmarks.report.report import Chart

__all__ = ["Values", "bars", "latency_over_time", "lines"]

Values: TypeAlias = Sequence[Mapping[str, object]]
"""The points: a mapping each."""

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_WIDTH: Final = 760
_OURS: Final = "#0b6e4f"
_OTHERS: Final = "#9aa5b1"
_OUR_NAME: Final = "flexiti-async"
_PALETTE: Final = (
    *("#30638e", "#d1495b", "#edae49", "#8e6c8a", "#66a182", "#c06c84", "#5c677d", "#b08968"),
    *("#2e4057", "#a3b18a", "#7f5539", "#9d4edd", "#118ab2", "#ef476f"),
)
_FEW_LINES: Final = 3
_QUARTILES: Final = "#3e4c59"


def _chart(title: str, **parts: object) -> Chart:
    # Legible where a page shows the plot at half its size.
    axis = {"labelFontSize": 14, "titleFontSize": 14, "titleFontWeight": "normal"}
    legend = {"labelFontSize": 14, "titleFontSize": 14, "labelLimit": 300}
    return {
        "$schema": _SCHEMA,
        "title": {"text": title, "anchor": "start", "fontSize": 18, "offset": 14},
        "background": "white",
        "padding": 16,
        "width": _WIDTH,
        "config": {"view": {"stroke": None}, "axis": axis, "legend": legend},
        **parts,
    }


def bars(
    title: str,
    rows: Mapping[str, Spread],
    *,
    unit: str,
    ours: str | tuple[str, ...],
    log: bool = False,
) -> Chart:
    """
    Draw a bar per row, the smallest first, with its quartiles and its median; ours is highlighted.

    Args:
        title: Title of the plot.
        rows: The figures by name.
        unit: Title of the axis.
        ours: Beginning of our names.
        log: Use a logarithmic axis.
    """
    values = [
        {
            "name": name,
            "median": at.median,
            "low": at.low,
            "high": at.high,
            "shown": cell_text(at.median),
            "ours": name.startswith(ours),
        }
        for name, at in sorted(rows.items(), key=lambda row: row[1].median)
    ]
    scale: dict[str, object] = {"type": "log"} if log else {"zero": True}
    axis = {"labelLimit": 400, "ticks": False, "domain": False, "labelPadding": 8}
    y = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": axis}
    colors = {"domain": [True, False], "range": [_OURS, _OTHERS]}
    color = {"field": "ours", "type": "nominal", "legend": None, "scale": colors}

    def x(field: str) -> dict[str, object]:
        return {"field": field, "type": "quantitative", "title": unit, "scale": scale}

    # A bar cannot begin at zero on a logarithmic axis.
    mark = {"type": "point", "filled": True, "size": 120} if log else {"type": "bar"}
    quartiles = {"type": "rule", "strokeWidth": 2, "color": _QUARTILES}
    text = {"type": "text", "align": "left", "dx": 8, "fontSize": 14}
    return _chart(
        title,
        height={"step": 34},
        data={"values": values},
        layer=[
            {"mark": mark, "encoding": {"y": y, "x": x("median"), "color": color}},
            {"mark": quartiles, "encoding": {"y": y, "x": x("low"), "x2": {"field": "high"}}},
            {"mark": text, "encoding": {"y": y, "x": x("high"), "text": {"field": "shown"}}},
        ],
    )


def lines(
    title: str,
    values: Values,
    *,
    x: str,
    y: str,
    series: str,
    log_x: bool = False,
    log_y: bool = False,
) -> Chart:
    """
    Draw a line per series.

    Args:
        title: Title of the plot.
        values: The points.
        x: Name of the value on the horizontal axis, and the axis's title.
        y: Name of the value on the vertical axis, and the axis's title.
        series: Name of the value that names the line.
        log_x: Use a logarithmic horizontal axis.
        log_y: Use a logarithmic vertical axis.
    """
    names = list(dict.fromkeys(str(value[series]) for value in values))
    others = iter(_PALETTE)
    colors = [_OURS if name.startswith(_OUR_NAME) else next(others) for name in names]
    color = {
        "field": series,
        "type": "nominal",
        "title": None,
        "scale": {"domain": names, "range": colors},
    }
    encoding: dict[str, object] = {
        "x": _axis(x, log=log_x),
        "y": _axis(y, log=log_y),
        "color": color,
    }
    if len(names) <= _FEW_LINES:  # so that both of two overlapping lines are visible
        encoding["strokeDash"] = {"field": series, "type": "nominal", "sort": None, "legend": None}
    return _chart(
        title,
        height=320,
        data={"values": list(values)},
        mark={"type": "line", "point": {"size": 60}, "strokeWidth": 3},
        encoding=encoding,
    )


def _axis(name: str, *, log: bool) -> dict[str, object]:
    # A name with a dot in brackets would be a path.
    field = name.replace(".", "\\.").replace("[", "\\[").replace("]", "\\]")
    scale: dict[str, object] = {"type": "log"} if log else {"zero": True}
    return {"field": field, "type": "quantitative", "title": name, "scale": scale}


def latency_over_time(
    title: str, *, spots: Values, percentiles: Values, refreshes: Values, faults: Values
) -> Chart:
    """
    Draw the spread of latencies over time.

    Args:
        title: Title of the plot.
        spots: `from`, `to` (seconds), `low`, `high` (milliseconds), `calls`.
        percentiles: `second`, `percentile`, `ms`.
        refreshes: `from` and `to` (seconds) of each token refresh.
        faults: `from` and `to` of each time of faults.
    """
    x = {"type": "quantitative", "title": "seconds since the start"}
    y = {"type": "quantitative", "title": "latency in ms", "scale": {"type": "log", "nice": False}}
    return _chart(
        title,
        height=380,
        layer=[
            *_bands(faults, color="#d1495b", label="faults on"),
            *_bands(refreshes, color="#e6a700", label="token refresh"),
            {
                "data": {"values": list(spots)},
                "mark": {"type": "rect", "clip": True},
                "encoding": {
                    "x": {"field": "from", **x},
                    "x2": {"field": "to"},
                    "y": {"field": "low", **y},
                    "y2": {"field": "high"},
                    "opacity": {
                        "field": "calls",
                        "type": "quantitative",
                        "scale": {"type": "log", "range": [0.08, 0.9]},
                        "title": "calls",
                    },
                    "color": {"value": "#30638e"},
                },
            },
            {
                "data": {"values": list(percentiles)},
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "second", **x},
                    "y": {"field": "ms", **y},
                    "strokeDash": {"field": "percentile", "type": "nominal", "title": None},
                    "color": {"value": "black"},
                },
            },
        ],
    )


def _bands(values: Values, *, color: str, label: str) -> list[dict[str, object]]:
    """Return a layer that marks spans of time from top to bottom; empty without spans."""
    layer: dict[str, object] = {
        "data": {"values": [{**value, "what": label} for value in values]},
        "mark": {"type": "rect", "opacity": 0.35, "stroke": color, "strokeWidth": 1},
        "encoding": {
            "x": {"field": "from", "type": "quantitative"},
            "x2": {"field": "to"},
            "color": {"value": color},
            "tooltip": {"field": "what"},
        },
    }
    return [layer] if values else []
