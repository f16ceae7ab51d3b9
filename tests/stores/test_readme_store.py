"""The store of the documentation passes the contracts, exactly as it is printed there."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ..support.patience import PATIENCE

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "stores.md"


def blocks() -> tuple[str, str, str]:
    """Read the store, its entry point and its tests from the page."""
    text = PAGE.read_text()
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (store,) = (text for _, text in found if "class SqliteStore" in text)
    (tests,) = (text for _, text in found if "class TestSqliteStore" in text)
    (table,) = (text for language, text in found if language == "toml")
    return store, table, tests


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write the page's blocks into the files of a project, as if it were installed."""
    store, table, tests = blocks()
    section, point = re.match(r'\[project\.entry-points\."(.*)"\]\n(.*)\n', table).groups()  # type: ignore[union-attr]
    metadata = tmp_path / "sqlite_store-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sqlite-store\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{section}]\n{point.replace(chr(34), '')}\n")
    (tmp_path / "sqlite_store.py").write_text(store)
    (tmp_path / "test_sqlite_store.py").write_text(tests)
    return tmp_path


def test_the_documented_store_passes_the_contracts(project: Path) -> None:
    """The store, its entry point and its tests, run by a pytest that knows nothing of this one."""
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
        timeout=PATIENCE,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "34 passed" in done.stdout


def test_the_documented_store_is_named_by_its_class_path(project: Path) -> None:
    """With its path as a parameter, and without metadata."""
    code = """
        import asyncio
        from flexiti_async import open_store
        store = open_store("sqlite_store:SqliteStore?path=records.db")
        print(asyncio.run(store.load("key")), (asyncio.run(store.life())).marker)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(project)},
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "None None\n" == done.stdout, done.stderr
    assert (project / "records.db").exists()


def test_the_documented_store_is_short() -> None:
    """A page of code, journal included, so that nobody is put off."""
    store, _, _ = blocks()

    assert len([line for line in store.splitlines() if line.strip()]) < 80
