"""The public surface: complete, sorted, described, and importable in any order."""

import inspect
import json
import subprocess
import sys
import types

import pytest

import flexiti_async

# Each module is imported as if it were the first one of ours, so that a circle shows whatever the
# order; libraries that it uses stay loaded. `-W error` makes a warning a failure.
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


def _public_names() -> set[str]:
    """Give what a user sees, apart from submodules and the traces of `__future__`."""
    return {
        name
        for name, value in vars(flexiti_async).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and getattr(value, "__module__", None) != "__future__"
    }


def _rank(name: str) -> tuple[bool, bool, str]:
    """Give the order that ruff keeps in every `__all__`: constants, classes, the rest."""
    return not name.isupper(), not name[0].isupper(), name


def test_all_is_sorted() -> None:
    """The list of exports is in order and names nothing twice."""
    assert sorted(set(flexiti_async.__all__), key=_rank) == list(flexiti_async.__all__)


def test_all_is_complete() -> None:
    """What is public is exported, and what is exported exists."""
    exported = {name for name in flexiti_async.__all__ if not name.startswith("_")}
    modules = {n for n in exported if isinstance(getattr(flexiti_async, n), types.ModuleType)}

    assert _public_names() == exported - modules


@pytest.mark.parametrize(
    "name", [name for name in flexiti_async.__all__ if not name.startswith("_")]
)
def test_every_export_is_described(name: str) -> None:
    """Each public name has a docstring of its own, not one that it inherits."""
    export = getattr(flexiti_async, name)
    described = vars(export).get("__doc__") if inspect.isclass(export) else export.__doc__

    assert described


def test_every_module_imports_alone_and_in_silence() -> None:
    """Every module of both packages can be imported first, and warns of nothing."""
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
