"""The public surface: complete, sorted, described, and importable in any order."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import flexiti_async

# Each module is imported as if it were our first one, so that a circle shows in any order;
# libraries that it uses stay loaded. `-W error` turns a warning into a failure.
IMPORT_EACH = """
import importlib, json, pkgutil, sys

OURS = ("flexiti_async", "flexiti_stores")

def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]

def fail(name):
    raise

names = [*OURS]
for root in OURS:
    package = importlib.import_module(root)
    names += [m.name for m in pkgutil.walk_packages(package.__path__, f"{root}.", fail)]

faults = {}
for name in names:
    if name.endswith(".__main__"):
        continue
    forget()
    try:
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", [])
        if missing := [entry for entry in exported if not hasattr(module, entry)]:
            faults[name] = f"__all__ names {missing}, which do not exist"
    except BaseException as error:
        faults[name] = repr(error)
print(json.dumps({"count": len(names), "faults": faults}))
"""


def _typed_imports() -> set[tuple[str, str]]:
    """Return the imports of type checkers: module and name."""
    tree = ast.parse(Path(flexiti_async.__file__).read_text())
    [block] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        (str(node.module).removeprefix("flexiti_async."), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _rank(name: str) -> tuple[bool, bool, str]:
    """Return the sort key of ruff's order of `__all__`: constants, classes, the rest."""
    return not name.isupper(), not name[0].isupper(), name


def test_all_is_sorted() -> None:
    """The list of exports is sorted, without duplicates."""
    assert sorted(set(flexiti_async.__all__), key=_rank) == list(flexiti_async.__all__)


def test_all_is_complete() -> None:
    """The imports of type checkers, the lazy imports and the exports are the same."""
    homes = {(home, name) for home, names in flexiti_async._HOMES.items() for name in names}
    exported = {name for name in flexiti_async.__all__ if not name.startswith("_")}

    assert _typed_imports() == homes
    assert {name for _, name in homes} == exported


def test_unused_libraries_are_not_imported() -> None:
    """Importing the package imports no library, and a name imports what it needs."""
    code = """
import sys
import flexiti_async
early = sorted({"aiohttp", "attrs", "cattrs", "msgspec"} & sys.modules.keys())
flexiti_async.FlexitiSession
print(early, "aiohttp" in sys.modules, "aiocache" in sys.modules, "redis" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )

    assert ("[] True False False\n", "") == (run.stdout, run.stderr)


def test_the_first_session_imports_the_rest() -> None:
    """The class imports no page beyond the widget, and a session imports all of them."""
    code = """
import sys
from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
rest = {"api.plans", "api.captures", "checkout.base", "tokens.refresher"}
rest = {"flexiti_async." + name for name in rest}
early = sorted(rest & sys.modules.keys())
FlexitiSession(FlexitiConfig(client_id="a", client_secret="b", environment="training"))
print(early, sorted(rest - sys.modules.keys()))
"""
    run = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )

    assert ("[] []\n", "") == (run.stdout, run.stderr)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """A missing name is an AttributeError, and `dir()` lists all names, imported or not."""
    with pytest.raises(AttributeError, match="has no attribute 'FlexitiSesion'"):
        getattr(flexiti_async, "FlexitiSesion")  # noqa: B009 - type checkers would reject it

    assert {"FlexitiSession", "PurchaseWidget", "__version__"} <= set(dir(flexiti_async))


@pytest.mark.parametrize(
    "name", [name for name in flexiti_async.__all__ if not name.startswith("_")]
)
def test_every_export_is_described(name: str) -> None:
    """Each public name has a docstring of its own, not an inherited one."""
    export = getattr(flexiti_async, name)
    described = vars(export).get("__doc__") if inspect.isclass(export) else export.__doc__

    assert described


def test_every_module_imports_alone_and_in_silence() -> None:
    """Every module of both packages can be imported first, without warnings."""
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", IMPORT_EACH],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (run.stderr, run.returncode)

    result = json.loads(run.stdout)

    assert {} == result["faults"]
    assert result["count"] > 2
