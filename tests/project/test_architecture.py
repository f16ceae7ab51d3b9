"""The page about the architecture describes the source as it is."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
from structure import entries, layers

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "flexiti_async"
PAGE: Final = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")


def section(heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    _, _, rest = PAGE.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


def block(heading: str) -> Sequence[str]:
    """Return the lines of a section's text block."""
    _, _, rest = section(heading).partition("```text\n")
    return rest.partition("```")[0].splitlines()


def rows(heading: str) -> Iterator[Sequence[str]]:
    """Yield the cells of each row of a section's table."""
    for line in section(heading).splitlines():
        if line.startswith("| ") and not line.startswith(("| behaviour |", "| part |")):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def paths(cell: str) -> list[str]:
    """Return the paths that a cell names."""
    return re.findall(r"`([\w/]+(?:\.py|/))`", cell)


def defined(path: Path) -> set[str]:
    """Return the classes and functions that a module defines."""
    return {
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }


BEHAVIOURS: Final = {
    behaviour: paths(where) for behaviour, where in rows("Where to find a behaviour")
}
PARTS: Final = {
    part.strip("`"): paths(where) for part, where, _ in rows("The parts of the refresher")
}


def test_the_tree_has_every_folder_and_module() -> None:
    """Each folder and root module of the package has one line with a sentence, and no other has."""
    lines = block("The tree")
    tree = [
        re.split(r" {2,}", line.strip(), maxsplit=1) for line in lines[1 : lines.index("stores/")]
    ]
    shown = sorted(name for name, _ in tree)
    present = [f"{name}/" if (PACKAGE / name).is_dir() else name for name in entries(ROOT)]

    assert "flexiti_async/" == lines[0]
    assert sorted(name for name in present if name.endswith(("/", ".py"))) == shown
    assert [] == [name for name, sentence in tree if not sentence.endswith(".")]


def test_the_arrows_are_the_contract() -> None:
    """The page draws the layers that import-linter checks, in the same order."""
    drawn = [re.split(r" {2,}", line)[0].split(" │ ") for line in block("Which way imports point")]

    assert layers(ROOT) == drawn


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_behaviour_is_where_the_page_says(behaviour: str) -> None:
    """Every row names at least one path, and every path exists."""
    named = BEHAVIOURS[behaviour]

    assert named
    assert [] == [path for path in named if not (PACKAGE / path).exists()]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_defined_where_the_page_says(part: str) -> None:
    """Every part of the refresher is a class or a function of the one file that its row names."""
    [path] = PARTS[part]

    assert part in defined(PACKAGE / path)
