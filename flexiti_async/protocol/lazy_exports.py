"""Public names of a package, imported on first use."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import PathFinder

__all__ = ["lazy_exports"]


def lazy_exports(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """
    Return the `__getattr__` and `__dir__` of a package whose public names are those of `_public`.

    The first use of a name imports `<package>._public`, which imports every public name once.
    """
    module = sys.modules[package]
    namespace = vars(module)

    def public() -> dict[str, object]:
        listed = vars(import_module(f"{package}._public"))
        return {name: value for name, value in listed.items() if name[0].isalpha()}

    def __getattr__(name: str) -> object:  # noqa: N807 - what it is
        if name == "__all__":
            return sorted(public())
        # The import system asks for a submodule here first, and imports it after AttributeError.
        hidden = name.startswith("_")
        if not hidden and PathFinder.find_spec(f"{package}.{name}", module.__path__) is None:
            names = public()
            if name in names:
                namespace.update(names)
                return names[name]
        msg = f"module {package!r} has no attribute {name!r}"
        raise AttributeError(msg)

    def __dir__() -> list[str]:  # noqa: N807 - what it is
        return sorted({*namespace, *public()})

    return __getattr__, __dir__
