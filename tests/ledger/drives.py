"""The journals that a run may go over, and what happens to each of them during the run."""

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from ..stores.lagging import LaggingReplica
from ..stores.servers import Server, valkey_binary

__all__ = ["DRIVES", "STRIKES", "Drive", "Step", "ground"]

Step = Callable[[], object]
"""One disturbance."""
STRIKES: Final = 3
"""How often a server is killed that keeps everything."""
_AOF: Final = ("--appendonly", "yes", "--appendfsync", "always")


@frozen
class Drive:
    """
    A journal.

    Attributes:
        url: URL of its store.
        steps: What happens to it, one after the other. None: a person stops the shop, compares the
            bank's books with the journal, enters what is missing and accepts the journal.
        emptied: The marker goes, too: on loopback a new process would begin the journal by itself,
            so none is started before a person has compared.
    """

    url: str
    steps: tuple[Step | None, ...] = ()
    emptied: bool = False


@contextmanager
def ground() -> Generator[Path]:
    """Return a new folder with a short name, as unix sockets require."""
    with tempfile.TemporaryDirectory(prefix="fx") as path:
        yield Path(path)


@contextmanager
def _file() -> Generator[Drive]:
    """Files on this machine."""
    with ground() as folder:
        yield Drive(f"{folder.as_uri()}/journal?timeout=60")


@contextmanager
def _valkey() -> Generator[Drive]:
    """A server with an append-only file, killed and started again."""
    with ground() as folder, Server(valkey_binary(), folder, _AOF) as server:
        server.start()

        def strike() -> None:
            server.stop()
            server.start()

        yield Drive(f"{server.url}&durable=aof-always", (strike,) * STRIKES)


@contextmanager
def _snapshot() -> Generator[Drive]:
    """A server without an append-only file, killed and started again from an older snapshot."""
    with ground() as folder, Server(valkey_binary(), folder) as server:
        server.start()

        def save() -> None:
            with server.client() as client:
                client.save()

        def strike() -> None:
            server.stop()
            server.start()

        yield Drive(server.url, (save, strike, None))


@contextmanager
def _cut() -> Generator[Drive]:
    """A server that is killed, and whose append-only file has lost its second half."""
    with ground() as folder, Server(valkey_binary(), folder, ("--appendonly", "yes")) as server:
        server.start()

        def strike() -> None:
            server.stop()
            (written,) = folder.glob("appendonlydir/*.incr.aof")
            os.truncate(written, written.stat().st_size // 2)
            server.start()

        yield Drive(server.url, (strike, None))


@contextmanager
def _sentinel() -> Generator[Drive]:
    """
    A server and two replicas, one of which falls behind; then the server is killed.

    Sentinel promotes the replica that has fallen behind: the other one may not be promoted.
    """
    with LaggingReplica.started(valkey_binary()) as servers:
        yield Drive(servers.url, (servers.wire.deafen, servers.fail_over, None))


DRIVES: Final[dict[str, Callable[[], AbstractContextManager[Drive]]]] = {
    "file": _file,
    "valkey": _valkey,
    "snapshot": _snapshot,
    "cut": _cut,
    "sentinel": _sentinel,
}
