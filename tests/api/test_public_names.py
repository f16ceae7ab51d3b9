"""`from flexiti_async.api import …`: complete, each name once, imported on first use, typed."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import pytest

from flexiti_async import api
from flexiti_async.api import (
    Capture,
    CustomerAccount,
    Language,
    Plans,
    calculate_interest,
    capture,
    lookup,
)
from flexiti_async.protocol.call import Call, OperationCall

# Modules that help the pages, and names that other packages of the library use.
HELPERS = {
    "_public",
    "canada",
    "converters",
    "endpoints",
    "paging",
    "payment_fields",
    "untrusted",
    "widget_origins",
}
INTERNAL = {"SCENARIOS", "Scenario", "react", "read_event", "sku_body"}
PAGES = [page.name for page in pkgutil.iter_modules(api.__path__) if page.name not in HELPERS]
HERE = Path(api.__file__).parent


def listed() -> Iterator[tuple[str, str, str | None]]:
    """Read the list: module, name, and the name under which it is public."""
    for node in ast.parse((HERE / "_public.py").read_text()).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield str(node.module), alias.name, alias.asname


@pytest.mark.parametrize("page", PAGES)
def test_complete(page: str) -> None:
    """Every model, vocabulary and call of a page is public."""
    module = importlib.import_module(f"flexiti_async.api.{page}")
    named = {name for name in module.__all__ if not name.endswith("Word")}  # for type checkers

    assert set() == named - INTERNAL - {name for _, name, _ in listed()}


def test_each_name_once() -> None:
    """Each name is listed once, under its own name, and from the module that defines it."""
    names = [name for _, name, _ in listed()]

    assert len(set(names)) == len(names)
    assert names == [public for _, _, public in listed()]
    assert [] == [
        name
        for module, name, _ in listed()
        if inspect.isclass(getattr(api, name)) or inspect.isfunction(getattr(api, name))
        if getattr(api, name).__module__ != module
    ]


def test_no_name_is_a_module() -> None:
    """A public name never hides a module of the package."""
    assert set() == {name for _, name, _ in listed()} & {
        module.name for module in pkgutil.iter_modules(api.__path__)
    }


@pytest.mark.parametrize("name", [name for _, name, _ in listed()])
def test_described(name: str) -> None:
    """Each public class and function has its own docstring."""
    export = getattr(api, name)
    described = vars(export).get("__doc__") if inspect.isclass(export) else export.__doc__

    assert described


def test_dir_and_all() -> None:
    """`dir` and `__all__` have every name, imported or not."""
    names = {name for _, name, _ in listed()}

    assert names == set(getattr(api, "__all__"))  # noqa: B009 - from `__getattr__`
    assert names < set(dir(api))


def test_an_unknown_name() -> None:
    """A misspelt name is an AttributeError with the package's name."""
    message = "module 'flexiti_async.api' has no attribute 'Planss'"
    with pytest.raises(AttributeError, match=message):
        getattr(api, "Planss")  # noqa: B009 - type checkers reject it


def run(code: str) -> str:
    """Run code in a new process, and return its output."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert ("", 0) == (done.stderr, done.returncode)
    return done.stdout.strip()


def test_imported_on_first_use() -> None:
    """The package alone imports no library, a module only its own, and a name all of them."""
    code = """
import sys
import flexiti_async.api
print(sorted({"aiohttp", "attrs", "cattrs", "msgspec"} & sys.modules.keys()))
from flexiti_async.api import plans
print(plans.__name__, "flexiti_async.api.captures" in sys.modules)
from flexiti_async.api import Plans
print(Plans is plans.Plans, "flexiti_async.api.captures" in sys.modules, "aiohttp" in sys.modules)
print("capture" in vars(flexiti_async.api))
"""

    assert "[]\nflexiti_async.api.plans False\nTrue True False\nTrue" == run(code)


def test_star_import() -> None:
    """`import *` imports every public name, and no module."""
    code = """
from flexiti_async.api import *
print(Plans.__name__, capture.__name__, CUSTOMER_PORTAL, "plans" in globals())
"""

    assert "Plans capture https://my.flexiti.com/index False" == run(code)


def test_typed() -> None:
    """Type checkers see the names with their types."""
    assert_type(capture(1, 1), OperationCall[Capture])
    assert_type(calculate_interest(1, 1, lang=Language.FRENCH), Call[Plans])
    call = lookup(account_number=1)
    assert_type(call, Call[CustomerAccount])

    assert CustomerAccount is call.result
