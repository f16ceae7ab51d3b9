"""The distribution: the tests run on the installed packages, complete and of one version."""

import importlib
import importlib.metadata
import importlib.resources
import json
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

import flexiti_async
import flexiti_stores

DISTRIBUTION = importlib.metadata.distribution("flexiti-async")


def _installed_from() -> tuple[Path, Path]:
    """Return the folders of both packages: the checkout's if editable, else those of the wheel."""
    origin = json.loads(DISTRIBUTION.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        url: str = origin["url"]
        root = Path(url2pathname(urlsplit(url).path))
        return root / "flexiti_async", root / "stores" / "flexiti_stores"
    site = Path(str(DISTRIBUTION.locate_file("")))
    return site / "flexiti_async", site / "flexiti_stores"


def test_both_packages_come_from_the_installed_distribution() -> None:
    """No package under test comes from the checkout while the other one comes from the wheel."""
    imported_from = Path(flexiti_async.__file__).parent, Path(flexiti_stores.__file__).parent

    assert _installed_from() == imported_from


def test_version() -> None:
    """The package states the version that was installed."""
    assert DISTRIBUTION.version == flexiti_async.__version__


@pytest.mark.parametrize("package", ["flexiti_async", "flexiti_stores"])
def test_typed(package: str) -> None:
    """Both packages are marked as typed."""
    assert importlib.resources.files(package).joinpath("py.typed").is_file()


def test_every_scheme_of_the_library_opens_a_store() -> None:
    """Its table names modules and classes that exist."""
    for path in flexiti_stores.SCHEMES.values():
        module, _, name = path.partition(":")

        assert hasattr(importlib.import_module(f"flexiti_stores.{module}"), name)


def test_entry_points_load() -> None:
    """Every entry point of the distribution can be imported."""
    groups = {entry.group for entry in DISTRIBUTION.entry_points if entry.load()}

    assert {"console_scripts", "pyinstaller40", "pytest11"} == groups
