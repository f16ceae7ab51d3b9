"""
The table of checkout steps as diagrams.

`python tools/checkout_diagram.py` writes `docs/checkout.md`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from flexiti_async.checkout.state import Step
from flexiti_async.checkout.steps import OPERATIONS, TABLE, Row

__all__ = ["PARTS", "diagram", "page", "table"]

PAGE: Final = Path(__file__).parent.parent / "docs" / "checkout.md"
_STARTS: Final = (Step.OPEN, Step.IN_STORE)
_HAPPY: Final = (
    *(("init_widget", Step.OPEN), ("handle_event", Step.WIDGET), ("authorize", Step.VERIFIED)),
    *(("lookup", Step.IN_STORE), ("verify", Step.ACCOUNT_FOUND), ("authorize", Step.CODE_SENT)),
)
_HAPPY_OUTCOMES: Final = ("", "authorize")


def _is_application(row: Row) -> bool:
    return Step.READY_TO_APPLY in {row.at, row.to}


def _is_in_store(row: Row) -> bool:
    return row.at in {Step.IN_STORE, Step.ACCOUNT_FOUND, Step.CODE_SENT}


PARTS: Final[Mapping[str, Sequence[Row]]] = {
    "A purchase online": [r for r in TABLE if not _is_application(r) and not _is_in_store(r)],
    "An application online": sorted(
        filter(_is_application, TABLE), key=lambda r: r.at is not Step.WIDGET
    ),
    "A purchase in store": [r for r in TABLE if _is_in_store(r)],
}
"""The table in three parts, which have no row in common."""

_HEAD: Final = """\
# The steps of a checkout

Generated from `flexiti_async/checkout/steps.py`; a test compares them.

An `OnlineCheckout` starts as `open`, an `InStoreCheckout` as `in_store`. An arrow is a method and
its outcome. If all goes well, these are the steps of a purchase:
"""

_RULES: Final = """\
## Operations

The steps with a border end with an operation, `authorize` or `apply`, which runs at most once for
the checkout's idempotency key. The journal of operations is asked before this table:

* An operation that is done returns its recorded answer at any step, also after the checkout's
  token has ended; and `resume` finds the checkout at the step that follows.
* While its outcome is unknown, only `plans` and the operation itself are allowed.
* If the API refuses it, the checkout stays at its step.

After the authorization the checkout is not needed: `flexiti.authorizations` captures, releases,
returns and refunds.
"""

_NEEDS: Final = """\
## What each step needs

Besides the method's own parameters. The data come from the answers of earlier calls and from the
event of the widget, never from later data of the browser. An old widget has no `session_id`: after
`handle_event(…, old_widget=True)` without one, the operations are sent without it.
"""


def page() -> str:
    """Return the text of `docs/checkout.md`."""
    happy = [r for r in TABLE if (r.method, r.at) in _HAPPY and r.outcome in _HAPPY_OUTCOMES]
    parts = [line for title, rows in PARTS.items() for line in (f"## {title}", "", *_drawn(rows))]
    return "\n".join([_HEAD, *_drawn(happy), *parts, _RULES, _NEEDS, *table(), ""])


def _drawn(rows: Sequence[Row]) -> Sequence[str]:
    return ["```mermaid", *diagram(rows), "```", ""]


def diagram(rows: Sequence[Row]) -> Sequence[str]:
    """Draw rows as a Mermaid state diagram, a line for each pair of steps."""
    steps = {step for row in rows for step in (row.at, row.to)}
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {step.value}" for step in _STARTS if step in steps]
    arrows: dict[tuple[Step, Step], dict[str, list[str]]] = {}
    for row in rows:
        outcomes = arrows.setdefault((row.at, row.to), {}).setdefault(row.method, [])
        if row.outcome:
            outcomes.append(row.outcome)
    for (at, to), methods in arrows.items():
        labels = [_label(method, outcomes) for method, outcomes in methods.items()]
        lines.append(f"    {at.value} --> {to.value}: {', '.join(labels)}")
    lines += [f"    {step.value} --> [*]" for step in Step if step in steps and not _from(step)]
    lines.append("    classDef operation stroke-width:3px")
    lines += [f"    class {step.value} operation" for step in OPERATIONS if step in steps]
    return lines


def table() -> Sequence[str]:
    """Return the table in Markdown, a line for each step and method."""
    lines = ["| at | method | needs | leads to |", "|---|---|---|---|"]
    seen: dict[tuple[Step, str], list[Row]] = {}
    for row in TABLE:
        seen.setdefault((row.at, row.method), []).append(row)
    for (at, method), rows in seen.items():
        needs = ", ".join(f"`{name}`" for name in rows[0].needs) or "-"
        leads = _leads(rows)
        lines.append(f"| `{at.value}` | `{method}` | {needs} | {leads} |")
    return lines


def _leads(rows: Sequence[Row]) -> str:
    outcomes: dict[Step, list[str]] = {}
    for row in rows:
        outcomes.setdefault(row.to, []).append(row.outcome)
    parts: list[str] = []
    for to, names in outcomes.items():
        listed = ", ".join(name for name in names if name)
        parts.append(f"`{to.value}`" + (f" ({listed})" if listed else ""))
    return "; ".join(parts)


def _label(method: str, outcomes: Sequence[str]) -> str:
    """Write a method with its outcomes, two on a line: a long label widens the diagram."""
    pairs = [", ".join(outcomes[at : at + 2]) for at in range(0, len(outcomes), 2)]
    return f"{method} ({',<br>'.join(pairs)})" if pairs else method


def _from(step: Step) -> Sequence[Row]:
    return [row for row in TABLE if row.at is step]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
