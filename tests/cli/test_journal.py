"""`flexiti-async journal …`: begin, check, accept."""

import asyncio
import json
import shutil
import time
from pathlib import Path

import pytest

from flexiti_async import FlexitiConfig, Secret, open_store
from flexiti_async.cli import main
from flexiti_async.operations.settling import operation_deadline
from flexiti_async.store.interface import JournalStore
from flexiti_async.store.journal import notice


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Name a folder that is not there yet."""
    return f"{(tmp_path / 'journal').as_uri()}?timeout=10"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command: its exit status, and what it printed."""
    status = main(["journal", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def noticed(url: str, ago: float) -> None:
    """Let a process notice some time ago that a journal has forgotten."""

    async def look() -> None:
        store = open_store(url)
        assert isinstance(store, JournalStore)
        await notice(store, version=f"{ago}", at=time.time() - ago)
        await store.aclose()

    asyncio.run(look())


def test_a_journal_is_begun_once(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`init` marks the store, `check` finds it intact, and a second `init` changes nothing."""
    seen = [run(capsys, verb, "--store", url, "--json") for verb in ("init", "check", "init")]
    lives = [json.loads(out) for _, out, _ in seen]

    assert [0, 0, 0] == [status for status, _, _ in seen]
    assert lives[0]["intact"]
    assert [lives[0]] * 3 == lives


def test_a_check_writes_nothing(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that was never marked fails the check, and is as empty as before."""
    status, _, err = run(capsys, "check", "--store", url)

    assert 1 == status
    assert "journal init" in err
    assert [] == list((tmp_path / "journal").iterdir())


def test_a_restored_folder_is_accepted_by_a_person(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Neither `check` nor `init` pass; `accept` asks whether somebody has compared.

    Nor does it pass at once: a call whose record is gone may still be executed.
    """
    run(capsys, "init", "--store", url)
    shutil.copytree(tmp_path / "journal", tmp_path / "copy")
    (tmp_path / "copy").chmod(0o700)
    (tmp_path / "journal").rename(tmp_path / "old")
    (tmp_path / "copy").rename(tmp_path / "journal")
    failed = [run(capsys, *words, "--store", url) for words in (("check",), ("init",), ("accept",))]
    early = run(capsys, "accept", "--compared", "--store", url)
    checked = run(capsys, "check", "--store", url)

    assert [1, 2, 1] == [status for status, _, _ in failed]
    assert "journal accept" in failed[0][2]
    assert "journal accept" in failed[1][2]
    assert "--compared" in failed[2][2]
    assert (1, 1) == (early[0], checked[0])
    assert "may still be executed: wait 922 s" in early[2]


def test_an_acceptance_waits_until_all_has_settled(
    odd_stores: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For 15 minutes and an operation's deadline, 22 s, after somebody has noticed."""
    for ago, status in ((900, 1), (930, 0)):
        url = f"{odd_stores}Aged?settled-{ago}"
        run(capsys, "init", "--store", url)
        noticed(url, ago)
        accepted = run(capsys, "accept", "--compared", "--store", url)

        assert status == accepted[0]
        assert accepted[2] if status else "intact" in accepted[1]


def test_the_deadline_by_default() -> None:
    """A store that is named needs no configuration."""
    config = FlexitiConfig(client_id="a", client_secret=Secret("b"), environment="training")

    assert operation_deadline(config) == operation_deadline(None)


def test_an_acceptance_that_is_rejected_fails(
    odd_stores: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store does not take the marker: the journal is not intact, and that is no success."""
    url = f"{odd_stores}Unmarkable"
    noticed(url, 3600)
    status, out, err = run(capsys, "accept", "--compared", "--store", url)

    assert (2, "") == (status, out)
    assert "rejected the marker" in err


def test_the_schema_is_printed_without_a_connection(capsys: pytest.CaptureFixture[str]) -> None:
    """It is for a migration that is read before it runs."""
    status, out, err = run(
        capsys, "sql", "--store", "postgresql://shop@127.0.0.1:1/shop?table=pay.records"
    )

    assert (0, "") == (status, err)
    assert out.startswith("create table if not exists pay.records (")
    assert "records_endless on pay.records" in out


def test_a_store_without_a_schema_has_nothing_to_migrate(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed on stdout, which may be a file of migrations."""
    status, out, err = run(capsys, "sql", "--store", url)

    assert (0, "") == (status, out)
    assert "no schema" in err
