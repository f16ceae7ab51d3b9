"""`typing.get_type_hints` works for every public callable, as frameworks and editors use it."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import get_type_hints

import attrs
import pytest
from public_api import MODULES


def public_names(module: object) -> list[str]:
    """Return the public names of a module: `__all__`, or those without an underscore."""
    listed: list[str] | None = getattr(module, "__all__", None)
    return listed or [name for name in dir(module) if not name.startswith("_")]


def callables(module: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield a module's public functions and classes, and the public methods of the classes."""
    for name in public_names(module):
        value: object = getattr(module, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            yield name, value
            for member, method in methods(value):
                yield f"{name}.{member}", method


def methods(kind: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public methods and properties of a class, its own and those of our parents."""
    for name, member in inspect.getmembers(kind):
        # attrs builds `__init__` from the annotations of the class, which are tested.
        if name == "__init__" and attrs.has(kind):
            continue
        function: object = member.fget if isinstance(member, property) else member
        ours = str(getattr(function, "__module__", "")).startswith("flexiti_")
        public = ours and (name == "__init__" or not name.startswith("_"))
        if public and (inspect.isfunction(function) or inspect.ismethod(function)):
            yield name, function


@pytest.mark.parametrize("name", MODULES)
def test_type_hints_resolve(name: str) -> None:
    """Every annotation of a public callable names something that exists at run time."""
    module = importlib.import_module(name)
    found = 0
    failed: dict[str, str] = {}
    for place, value in callables(module):
        found += 1
        try:
            get_type_hints(value)
        except NameError as error:
            failed[place] = str(error)

    assert {} == failed
    assert found or not public_names(module)
