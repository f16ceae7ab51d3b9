"""The demo shop is code to copy: it imports only the public names of the library."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import flexiti_async

DEMO = Path(flexiti_async.__file__).parent / "demo"
ALLOWED = {
    "flexiti_async",
    "flexiti_async.api",
    "flexiti_async.errors",
    "flexiti_async.events",
    "flexiti_async.operations",
}
ALLOWED_PACKAGES = ("flexiti_async.integrations.", "flexiti_async.demo")


def _imports(source: str) -> Iterator[str]:
    """Yield the modules that a file imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", sorted(DEMO.glob("*.py")), ids=lambda file: file.name)
def test_public_names_only(file: Path) -> None:
    """A module of the shop imports the first page, models, errors and integrations."""
    ours = {name for name in _imports(file.read_text()) if name.startswith("flexiti")}

    assert [] == sorted(name for name in ours - ALLOWED if not name.startswith(ALLOWED_PACKAGES))
