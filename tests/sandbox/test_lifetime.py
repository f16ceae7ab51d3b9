"""Starting and closing, which leaves nothing behind."""

import asyncio
import contextlib
import gc
import logging
import socket
import sys

import aiohttp
import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import PURCHASE, Api, until


async def test_base_url() -> None:
    """The base URL contains the chosen free port, and has no trailing slash."""
    async with Sandbox() as sandbox:
        assert f"http://127.0.0.1:{sandbox.port}/flexiti/pos-api" == sandbox.base_url
        assert 0 != sandbox.port


def test_base_url_before_the_start() -> None:
    """Before the start there is no base URL."""
    with pytest.raises(RuntimeError, match="not been started"):
        _ = Sandbox().base_url


async def test_ipv6() -> None:
    """An IPv6 address is in brackets in the URL, and works."""
    async with Sandbox(host="::1") as sandbox, aiohttp.ClientSession() as http:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert 200 == (await Api(sandbox, http).token()).status


async def test_start_twice(sandbox: Sandbox) -> None:
    """A running sandbox cannot be started again."""
    with pytest.raises(RuntimeError, match="already running"):
        await sandbox.start()


async def test_port_in_use(sandbox: Sandbox) -> None:
    """A port in use raises an error, and nothing is left open."""
    second = Sandbox(port=sandbox.port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.aclose()
    await sandbox.aclose()
    await second.start()
    await second.aclose()


async def test_close_twice() -> None:
    """Closing again, or before the start, does nothing."""
    sandbox = Sandbox()
    await sandbox.aclose()
    await sandbox.start()
    await sandbox.aclose()
    await sandbox.aclose()

    assert [] == list(sandbox.requests)


async def test_outage(api: Api, sandbox: Sandbox) -> None:
    """A closed sandbox is unreachable; started again, it has the same port and tokens."""
    access_token = await api.access_token()
    url = sandbox.base_url
    await sandbox.aclose()
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.token()
    await sandbox.start()

    assert url == sandbox.base_url
    assert 200 == (await api.call("widget/init", access_token, PURCHASE)).status
    assert 2 == len(sandbox.requests)


async def test_closing_leaves_no_task() -> None:
    """Idle, silent, half-sent and waiting connections all end with the sandbox."""
    async with aiohttp.ClientSession() as http:
        async with Sandbox(latency={"widget/init": 3600}) as sandbox:
            api = Api(sandbox, http)
            access_token = await api.access_token()
            waiting = asyncio.create_task(api.call("widget/init", access_token, PURCHASE))
            await until(lambda: sandbox.count("widget/init") == 1)
            await api.token()
            writers = [
                (await asyncio.open_connection(sandbox.host, sandbox.port))[1] for _ in range(3)
            ]
            writers[1].write(b"POST /flexiti/pos-api/v2.5/oauth/token HTT")
            writers[2].write(
                b"POST /flexiti/pos-api/v2.5/oauth/token HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"
            )
            await api.token()
        left = asyncio.all_tasks() - {asyncio.current_task(), waiting}
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await waiting
        for writer in writers:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    assert set() == left


async def test_client_that_disconnects(
    sandbox: Sandbox, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that disconnects while waiting affects no other; its request is processed."""
    sandbox.latency = {"oauth/token": 0.01}
    call = asyncio.create_task(api.token())
    await until(lambda: sandbox.count("oauth/token") == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: sandbox.count("oauth/token", status=200) == 1)

    assert 1 == sandbox.tokens_issued
    assert 200 == (await api.token()).status
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_many_connections_at_once(sandbox: Sandbox) -> None:
    """A thousand simultaneous clients are all served."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        api = Api(sandbox, http)
        access_token = await api.access_token()
        answers = await asyncio.gather(
            *(api.call("widget/init", access_token, PURCHASE) for _ in range(1000))
        )

    assert {200} == {answer.status for answer in answers}
    assert 1000 == sandbox.count("widget/init", status=200)
    assert 1000 == len({answer.body["redirection_url"] for answer in answers})


@pytest.mark.parametrize("turns", range(5))
async def test_close_as_a_connection_arrives(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is being accepted is closed, too, and causes no error."""
    errors: list[object] = []

    def note(error: "sys.UnraisableHookArgs") -> None:
        errors.append(error.exc_value)

    monkeypatch.setattr(sys, "unraisablehook", note)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(context))
    async with Sandbox() as sandbox:
        client = socket.create_connection((sandbox.host, sandbox.port))
        client.settimeout(0)
        for _ in range(turns):
            await asyncio.sleep(0)
    gc.collect()

    with client, contextlib.suppress(ConnectionResetError):
        assert b"" == await loop.sock_recv(client, 1)
    assert [] == errors
