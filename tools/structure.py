"""
Measure the floor plan: what lies where, and which way imports point.

`python tools/structure.py` prints each figure beside its limit, and exits with 1 if one is above
it. `--places` prints the names behind the figures as well; an argument measures another checkout.
"""
# ruff: noqa: T201 - printing is its purpose

import argparse
import ast
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = [
    "Arrow",
    "Figure",
    "arrows",
    "circles",
    "contract_lines",
    "entries",
    "figures",
    "files",
    "layers",
    "longest_chain",
    "public_names",
    "upward",
    "wheel_packages",
]

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "flexiti_async"
FACE: Final = ("__init__", "_public")
"""The modules that re-export the package's public names; as a room they are the package itself."""


class Arrow(NamedTuple):
    """
    An import from one room of the package to another.

    Attributes:
        of: The importing room: a folder or a module at the root.
        to: The imported room.
    """

    of: str
    to: str


class Figure(NamedTuple):
    """
    One line of the report.

    Attributes:
        name: What is counted.
        value: The count.
        limit: The highest value that passes.
        places: The names behind the value.
    """

    name: str
    value: int
    limit: int
    places: Sequence[str] = ()


def entries(root: Path) -> Sequence[str]:
    """List the modules and folders at the root of the package; `py.typed` is only a mark."""
    return [name for name in _visible(root / PACKAGE) if name != "py.typed"]


def files(folder: Path) -> Sequence[str]:
    """List the files at the root of a folder."""
    return [name for name in _visible(folder) if (folder / name).is_file()]


def _visible(folder: Path) -> Sequence[str]:
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return [name for name in names if name != "__pycache__" and not name.startswith(".")]


def arrows(root: Path) -> Collection[Arrow]:
    """
    Return the imports between rooms, wherever in the source they are written.

    A folder is one room. Imports in functions and under `TYPE_CHECKING` count: they cause no circle
    at run time, but a reader has to follow them all the same.
    """
    modules = {_module(root, path): path for path in (root / PACKAGE).rglob("*.py")}
    found: set[Arrow] = set()
    for module, path in modules.items():
        for imported in _imports(path, modules):
            arrow = Arrow(_room(module), _room(imported))
            if arrow.of != arrow.to:
                found.add(arrow)
    return found


def _module(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, modules: Collection[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import name` imports a module if there is one of this name.
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else node.module for name in inner]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] == PACKAGE)


def _room(module: str) -> str:
    _, _, inner = module.partition(".")
    room = inner.partition(".")[0]
    return PACKAGE if not room or room in FACE else room


def _reached(found: Collection[Arrow]) -> Mapping[str, Collection[str]]:
    """Return the rooms that each room imports, directly or through others."""
    direct: dict[str, set[str]] = {}
    for arrow in found:
        direct.setdefault(arrow.of, set()).add(arrow.to)
        direct.setdefault(arrow.to, set())
    reached: dict[str, Collection[str]] = {}
    for room, imported in direct.items():
        seen: set[str] = set()
        ahead = imported
        while ahead:
            seen |= ahead
            ahead = set(chain.from_iterable(direct[near] for near in ahead)) - seen
        reached[room] = seen
    return reached


def circles(found: Collection[Arrow]) -> Sequence[Sequence[str]]:
    """Return the groups of rooms that import each other, directly or through others."""
    reached = _reached(found)
    groups = {
        tuple(sorted(near for near in reached[room] if room in reached[near]))
        for room in reached
        if room in reached[room]
    }
    return sorted(groups)


def longest_chain(found: Collection[Arrow]) -> Sequence[str]:
    """Return the longest chain of imports from room to room; a circle counts with all its rooms."""
    reached = _reached(found)
    group = {room: (room,) for room in reached} | {
        room: tuple(circle) for circle in circles(found) for room in circle
    }

    @cache
    def below(rooms: tuple[str, ...]) -> tuple[str, ...]:
        near = {group[arrow.to] for arrow in found if arrow.of in rooms} - {rooms}
        return rooms + max(map(below, sorted(near)), key=len, default=())

    return max(map(below, sorted(set(group.values()))), key=len, default=())


def _project(root: Path) -> Mapping[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def layers(root: Path) -> Sequence[Sequence[str]]:
    """
    Return the layers of the import contract, from the top, each with its neighbours.

    A checkout without a `layers` contract has none.
    """
    for contract in _project(root)["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "layers":
            return [[name.strip() for name in row.split("|")] for row in contract["layers"]]
    return []


def upward(found: Collection[Arrow], floors: Sequence[Sequence[str]]) -> Sequence[Arrow]:
    """Return the arrows that do not lead to a lower layer: neighbours do not import each other."""
    floor = {room: number for number, rooms in enumerate(floors) for room in rooms}
    return sorted(
        (
            arrow
            for arrow in found
            if {arrow.of, arrow.to} <= floor.keys() and floor[arrow.of] >= floor[arrow.to]
        ),
        key=lambda arrow: (arrow.of, arrow.to),
    )


def contract_lines(root: Path) -> Sequence[str]:
    """Return the lines of `pyproject.toml` that configure import-linter, without empty ones."""
    inside = False
    kept: list[str] = []
    for line in (root / "pyproject.toml").read_text("utf-8").splitlines():
        if line.startswith("["):
            inside = line.startswith(("[tool.importlinter", "[[tool.importlinter"))
        if inside and line:
            kept.append(line)
    return kept


def public_names(root: Path) -> Mapping[str, int]:
    """
    Return the public names of the package, and how often each is written in its face.

    The names are those that `_public.py` binds, or else those of `__all__`. An import, a text in a
    table or a list, and a use count as one each.
    """
    trees = [
        ast.parse(path.read_text("utf-8"))
        for path in (root / PACKAGE / f"{module}.py" for module in FACE)
        if path.is_file()
    ]
    names = list(_bound(trees[1]) if len(trees) > 1 else _exported(trees[0]))
    written = [name for tree in trees for name in _written(tree)]
    return {name: written.count(name) for name in names}


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname for alias in node.names if alias.asname)


def _exported(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets):
            yield from ast.literal_eval(node.value)


def _written(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.alias(name=name) | ast.Name(id=name) | ast.Constant(value=str(name)):
                yield name
            case _:
                pass


def wheel_packages(root: Path) -> Sequence[str]:
    """Return the top-level packages that hatch puts into the wheel."""
    wheel = _project(root)["tool"]["hatch"]["build"]["targets"]["wheel"]
    return [Path(package).name for package in wheel["packages"]]


def figures(root: Path) -> Sequence[Figure]:
    """Measure a checkout."""
    found = arrows(root)
    floors = longest_chain(found)
    rising = [f"{arrow.of} -> {arrow.to}" for arrow in upward(found, layers(root))]
    loops = [" <-> ".join(circle) for circle in circles(found)]
    names = public_names(root)
    often = max(names.values(), default=0)
    contracts = contract_lines(root)
    modules = entries(root)
    packages = wheel_packages(root)
    return [
        Figure(f"entries at the root of {PACKAGE}/", len(modules), 22, modules),
        Figure("longest chain of imports", len(floors), 10, [" -> ".join(floors)]),
        Figure("circles of imports", len(loops), 0, loops),
        Figure("imports that point up", len(rising), 0, rising),
        Figure("lines of import contracts", len(contracts), 110),
        Figure("public names at the root", len(names), 45),
        Figure(
            "how often a public name is written",
            often,
            1,
            [name for name, count in names.items() if count == often],
        ),
        *(
            Figure(f"files at the root of {folder}/", len(listed), 8, listed)
            for folder in ("benchmarks", "tests", f"{PACKAGE}/sandbox")
            for listed in [files(root / folder)]
        ),
        Figure("top-level packages in the wheel", len(packages), 2, packages),
    ]


def main() -> int:
    """Print the figures, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="another checkout")
    parser.add_argument("--places", action="store_true", help="print the names behind each figure")
    wanted = parser.parse_args()
    measured = figures(wanted.root)
    for figure in measured:
        mark = "" if figure.value <= figure.limit else "  TOO MANY"
        print(f"{figure.name}: {figure.value} (at most {figure.limit}){mark}")
        if wanted.places:
            for place in figure.places:
                print(f"  {place}")
    return int(any(figure.value > figure.limit for figure in measured))


if __name__ == "__main__":
    sys.exit(main())
