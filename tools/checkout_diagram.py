"""The table of a checkout, drawn: what `docs/checkout.md` contains is generated from it."""

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
`Checkout` and what came of it. Calls that must not run twice lead through a step of their own,
drawn with a border: it is saved before the request is sent. From there, *it ran* is what a good
answer says and *it did not run* what a refusal says, and the checkout is back where it was. While
there is neither, somebody is at it or the outcome is lost: only `settle` leads on, which says
either.
"""

_NEEDS: Final = """\
## What each step needs

The method's own parameters aside. What is needed comes from the answers of earlier calls and from
the event of the widget, never from what the browser says later.
"""


def page() -> str:
    """Write `docs/checkout.md`."""
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
    """Write the table in Markdown, a line for each step and method."""
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
        told = ", ".join(name for name in names if name)
        parts.append(f"`{to.value}`" + (f" ({told})" if told else ""))
    return "; ".join(parts)


def _arrows() -> Iterable[tuple[Step, Step, str, str]]:
    for row in TABLE:
        if row.through is None:
            # What settles a call is what an answer, or a refusal, would have done.
            method = "" if row.method == "settle" else row.method
            yield row.at, row.to, method, row.outcome
        else:
            yield row.at, row.through, row.method, ""


def _label(method: str, outcomes: Sequence[str]) -> str:
    told = " or ".join(outcomes)
    return f"{method} ({told})" if method and told else method or told


def _from(step: Step) -> Sequence[Row]:
    return [row for row in TABLE if row.at is step]
