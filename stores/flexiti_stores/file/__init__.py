"""
`file:///path`: tokens shared by the processes of one host, in a folder of their own.

Each key is one small file, replaced as a whole, so readers need no lock. Who writes holds a kernel
lock, which dies with its process. A record is on the disk before its swap succeeds.
"""

import asyncio
import errno
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from flexiti_async.errors import ConfigError, StoreUnavailable
from flexiti_async.protocol.validation import nearest
from flexiti_async.store.interface import Entry
from flexiti_stores.file.folder import Folder

__all__ = ["FileStore"]

_log: Final = logging.getLogger("flexiti_stores.file")
_T = TypeVar("_T")

TIMEOUT: Final = 0.5
THREADS: Final = 4
FIRST_SWEEP: Final = 64


class FileStore:
    """
    Entries as files in a folder that belongs to one user.

    For any number of processes, threads and event loops of one host. Every operation is one job of
    a thread; the event loop never waits for the disk.

    Args:
        path: The folder; made with mode 0700 if it is missing.
        timeout: Seconds after which an operation fails; its outcome is then unknown.

    Raises:
        ConfigError: The folder cannot be made, is another user's, or others may write into it.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = TIMEOUT) -> None:
        self._folder = Folder(Path(path).absolute())
        self._folder.prepare()
        self._timeout = timeout
        self._guard = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._process = 0
        self._writes = 0
        self._next_sweep = FIRST_SWEEP

    def __repr__(self) -> str:
        return f"<FileStore on {self._folder.path}>"

    @classmethod
    def from_url(cls, url: str) -> "FileStore":
        """Open the folder that `file:///path[?timeout=seconds]` names."""
        parts = urlsplit(url)
        if parts.netloc or parts.fragment or not parts.path.strip("/"):
            msg = "the store URL names no absolute path: file:///var/lib/shop/flexiti"
            raise ConfigError(msg, option="store")
        return cls(unquote(parts.path), timeout=_timeout(parts.query))

    async def load(self, key: str) -> Entry | None:
        """Get the entry under a key, None if there is none."""
        return await self._run("load", lambda deadline: self._folder.load(key, deadline))

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Write `entry` if what is stored is still `expected`; it is on the disk then."""
        won = await self._run(
            "swap", lambda deadline: self._folder.swap(key, entry, expected, deadline)
        )
        if won:
            self._sweep_now_and_then()
        return won

    async def aclose(self) -> None:
        """Let the threads end. A store that is used again starts new ones."""
        with self._guard:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)

    async def _run(self, verb: str, job: Callable[[float], _T]) -> _T:
        deadline = time.monotonic() + self._timeout
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(self._submit(lambda: job(deadline)))
        except TimeoutError:  # the lock's, or ours: then the job may still write
            why = f"not done within {self._timeout:g} s"
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise StoreUnavailable(f"the token folder {self._folder.path} failed to {verb}: {why}")

    def _submit(self, job: Callable[[], _T]) -> Future[_T]:
        with self._guard:
            # The threads of a parent process are not there in its forked child.
            if self._executor is None or self._process != os.getpid():
                self._process = os.getpid()
                self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="flexiti-file")
            return self._executor.submit(job)

    def _sweep_now_and_then(self) -> None:
        self._writes += 1
        if self._writes >= self._next_sweep:
            self._writes = 0
            self._submit(self._sweep)

    def _sweep(self) -> None:
        try:
            left = self._folder.sweep()
        except OSError:
            _log.warning("the token folder %s cannot be swept", self._folder.path)
        else:
            # Again when as much has been written as there is: constant cost per write.
            self._next_sweep = max(FIRST_SWEEP, left)


def _timeout(query: str) -> float:
    given = dict(parse_qsl(query, keep_blank_values=True))
    text = given.pop("timeout", str(TIMEOUT))
    for name in given:
        hint = nearest(name, ["timeout"])
        meant = f"; did you mean {hint}?" if hint else ""
        msg = f"the store URL has an unknown parameter {name}{meant}"
        raise ConfigError(msg, option="store", suggestion=hint or None)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        msg = "the store URL has timeout that is no number of seconds"
        raise ConfigError(msg, option="store")
    return seconds
