"""The public surface: complete, sorted, described, and importable in any order."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import flexiti_async

# Imports are made depth first. So a circle shows in any order, as the import of a module that is
# not complete; without one, each module can be imported first. `-W error` makes warnings fail.
IMPORT_ALL = """
import builtins, importlib, json, pkgutil, sys

OURS = ("flexiti_async", "flexiti_stores")
names, faults, plain_import = [*OURS], {}, __import__

def fail(name):
    raise

def is_incomplete(name):
    return getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False)

def watched_import(name, globals=None, locals=None, fromlist=(), level=0):
    # `from package import name` imports a module if there is one of this name.
    inner = {f"{name}.{part}" for part in fromlist or ()}
    for target in inner & {*names} or {name}:
        if target in names and is_incomplete(target):
            faults[globals["__name__"]] = f"imports {target}, which is not complete: a circle"
    return plain_import(name, globals, locals, fromlist, level)

for root in OURS:
    package = importlib.import_module(root)
    names += [m.name for m in pkgutil.walk_packages(package.__path__, f"{root}.", fail)]
for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
    del sys.modules[name]

builtins.__import__ = watched_import
for name in names:
    # PyInstaller runs its hook, whose name is no name of a module.
    if name.endswith(".__main__") or not name.replace(".", "_").isidentifier():
        continue
    try:
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", [])
        if missing := [entry for entry in exported if not hasattr(module, entry)]:
            faults[name] = f"__all__ names {missing}, which do not exist"
    except BaseException as error:
        faults[name] = repr(error)
print(json.dumps({"count": len(names), "faults": faults}))
"""


def public_names() -> list[str]:
    """Read the one list of the first page's names, as it is written."""
    tree = ast.parse(Path(flexiti_async.__file__).with_name("_public.py").read_text("utf-8"))
    return [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def test_the_first_page_is_short() -> None:
    """It has at most 45 names, and each stands in one place."""
    names = public_names()

    assert 20 < len(names) <= 45
    assert len(set(names)) == len(names)
    assert set(names) | {"__version__"} <= set(dir(flexiti_async))


def test_a_star_import_brings_every_public_name() -> None:
    """As `__all__` of any module does; the version is an attribute of the package."""
    namespace: dict[str, object] = {}
    exec("from flexiti_async import *", namespace)  # noqa: S102 - a star import has no other form

    assert set(public_names()) == {name for name in namespace if name[0].isalpha()}
    assert flexiti_async.__version__


def test_importing_the_package_imports_no_library() -> None:
    """The first name brings what it needs, and neither a cache nor a store."""
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


def test_a_session_leaves_nothing_to_import_for_the_traffic() -> None:
    """With its class every module of the core has been imported."""
    code = """
import sys
from flexiti_async import FlexitiSession
rest = {"api.plans", "api.captures", "checkout.online", "resources.customers", "tokens.refresher"}
print(sorted({"flexiti_async." + name for name in rest} - sys.modules.keys()))
"""
    run = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )

    assert ("[]\n", "") == (run.stdout, run.stderr)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """A missing name is an AttributeError, and `dir()` lists all names, imported or not."""
    with pytest.raises(AttributeError, match="has no attribute 'FlexitiSesion'"):
        getattr(flexiti_async, "FlexitiSesion")  # noqa: B009 - type checkers would reject it

    assert {"FlexitiSession", "PurchaseWidget", "__version__"} <= set(dir(flexiti_async))


def test_every_export_is_described() -> None:
    """Each public name has a docstring of its own, not an inherited one."""
    exports = {name: getattr(flexiti_async, name) for name in public_names()}

    assert [] == [
        name
        for name, export in exports.items()
        if not (vars(export).get("__doc__") if inspect.isclass(export) else export.__doc__)
    ]


def test_every_module_imports_alone_and_in_silence() -> None:
    """Every module of both packages can be imported first, without warnings: there is no circle."""
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", IMPORT_ALL],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (run.stderr, run.returncode)

    result = json.loads(run.stdout)

    assert {} == result["faults"]
    assert result["count"] > 2
