"""Both engines on uvloop: its transports and its TLS are not asyncio's."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from yarl import URL

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.errors import ConnectError, ConnectionLost, RequestTimeout
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.sandbox import Sandbox
from flexiti_async.transport.pool import Transport

from ...support.authority import Authority
from ...support.engines import ENGINES
from ...support.raw_server import hangs, says, server
from ...support.relay import relay_to

BUY = PurchaseWidget(account_number=20009100)


@pytest.fixture(params=ENGINES)
def http(request: pytest.FixtureRequest) -> str:
    """Return an engine."""
    return str(request.param)


def on_uvloop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine in a loop of uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
    gc.collect()


def config_of(sandbox: Sandbox, http: Any, **options: Any) -> FlexitiConfig:  # noqa: ANN401
    """Configure for a sandbox."""
    given: dict[str, Any] = {"base_url": sandbox.base_url, **options}
    return FlexitiConfig(
        client_id=sandbox.client_id, client_secret=sandbox.client_secret, http=http, **given
    )


def test_calls_in_parallel(http: str) -> None:
    """A hundred at once, over ten connections, with tokens and all."""

    async def work() -> None:
        async with (
            Sandbox() as sandbox,
            FlexitiSession(config_of(sandbox, http, connections=10)) as session,
        ):
            widgets = await asyncio.gather(*(session.init_widget(BUY) for _ in range(100)))
            assert http == session.http
            assert 100 == len({widget.redirection_url for widget in widgets})

    on_uvloop(work)


@pytest.mark.parametrize("trusted", [False, True])
def test_tls(http: str, tmp_path: Path, trusted: bool) -> None:
    """A certificate is trusted or refused as on asyncio."""
    authority = Authority(tmp_path)
    ca_file = str(authority.ca_file) if trusted else None

    async def work() -> None:
        async with Sandbox() as sandbox:
            assert sandbox.port is not None
            async with relay_to(sandbox.port, tls=authority.server()) as relay:
                url = f"https://localhost:{relay.port}/flexiti/pos-api"
                config = config_of(sandbox, http, base_url=url, ca_file=ca_file)
                transport = Transport(
                    url, timeout=30, connect_timeout=30, connections=1, ca_file=ca_file, http=http
                )
                request = HttpRequest("x", "POST", URL(url), {}, b"{}", "ref")
                outcome = await transport.attempt(request)
                await transport.aclose()
                if trusted:
                    async with FlexitiSession(config) as session:
                        assert (await session.init_widget(BUY)).session_id
                else:
                    assert isinstance(outcome, ConnectError)
                    assert "certificate" == outcome.reason

    on_uvloop(work)


def test_failures(http: str) -> None:
    """A connection that breaks, an answer that does not come, and a cancelled call."""

    async def work() -> None:
        for handler, kind in ((says(b""), ConnectionLost), (hangs, RequestTimeout)):
            for once in (False, True):
                async with server(handler) as url:
                    transport = Transport(
                        url, timeout=0.5, connect_timeout=30, connections=1, http=http
                    )
                    request = HttpRequest("x", "POST", URL(url), {}, b"{}", "ref")
                    outcome = await transport.attempt(request, once=once)
                    call = asyncio.ensure_future(transport.attempt(request))
                    await asyncio.sleep(0)
                    call.cancel()
                    await asyncio.wait([call])
                    await transport.aclose()
                assert kind is type(outcome)
                assert call.cancelled()

    on_uvloop(work)
