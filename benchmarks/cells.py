"""How figures look in a table: text only."""

from typing import TypeAlias

from benchmarks.measure import Spread

__all__ = ["Cell", "cell_text"]

Cell: TypeAlias = "str | int | float | bool | Spread | None"
"""A figure of a table: `None` is not measured."""


def cell_text(cell: Cell) -> str:
    """Write a figure: three digits, and the quartiles of what was repeated."""
    match cell:
        case None:
            return "–"
        case str():
            return cell
        case bool():
            return "yes" if cell else "no"
        case int():
            return f"{cell:,}"
        case float():
            return _number(cell)
        case Spread(repeats=1):
            return _number(cell.median)
        case Spread():
            return f"{_number(cell.median)} ({_number(cell.low)} … {_number(cell.high)})"


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.{2 if abs(value) < 10 else 1}f}"
