"""
`file:///path`: tokens shared by the processes of one host, in a folder of their own.

Each key is one small file, replaced as a whole, so readers need no lock. Writers hold a kernel
lock, which dies with its process. A record is on the disk before its swap succeeds.
"""

import asyncio
import errno
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from flexiti_async.errors import ConfigError, StoreError, StoreUnavailable
from flexiti_async.store.interface import Entry, Life
from flexiti_stores._arguments import check_text, check_timeout
from flexiti_stores._forks import ForkSafeLock
from flexiti_stores._url import Query

if os.name == "nt":  # pragma: no cover - locks and descriptors of folders are POSIX
    raise ConfigError("file:// needs a POSIX system: use postgresql:// or redis://", option="store")

from flexiti_async.protocol.validation import sensitive_arguments
from flexiti_stores.file.folder import Folder, LockTimeoutError

__all__ = ["FileStore"]

_log: Final = logging.getLogger("flexiti_async.store.file")
_T = TypeVar("_T")

_DRIVE: Final = re.compile(r"/*[A-Za-z][:|](?:[/\\]|$)")
TIMEOUT: Final = 0.5
THREADS: Final = 4
FIRST_SWEEP: Final = 64
PAGE: Final = 100
"""Records that one step of a listing reads."""


class FileStore:
    """
    Entries as files in a folder that belongs to one user.

    For any number of processes, threads and event loops of one host. Every operation is one job of
    a thread; the event loop never waits for the disk.

    Args:
        path: The folder; created with mode 0700 if it is missing.
        timeout: Seconds after which an operation fails; its outcome is then unknown.

    Raises:
        ConfigError: An argument is of another type; or the folder cannot be created, is another
            user's, others may write into it or exchange it, or the path is one of Windows.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = TIMEOUT) -> None:
        # Callers without a type checker may pass anything.
        place: object = os.fspath(path) if isinstance(path, os.PathLike) else path
        check_text("path", place, "a path of visible characters", least=1)
        check_timeout(timeout)
        if _DRIVE.match(os.fspath(path)):
            where = os.fspath(path).lstrip("/")
            msg = f"{where} is a path of Windows, not of this system: name one as /var/lib/shop"
            raise ConfigError(msg, option="store")
        self._folder = Folder(Path(path).absolute())
        self._folder.prepare()
        self._timeout = timeout
        self._guard = ForkSafeLock()
        self._executor: ThreadPoolExecutor | None = None
        self._process = 0
        self._writes = 0
        self._next_sweep = FIRST_SWEEP

    def __repr__(self) -> str:
        return f"<FileStore on {self._folder.path}>"

    @classmethod
    @sensitive_arguments
    def from_url(cls, url: str) -> "FileStore":
        """Open the folder that `file:///path[?timeout=seconds]` names."""
        parts = urlsplit(url)
        if parts.netloc or parts.fragment or not parts.path.strip("/"):
            msg = "the store URL names no absolute path: file:///var/lib/shop/flexiti"
            raise ConfigError(msg, option="store")
        query = Query(parts.query)
        timeout = query.seconds("timeout", TIMEOUT)
        query.refuse_rest()
        return cls(unquote(parts.path), timeout=timeout)

    async def load(self, key: str) -> Entry | None:
        """Return the entry under a key, None if nothing is stored."""
        return await self._run("load", lambda deadline: self._folder.load(key, deadline))

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write `entry` if what is stored is still `expected`; it is on the disk then."""
        won = await self._run(
            "swap", lambda deadline: self._folder.swap(key, entry, expected, deadline, life)
        )
        if won:
            self._sweep_now_and_then()
        return won

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`, but for those that older releases wrote."""
        names = await self._run("list", lambda _: self._folder.names(endless=endless))
        for number in range(0, len(names), PAGE):
            for key in await self._page(names[number : number + PAGE], prefix, endless=endless):
                yield key

    async def life(self) -> Life:
        """Return the marker and the folder's inode; raises StoreUnavailable."""
        return await self._run("read the life", lambda _: self._folder.life())

    async def aclose(self) -> None:
        """End the threads. A store that is used again starts new ones."""
        with self._guard:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)

    async def _page(self, names: list[str], prefix: str, *, endless: bool) -> list[str]:
        return await self._run("list", lambda _: self._folder.keys(names, prefix, endless=endless))

    async def _run(self, verb: str, job: Callable[[float], _T]) -> _T:
        deadline, sent = time.monotonic() + self._timeout, True
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(self._submit(lambda: job(deadline)))
        except LockTimeoutError:
            why, sent = f"its lock was not free within {self._timeout:g} s", False
        except TimeoutError:  # the job goes on, and may still write
            why = f"not done within {self._timeout:g} s"
        except StoreError:
            raise
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, type(error).__name__)
        text = f"the token folder {self._folder.path} failed to {verb}: {why}"
        raise StoreUnavailable(text, sent=sent)

    def _submit(self, job: Callable[[], _T]) -> Future[_T]:
        with self._guard:
            # The threads of a parent process do not exist in its forked child.
            if self._executor is None or self._process != os.getpid():
                self._process = os.getpid()
                self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="flexiti-file")
            return self._executor.submit(job)

    def _sweep_now_and_then(self) -> None:
        self._writes += 1
        if self._writes < self._next_sweep:
            return
        self._writes = 0
        with self._guard:
            # Not `_submit`: a store that was closed meanwhile stays closed.
            if self._executor is not None and self._process == os.getpid():
                self._executor.submit(self._sweep)

    def _sweep(self) -> None:
        try:
            left = self._folder.sweep()
        except (OSError, StoreError):
            _log.warning("the token folder %s cannot be swept", self._folder.path)
        else:
            # Again when as much has been written as there is: constant cost per write.
            self._next_sweep = max(FIRST_SWEEP, left)
