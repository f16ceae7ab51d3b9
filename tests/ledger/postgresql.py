"""The journals of a run in PostgreSQL, and what happens to each of them during the run."""

import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from flexiti_async.testing import Wire

from ..stores.postgresql.conftest import of_machine
from ..stores.postgresql.servers import Bouncer, Postgres
from .drives import STRIKES, Drive, ground

__all__ = ["DRIVES"]


@contextmanager
def _server(*options: str) -> Generator[Postgres]:
    """A running server, whose role would not wait for its commits."""
    with ground() as folder, Postgres.new(of_machine(), folder, *options) as server:
        server.start()
        server.ask("alter role boss set synchronous_commit = off")
        yield server


def _killed(server: Postgres) -> tuple[Callable[[], None], ...]:
    def strike() -> None:
        server.crash()
        server.start()

    return (strike,) * STRIKES


@contextmanager
def _asynchronous() -> Generator[Drive]:
    """A server that is killed, under asynchronous commit as the role's default."""
    with _server() as server:
        yield Drive(server.url, _killed(server))


@contextmanager
def _pgbouncer() -> Generator[Drive]:
    """The same behind PgBouncer."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") or "pgbouncer"
    with _server() as server, Bouncer(Path(program), server) as bouncer:
        yield Drive(bouncer.url, _killed(server))


@contextmanager
def _standby() -> Generator[Drive]:
    """A server with a standby that falls behind, and is promoted when the server is killed."""
    with _server("wal_keep_size=64MB") as server, Wire(server.port) as wire:
        follow = f"primary_conninfo=host=127.0.0.1 port={wire.port} user=boss"
        with server.standby(follow) as standby:
            standby.start()

            def fail_over() -> None:
                server.crash()
                standby.ask("select pg_promote()")

            url = server.url.replace(
                f":{server.port}/", f":{server.port},127.0.0.1:{standby.port}/"
            )
            yield Drive(url, (wire.deafen, fail_over, None))


@contextmanager
def _truncated() -> Generator[Drive]:
    """A server whose table is emptied."""
    with _server() as server:
        steps = (lambda: server.ask("truncate flexiti_records"), None)
        yield Drive(server.url, steps, emptied=True)


DRIVES: Final[dict[str, Callable[[], AbstractContextManager[Drive]]]] = {
    "postgresql": _asynchronous,
    "pgbouncer": _pgbouncer,
    "standby": _standby,
    "truncated": _truncated,
}
