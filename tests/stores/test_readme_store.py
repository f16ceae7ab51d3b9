"""The README's store passes the contract, exactly as printed there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "stores" / "README.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write the README's blocks to the files of a project, as if it were installed."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    store, tests = (text for language, text in blocks if language == "python")
    (table,) = (text for language, text in blocks if language == "toml")
    section, point = re.match(r'\[project\.entry-points\."(.*)"\]\n(.*)\n', table).groups()  # type: ignore[union-attr]
    metadata = tmp_path / "sqlite_store-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sqlite-store\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{section}]\n{point.replace(chr(34), '')}\n")
    (tmp_path / "sqlite_store.py").write_text(store)
    (tmp_path / "test_sqlite_store.py").write_text(tests)
    return tmp_path


def test_the_readme_store_passes_the_contract(project: Path) -> None:
    """The store's tests pass, with its entry point, in a separate pytest."""
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--rootdir", project, "-c", os.devnull, "-W", "error"),
            *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
            project,
        ],
        env={**os.environ, "PYTHONPATH": str(project)},
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "19 passed" in done.stdout


def test_the_readme_store_is_short() -> None:
    """The store has about 40 lines."""
    store = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)[0]

    assert len([line for line in store.splitlines() if line.strip()]) < 48
