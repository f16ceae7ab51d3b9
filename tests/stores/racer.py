"""
A program: one of several processes that work on the same few records of a folder.

Arguments: the folder, the role, the number of repeats. It prints a line for every swap that
succeeded (key, expected version, written version, time before and after), or what it has read.
"""
# ruff: noqa: T201 - printing is its purpose

import sys
import time
import uuid
from pathlib import Path

from flexiti_async.store.interface import Entry
from flexiti_stores.file.folder import Folder

KEEP_FOR = 0.02
KEYS = 8


def payload_of(version: str) -> str:
    """Return the payload of a version, different for each."""
    return version * 64


def write(folder: Folder, times: int) -> None:
    """Swap any record."""
    for number in range(times):
        key = f"key {number * 7 % KEYS}"
        found = folder.load(key, time.monotonic() + 60)
        version = uuid.uuid4().hex
        before = time.monotonic()
        entry = Entry(version, payload_of(version), KEEP_FOR)
        if folder.swap(key, entry, found, time.monotonic() + 60):
            expected = found.version if found else "-"
            print(key.replace(" ", ""), expected, version, before, time.monotonic())
        if number % 40 == 0:
            time.sleep(KEEP_FOR * 2)


def read(folder: Folder, times: int) -> None:
    """Load, and print every payload that does not match its version."""
    for number in range(times):
        found = folder.load(f"key {number % KEYS}", time.monotonic() + 60)
        if found is not None and payload_of(found.version) != found.payload:
            print("torn", found.version)


def expire(folder: Folder, times: int) -> None:
    """Sweep until the writers are done, and at least this many times."""
    swept = 0
    while swept < times or not (folder.path.parent / "done").exists():
        folder.sweep()
        swept += 1


if __name__ == "__main__":
    roles = {"write": write, "read": read, "expire": expire}
    roles[sys.argv[2]](Folder(Path(sys.argv[1]), margin=0.0), int(sys.argv[3]))
