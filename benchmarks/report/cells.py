"""Figures of a table, as text."""

from typing import TypeAlias

from benchmarks.harness.measure import Spread

__all__ = ["Cell", "cell_text"]

Cell: TypeAlias = "str | int | float | bool | Spread | None"
"""A figure of a table: `None` was not measured."""


def cell_text(cell: Cell) -> str:
    """Return a figure with three digits, and with its quartiles if it was repeated."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return _number(cell)
    spread = f" ({_number(cell.low)} … {_number(cell.high)})" if cell.repeats > 1 else ""
    return _number(cell.median) + spread


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.{2 if abs(value) < 10 else 1}f}"
