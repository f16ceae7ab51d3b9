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


def test_a_write_is_on_the_disk_with_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the content, under no name that counts, then the folder, with the new name in it."""
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


def test_what_stands_in_a_file_is_what_it_always_was() -> None:
    """Processes of different releases share the folder: one reads what the other has written."""
    name, entry = record_name("key"), Entry("v", "pay\nload", 60.0)
    stored = b'flexiti1 a39bf6848d748c41133ba0d482127d47\n["v", 60.0]\npay\nload'

    assert "c4132c7605ef8a0a2f67b099f526a6ab2fbd1e9d" == name
    assert "76.lock" == lock_name(name)
    assert stored == encode(name, entry)
    assert entry == decode(name, stored)


def test_keys_share_their_locks() -> None:
    """However many keys there are, and every lock has its share of them."""
    names = [lock_name(record_name(f"key {number}")) for number in range(20 * LOCKS)]

    assert LOCKS == len(set(names))
    assert 60 > max(names.count(one) for one in set(names))
