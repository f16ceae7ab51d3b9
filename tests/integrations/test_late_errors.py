"""Errors in groups, in responses that have begun, and on WebSockets, in every framework."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient as AiohttpClient
from aiohttp.test_utils import TestServer as AiohttpServer
from django.test import AsyncClient, Client, override_settings
from litestar.testing import TestClient as LitestarClient
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from flexiti_async.integrations import starlette

from ..support.patience import PATIENCE
from .apps import in_django
from .late import aiohttp_app, django_app, fastapi_app, litestar_app, quart_app, starlette_app
from .late.ways import credit
from .servers import serving

SERVERS = {
    "aiohttp": ["-m", "late.aiohttp_app"],
    "django": [
        *("-m", "gunicorn", "-k", "asgi", "--workers", "2", "--bind", "127.0.0.1:{port}"),
        *("--no-control-socket", "late.django_app:build()"),
    ],
    "fastapi": [
        *("-m", "uvicorn", "--ws", "wsproto", "--workers", "2", "--port", "{port}"),
        "late.fastapi_app:app",
    ],
    "litestar": [
        *("-m", "granian", "--interface", "asgi", "--workers", "2", "--port", "{port}"),
        *("--workers-kill-timeout", "2", "late.litestar_app:app"),
    ],
    "quart": [
        *("-m", "hypercorn", "--workers", "2", "--bind", "127.0.0.1:{port}"),
        "late.quart_app:app",
    ],
    "starlette": [
        *("-m", "uvicorn", "--ws", "wsproto", "--workers", "2", "--port", "{port}"),
        "late.starlette_app:app",
    ],
}
"""
Arguments of `python`, for the server that each framework is deployed with in the examples.

All but aiohttp's run two workers.
"""
CHECKED = (409, "urn:problem-type:flexiti:payment-being-checked", "fr")
MOUNTING = {"aiohttp", "fastapi", "starlette"}
BACKGROUND = {"fastapi", "litestar", "starlette"}


def new_browser(url: str) -> aiohttp.ClientSession:
    """Return a browser with a connection for each request: servers close some after a 500."""
    return aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(force_close=True))


async def answer(browser: aiohttp.ClientSession, path: str) -> tuple[int, str, str | None]:
    """Return status, type and language of the answer; of another one no type."""
    async with browser.post(path, headers={"accept-language": "fr-CA"}) as response:
        problem = "problem+json" in response.headers.get("content-type", "")
        kind = (await response.json(content_type=None))["type"] if problem else ""
        return response.status, kind, response.headers.get("content-language")


@pytest.mark.parametrize("framework", sorted(SERVERS))
async def test_errors_wherever_they_arise(framework: str, tmp_path: Path) -> None:
    """
    A group of errors is answered by the worst of them, unless an error of the shop is in it and no
    outcome is unknown; a response that has begun is broken off; a WebSocket is closed with 1011;
    and every error is in the log. Each of several workers warns of its store once.
    """
    async with (
        serving(SERVERS[framework], tmp_path / "log") as server,
        new_browser(server.url) as browser,
        asyncio.timeout(PATIENCE),
    ):
        assert CHECKED == await answer(browser, "/group")
        for line in ("OutcomeUnknown: lost", "CreditExceeded: HTTP 409: not enough"):
            assert f"answered 409 {CHECKED[1]}: {line}" in server.logged()
        assert (500, "") == (await answer(browser, "/mixed"))[:2]
        assert CHECKED == await answer(browser, "/mixed-unknown")
        assert "ZeroDivisionError: of the shop" in server.logged()
        if framework in MOUNTING:
            assert CHECKED == await answer(browser, "/outer/mounted/group")
        assert "the response had begun" not in server.logged()
        with contextlib.suppress(aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError):
            async with browser.post("/stream") as response:
                assert response.ok
                assert b"begun" == await response.read()
        assert 1 == server.logged().count(
            "the response had begun: CreditExceeded: HTTP 409: not enough"
        )
        if framework in BACKGROUND:
            async with browser.post("/background") as response:
                assert "begun" == await response.text()
            while 2 > server.logged().count("the response had begun: CreditExceeded"):
                await asyncio.sleep(0.05)
        async with browser.ws_connect("/accepted") as accepted:
            assert aiohttp.WSMsgType.CLOSE == (await accepted.receive()).type
        assert 1011 == accepted.close_code
        assert "closed a WebSocket with 1011: OutcomeUnknown: lost" in server.logged()
        if framework != "aiohttp":  # a handler of aiohttp.web accepts, or is one for a request
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await browser.ws_connect("/refused")
        assert CHECKED == await answer(browser, "/group")  # the server goes on
        one_process = "the token store is of one process (memory://)"
        workers = 0 if framework == "aiohttp" else 2
        while workers > server.logged().count(one_process):
            await asyncio.sleep(0.05)
        assert workers == server.logged().count(one_process)


async def test_aiohttps_test_client() -> None:
    """Also a response whose headers wait for the first chunk has begun."""
    async with AiohttpClient(AiohttpServer(aiohttp_app.build())) as client:
        assert 409 == (await client.post("/group")).status
        with contextlib.suppress(aiohttp.ClientError):
            assert 409 != (await client.post("/begun")).status


async def test_quarts_test_client() -> None:
    """The handler answers in a request and on a WebSocket."""
    app = quart_app.app
    async with app.test_app() as started:
        client = started.test_client()
        assert 409 == (await client.post("/group")).status_code


def test_starlettes_and_fastapis_test_client() -> None:
    """A WebSocket is closed with 1011, before it is accepted as well."""
    for app in (starlette_app.app, fastapi_app.app):
        with TestClient(app, raise_server_exceptions=False) as client:
            assert 409 == client.post("/group").status_code
            assert 500 == client.post("/mixed").status_code
            assert 409 == client.post("/outer/mounted/group").status_code
            for path in ("/accepted", "/outer/mounted/accepted"):
                with client.websocket_connect(path) as accepted:
                    with pytest.raises(WebSocketDisconnect) as closed:
                        accepted.receive_text()
                    assert 1011 == closed.value.code
            with pytest.raises(WebSocketDisconnect) as closed:
                client.websocket_connect("/refused").__enter__()
            assert 1011 == closed.value.code


def test_errors_of_a_middleware() -> None:
    """Middlewares that were added before the handler are within it."""

    def failing(_: object) -> Any:  # noqa: ANN401 - an ASGI application
        async def serve(scope: Any, *_: object) -> None:  # noqa: ANN401 - as in ASGI
            if scope["type"] == "http":
                await credit()

        return serve

    app = Starlette()
    app.add_middleware(failing)
    starlette.add_problem_handler(app)
    answer = TestClient(app).get("/", headers={"accept-language": "fr"})

    assert (409, "fr") == (answer.status_code, answer.headers["content-language"])
    assert "application/problem+json" == answer.headers["content-type"]


def test_litestars_test_client() -> None:
    """The same in Litestar's."""
    with LitestarClient(litestar_app.app, raise_server_exceptions=False) as client:
        assert 409 == client.post("/group").status_code
        assert 500 == client.post("/mixed").status_code


async def test_djangos_test_clients() -> None:
    """Groups are answered without `asgi.py` as well."""
    in_django(None)  # its settings
    with override_settings(ROOT_URLCONF=django_app.__name__):
        client = AsyncClient(raise_request_exception=False)
        assert 409 == (await client.post("/group")).status_code
        assert 500 == (await client.post("/mixed")).status_code


def test_djangos_sync_test_client() -> None:
    """The same for the client of WSGI."""
    in_django(None)  # its settings
    with override_settings(ROOT_URLCONF=django_app.__name__):
        assert 409 == Client().post("/group").status_code
