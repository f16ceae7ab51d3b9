"""
The work on the folder: plain blocking functions, each a whole operation, for a thread to run.

Everything is done relative to a descriptor of the folder, which is judged whenever it is opened: a
path may lead somewhere else by then. Only locks are waited for, and those with a deadline: a holder
that was stopped (SIGSTOP, a debugger, a frozen container) keeps its kernel lock for ever and must
not hold up the shop.
"""

import errno
import fcntl
import logging
import os
import secrets
import stat
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from flexiti_async.errors import ConfigError, RecordUnreadable, StoreUnavailable
from flexiti_async.store.interface import MARKER_KEY, Entry, Life
from flexiti_stores.file.records import Record, decode, encode, lock_name, record_name, stamp

__all__ = ["Folder", "LockTimeoutError"]

_log: Final = logging.getLogger("flexiti_async.store.file")

POLL: Final = 0.005
"""Seconds between two tries for a lock; flock has no queue with a deadline."""

LEFT_BEHIND: Final = 3600.0
"""Seconds after which a temporary file must be of a process that was killed."""

ASIDE_FOR: Final = 7 * 86400.0
"""Seconds for which a file that was set aside can be looked at."""

ENDLESS: Final = "endless"
"""
Folder with the names of records that have no end, so that they are found among any number of
others. A name may be there without its record, if a process has died in between; never the reverse.
"""

_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class LockTimeoutError(TimeoutError):
    """The lock was not free in time; nothing was written."""


@frozen
class Folder:
    """
    A folder of records.

    Attributes:
        path: Absolute path.
        margin: Seconds past `keep_for` until a record is swept: time stamps may be coarse.
    """

    path: Path
    margin: float = 1.0

    def prepare(self) -> None:
        """
        Create the folder if it is missing, and refuse one that others could write into.

        Raises:
            ConfigError: It cannot be created, is not a folder, is another user's, or others may
                write into it or exchange it.
        """
        try:
            self._create()
            with self._opened():
                return
        except StoreUnavailable as error:
            reason = str(error)
        except OSError as error:
            reason = f"the token folder {self.path}: {os.strerror(error.errno or 0)}"
        raise ConfigError(reason, option="store")

    def load(self, key: str, deadline: float) -> Entry | None:
        """Return the entry under a key."""
        name = record_name(key)
        try:
            with self._opened() as at:
                entry, foreign = self._read(at, name)
        except FileNotFoundError:  # somebody has removed the folder; a create would create it
            return None
        if not foreign:
            return entry
        with self._locked(name, deadline) as at:
            return self._read_locked(at, name)

    def swap(
        self,
        key: str,
        entry: Entry,
        expected: Entry | None,
        deadline: float,
        life: Life | None = None,
    ) -> bool:
        """Write `entry` if what is stored is still `expected`, or `entry` already."""
        name = record_name(key)
        with self._locked(name, deadline, with_marker=life is not None) as at:
            if life is not None and life != self._life(at):
                return False
            stored = self._read_locked(at, name)
            version = None if stored is None else stored.version
            if version not in {entry.version, None if expected is None else expected.version}:
                return False
            self._write(at, name, Record(evolve(entry, age=None), key, stamp()))
            return True

    def names(self, *, endless: bool) -> list[str]:
        """Return the names of all records, or of those that may have no end."""
        try:
            with self._opened() as at, _sub_folder(at, ENDLESS if endless else ".") as folder:
                found = os.listdir(folder)  # noqa: PTH208 - a descriptor, not a path
        except FileNotFoundError:
            return []
        return found if endless else [one[:-7] for one in found if one.endswith(".record")]

    def keys(self, names: Iterable[str], prefix: str, *, endless: bool) -> list[str]:
        """Return the keys of those of some records that begin with `prefix`."""
        found: list[str] = []
        with suppress(FileNotFoundError), self._opened() as at:
            for name in names:
                record = self._record(at, name)[0]
                if record is None or record.key is None or not record.key.startswith(prefix):
                    continue
                if not endless or record.entry.keep_for is None:
                    found.append(record.key)
        return found

    def life(self) -> Life:
        """Return marker and fingerprint."""
        with self._opened() as at:
            return self._life(at)

    def sweep(self) -> int:
        """
        Unlink what need not be kept any more.

        Returns:
            The number of records that are left.
        """
        left = 0
        with self._opened() as at:
            for item in os.listdir(at):  # noqa: PTH208 - a descriptor, not a path
                name, _, kind = item.partition(".")
                with suppress(OSError):  # others sweep too; what is locked can wait
                    if kind == "record":
                        left += not self._sweep_record(at, name)
                    elif kind.endswith(("tmp", "aside")):
                        age = self._now(at) - os.stat(item, dir_fd=at).st_mtime
                        if age > (LEFT_BEHIND if kind.endswith("tmp") else ASIDE_FOR):
                            os.unlink(item, dir_fd=at)
        return left

    def _create(self) -> None:
        if self.path.is_dir():
            return
        for parent in reversed(self.path.parents):
            with suppress(FileExistsError):
                if not parent.exists():
                    parent.mkdir(0o755)
        with suppress(FileExistsError):
            self.path.mkdir(0o700)

    @contextmanager
    def _opened(self) -> Generator[int]:
        """Open the folder and judge it; raises FileNotFoundError, or StoreUnavailable."""
        at = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if objection := _objection(os.fstat(at)) or _objection_to_parents(self.path):
                msg = f"the token folder {self.path} {objection}"
                raise StoreUnavailable(msg, sent=False)
            yield at
        finally:
            os.close(at)

    @contextmanager
    def _locked(self, name: str, deadline: float, *, with_marker: bool = False) -> Generator[int]:
        """
        Lock a record, and with it the marker against changes.

        The marker comes first everywhere, so nobody waits in a circle.
        """
        self._create()  # somebody may have removed it; `load` returns None then
        own, marker = lock_name(name), lock_name(record_name(MARKER_KEY))
        with self._opened() as at:
            if with_marker and marker != own:
                with _flock(at, marker, deadline, shared=True), _flock(at, own, deadline):
                    yield at
            else:
                with _flock(at, own, deadline):
                    yield at

    def _life(self, at: int) -> Life:
        record, foreign, _ = self._record(at, record_name(MARKER_KEY))
        if foreign:
            raise self._unreadable()
        fingerprint = f"file inode={os.fstat(at).st_ino}"
        return Life.of(None if record is None else record.entry, fingerprint)

    def _sweep_record(self, at: int, name: str) -> bool:
        if not self._is_over(at, name):
            return False
        with self._locked(name, 0.0) as locked:
            # Again, now that nobody can write: it may be a new record under the old name.
            if self._is_over(locked, name):
                os.unlink(f"{name}.record", dir_fd=locked)
                return True
        return False

    def _is_over(self, at: int, name: str) -> bool:
        record, foreign, date = self._record(at, name)
        if record is None:  # what is not ours was never to be kept, unless this is a journal
            old = foreign and self._now(at) - date > self.margin
            return old and not self._is_journal(at)
        keep_for, age = record.entry.keep_for, self._age(at, record, date)
        return keep_for is not None and age > keep_for + self.margin

    def _record(self, at: int, name: str) -> tuple[Record | None, bool, float]:
        """Return the record, whether there is a file that is not ours, and the file's date."""
        try:
            with _regular(at, f"{name}.record") as file:
                stored = _content(file)
                date = os.fstat(file).st_mtime
        except FileNotFoundError:
            return None, False, 0.0
        record = decode(name, stored)
        return record, record is None, date

    def _age(self, at: int, record: Record, date: float) -> float:
        """Return the age of a record, negative if it is dated in the future."""
        age = record.age(stamp())
        return self._now(at) - date if age is None else age

    def _read(self, at: int, name: str) -> tuple[Entry | None, bool]:
        record, foreign, date = self._record(at, name)
        if record is None:
            return None, foreign
        age = self._age(at, record, date)
        return evolve(record.entry, age=age if age >= 0 else None), False

    def _read_locked(self, at: int, name: str) -> Entry | None:
        entry, foreign = self._read(at, name)
        if foreign:
            if self._is_journal(at):
                raise self._unreadable()
            os.rename(f"{name}.record", f"{name}.aside", src_dir_fd=at, dst_dir_fd=at)
            aside = self.path / f"{name}.aside"
            _log.warning("a torn or foreign file in the token folder was set aside: %s", aside)
        return entry

    def _is_journal(self, at: int) -> bool:
        """Return whether the folder is marked: then what is unreadable must not count as absent."""
        try:
            os.stat(f"{record_name(MARKER_KEY)}.record", dir_fd=at, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _unreadable(self) -> RecordUnreadable:
        return RecordUnreadable(f"a torn or foreign file in the journal's folder {self.path}")

    def _now(self, at: int) -> float:
        # By the clock of the file system: over a network it is another machine's.
        now = os.open("now", _CREATE, 0o600, dir_fd=at)
        try:
            os.utime(now)
            return os.fstat(now).st_mtime
        finally:
            os.close(now)

    def _write(self, at: int, name: str, record: Record) -> None:
        if record.entry.keep_for is None:
            with suppress(FileExistsError):
                os.mkdir(ENDLESS, 0o700, dir_fd=at)
            with _sub_folder(at, ENDLESS) as folder:
                _write_through(folder, name, b"", os.O_TRUNC)
                os.fsync(folder)
        draft = f"{name}.{secrets.token_hex(8)}.tmp"
        try:
            _write_through(at, draft, encode(name, record), os.O_EXCL)
            os.rename(draft, f"{name}.record", src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft, dir_fd=at)
            raise
        os.fsync(at)
        if record.entry.keep_for is not None:
            with suppress(FileNotFoundError):
                os.unlink(f"{ENDLESS}/{name}", dir_fd=at)


def _objection(found: os.stat_result) -> str:
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return (
            "can be written by others; it should have mode 0700: chmod 700 it, or in a volume of "
            "mode 0777, which cannot be changed, set the sticky bit (1777) and name a folder in it"
        )
    if found.st_uid != os.geteuid():
        return "belongs to another user: chown it to the user of this process"
    return ""


def _objection_to_parents(path: Path) -> str:
    """
    Return why anybody could exchange the folder, if there is a reason.

    The owner of a parent could, too: often that is the user who deploys, so it is no reason.
    """
    for parent in path.resolve().parents:
        found = parent.stat()
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            return (
                f"is in {parent}, which everybody can write into: chmod 755 it, or set its sticky "
                "bit (1777)"
            )
    return ""


@contextmanager
def _flock(at: int, name: str, deadline: float, *, shared: bool = False) -> Generator[None]:
    file = os.open(name, _CREATE, 0o600, dir_fd=at)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockTimeoutError from None
            time.sleep(POLL)
        try:
            yield
        finally:
            # Not left to the close: a child that was forked meanwhile has the file open as well.
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)


@contextmanager
def _sub_folder(at: int, name: str) -> Generator[int]:
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=at)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _regular(at: int, name: str) -> Generator[int]:
    """Open a regular file for reading; a folder, pipe or link in its place is an OSError."""
    file = os.open(name, _READ, dir_fd=at)
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "not a file")
        yield file
    finally:
        os.close(file)


def _content(file: int) -> bytes:
    parts: list[bytes] = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write_through(at: int, name: str, text: bytes, flags: int) -> None:
    file = os.open(name, _CREATE | flags, 0o600, dir_fd=at)
    try:
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
