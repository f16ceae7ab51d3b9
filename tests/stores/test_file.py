"""The file store: rules about files beyond the contract."""
# ruff: noqa: ASYNC240 - a test may wait for the disk

import asyncio
import logging
import os
import shutil
import stat
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from attrs import evolve

from flexiti_async.errors import ConfigError, StoreUnavailable
from flexiti_async.testing.store_contract import new_entry
from flexiti_stores.file import FIRST_SWEEP, THREADS, FileStore
from flexiti_stores.file.folder import Folder
from flexiti_stores.file.records import (
    LOCKS,
    Record,
    decode,
    encode,
    record_name,
    stamp,
)

from ..support.patience import PATIENCE

OLD = b'flexiti1 a39bf6848d748c41133ba0d482127d47\n["v", 60.0]\npay\nload'


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileStore]:
    """Open a store that waits for a busy machine."""
    store = FileStore(tmp_path / "tokens", timeout=PATIENCE)
    yield store
    await store.aclose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the folder of that store."""
    return tmp_path / "tokens"


def record(path: Path, key: str) -> Path:
    """Return the file of a key."""
    return path / f"{record_name(key)}.record"


def age(path: Path, key: str, seconds: float) -> None:
    """Let a record be as old as if it had been written so many seconds ago."""
    name, file = record_name(key), record(path, key)
    found = decode(name, file.read_bytes())
    assert found is not None
    assert found.written is not None
    written = evolve(found.written, seconds=found.written.seconds - seconds)
    file.write_bytes(encode(name, evolve(found, written=written)))


async def test_files_are_private(store: FileStore, path: Path) -> None:
    """The folder has mode 0700 and every file in it 0600, with any umask."""
    mask = os.umask(0)
    try:
        await store.swap("key", new_entry(), expected=None)
    finally:
        os.umask(mask)

    modes = {stat.S_IMODE(one.stat().st_mode) for one in path.rglob("*") if one.is_file()}

    assert 0o700 == stat.S_IMODE(path.stat().st_mode)
    assert {0o600} == modes


async def test_no_file_is_named_after_its_key(store: FileStore, path: Path) -> None:
    """Names of files are hashes; the key is in the record, for the listing."""
    await store.swap("canary-key", new_entry(keep_for=None), expected=None)

    assert not any("canary" in one.name for one in path.rglob("*"))


@pytest.mark.parametrize("mode", [0o770, 0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    """Other users could plant a token."""
    tmp_path.chmod(mode)

    with pytest.raises(ConfigError, match="0700"):
        FileStore(tmp_path)


def test_a_path_that_cannot_be_a_folder_is_rejected(tmp_path: Path) -> None:
    """A file in place of the folder is a configuration error."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="file"):
        FileStore(tmp_path / "file")


@pytest.mark.parametrize("drive", ["C:", "c%3A", "C%7C", "C:%5Cshop%5C"])
def test_a_path_of_windows_is_refused(drive: str) -> None:
    """Elsewhere it would be a folder with a colon in its name, beside the one that was meant."""
    with pytest.raises(ConfigError, match="path of Windows, not of this system: name one"):
        FileStore.from_url(f"file:///{drive}/flexiti")
    with pytest.raises(ConfigError, match="path of Windows"):
        FileStore(f"{unquote(drive)}/flexiti")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file://relative/path", "absolute path"),
        ("file://", "absolute path"),
        ("file:///", "absolute path"),
        ("file:///tmp/x?timout=1", "did you mean timeout"),
        ("file:///tmp/x?timout=", "did you mean timeout"),
        ("file:///tmp/x?timeout=", "seconds"),
        ("file:///tmp/x?timeout=soon", "seconds"),
        ("file:///tmp/x?timeout=-1", "seconds"),
        ("file:///tmp/x?timeout=nan", "seconds"),
    ],
)
def test_wrong_urls_are_refused(url: str, expected: str) -> None:
    """A wrong URL is an error before anything is created."""
    with pytest.raises(ConfigError, match=expected) as caught:
        FileStore.from_url(url)

    assert ("timeout" if "timout" in url else None) == caught.value.suggestion


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign", "of another key"])
async def test_a_torn_or_foreign_file_is_set_aside(
    store: FileStore, path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A torn or foreign file counts as absent, is kept for inspection, and logs one warning."""
    await store.swap("key", new_entry("payload" * 9), expected=None)
    await store.swap("other", new_entry("payload" * 9), expected=None)
    whole = record(path, "key").read_bytes()
    damaged = {
        "cut": whole[:-1],
        "changed": whole[:-1] + b"x",
        "empty": b"",
        "foreign": b"\xff\x00 not ours",
        "of another key": record(path, "other").read_bytes(),
    }[damage]
    record(path, "key").write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        loaded = await store.load("key"), await store.load("key")

    assert (None, None) == loaded
    assert [damaged] == [one.read_bytes() for one in path.glob("*.aside")]
    assert ["set aside" in one.message for one in caplog.records] == [True]
    assert await store.swap("key", new_entry(), expected=None)


async def test_old_files_are_swept(store: FileStore, path: Path) -> None:
    """Records past `keep_for` and drafts of dead processes are swept; the rest stays."""
    await store.swap("over", new_entry(keep_for=30.0), expected=None)
    await store.swap("kept", new_entry(keep_for=90.0), expected=None)
    await store.swap("locked", new_entry(keep_for=30.0), expected=None)
    for name in ("dead.0.tmp", "old.aside"):
        (path / name).touch()
        os.utime(path / name, (1.0, 1.0))
    (path / "live.0.tmp").touch()
    for key in ("over", "kept", "locked"):
        age(path, key, 60)
    with Folder(path)._locked(record_name("locked"), time.monotonic() + 1):
        left = await asyncio.to_thread(Folder(path).sweep)

    assert 1 == left
    assert {record(path, "kept"), record(path, "locked"), path / "live.0.tmp"} == {
        one for one in path.iterdir() if one.suffix in {".record", ".tmp", ".aside"}
    }
    assert 3 == len(list(path.glob("*.lock")))


async def test_a_record_replaced_meanwhile_is_not_swept(store: FileStore, path: Path) -> None:
    """A sweep checks again under its lock whether a record has expired."""
    fresh = new_entry()

    class Overtaken(Folder):
        """A folder in which a writer takes the lock just before the sweep."""

        @contextmanager
        def _locked(
            self, name: str, deadline: float, *, with_marker: bool = False
        ) -> Generator[int]:
            with super()._locked(name, deadline, with_marker=with_marker) as at:
                self._write(at, name, Record(fresh, "key", stamp()))
                yield at

    await store.swap("key", new_entry(keep_for=30.0), expected=None)
    age(path, "key", 60)

    assert 1 == await asyncio.to_thread(Overtaken(path).sweep)

    loaded = await store.load("key")

    assert loaded is not None
    assert fresh.version == loaded.version


async def test_a_record_is_replaced_as_a_whole(store: FileStore, path: Path) -> None:
    """A reader of the old record reads it to its end; no moment is between the two."""
    old, new = new_entry("old"), new_entry("new")
    await store.swap("key", old, expected=None)
    with record(path, "key").open() as file:
        await store.swap("key", new, expected=old)

        assert file.read().endswith("old")
    assert record(path, "key").read_text().endswith("new")


async def test_the_folder_does_not_grow(store: FileStore, path: Path) -> None:
    """Expired checkouts are swept by writes, and keys share a fixed number of locks."""
    for number in range(70):
        await store.swap(f"checkout {number}", new_entry(keep_for=30.0), expected=None)
    for number in range(70):
        age(path, f"checkout {number}", 60)
    for number in range(140):
        await store.swap(f"later {number}", new_entry(), expected=None)
    async with asyncio.timeout(PATIENCE):
        while record(path, "checkout 0").exists():
            await asyncio.sleep(0.01)

    assert LOCKS >= len(list(path.glob("*.lock")))


async def test_a_sweep_follows_as_many_writes_as_the_last_one_left(
    store: FileStore, path: Path
) -> None:
    """The next sweep is not earlier, and comes even after many writes during the last one."""
    begun: list[int] = []
    go_on = threading.Event()

    class Slow(Folder):
        """A folder that is slow to sweep, and empty afterwards."""

        def sweep(self) -> int:
            begun.append(len(begun))
            go_on.wait(PATIENCE)
            return 0

    async def swept(times: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(begun) < times:
                await asyncio.sleep(0.001)

    store._folder, store._next_sweep = Slow(path), 80  # as after a sweep that left 80
    try:
        for number in range(79):
            await store.swap(f"key {number}", new_entry(), expected=None)
        early = list(begun)
        await store.swap("the 80th", new_entry(), expected=None)
        await swept(1)
        for number in range(70):
            await store.swap(f"meanwhile {number}", new_entry(), expected=None)
    finally:
        go_on.set()
    async with asyncio.timeout(PATIENCE):
        while store._next_sweep > FIRST_SWEEP:
            await asyncio.sleep(0.001)

    assert ([], [0]) == (early, begun)
    await store.swap("one more", new_entry(), expected=None)
    await swept(2)


async def test_the_threads_are_few(store: FileStore) -> None:
    """Threads are started once, not for every operation."""
    before = set(threading.enumerate())

    async def work() -> set[threading.Thread]:
        for _ in range(3):
            await asyncio.gather(*(store.load("key") for _ in range(2 * THREADS)))
        return {one for one in set(threading.enumerate()) - before if "flexiti" in one.name}

    at_first, later = await work(), await work()

    assert 1 <= len(at_first) <= len(later) <= THREADS
    assert at_first <= later


async def test_a_folder_that_vanished_is_created_again(store: FileStore, path: Path) -> None:
    """A create succeeds after the folder was deleted."""
    path.rmdir()

    assert await store.load("key") is None
    assert await store.swap("key", new_entry(), expected=None)


async def test_a_wall_clock_that_is_set_changes_no_age(store: FileStore, path: Path) -> None:
    """A file that is dated an hour ago, or in an hour, is as old as the boot-time clock says."""
    await store.swap("key", new_entry(), expected=None)
    age(path, "key", 60)
    for hours in (-1, 1):
        other = time.time() + 3600 * hours
        os.utime(record(path, "key"), (other, other))
        loaded = await store.load("key")

        assert loaded is not None
        assert pytest.approx(60.0, abs=5.0) == loaded.age


async def test_a_record_of_an_older_release_is_read_and_replaced(
    store: FileStore, path: Path
) -> None:
    """Its age is that of the file; one dated in the future has none."""
    await store.swap("key", new_entry(), expected=None)
    record(path, "key").write_bytes(OLD)
    minute_ago, in_an_hour = time.time() - 60, time.time() + 3600
    os.utime(record(path, "key"), (minute_ago, minute_ago))
    loaded = await store.load("key")
    os.utime(record(path, "key"), (in_an_hour, in_an_hour))
    later = await store.load("key")

    assert loaded is not None
    assert later is not None
    assert ("v", "pay\nload", 60.0) == (loaded.version, loaded.payload, loaded.keep_for)
    assert pytest.approx(60.0, abs=5.0) == loaded.age
    assert later.age is None
    assert await store.swap("key", new_entry(), expected=loaded)


async def test_errors_of_the_system_are_named(store: FileStore, path: Path) -> None:
    """A folder in the place of a record is an error of loads and swaps, and not an absence."""
    record(path, "canary-key").mkdir()
    with pytest.raises(StoreUnavailable, match="failed to load: EISDIR") as loading:
        await store.load("canary-key")
    with pytest.raises(StoreUnavailable, match="failed to swap: EISDIR") as swapping:
        await store.swap("canary-key", new_entry(), expected=None)

    for caught in (loading.value, swapping.value):
        assert str(path) in str(caught)
        assert "canary" not in str(caught)
        assert (None, None) == (caught.__cause__, caught.__context__)


async def test_a_folder_that_vanished_need_not_be_swept(
    store: FileStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder deleted between a write and its sweep costs one warning."""
    await store.swap("key", new_entry(), expected=None)
    shutil.rmtree(path)
    await asyncio.to_thread(store._sweep)

    assert [f"the token folder {path} cannot be swept"] == [one.message for one in caplog.records]
    assert await store.swap("key", new_entry(), expected=None)


async def test_a_sweep_after_the_close_opens_nothing(path: Path) -> None:
    """The write that would begin a sweep crosses the close: no thread is started again."""
    store = FileStore(path, timeout=PATIENCE)
    for _ in range(FIRST_SWEEP - 1):
        await store.swap("key", new_entry(), expected=await store.load("key"))
    last = asyncio.create_task(store.swap("other", new_entry(), expected=None))
    await asyncio.sleep(0)
    await store.aclose()

    assert await last
    assert store._executor is None
