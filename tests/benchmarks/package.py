"""The benchmarks, for tests of their helpers."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `benchmarks` importable without the checkout on the path, which has the library too."""
    folder = ROOT / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    monkeypatch.setitem(sys.modules, "benchmarks", importlib.util.module_from_spec(spec))
