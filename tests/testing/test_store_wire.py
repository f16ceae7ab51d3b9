"""A wire between a store and its server."""

import asyncio
import contextlib
import gc
import socket
import sys

import pytest

from flexiti_async.testing import Wire


@pytest.mark.parametrize("turns", range(5))
def test_close_as_a_client_connects(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is being accepted is closed, too, and causes no error."""
    errors: list[object] = []

    def note(error: "sys.UnraisableHookArgs") -> None:
        errors.append(error.exc_value)

    monkeypatch.setattr(sys, "unraisablehook", note)
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = Wire(server.getsockname()[1])

        async def connect_and_close() -> socket.socket:
            client = socket.create_connection(("127.0.0.1", wire.port))
            for _ in range(turns):
                await asyncio.sleep(0)
            await wire._close()
            return client

        wire.__enter__()
        with wire._run(connect_and_close()) as client:
            wire.__exit__()
            client.settimeout(60)
            with contextlib.suppress(ConnectionResetError):
                assert b"" == client.recv(1)
    gc.collect()

    assert [] == errors
