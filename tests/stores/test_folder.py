"""The work on the folder of records, function by function."""

import os
import stat
from pathlib import Path

import pytest

from flexiti_async.errors import ConfigError
from flexiti_async.store.interface import Entry
from flexiti_stores.file.folder import Folder, _flush_folder, _objection
from flexiti_stores.file.records import LOCKS, decode, encode, lock_name, record_name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet."""
    return tmp_path / "tokens"


def test_a_draft_that_cannot_be_moved_is_deleted(path: Path) -> None:
    """A write that fails at its last step leaves no draft, and raises the system's error."""
    folder = Folder(path)
    folder.prepare()
    record = path / f"{record_name('key')}.record"
    record.mkdir()  # a file cannot replace a folder
    with pytest.raises(OSError, match=r"\[Errno"):
        folder._write(record_name("key"), b"text")

    assert [record] == list(path.iterdir())


def test_a_folder_of_another_user_is_rejected(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of another user is rejected: its owner could replace records."""
    Folder(path).prepare()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        Folder(path).prepare()


def test_folders_without_modes_are_accepted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no POSIX modes and cannot flush folders; a file is rejected there too."""
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


def test_a_write_is_on_the_disk_with_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write flushes the content under a draft's name, then the folder with the new name."""
    folder, flush = Folder(path), os.fsync
    folder.prepare()
    record = path / f"{record_name('key')}.record"
    flushed: list[tuple[str, bool]] = []

    def watched(file: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file"
        flushed.append((kind, record.exists()))
        flush(file)

    monkeypatch.setattr(os, "fsync", watched)
    folder._write(record_name("key"), b"text")

    assert [("file", False), ("folder", True)] == flushed
    assert b"text" == record.read_bytes()


def test_the_format_of_a_file_is_stable() -> None:
    """Processes of different releases share a folder: the format of its files does not change."""
    name, entry = record_name("key"), Entry("v", "pay\nload", 60.0)
    stored = b'flexiti1 a39bf6848d748c41133ba0d482127d47\n["v", 60.0]\npay\nload'

    assert "c4132c7605ef8a0a2f67b099f526a6ab2fbd1e9d" == name
    assert "76.lock" == lock_name(name)
    assert stored == encode(name, entry)
    assert entry == decode(name, stored)


def test_keys_share_their_locks() -> None:
    """Any number of keys is spread over a fixed number of locks."""
    names = [lock_name(record_name(f"key {number}")) for number in range(20 * LOCKS)]

    assert LOCKS == len(set(names))
    assert 60 > max(names.count(one) for one in set(names))
