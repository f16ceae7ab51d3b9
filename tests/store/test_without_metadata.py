"""Programs without installed metadata, as slimmed bundles are: the library's own parts work."""

import subprocess
import sys
from pathlib import Path

import pytest

import flexiti_async
import flexiti_stores

SHOP = Path(__file__).parents[1] / "frozen" / "frozen_shop.py"


@pytest.fixture
def slimmed(tmp_path: Path) -> Path:
    """Return a folder with all installed packages, without the metadata of any."""
    folder = tmp_path / "packages"
    folder.mkdir()
    places = [Path(place) for place in sys.path if Path(place).name == "site-packages"]
    ours = [Path(flexiti_async.__file__).parent, Path(flexiti_stores.__file__).parent]
    for package in [*ours, *(found for place in places for found in place.iterdir())]:
        if package.suffix not in {".dist-info", ".egg-info", ".pth"}:
            link = folder / package.name
            if not link.exists():
                link.symlink_to(package)
    return folder


def run(slimmed: Path, *arguments: str) -> str:
    """Run Python with these packages and the standard library alone."""
    program = f"import sys, runpy; sys.path.append({str(slimmed)!r}); sys.argv = sys.argv[1:]"
    command = [sys.executable, "-I", "-S", "-c", f"{program}; runpy.run_path(sys.argv[0])"]
    done = subprocess.run(
        [*command, str(SHOP), *arguments], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_own_stores_and_pages_need_no_metadata(slimmed: Path, tmp_path: Path) -> None:
    """Entry points are for other people's stores; the page of the widget is the package's data."""
    printed = run(slimmed, "memory://", f"file://{tmp_path}/store", "redis://127.0.0.1:1")

    assert '"metadata": null' in printed
    assert 3 == printed.count(': "Flexiti sandbox"')
