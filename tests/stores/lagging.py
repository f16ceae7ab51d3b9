"""A server with two replicas, of which Sentinel can only promote the one that lags."""

import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from flexiti_async.testing import Wire

from .servers import Server, wait_until

__all__ = ["LaggingReplica"]

_NEVER = 600_000
"""Milliseconds: on a busy machine, no server that answers late may count as down."""
_SOON = 2000


@frozen
class LaggingReplica:
    """
    The servers.

    Attributes:
        primary: The one that Sentinel watches.
        sound: A replica that is not promoted.
        lagging: The replica that is promoted.
        wire: Between the primary and the lagging replica; it can be made deaf.
        sentinel: The sentinel.
    """

    primary: Server
    sound: Server
    lagging: Server
    wire: Wire
    sentinel: Server

    @classmethod
    @contextmanager
    def started(cls, binary: Path) -> Generator["LaggingReplica"]:
        """Start all of them."""
        with ExitStack() as stack:
            # A short name, as unix sockets require.
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fx")))

            def server(*options: str) -> Server:
                folder = Path(tempfile.mkdtemp(dir=home))
                return stack.enter_context(Server(binary, folder, options))

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
                f"sentinel down-after-milliseconds till {_NEVER}\n"
                f"sentinel failover-timeout till {_NEVER}\n"
            )
            sentinel.launch(str(config), "--sentinel")
            with sentinel.client() as client:
                wait_until(lambda: client.sentinel_master("till")["num-slaves"] == 2)
            yield cls(primary, sound, lagging, wire, sentinel)

    @property
    def url(self) -> str:
        """The URL of a store that asks the sentinel."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/till?timeout=10&connect_timeout=2"

    def fail_over(self) -> None:
        """Kill the primary, and return when the lagging replica is the primary."""
        self.primary.stop()
        with self.sentinel.client() as client:
            # Its first attempt may find no replica that it has asked lately; the next one comes
            # after twice this time.
            client.sentinel_set("till", "failover-timeout", _SOON)
            client.sentinel_set("till", "down-after-milliseconds", _SOON)
            wait_until(lambda: client.sentinel_master("till")["port"] == self.lagging.port)
            client.sentinel_set("till", "down-after-milliseconds", _NEVER)
            wait_until(lambda: not client.sentinel_master("till")["is_sdown"])
