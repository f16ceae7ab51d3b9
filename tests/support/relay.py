"""A relay in front of a server, which breaks connections as proxies and load balancers do."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field

__all__ = ["Relay", "relay_to"]


@define
class Relay:
    """
    A relay.

    Attributes:
        port: Where it listens.
        opened: Connections so far.
        stale: Connections that existed when this was set are reset when they are used.
        break_next: So many new connections are reset by their first request.
        broken: Connections that were reset so far.
        last_broken: The data that the last one was reset for.
    """

    port: int = 0
    opened: int = 0
    break_next: int = 0
    broken: int = 0
    last_broken: bytes = b""
    _stale: set[int] = field(factory=set[int])

    def make_stale(self) -> None:
        """Reset all connections of today when they are used; new ones are fine."""
        self._stale = set(range(self.opened))

    async def serve(
        self, upstream: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Relay one connection."""
        number = self.opened
        self.opened += 1
        if self.break_next:
            self.break_next -= 1
            self._stale.add(number)
        there, back = await asyncio.open_connection("127.0.0.1", upstream)
        answers = asyncio.create_task(_copy(there, writer))
        try:
            while data := await reader.read(65536):
                if number in self._stale:
                    self.broken += 1
                    self.last_broken = data
                    writer.transport.abort()
                    break
                back.write(data)
                await back.drain()
        except OSError:
            pass
        finally:
            answers.cancel()
            back.transport.abort()
            writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def relay_to(upstream: int, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Relay]:
    """Run a relay to a port of this machine, which speaks TLS itself if it has a certificate."""
    relay, tasks = Relay(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(relay.serve(upstream, reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        async with server:
            yield relay
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        server.close()
