"""The file store: stopped processes, full disks, and many at once."""
# ruff: noqa: ASYNC220 - a test may wait for a process

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import frozen

from flexiti_async.errors import StoreUnavailable
from flexiti_async.testing.store_contract import new_entry, new_key
from flexiti_stores.file import THREADS, FileStore
from flexiti_stores.file.folder import Folder
from flexiti_stores.file.records import lock_name, record_name

from ..support.metronome import lap
from ..support.patience import PATIENCE

TIMEOUT = 1.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileStore]:
    """Open a store with a short deadline."""
    store = FileStore(tmp_path / "tokens", timeout=TIMEOUT)
    yield store
    await store.aclose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the folder of that store."""
    return tmp_path / "tokens"


def record(path: Path, key: str) -> Path:
    """Return the file of a key."""
    return path / f"{record_name(key)}.record"


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program."""
    return subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


async def test_a_stopped_lock_holder_stops_no_other_key(store: FileStore, path: Path) -> None:
    """A process stopped with a lock costs one deadline for that lock, and nothing for others."""
    key, entry = new_key(), new_entry()
    await store.swap(key, entry, expected=None)
    others = [f"{number}" for number in range(4)]
    lock = lock_name(record_name(key))
    code = """
        import fcntl, os, signal, sys
        with open(sys.argv[1], "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            print("held", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
    """
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(code), path / lock], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    with holder.stdout:
        await asyncio.to_thread(holder.stdout.readline)
        # More of them than the store has threads: none of those stays behind.
        with lap() as waited:
            failed = await asyncio.gather(
                *(store.swap(key, new_entry(), expected=entry) for _ in range(THREADS + 1)),
                return_exceptions=True,
            )
        loaded = await store.load(key)
        free = [one for one in others if lock_name(record_name(one)) != lock]
        swapped = [await store.swap(one, new_entry(), expected=None) for one in free]
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

    assert {StoreUnavailable} == {type(one) for one in failed}
    assert TIMEOUT * 0.9 <= waited.total
    assert waited.seconds < 1.8 * TIMEOUT
    assert loaded is not None
    assert entry.version == loaded.version
    assert [True] * len(free) == swapped
    assert await store.swap(key, new_entry(), expected=entry)


async def test_the_loop_goes_on_while_a_lock_is_held(store: FileStore, path: Path) -> None:
    """Waiting for a lock is done by a thread."""
    ticks = 0
    held = Folder(path)._locked(record_name("key"), time.monotonic() + PATIENCE)
    with held:
        swapping = asyncio.ensure_future(store.swap("key", new_entry(), expected=None))
        while not swapping.done():
            await asyncio.sleep(0.001)
            ticks += 1

    assert isinstance(swapping.exception(), StoreUnavailable)
    assert ticks > 5


def test_a_full_disk_keeps_the_old_record(path: Path) -> None:
    """A record too large is StoreUnavailable; nothing half-written is left, and less fits."""
    code = """
        import asyncio, os, resource, sys
        from flexiti_async.errors import StoreUnavailable
        from flexiti_async.store.interface import Entry
        from flexiti_stores.file import THREADS, FileStore

        async def main():
            store = FileStore(sys.argv[1], timeout=300)
            old = Entry("1", "old", 60.0)
            await store.swap("key", old, expected=None)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
            try:
                await store.swap("key", Entry("2", "x" * 5000, 60.0), expected=old)
            except StoreUnavailable as error:
                print("EFBIG" in str(error), error.__context__)
            print((await store.load("key")).payload)
            print(*(name for name in os.listdir(sys.argv[1]) if name.endswith("tmp")))
            print(await store.swap("key", Entry("3", "new", 60.0), expected=old))

        asyncio.run(main())
    """
    done = run(code, path)

    assert ["True None", "old", "", "True"] == done.stdout.splitlines(), done.stderr


def test_a_read_only_folder_keeps_the_old_record(folder: Path) -> None:
    """Without write permission, a swap is StoreUnavailable and the record stays."""
    code = """
        import asyncio, os, sys
        from flexiti_async.errors import StoreUnavailable
        from flexiti_async.store.interface import Entry
        from flexiti_stores.file import THREADS, FileStore

        # Permissions do not apply to root: after the imports, become another user.
        if os.geteuid() == 0:
            os.chown(sys.argv[1], 65534, 65534)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        async def main():
            store = FileStore(sys.argv[1] + "/tokens", timeout=300)
            old = Entry("1", "old", 60.0)
            await store.swap("key", old, expected=None)
            await store.load("key")
            os.chmod(sys.argv[1] + "/tokens", 0o500)
            try:
                await store.swap("key", Entry("2", "new", 60.0), expected=old)
            except StoreUnavailable as error:
                print("EACCES" in str(error), error.__context__)
            print((await store.load("key")).payload)
            os.chmod(sys.argv[1] + "/tokens", 0o700)
            print(await store.swap("key", Entry("3", "new", 60.0), expected=old))

        asyncio.run(main())
    """
    done = run(code, folder)

    assert ["True None", "old", "True"] == done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("higher", [0, 10**9], ids=["", "numbers of processes begin anew"])
def test_a_forked_child_goes_on(path: Path, higher: int) -> None:
    """A forked child does not wait for the threads of its parent."""
    code = """
        import asyncio, os, sys
        from flexiti_stores.file import THREADS, FileStore

        store = FileStore(sys.argv[1], timeout=300)
        print(asyncio.run(store.load("key")), flush=True)
        store._process += int(sys.argv[2])
        if (child := os.fork()) == 0:
            print(asyncio.run(store.load("key")), flush=True)
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
    """
    done = run(code, path, higher)

    assert ["None", "None", "0"] == done.stdout.splitlines(), done.stderr


@frozen
class Written:
    """A swap that succeeded, as a racer reported it."""

    key: str
    expected: str
    version: str
    before: float
    after: float

    @classmethod
    def of(cls, line: str) -> "Written":
        """Parse a racer's line."""
        key, expected, version, before, after = line.split()
        return cls(key, expected, version, float(before), float(after))


def test_10_000_races_lose_and_tear_nothing(path: Path) -> None:
    """Writers, a reader and an expirer in four processes: no write lost, no read torn."""
    Folder(path).prepare()
    racer = Path(__file__).with_name("racer.py")
    roles = (("write", 2500), ("write", 2500), ("read", 5000), ("expire", 100))
    racers = [
        subprocess.Popen(
            [sys.executable, "-P", racer, path, role, str(times)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for role, times in roles
    ]
    lines = [one.communicate(timeout=PATIENCE)[0].splitlines() for one in racers[:3]]
    path.with_name("done").touch()
    racers[3].communicate(timeout=PATIENCE)
    written = [Written.of(line) for line in lines[0] + lines[1]]

    assert [0, 0, 0, 0] == [one.returncode for one in racers]
    assert [] == lines[2]
    assert [] == list(path.glob("*.aside"))
    assert len(written) > 1000
    assert 50 < [one.expected for one in written].count("-")
    for key in {one.key for one in written}:
        check_history([one for one in written if one.key == key])


def check_history(written: list[Written]) -> None:
    """Check that every write is replaced at most once, and creates follow the end of a record."""
    replaced = [one.expected for one in written if one.expected != "-"]

    assert len(set(replaced)) == len(replaced)
    assert set(replaced) <= {one.version for one in written}

    last = sorted((one for one in written if one.version not in replaced), key=lambda w: w.before)
    first = sorted((one for one in written if one.expected == "-"), key=lambda w: w.before)

    assert len(first) == len(last)
    for ended, created in zip(last, first[1:], strict=False):
        # KEEP_FOR of the racers, less the resolution of file time stamps.
        assert created.after >= ended.before + 0.02 - 0.01
