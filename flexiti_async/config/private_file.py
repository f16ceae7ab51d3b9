"""
Whether others may write, or read, a file that is believed: with the API's address, or secrets.

The rule is that of sshd's `StrictModes`: the file and every folder on the way to it belong to the
user of this process or to root, and nobody else may write them.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["readers_of", "writers_of"]

_MOST_LINKS: Final = 40


def writers_of(file: Path) -> str | None:
    """
    Return who else may write a file, and what to do about it; None if nobody may.

    A folder with the sticky bit lets others add names, not replace any. A folder that only its
    owner may enter protects everything in it, and a file system that is mounted read-only, as
    Kubernetes mounts configurations, protects itself.

    Raises:
        OSError: The file, or a folder on the way to it, cannot be looked at.
    """
    if os.name != "posix":  # modes mean nothing there
        return None
    for link in _links(file):
        fault = _fault(link)
        if fault is not None:
            return fault
    return None


def readers_of(file: Path) -> str | None:
    """
    Return who else may read a file: `other users` or `its group`; None if nobody may.

    A folder that they may not enter protects the file. A file system that is mounted read-only, as
    containers get their secrets, is left out: its modes are not the shop's to set.

    Raises:
        OSError: The file, or a folder on the way to it, cannot be looked at.
    """
    if os.name != "posix":  # modes mean nothing there
        return None
    path = file.resolve(strict=True)
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return None
    mode, folders = path.stat().st_mode, [folder.stat().st_mode for folder in path.parents]
    if mode & stat.S_IROTH and all(folder & stat.S_IXOTH for folder in folders):
        return "other users"
    enter = stat.S_IXGRP | stat.S_IXOTH
    if mode & stat.S_IRGRP and all(folder & enter for folder in folders):
        return "its group"
    return None


def _links(file: Path) -> Iterator[Path]:
    """Yield the file's own path, and the path behind each link, the last one without links."""
    for _ in range(_MOST_LINKS):
        yield file.parent.resolve() / file.name
        if not file.is_symlink():
            return
        file = file.parent / file.readlink()


def _fault(path: Path) -> str | None:
    fault: str | None = None
    for place in (path, *path.parents):
        if place.is_symlink() or os.statvfs(place).f_flag & os.ST_RDONLY:
            continue  # the folder of a link decides about it
        found = place.stat()
        is_folder = stat.S_ISDIR(found.st_mode)
        if found.st_uid not in {0, os.geteuid()}:
            fault = fault or f"{place} belongs to another user: chown it to root or to this one"
        elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (
            is_folder and found.st_mode & stat.S_ISVTX
        ):
            fault = fault or f"{place} can be written by other users: chmod go-w it"
        elif is_folder and not found.st_mode & (stat.S_IXGRP | stat.S_IXOTH):
            fault = None  # nobody else gets past it
    return fault
