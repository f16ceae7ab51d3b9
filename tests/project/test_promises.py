"""SECURITY.md: every promise names its tests, and they exist."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_COLUMNS: Final = 4


def promises() -> list[list[str]]:
    """Return the cells of the table's rows."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    section = text.partition("## What the library promises")[2].partition("\n### ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def names_in(path: str) -> set[str]:
    """Return the names of a module's tests."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


def test_every_promise_has_a_test() -> None:
    """A promise says what, against whom, and how it is tested."""
    rows = promises()

    assert len(rows) >= 20
    assert [] == [row for row in rows if len(row) != _COLUMNS or not all(row[:3])]
    assert [] == [row[0] for row in rows if not _TEST.search(row[2])]


def test_every_named_test_exists() -> None:
    """A test that is renamed or removed must not leave a promise behind."""
    named = [found for row in promises() for found in _TEST.findall(row[2])]
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or name not in names_in(path)
    ]

    assert [] == missing
    assert named
