"""The journals that a run may go over, and what happens to each of them during the run."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from flexiti_async.testing import Wire

from ..stores.servers import Server, valkey_binary, wait_until

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
def _sentinel() -> Generator[Drive]:
    """
    A server and two replicas, one of which falls behind; then the server is killed.

    Sentinel promotes the replica that has fallen behind: the other one may not be promoted.
    """
    with ExitStack() as stack:

        def server(*options: str) -> Server:
            folder = stack.enter_context(ground())
            return stack.enter_context(Server(valkey_binary(), folder, options))

        primary = server()
        primary.start()
        wire = stack.enter_context(Wire(primary.port))
        sound = server("--replicaof", "127.0.0.1", str(primary.port), "--replica-priority", "0")
        lagging = server(
            *("--replicaof", "127.0.0.1", str(wire.port), "--replica-priority", "1"),
            # It hears nothing for long, and must not look broken to the sentinel.
            *("--repl-timeout", "36000"),
        )
        for replica in (sound, lagging):
            replica.start()
        sentinel = server()
        config = sentinel.folder / "sentinel.conf"
        # A sentinel corrects a replica that follows by another address, but only after the
        # failover-timeout.
        config.write_text(
            f"port {sentinel.port}\nbind 127.0.0.1\n"
            f"sentinel monitor till 127.0.0.1 {primary.port} 1\n"
            # On a busy machine, no server that answers late may count as down.
            "sentinel down-after-milliseconds till 600000\nsentinel failover-timeout till 600000\n"
        )
        sentinel.launch(str(config), "--sentinel")
        with sentinel.client() as client:
            wait_until(lambda: client.sentinel_master("till")["num-slaves"] == 2)

        def fail_over() -> None:
            primary.stop()
            with sentinel.client() as client:
                # Its first attempt may find no replica that it has asked lately; the next one comes
                # after twice this time.
                client.sentinel_set("till", "failover-timeout", 2000)
                client.sentinel_set("till", "down-after-milliseconds", 2000)
                wait_until(lambda: client.sentinel_master("till")["port"] == lagging.port)
                client.sentinel_set("till", "down-after-milliseconds", 600_000)
                wait_until(lambda: not client.sentinel_master("till")["is_sdown"])

        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/till?timeout=10&connect_timeout=2"
        yield Drive(url, (wire.deafen, fail_over, None))


DRIVES: Final[dict[str, Callable[[], AbstractContextManager[Drive]]]] = {
    "file": _file,
    "valkey": _valkey,
    "sentinel": _sentinel,
}
