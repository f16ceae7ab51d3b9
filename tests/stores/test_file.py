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

import pytest

from flexiti_async.errors import ConfigError, StoreUnavailable
from flexiti_async.testing.store_contract import new_entry
from flexiti_stores.file import FIRST_SWEEP, THREADS, FileStore
from flexiti_stores.file.folder import Folder
from flexiti_stores.file.records import LOCKS, encode, record_name


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileStore]:
    """Open a store with time-outs for a busy machine."""
    store = FileStore(tmp_path / "tokens", timeout=10)
    yield store
    await store.aclose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the folder of that store."""
    return tmp_path / "tokens"


def record(path: Path, key: str) -> Path:
    """Return the file of a key."""
    return path / f"{record_name(key)}.record"


async def test_files_are_private(store: FileStore, path: Path) -> None:
    """The folder has mode 0700 and every file in it 0600, with any umask."""
    mask = os.umask(0)
    try:
        await store.swap("key", new_entry(), expected=None)
    finally:
        os.umask(mask)

    modes = {stat.S_IMODE(one.stat().st_mode) for one in path.iterdir()}

    assert 0o700 == stat.S_IMODE(path.stat().st_mode)
    assert {0o600} == modes


async def test_no_file_shows_its_key(store: FileStore, path: Path) -> None:
    """Names of files are hashes, and the payload's file does not contain the key either."""
    await store.swap("canary-key", new_entry(), expected=None)

    assert not any("canary" in one.name for one in path.iterdir())
    assert not any(b"canary" in one.read_bytes() for one in path.iterdir())


@pytest.mark.parametrize("mode", [0o770, 0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_rejected(tmp_path: Path, mode: int) -> None:
    """A folder that others can write is rejected: they could plant a token."""
    tmp_path.chmod(mode)

    with pytest.raises(ConfigError, match="0700"):
        FileStore(tmp_path)


def test_a_path_that_cannot_be_a_folder_is_rejected(tmp_path: Path) -> None:
    """A file in place of the folder is a configuration error."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="file"):
        FileStore(tmp_path / "file")


@pytest.mark.parametrize(
    ("url", "message"),
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
def test_wrong_urls_are_rejected(url: str, message: str) -> None:
    """An error names the wrong part of a URL before anything is created."""
    with pytest.raises(ConfigError, match=message) as caught:
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
    minute_ago = time.time() - 60
    for key in ("over", "kept", "locked"):
        os.utime(record(path, key), (minute_ago, minute_ago))
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
        def _locked(self, name: str, deadline: float) -> Generator[None]:
            with super()._locked(name, deadline):
                self._write(name, encode(name, fresh))
                yield

    await store.swap("key", new_entry(keep_for=30.0), expected=None)
    minute_ago = time.time() - 60
    os.utime(record(path, "key"), (minute_ago, minute_ago))

    assert 1 == await asyncio.to_thread(Overtaken(path).sweep)

    loaded = await store.load("key")

    assert loaded is not None
    assert fresh.version == loaded.version


async def test_a_record_is_replaced_as_a_whole(store: FileStore, path: Path) -> None:
    """A process that is reading the old record reads it to its end."""
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
    minute_ago = time.time() - 60
    for number in range(70):
        os.utime(record(path, f"checkout {number}"), (minute_ago, minute_ago))
    for number in range(140):
        await store.swap(f"later {number}", new_entry(), expected=None)
    async with asyncio.timeout(5):
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
            go_on.wait(10)
            return 0

    async def swept(times: int) -> None:
        async with asyncio.timeout(10):
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
    async with asyncio.timeout(10):
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


async def test_ages_are_by_the_clock_of_the_files(store: FileStore, path: Path) -> None:
    """A record that is a minute older than a file touched now is a minute old."""
    await store.swap("key", new_entry(), expected=None)
    minute_ago = time.time() - 60
    os.utime(record(path, "key"), (minute_ago, minute_ago))
    loaded = await store.load("key")

    assert loaded is not None
    assert pytest.approx(60.0, abs=0.5) == loaded.age


async def test_an_error_of_the_system_has_its_name(store: FileStore, path: Path) -> None:
    """A folder in place of a record is an error with its name for every operation, not absence."""
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
    store._sweep()

    assert [f"the token folder {path} cannot be swept"] == [one.message for one in caplog.records]
    assert await store.swap("key", new_entry(), expected=None)
