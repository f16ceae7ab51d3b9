"""
The work on the folder: plain blocking functions, each a whole operation, for a thread to run.

Only the lock is waited for, and that with a deadline: a holder that was stopped (SIGSTOP, a
debugger, a frozen container) holds its kernel lock for ever and must not hold up the shop.
"""

import logging
import os
import secrets
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import evolve, frozen
from filelock import FileLock

from flexiti_async.errors import ConfigError
from flexiti_async.store.interface import Entry
from flexiti_stores.file.records import decode, encode, kept_for, lock_name, record_name

__all__ = ["Folder"]

_log: Final = logging.getLogger("flexiti_stores.file")

POLL: Final = 0.005
"""Seconds between two tries for a lock; flock has no queue with a deadline."""

LEFT_BEHIND: Final = 3600.0
"""Seconds after which a temporary file must be of a process that was killed."""

ASIDE_FOR: Final = 7 * 86400.0
"""Seconds for which a file that was set aside can be looked at."""


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
        Make the folder if it is missing, and refuse one that others could write into.

        Raises:
            ConfigError: It cannot be made, is no folder, is another user's, or others may write.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
        else:
            reason = _objection(found)
        if reason:
            raise ConfigError(f"the token folder {self.path}: {reason}", option="store")

    def load(self, key: str, deadline: float) -> Entry | None:
        """Get the entry under a key."""
        name = record_name(key)
        entry, foreign = self._read(name)
        if not foreign:
            return entry
        with self._locked(name, deadline):
            return self._read_locked(name)

    def swap(self, key: str, entry: Entry, expected: Entry | None, deadline: float) -> bool:
        """Write `entry` if what is stored is still `expected`."""
        name = record_name(key)
        wanted = None if expected is None else expected.version
        with self._locked(name, deadline):
            stored = self._read_locked(name)
            if (None if stored is None else stored.version) != wanted:
                return False
            self._write(name, encode(name, entry))
            return True

    def sweep(self) -> int:
        """
        Unlink what need not be kept any more.

        Returns:
            The number of records that are left.
        """
        left = 0
        for item in list(os.scandir(self.path)):
            name, _, kind = item.name.partition(".")
            with suppress(OSError):  # others sweep too; what is locked can wait for the next time
                if kind == "record":
                    left += not self._sweep_record(name)
                elif kind.endswith(("tmp", "aside")):
                    age = self._now() - item.stat().st_mtime
                    if age > (LEFT_BEHIND if kind.endswith("tmp") else ASIDE_FOR):
                        Path(item.path).unlink()
        return left

    def _sweep_record(self, name: str) -> bool:
        if not self._is_over(name):
            return False
        with self._locked(name, 0.0):
            # Again, now that nobody can write: it may be a new record under the old name.
            if self._is_over(name):
                self._record(name).unlink()
                return True
        return False

    def _is_over(self, name: str) -> bool:
        with self._record(name).open("rb") as file:
            keep_for = kept_for(name, file.read())
            age = self._now() - os.fstat(file.fileno()).st_mtime
        return age > keep_for + self.margin

    def _record(self, name: str) -> Path:
        return self.path / f"{name}.record"

    def _read(self, name: str) -> tuple[Entry | None, bool]:
        """Give the entry; True beside it if there is a file that is none of ours."""
        try:
            with self._record(name).open("rb") as file:
                stored = file.read()
                written = os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            return None, False
        entry = decode(name, stored)
        if entry is None:
            return None, True
        return evolve(entry, age=max(0.0, self._now() - written)), False

    def _read_locked(self, name: str) -> Entry | None:
        entry, foreign = self._read(name)
        if foreign:
            aside = self.path / f"{name}.aside"
            self._record(name).replace(aside)
            _log.warning("a torn or foreign file in the token folder was set aside: %s", aside)
        return entry

    def _now(self) -> float:
        # Ages are told by the clock of the file system: over a network it is another machine's.
        now = os.open(self.path / "now", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.utime(now)
            return os.fstat(now).st_mtime
        finally:
            os.close(now)

    def _write(self, name: str, text: bytes) -> None:
        draft = self.path / f"{name}.{secrets.token_hex(8)}.tmp"
        try:
            _write_through(draft, text)
            draft.replace(self._record(name))
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
        _flush_folder(self.path)

    @contextmanager
    def _locked(self, name: str, deadline: float) -> Generator[None]:
        if not self.path.is_dir():  # somebody has removed it; `load` says None then
            self.prepare()
        # A new object every time: one that is shared lets everybody of this process in. Without
        # the fall-back: a lock file that only exists is left behind by a process that was killed.
        lock = FileLock(
            self.path / lock_name(name),
            timeout=max(0.0, deadline - time.monotonic()),
            mode=0o600,
            poll_interval=POLL,
            fallback_to_soft=False,
        )
        with lock:
            yield


def _objection(found: os.stat_result) -> str:
    if not stat.S_ISDIR(found.st_mode):
        return "is not a folder"
    if os.name == "nt":
        return ""
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write into it; it should have mode 0700"
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    return ""


def _write_through(path: Path, text: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)


def _flush_folder(path: Path) -> None:
    if os.name == "nt":  # cannot open folders
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
