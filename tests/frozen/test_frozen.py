"""A shop that PyInstaller has frozen: no metadata, no source, modules and data in a bundle."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

SHOP = Path(__file__).with_name("frozen_shop.py")
# Packages of the tests that others would import if they are installed: they only cost time.
UNUSED = (
    *("_pytest", "botocore", "django", "faker", "hypothesis", "litestar", "mypy", "opentelemetry"),
    *("PIL", "pydantic", "pytest", "quart", "sentry_sdk", "setuptools", "structlog", "uvloop"),
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Freeze the shop, with nothing but its own source named."""
    folder = tmp_path_factory.mktemp("frozen")
    left_out = [word for name in UNUSED for word in ("--exclude-module", name)]
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--log-level", "WARN", *left_out, str(SHOP)],
        cwd=folder,
        check=True,
    )
    return folder / "dist" / SHOP.stem / SHOP.stem


def run(program: Path, arguments: Sequence[str]) -> str:
    """Run the program away from the checkout, and return what it prints."""
    done = subprocess.run(
        [str(program), *arguments], cwd=program.parent, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_a_frozen_shop_sells_with_each_store(program: Path, tmp_path: Path) -> None:
    """Every scheme is found without metadata, and the sandbox's page is in the bundle."""
    stores = ["memory://", f"file://{tmp_path}/store", "redis://127.0.0.1:1", "postgresql:///x"]
    seen = json.loads(run(program, [*stores, "other://x"]))
    refused = seen["titles"].pop("other://x")

    assert (None, True) == (seen["metadata"], seen["models"])
    assert dict.fromkeys(stores, "Flexiti sandbox") == seen["titles"]
    assert "no store is installed for other:// (installed: file://, memory://" in refused


def test_the_command_line_works_in_a_frozen_program(program: Path) -> None:
    """Its commands, which are imported by name, are in the bundle."""
    with subprocess.Popen(
        [str(program), "cli", "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as sandbox:
        assert sandbox.stdout is not None
        first = sandbox.stdout.readline()
        sandbox.terminate()

    assert "http://127.0.0.1:" in first


def test_a_frozen_program_starts_no_second_python(program: Path) -> None:
    """It would be the program itself; `demo` says so."""
    done = subprocess.run(
        [str(program), "cli", "demo"], capture_output=True, text=True, check=False
    )

    assert 1 == done.returncode
    assert "a frozen program cannot start a second Python" in " ".join(done.stderr.split())
