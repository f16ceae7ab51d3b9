"""Import the public names of a package when they are first used."""

import sys
from collections.abc import Callable
from importlib import import_module

__all__ = ["lazy_exports"]


def lazy_exports(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """
    Return the `__getattr__` and `__dir__` of a package whose public names are in `PACKAGE._public`.

    That module is the one list of the names. It is imported with the first name that is used, so
    that importing the package costs nothing; type checkers see a plain import of all names.
    """

    def names() -> list[str]:
        public = vars(import_module(f"{package}._public"))
        return sorted(name for name in public if name[0].isalpha())

    def get(name: str) -> object:
        if name == "__all__":  # for `from package import *`
            return names()
        # The import system asks for attributes of its own, such as __path__ of a module.
        if not name.startswith("_"):
            try:
                value = vars(import_module(f"{package}._public"))[name]
            except KeyError:
                pass
            else:
                setattr(sys.modules[package], name, value)
                return value
        msg = f"module {package!r} has no attribute {name!r}"
        raise AttributeError(msg, name=name, obj=sys.modules[package])

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names()})

    return get, list_names
