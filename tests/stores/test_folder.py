"""The work on the folder of records, function by function."""

import os
from pathlib import Path

import pytest

from flexiti_async.errors import ConfigError
from flexiti_stores.file.folder import Folder, _flush_folder, _objection
from flexiti_stores.file.records import record_name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a folder that is not there yet."""
    return tmp_path / "tokens"


def test_what_cannot_be_put_in_its_place_is_taken_away(path: Path) -> None:
    """A write that fails at its last step leaves no draft; the error is the system's."""
    folder = Folder(path)
    folder.prepare()
    record = path / f"{record_name('key')}.record"
    record.mkdir()  # a file cannot replace a folder
    with pytest.raises(OSError, match=r"\[Errno"):
        folder._write(record_name("key"), b"text")

    assert [record] == list(path.iterdir())


def test_a_folder_of_somebody_else_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the folder could exchange its records."""
    Folder(path).prepare()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        Folder(path).prepare()


def test_where_folders_have_no_modes_they_are_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has neither POSIX modes nor folders that can be flushed; a file is refused there."""
    path.mkdir()
    path.chmod(0o777)
    file, missing = path / "file", path / "missing"
    file.touch()
    found = path.stat(), file.stat()
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        reasons = [_objection(one) for one in found]
        _flush_folder(missing)

    assert ["", "is not a folder"] == reasons
