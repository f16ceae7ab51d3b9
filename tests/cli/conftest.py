"""
The command line as a function and as a process, and a sandbox for it to talk to.

Every secret and all personal data in these tests are canaries: `Ran` rejects output that shows one.
"""

import asyncio
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
from attrs import field, frozen

from flexiti_async.cli import main
from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE, PATIENT_VARIABLES

SCRIPT = str(Path(sysconfig.get_path("scripts")) / "flexiti-async")
CLIENT_SECRET = "canary-of-a-client-secret"
VCC_NUMBER = "1070015210367982"
DOB = "1977-11-23"
EMAIL = "canary.of.a.person@example.com"
STORE_PASSWORD = "canary-of-a-store-password"
CANARIES = (CLIENT_SECRET, VCC_NUMBER, DOB, EMAIL, STORE_PASSWORD)


def _shows_no_canary(_: object, attribute: object, value: str) -> None:
    shown = [canary for canary in CANARIES if canary in value]
    assert [] == shown, attribute


@frozen
class Ran:
    """Result of a command: exit status, stdout and stderr."""

    status: int
    out: str = field(validator=_shows_no_canary)
    err: str = field(validator=_shows_no_canary)

    @property
    def errors(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


Command = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the configuration and the terminal width of the developer who runs the tests."""
    for name in os.environ:
        if name.startswith("FLEXITI_"):
            monkeypatch.delenv(name)
    # Without it, output to a pipe has no width, and each line of help has 80 columns.
    monkeypatch.delenv("COLUMNS", raising=False)
    for name, seconds in PATIENT_VARIABLES.items():
        monkeypatch.setenv(name, seconds)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return the command line as a function."""

    def run(*argv: str) -> Ran:
        status = main(argv)
        shown = capsys.readouterr()
        return Ran(status, shown.out, shown.err)

    return run


def process(*argv: str, stdin: str = "", program: Sequence[str] = (SCRIPT,)) -> Ran:
    """Run the installed console script to its end."""
    done = subprocess.run(
        [*program, *argv],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox, None, None]:
    """Run a sandbox in a thread, and configure the command line for it in the environment."""
    running, loop = Sandbox(client_secret=CLIENT_SECRET), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(running.start(), loop).result(PATIENCE)
    monkeypatch.setenv("FLEXITI_BASE_URL", running.base_url)
    monkeypatch.setenv("FLEXITI_CLIENT_ID", running.client_id)
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", CLIENT_SECRET)
    # A memory store of its own for each test, by the port: they all run in this process.
    monkeypatch.setenv("FLEXITI_STORE", f"memory://test-{running.port}")
    yield running
    asyncio.run_coroutine_threadsafe(running.aclose(), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


@pytest.fixture
def odd_stores(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the stores of `odd_stores.py` importable, like a shop's own; return their prefix."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    return "odd_stores:"
