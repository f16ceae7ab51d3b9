"""
The content of a record's file, and the names of files.

A file says under which key it is stored, and when it was written: by the machine's boot-time clock,
which nobody can set back, together with the boot that it counts from. Releases before wrote
neither (`flexiti1`); the time stamp of the file has to do for them, and for files of another boot.
"""

import functools
import hashlib
import json
import time
from pathlib import Path
from typing import Final, cast

from attrs import frozen

from flexiti_async.store.interface import Entry

__all__ = ["LOCKS", "Record", "Stamp", "decode", "encode", "lock_name", "record_name", "stamp"]

LOCKS: Final = 256
"""
Number of lock files. They are never unlinked, because a lock on an unlinked file excludes nobody;
so keys share them, or every checkout would leave one behind.
"""

_OLD: Final = "flexiti1"
_MARK: Final = "flexiti2"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@frozen
class Stamp:
    """
    One moment on this machine.

    Attributes:
        boot: Which boot; empty if the system does not name it.
        seconds: Since then, time spent suspended included.
    """

    boot: str
    seconds: float


@frozen
class Record:
    """
    The content of a file.

    Attributes:
        entry: The entry, without an age.
        key: Its key; None in files of older releases.
        written: When it was written; None in files of older releases.
    """

    entry: Entry
    key: str | None = None
    written: Stamp | None = None

    def age(self, now: Stamp) -> float | None:
        """Return the seconds since the write; None if it was written in another boot."""
        if self.written is None or not now.boot or self.written.boot != now.boot:
            return None
        return now.seconds - self.written.seconds


def stamp() -> Stamp:
    """Read the boot-time clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return Stamp(_boot_id(), time.monotonic() if clock is None else time.clock_gettime(clock))


@functools.cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def record_name(key: str) -> str:
    """Return the file name of a key: a hash, so no key is a path, too long, or shown by `ls`."""
    return hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=20).hexdigest()


def lock_name(name: str) -> str:
    """Return the file to be locked before the file `name` is changed."""
    return f"{int(name[:8], 16) % LOCKS:02x}.lock"


def encode(name: str, record: Record) -> bytes:
    """Return the content of a file; the digest shows a torn file, and one of another key."""
    entry, written = record.entry, record.written
    keep_for = None if entry.keep_for is None else float(entry.keep_for)
    moment = None if written is None else [written.boot, written.seconds]
    header = json.dumps([entry.version, keep_for, record.key, moment])
    body = f"{header}\n{entry.payload}".encode()
    return f"{_MARK} {_digest(name, body)}\n".encode() + body


def decode(name: str, stored: bytes) -> Record | None:
    """Read a file; None for anything that `encode` did not write whole under this name."""
    head, _, body = stored.partition(b"\n")
    mark, _, digest = head.decode(errors="replace").partition(" ")
    if mark not in {_OLD, _MARK} or digest != _digest(name, body):
        return None
    header, _, payload = body.decode().partition("\n")
    if mark == _OLD:
        version, keep_for = json.loads(header)
        return Record(Entry(version, payload, keep_for))
    version, keep_for, key, moment = json.loads(header)
    written = None if moment is None else Stamp(*cast("tuple[str, float]", moment))
    return Record(Entry(version, payload, keep_for), key, written)


def _digest(name: str, body: bytes) -> str:
    return hashlib.blake2b(name.encode() + b"\n" + body, digest_size=16).hexdigest()
