"""The floor plan holds: few rooms, imports that point down, and each public name written once."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from structure import (
    ROOT,
    Arrow,
    arrows,
    circles,
    contract_lines,
    entries,
    figures,
    files,
    longest_chain,
    public_names,
    upward,
    wheel_packages,
)

SOURCES: Final[Mapping[str, str]] = {
    "flexiti_async/__init__.py": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    from flexiti_async.tokens.refresh import Refresh\n"
        '__all__ = ["Refresh"]\n'
    ),
    "flexiti_async/clock.py": "import time\n",
    "flexiti_async/tokens/__init__.py": "",
    "flexiti_async/tokens/refresh.py": (
        "from flexiti_async import clock\n"
        "from flexiti_async.tokens import claim\n"
        "def late():\n"
        "    import flexiti_async.store.sealed\n"
    ),
    "flexiti_async/tokens/claim.py": "",
    "flexiti_async/store/__init__.py": "",
    "flexiti_async/store/sealed.py": "from flexiti_async.clock import now\n",
    "pyproject.toml": (
        "[tool.hatch.build.targets.wheel]\n"
        'packages = ["flexiti_async", "stores/flexiti_stores"]\n'
        "[tool.importlinter]\n"
        "\n"
        "[[tool.importlinter.contracts]]\n"
        'type = "layers"\n'
        "[tool.uv]\n"
    ),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Write a small checkout."""
    for name, source in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    return tmp_path


def chain(*rooms: str) -> set[Arrow]:
    """Let each room import the next one."""
    return {Arrow(of, to) for of, to in pairwise(rooms)}


def test_every_figure_is_within_its_limit() -> None:
    """A figure above its limit names the places that it counts."""
    assert [] == [figure for figure in figures(ROOT) if figure.value > figure.limit]


def test_every_import_between_rooms_counts(checkout: Path) -> None:
    """An import counts in a function and for type checkers too, but not inside a folder."""
    found = {
        Arrow("flexiti_async", "tokens"),
        Arrow("tokens", "clock"),
        Arrow("tokens", "store"),
        Arrow("store", "clock"),
    }

    assert found == set(arrows(checkout))


def test_the_longest_chain_is_found() -> None:
    """A shorter way between two rooms does not hide the longer one."""
    found = chain("session", "tokens", "store", "errors") | chain("session", "errors")

    assert ["session", "tokens", "store", "errors"] == list(longest_chain(found))


def test_a_circle_is_found_and_counts_with_all_its_rooms() -> None:
    """Rooms that import each other in a circle are one group, which lengthens the chain."""
    found = chain("cli", "config", "sources", "config", "errors")

    assert [("config", "sources")] == circles(found)
    assert ["cli", "config", "sources", "errors"] == list(longest_chain(found))
    assert [] == circles(chain("cli", "config", "errors"))


def test_an_import_of_a_neighbour_or_from_below_points_up() -> None:
    """Only imports of a lower layer are allowed; rooms without a layer are not judged."""
    found = chain("session", "tokens", "store") | {
        Arrow("store", "tokens"),
        Arrow("api", "store"),
        Arrow("flexiti_async", "session"),
    }
    floors = [["session"], ["tokens"], ["api", "store"]]

    assert [Arrow("api", "store"), Arrow("store", "tokens")] == upward(found, floors)


def test_entries_and_files_are_counted_apart(checkout: Path) -> None:
    """Folders are entries of the package, and caches are neither entries nor files."""
    (checkout / "flexiti_async" / "__pycache__").mkdir()

    assert ["__init__.py", "clock.py", "store", "tokens"] == entries(checkout)
    assert ["__init__.py", "clock.py"] == files(checkout / "flexiti_async")


def test_the_configuration_is_read(checkout: Path) -> None:
    """Lines of contracts end with the next table; packages go by their last name."""
    contracts = ["[tool.importlinter]", "[[tool.importlinter.contracts]]", 'type = "layers"']

    assert contracts == contract_lines(checkout)
    assert ["flexiti_async", "flexiti_stores"] == wheel_packages(checkout)


def test_a_public_name_is_counted_where_it_is_written(checkout: Path) -> None:
    """With `_public.py` its lines are the list; without it, `__all__` is."""
    assert {"Refresh": 2} == public_names(checkout)

    face = checkout / "flexiti_async"
    (face / "__init__.py").write_text("from importlib import import_module\n", "utf-8")
    (face / "_public.py").write_text(
        "from flexiti_async.clock import now as now\n"
        "from flexiti_async.tokens.refresh import Refresh as Refresh\n",
        "utf-8",
    )
    assert {"now": 1, "Refresh": 1} == public_names(checkout)
