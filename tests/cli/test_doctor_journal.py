"""`flexiti-async doctor` about the journal: its store, its life, its pending operations."""

import shutil
from pathlib import Path

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop

from ..support.patience import PATIENCE
from .conftest import CLIENT_SECRET, Command
from .test_doctor import findings
from .test_operations import lose

DOCTOR = ("doctor", "--json", "--no-token-request")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Configure a folder as journal."""
    folder = tmp_path / "journal"
    monkeypatch.setenv("FLEXITI_JOURNAL", f"file://{folder}?timeout={PATIENCE}")
    return folder


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure an API that is not on loopback, and a proxy: no network is looked at."""
    monkeypatch.setenv("FLEXITI_BASE_URL", "https://flexiti.invalid")
    monkeypatch.setenv("FLEXITI_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("FLEXITI_CLIENT_ID", "shop")
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", CLIENT_SECRET)
    # Not `memory://`: another test of this process may have begun a journal there.
    monkeypatch.setenv("FLEXITI_STORE", "memory://doctor-elsewhere")


def journal(command: Command) -> list[tuple[str, str, str]]:
    """Return level, text and advice of the findings about the journal."""
    found = findings(command(*DOCTOR))["journal"]
    return [(one["level"], one["text"], one["advice"]) for one in found]


def test_a_journal_in_use(command: Command, sandbox: Sandbox, folder: Path) -> None:
    """It is begun by the first operation on loopback; an unknown outcome is a warning."""
    [(level, text, _)] = journal(command)
    assert ("note", True) == (level, "first operation" in text)

    lose(sandbox, Drop(), "order-9")
    intact, pending = journal(command)
    assert ("ok", True) == (intact[0], f"file://{folder} is marked and intact" in intact[1])
    assert ("note", True) == (pending[0], "being made" in pending[1])

    lose(sandbox, Drop(), "order-8", ago=4000)
    _, (level, text, advice) = journal(command)
    assert "warning" == level
    assert "2 operations are pending, the oldest for 40" in text
    assert "authorize:order-8" in text
    assert "operations list" in advice


def test_a_journal_that_may_have_forgotten(
    command: Command, sandbox: Sandbox, folder: Path
) -> None:
    """The advice is to wait, to compare and to accept."""
    lose(sandbox, Drop(), "order-9")
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)
    folder.chmod(0o700)
    [(level, text, advice)] = journal(command)

    assert ("error", True) == (level, "may have lost writes" in text)
    assert "journal accept --compared" in advice


@pytest.mark.usefixtures("elsewhere")
def test_a_journal_that_ends_with_the_process(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused for a real API, unless the configuration says so in as many words."""
    [(level, text, _)] = journal(command)
    assert ("error", True) == (level, "calls that move money are refused" in text)

    monkeypatch.setenv("FLEXITI_JOURNAL", "memory://doctor-elsewhere")
    [(level, text, advice)] = journal(command)
    assert ("warning", True) == (level, "ends with each process" in text)
    assert "postgresql://" in advice


@pytest.mark.usefixtures("elsewhere", "folder")
def test_a_journal_that_nobody_has_begun(command: Command) -> None:
    """A deployment forgot `journal init`."""
    [(level, _, advice)] = journal(command)

    assert ("error", True) == (level, "journal init" in advice)


@pytest.mark.usefixtures("elsewhere")
def test_a_store_that_cannot_keep_one(
    command: Command, odd_stores: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store for tokens only does not do."""
    monkeypatch.setenv("FLEXITI_JOURNAL", f"{odd_stores}TokensOnly")
    [(level, text, advice)] = journal(command)

    assert ("error", True) == (level, "has no keys and life()" in text)
    assert "postgresql://" in advice
