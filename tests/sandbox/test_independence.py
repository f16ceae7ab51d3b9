"""The sandbox is an independent reading of the specification: it imports no code of the client."""

import ast
import sys
from pathlib import Path

import flexiti_async.sandbox

# Errors are the library's one tree, and know nothing of the wire: a wrong setting is a ConfigError.
OURS = {"flexiti_async.errors", "flexiti_async.sandbox"}
ALLOWED = {"aiohttp", "attrs", "cattrs", *OURS, *sys.stdlib_module_names}
FOLDER = Path(flexiti_async.sandbox.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))


def imported(source: str) -> set[str]:
    """Return the imports of a module: the top package, or the second level of our own."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level
            names.add(node.module or "")
    return {
        ".".join(name.split(".")[: 2 if name.startswith("flexiti_async") else 1]) for name in names
    }


def test_imports() -> None:
    """Modules import only the standard library, aiohttp, attrs, cattrs, errors, and the sandbox."""
    others = {
        str(path.relative_to(FOLDER)): imported(path.read_text(encoding="utf-8")) - ALLOWED
        for path in FILES
    }

    assert {} == {name: found for name, found in others.items() if found}


def test_the_check_itself() -> None:
    """The check finds every form of importing the client."""
    source = "import os.path\nimport flexiti_async.protocol.token\nfrom flexiti_async import api"

    assert {"os", "flexiti_async.protocol", "flexiti_async"} == imported(source)
    assert len(FILES) > 10


def test_public_names() -> None:
    """The package exports the documented names, sorted."""
    names = flexiti_async.sandbox.__all__

    documented = ["Account", "Authorization", "Capture", "Message", "OAuthRules", "Only"]
    documented += ["Payment", "Plan", "RequestRecord", "Sandbox", "Settings", "TokenView"]
    assert [*documented, "token_id"] == names
    assert all(hasattr(flexiti_async.sandbox, name) for name in names)
