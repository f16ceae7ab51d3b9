"""PostgreSQL servers as child processes of an unprivileged user, and a PgBouncer."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self, TypedDict

import asyncpg
from attrs import Factory, define

from ...support.ports import free_port

NOBODY = 65534
"""Whom the servers run as, if we are root: PostgreSQL refuses root."""

DEADLINE = 60.0


class Unprivileged(TypedDict, total=False):
    """Arguments of a process that is not root."""

    user: int
    group: int
    extra_groups: list[int]


def _unprivileged() -> Unprivileged:
    if os.geteuid():
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def run(*arguments: object) -> str:
    """Run a program of PostgreSQL to its end."""
    done = subprocess.run(
        [str(one) for one in arguments],
        **_unprivileged(),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
        cwd="/",
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@define
class Postgres:
    """
    A server.

    Attributes:
        programs: Folder of its programs.
        folder: Where it works; of nobody, if we are root.
        options: More settings, as `name=value`.
        port: Its port.
    """

    programs: Path
    folder: Path
    options: tuple[str, ...] = ()
    port: int = Factory(free_port)
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def new(cls, programs: Path, folder: Path, *options: str) -> Self:
        """Create a cluster."""
        home = Path(tempfile.mkdtemp(dir=folder))
        _hand_over(folder, home)
        server = cls(programs, home, options)
        run(
            programs / "initdb",
            *("-D", server.data, "-U", "boss", "-A", "trust", "--no-sync", "-E", "UTF8"),
        )
        return server

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """The URL of a store on it, for a busy machine."""
        return self.url_for("boss")

    def url_for(self, user: str, **parameters: str) -> str:
        """Return the URL of a store for another user."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return (
            f"postgresql://{user}@127.0.0.1:{self.port}/postgres"
            f"?sslmode=disable&timeout=10&connect_timeout=10{more}"
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = (
            *("listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}"),
            *(
                "max_connections=150",
                "shared_buffers=16MB",
                "max_wal_size=64MB",
                "logging_collector=off",
            ),
            *self.options,
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.programs / "postgres",
                    *("-D", self.data, "-p", str(self.port)),
                    *(part for one in settings for part in ("-c", one)),
                ],
                **_unprivileged(),
                stdout=log,
                stderr=log,
                cwd="/",
            )
        self.wait_for("select 1")

    def wait_for(self, question: str) -> None:
        """Wait until a question is answered with something true."""
        end = time.monotonic() + DEADLINE
        while True:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()
            with suppress(OSError, asyncpg.PostgresError):
                if self.ask(question) not in {"", "0"}:
                    return
            assert time.monotonic() < end, question
            time.sleep(0.05)

    def ask(self, statement: str, *, user: str = "boss") -> str:
        """Run a statement and return the first value that it answers."""

        async def ask() -> str:
            connection = await asyncpg.connect(
                host="127.0.0.1",
                port=self.port,
                user=user,
                password="",
                database="postgres",
                ssl=False,
                timeout=10,
            )
            try:
                if not statement.startswith("select"):
                    return await connection.execute(statement)
                found = await connection.fetchval(statement)
                return "" if found is None else str(int(found) if found in {True, False} else found)
            finally:
                await connection.close()

        # Tests call this in their event loop, too: a thread may have one of its own.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, ask()).result(DEADLINE)

    def signal(self, number: int) -> None:
        """Send a signal to the server and all of its processes."""
        assert self._process is not None
        for process in (self._process.pid, *self._children()):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def _children(self) -> list[int]:
        assert self._process is not None
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [int(one) for one in listed.split()]

    def crash(self) -> None:
        """Kill it as a power cut would, but for the system's own buffers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)  # from now on it has no new children
            children = self._children()
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            # Its shared memory is in use until its last process has ended.
            end = time.monotonic() + DEADLINE
            while any(map(_is_running, children)):
                assert time.monotonic() < end
                time.sleep(0.01)
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it as an administrator would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.crash()
            self._process = None

    def copy(self, *options: str) -> "Postgres":
        """Return another server with a copy of the data folder of this one, which must not run."""
        home = Path(tempfile.mkdtemp(dir=self.folder.parent))
        shutil.copytree(self.data, home / "data", symlinks=True)
        (home / "data").chmod(0o700)
        _hand_over(self.folder.parent, home)
        return Postgres(self.programs, home, options or self.options)

    def standby(self, *options: str) -> "Postgres":
        """Return a standby of this server, which must run; it is not started."""
        home = Path(tempfile.mkdtemp(dir=self.folder.parent))
        _hand_over(self.folder.parent, home)
        run(
            self.programs / "pg_basebackup",
            *("-D", home / "data", "-h", "127.0.0.1", "-p", self.port, "-U", "boss"),
            *("-R", "--no-sync", "--checkpoint=fast"),
        )
        return Postgres(self.programs, home, options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _is_running(process: int) -> bool:
    """Whether a process is there, and not only its exit status."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _hand_over(*folders: Path) -> None:
    for folder in folders:
        folder.chmod(0o755 if folder is folders[0] else 0o700)
    if os.geteuid() == 0:
        for folder in folders[1:]:
            for one in (folder, *folder.rglob("*")):
                os.lchown(one, NOBODY, NOBODY)


@define
class Bouncer:
    """A PgBouncer in transaction mode in front of a server."""

    program: Path
    server: Postgres
    port: int = Factory(free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of a store behind it."""
        return (
            f"postgresql://boss@127.0.0.1:{self.port}/postgres"
            "?sslmode=disable&timeout=10&connect_timeout=10&pgbouncer=true"
        )

    def __enter__(self) -> Self:
        home = Path(tempfile.mkdtemp(dir=self.server.folder.parent))
        (home / "users.txt").write_text('"boss" ""\n')
        (home / "bouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={self.server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\nauth_type = any\nauth_file = {home}/users.txt\n"
            "pool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200\n"
            # Seconds for which it rejects clients after a server that was starting up.
            "server_login_retry = 1\n"
        )
        (home / "bouncer.ini").write_text(
            (home / "bouncer.ini").read_text().replace("* = host", "* = user=boss host")
        )
        _hand_over(self.server.folder.parent, home)
        self._process = subprocess.Popen(
            [self.program, "-q", home / "bouncer.ini"],
            **_unprivileged(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        end = time.monotonic() + DEADLINE
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            assert time.monotonic() < end
            assert self._process.poll() is None
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
