"""The guards of all tests find what they should find, and nothing else."""

import asyncio
import concurrent.futures
import fcntl
import gc
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

import flexiti_async
from flexiti_async.store.interface import Entry
from flexiti_stores.file.folder import Folder

from ..support.blocking import BlockingError
from ..support.leftovers import Leftovers

ENTRY = Entry("version", "payload", 60.0)
kept: list[object] = []
"""References to objects that would otherwise be collected."""


async def leave_nothing() -> None:
    """Wait for a task."""
    await asyncio.create_task(asyncio.sleep(0))


async def leave_a_cancelled_task() -> None:
    """Cancel a task and do not wait until it has ended."""
    asyncio.create_task(asyncio.sleep(60)).cancel()


async def leave_a_task() -> None:
    """Start a task and forget it."""
    kept.append(asyncio.create_task(asyncio.sleep(60)))


async def leave_a_socket() -> None:
    """Leave a listening socket."""
    kept.append(await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0))


async def leave_a_connection() -> None:
    """Leave one end of a connection open."""
    here, there = socket.socketpair()
    kept.append(await asyncio.open_connection(sock=here))
    kept.append(there)


async def leave_a_client_session() -> None:
    """Leave a client session open."""
    kept.append(aiohttp.ClientSession())


@pytest.mark.parametrize(
    ("leave", "starts"),
    [
        (leave_nothing, []),
        (leave_a_cancelled_task, []),
        (leave_a_task, ["task Task-"]),
        (leave_a_socket, ["socket that is still listened to: "]),
        (leave_a_connection, ["open connection "]),
        (leave_a_client_session, ["open <aiohttp.client.ClientSession "]),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_leftovers_are_found(
    leave: Callable[[], object], starts: list[str], leftovers: Leftovers
) -> None:
    """Leftovers of a closed loop are reported with the test that left them."""
    asyncio.run(leave())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    found = leftovers.take()
    kept.clear()
    gc.collect()

    assert len(starts) == len(found)
    assert all(one.startswith(start) for one, start in zip(found, starts, strict=True))
    assert all("test_leftovers_are_found" in one for one in found)


LOCK = threading.Lock()
THREAD = threading.Thread(target=LOCK.acquire, daemon=True)
PIN: concurrent.futures.Future[None] = concurrent.futures.Future()


def enter() -> None:
    """Wait for the lock in a `with` block."""
    with LOCK:
        pass


@pytest.fixture(scope="module", autouse=True)
def _held() -> Iterator[None]:
    """Hold the lock, and keep a thread that waits for it alive."""
    with LOCK:
        THREAD.start()
        yield
    THREAD.join()
    LOCK.release()


BLOCKS: dict[str, Callable[[], object]] = {
    "sleep": lambda: time.sleep(0.0),
    "open": lambda: io.open(os.devnull),  # noqa: SIM115, UP020 - what pathlib calls
    "os.open": lambda: os.open(os.devnull, os.O_RDONLY),
    "fsync": lambda: os.fsync(-1),
    "fdatasync": lambda: os.fdatasync(-1),
    "utime": lambda: os.utime(os.devnull),
    "waitpid": lambda: os.waitpid(0, os.WNOHANG),
    "flock": lambda: fcntl.flock(-1, fcntl.LOCK_EX),
    "lockf": lambda: fcntl.lockf(-1, fcntl.LOCK_EX),
    "getaddrinfo": lambda: socket.getaddrinfo("127.0.0.1", 80),
    "acquire": lambda: LOCK.acquire(timeout=0.01),
    "with": enter,
    "join": lambda: THREAD.join(0.01),
    "result": lambda: PIN.result(0.01),
}


def as_library(work: Callable[[], object]) -> None:
    """Call a function from a frame of the library."""
    exec(compile("work()", flexiti_async.__file__, "exec"), {"work": work})  # noqa: S102


@pytest.mark.parametrize("name", BLOCKS)
async def test_blocking_the_loop_raises(name: str) -> None:
    """Every blocking call of the library in a loop raises BlockingError."""
    with pytest.raises(BlockingError):
        as_library(BLOCKS[name])


async def test_threads_and_tests_may_block() -> None:
    """Calls in a thread, and calls of a test itself, may block."""
    await asyncio.to_thread(as_library, BLOCKS["sleep"])
    await asyncio.to_thread(as_library, BLOCKS["join"])
    BLOCKS["sleep"]()
    BLOCKS["join"]()


async def test_the_file_store_cannot_work_in_the_loop(tmp_path: Path) -> None:
    """The work of the file store blocks in a loop, and is allowed in its thread."""
    folder = Folder(tmp_path)
    with pytest.raises(BlockingError):
        folder.swap("key", ENTRY, None, 0.0)
    with pytest.raises(BlockingError):
        folder.load("key", 0.0)

    assert await asyncio.to_thread(folder.swap, "key", ENTRY, None, 1e9)
    assert await asyncio.to_thread(folder.load, "key", 1e9) is not None
