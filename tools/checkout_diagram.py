"""Draw the state machine of a checkout: the generator of `docs/checkout.md`."""

from collections.abc import Iterable, Sequence
from typing import Final

from flexiti_async.checkout.state import CLAIMS, Step
from flexiti_async.checkout.steps import TABLE, Row

__all__ = ["diagram", "page", "table"]

_STARTS: Final = (Step.OPEN, Step.IN_STORE)

_HEAD: Final = """\
# The steps of a checkout

Generated from `flexiti_async/checkout/steps.py`; a test compares them.

A checkout starts as `open` online and as `in_store` at a counter. An arrow is a method of
`Checkout` and its outcome. Calls that must not run twice lead through a step of their own, drawn
with a border, which is saved before the request is sent. From there *it ran* follows a success and
*it did not run* a rejection, which returns the checkout to its previous step. Until then the call
is in flight or its outcome is unknown: only `settle` leads on.
"""

_NEEDS: Final = """\
## Requirements of each step

Besides the method's own parameters, a step requires data that earlier answers and the widget's
event have supplied. It never takes them from a later message of the browser.
"""


def page() -> str:
    """Return the text of `docs/checkout.md`."""
    return "\n".join([_HEAD, "```mermaid", *diagram(), "```", "", _NEEDS, *table(), ""])


def diagram() -> Sequence[str]:
    """Draw the table as a Mermaid state diagram, a line for each pair of steps."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {step.value}" for step in _STARTS]
    arrows: dict[tuple[Step, Step], dict[str, list[str]]] = {}
    for at, to, method, outcome in _arrows():
        outcomes = arrows.setdefault((at, to), {}).setdefault(method, [])
        if outcome and outcome not in outcomes:
            outcomes.append(outcome)
    for (at, to), methods in arrows.items():
        labels = [_label(method, outcomes) for method, outcomes in methods.items()]
        lines.append(f"    {at.value} --> {to.value}: {', '.join(labels)}")
    lines += [f"    {step.value} --> [*]" for step in Step if not _from(step)]
    lines.append("    classDef claim stroke-width:3px")
    lines += [f"    class {step.value} claim" for step in Step if step in CLAIMS]
    return lines


def table() -> Sequence[str]:
    """Return the table in Markdown, a line for each step and method."""
    lines = ["| at | method | requires | leads to |", "|---|---|---|---|"]
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
        outcomes_there = ", ".join(name for name in names if name)
        parts.append(f"`{to.value}`" + (f" ({outcomes_there})" if outcomes_there else ""))
    return "; ".join(parts)


def _arrows() -> Iterable[tuple[Step, Step, str, str]]:
    for row in TABLE:
        if row.through is None:
            # Settling a call leads where its answer, or its rejection, would have led.
            method = "" if row.method == "settle" else row.method
            yield row.at, row.to, method, row.outcome
        else:
            yield row.at, row.through, row.method, ""


def _label(method: str, outcomes: Sequence[str]) -> str:
    listed = " or ".join(outcomes)
    return f"{method} ({listed})" if method and listed else method or listed


def _from(step: Step) -> Sequence[Row]:
    return [row for row in TABLE if row.at is step]
