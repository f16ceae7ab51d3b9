"""The work on the folder of records, function by function."""

import os
import shutil
import stat
import time
from pathlib import Path

import pytest
from attrs import evolve

from flexiti_async.errors import ConfigError, RecordUnreadable, StoreUnavailable
from flexiti_async.store.interface import MARKER_KEY, Entry
from flexiti_stores.file.folder import Folder
from flexiti_stores.file.records import (
    LOCKS,
    Record,
    Stamp,
    decode,
    encode,
    lock_name,
    record_name,
)

RECORD = Record(Entry("v", "text", 60.0), "key", Stamp("boot", 1.0))


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
    with folder._opened() as at, pytest.raises(OSError, match=r"\[Errno"):
        folder._write(at, record_name("key"), RECORD)

    assert [record] == list(path.iterdir())


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_that_was_forked_under_a_lock_does_not_keep_it(path: Path) -> None:
    """It has the lock's file open as well, for as long as it lives."""
    folder = Folder(path)
    folder.prepare()
    reader, writer = os.pipe()
    with folder._locked("00000000", time.monotonic()):
        if (child := os.fork()) == 0:
            os.close(writer)
            os.read(reader, 1)  # until the parent is done
            os._exit(0)
    try:
        with folder._locked("00000000", time.monotonic()):
            pass
    finally:
        os.close(writer)
        os.waitpid(child, 0)
        os.close(reader)


def test_a_folder_of_somebody_else_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of the folder could exchange its records."""
    Folder(path).prepare()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        Folder(path).prepare()


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
    with folder._opened() as at:
        folder._write(at, record_name("key"), RECORD)

    assert [("file", False), ("folder", True)] == flushed
    assert encode(record_name("key"), RECORD) == record.read_bytes()


def test_an_endless_record_is_listed_before_it_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is on the disk first, and is removed last: at every moment it can be found."""
    folder, flush, name = Folder(path), os.fsync, record_name("key")
    folder.prepare()
    seen: list[tuple[bool, bool]] = []

    def watched(file: int) -> None:
        seen.append(((path / "endless" / name).exists(), (path / f"{name}.record").exists()))
        flush(file)

    monkeypatch.setattr(os, "fsync", watched)
    with folder._opened() as at:
        folder._write(at, name, evolve(RECORD, entry=Entry("v", "text", None)))
        begun, seen = seen, []
        folder._write(at, name, RECORD)

    assert [(True, False)] * 3 + [(True, True)] == begun
    assert {(True, True)} == set(seen)
    assert [] == list((path / "endless").iterdir())


def test_the_content_of_a_file_is_what_it_always_was() -> None:
    """Processes of different releases share the folder: one reads what the other has written."""
    name, record = record_name("key"), Record(Entry("v", "pay\nload", 60.0), "key", Stamp("b", 1.5))
    stored = b'flexiti2 5aa005d3e8b099da283da6bb57006ac1\n["v", 60.0, "key", ["b", 1.5]]\npay\nload'
    older = b'flexiti1 a39bf6848d748c41133ba0d482127d47\n["v", 60.0]\npay\nload'

    assert "c4132c7605ef8a0a2f67b099f526a6ab2fbd1e9d" == name
    assert "76.lock" == lock_name(name)
    assert stored == encode(name, record)
    assert record == decode(name, stored)
    assert Record(record.entry) == decode(name, older)


@pytest.mark.parametrize(
    ("written", "age"),
    [
        (Stamp("this", 40.0), 60.0),
        (Stamp("this", 101.0), -1.0),
        (Stamp("another", 40.0), None),
        (Stamp("", 40.0), None),
        (None, None),
    ],
)
def test_ages_are_of_the_boot_time_clock(written: Stamp | None, age: float | None) -> None:
    """A wall clock that is set changes no age; of another boot the date of the file has to do."""
    assert age == evolve(RECORD, written=written).age(Stamp("this", 100.0))
    assert evolve(RECORD, written=Stamp("", 40.0)).age(Stamp("", 100.0)) is None


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_only_regular_files_are_records(path: Path, kind: str) -> None:
    """A folder, a pipe or a link is neither read nor taken for absent."""
    Folder(path).prepare()
    record = path / f"{record_name('key')}.record"
    other = path / "other"
    other.write_bytes(encode(record_name("key"), RECORD))
    if kind == "folder":
        record.mkdir()
    elif kind == "pipe":
        os.mkfifo(record)
    else:
        record.symlink_to(other)
    with pytest.raises(OSError, match=r"\[Errno"):
        Folder(path).load("key", 0.0)


def test_a_folder_is_judged_at_every_operation(path: Path) -> None:
    """One that others may write into by now is StoreUnavailable, and nothing was written."""
    folder = Folder(path)
    folder.prepare()
    path.chmod(0o777)
    for operation in (
        lambda: folder.load("key", 0.0),
        lambda: folder.swap("key", RECORD.entry, None, 0.0),
        folder.life,
        folder.sweep,
    ):
        with pytest.raises(StoreUnavailable, match="can be written by others") as caught:
            operation()

        assert not caught.value.sent
    assert [] == list(path.iterdir())


def test_a_parent_that_everybody_can_write_into_is_refused(path: Path) -> None:
    """There the folder could be exchanged for another one; /tmp, where it could not, will do."""
    (path / "open").mkdir(parents=True)
    (path / "open").chmod(0o777)
    with pytest.raises(ConfigError, match="everybody can write into"):
        Folder(path / "open" / "tokens").prepare()
    (path / "open").chmod(0o1777)
    Folder(path / "open" / "tokens").prepare()


def test_a_removed_folder_is_created_with_its_mode(path: Path) -> None:
    """Also by the lock, and with parents that others cannot write into, whatever the umask."""
    folder = Folder(path / "deep" / "tokens")
    folder.prepare()
    mask = os.umask(0)
    try:
        shutil.rmtree(path)

        assert folder.swap("key", RECORD.entry, None, 0.0)
    finally:
        os.umask(mask)

    assert 0o700 == stat.S_IMODE((path / "deep" / "tokens").stat().st_mode)
    assert 0o755 == stat.S_IMODE((path / "deep").stat().st_mode)


def test_another_folder_is_another_life(path: Path) -> None:
    """Removed and created, or restored beside the old one and renamed: the inode is another."""
    folder = Folder(path)
    folder.prepare()
    marker = Entry("marker", "", None)
    folder.swap(MARKER_KEY, marker, None, 0.0)
    life = folder.life()
    shutil.copytree(path, path.with_name("copy"))
    path.with_name("copy").chmod(0o700)
    path.rename(path.with_name("old"))
    path.with_name("copy").rename(path)
    restored = folder.life()

    assert life.marker == restored.marker
    assert life.fingerprint != restored.fingerprint
    assert not folder.swap("key", RECORD.entry, None, 0.0, life)
    assert folder.swap("key", RECORD.entry, None, 0.0, restored)


def test_a_damaged_record_of_a_journal_is_not_absent(path: Path) -> None:
    """In a marked folder it is an error: absent would be permission to pay again."""
    folder = Folder(path)
    folder.prepare()
    folder.swap("key", Entry("v", "text", None), None, 0.0)
    folder.swap(MARKER_KEY, Entry("marker", "", None), None, 0.0)
    (path / f"{record_name('key')}.record").write_bytes(b"damaged")
    with pytest.raises(RecordUnreadable):
        folder.load("key", time.monotonic() + 1)
    with pytest.raises(RecordUnreadable):
        folder.swap("key", RECORD.entry, None, 0.0)
    folder.sweep()

    assert b"damaged" == (path / f"{record_name('key')}.record").read_bytes()


def test_keys_share_their_locks() -> None:
    """Any number of keys is spread over a fixed number of locks."""
    names = [lock_name(record_name(f"key {number}")) for number in range(20 * LOCKS)]

    assert LOCKS == len(set(names))
    assert 60 > max(names.count(one) for one in set(names))
