"""The table of checkout steps as a diagram: generates `docs/checkout.md`."""

from collections.abc import Sequence
from typing import Final

from flexiti_async.checkout.state import Step
from flexiti_async.checkout.steps import OPERATIONS, TABLE, Row

__all__ = ["diagram", "page", "table"]

_STARTS: Final = (Step.OPEN, Step.IN_STORE)

_HEAD: Final = """\
# The steps of a checkout

Generated from `flexiti_async/checkout/steps.py`; a test compares them.

An `OnlineCheckout` starts as `open`, an `InStoreCheckout` as `in_store`. An arrow is a method and
its outcome. The steps with a border end with an operation, `authorize` or `apply`, which runs at
most once for the checkout's idempotency key. The journal of operations is asked before this table:

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
    return "\n".join([_HEAD, "```mermaid", *diagram(), "```", "", _NEEDS, *table(), ""])


def diagram() -> Sequence[str]:
    """Draw the table as a Mermaid state diagram, a line for each pair of steps."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {step.value}" for step in _STARTS]
    arrows: dict[tuple[Step, Step], dict[str, list[str]]] = {}
    for row in TABLE:
        outcomes = arrows.setdefault((row.at, row.to), {}).setdefault(row.method, [])
        if row.outcome:
            outcomes.append(row.outcome)
    for (at, to), methods in arrows.items():
        labels = [_label(method, outcomes) for method, outcomes in methods.items()]
        lines.append(f"    {at.value} --> {to.value}: {', '.join(labels)}")
    lines += [f"    {step.value} --> [*]" for step in Step if not _from(step)]
    lines.append("    classDef operation stroke-width:3px")
    lines += [f"    class {step.value} operation" for step in OPERATIONS]
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
    joined = " or ".join(outcomes)
    return f"{method} ({joined})" if joined else method


def _from(step: Step) -> Sequence[Row]:
    return [row for row in TABLE if row.at is step]
