"""The example of telemetry runs, and its dashboard queries metrics that exist."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from flexiti_async.integrations import otel

from ..support.patience import PATIENCE

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "telemetry"
SUFFIXES: Final = {"s": "_seconds"}
"""How Prometheus writes a unit; braces are left out."""


def documented() -> dict[str, str]:
    """Return the metrics of the module's table with their units."""
    rows = re.findall(r"^\| `(flexiti\.[a-z_.]+)` \| (\S+) \|", otel.__doc__ or "", re.MULTILINE)
    return dict(rows)


def test_the_example_prints_spans_and_metrics() -> None:
    """The program prints the shop's spans, ours below them, and the metrics at the end."""
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(EXAMPLE / "shop.py"), "3"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    names = re.findall(r'"name": "([^"]+)"', run.stdout)

    assert "" == run.stderr
    assert 3 == names.count("POST /checkout")
    assert 3 == names.count("flexiti widget/init")
    assert "flexiti oauth/token" in names
    metrics = {name for name in names if re.fullmatch(r"flexiti\.[a-z_.]+", name)}
    assert {"flexiti.call.duration", "flexiti.token.refreshes"} <= metrics
    assert metrics <= documented().keys()


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    """It queries them by their names in Prometheus."""
    dashboard = json.loads((EXAMPLE / "dashboard.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    # A name before a range, or the only argument of a function, is a metric.
    found = re.findall(r"\b(flexiti_[a-z_]+)(?=\[)|max\((flexiti_[a-z_]+)\)", " ".join(queries))
    asked = {re.sub("_(bucket|count|total)$", "", one or other) for one, other in found}
    there = {name.replace(".", "_") + SUFFIXES.get(unit, "") for name, unit in documented().items()}

    assert there == asked
