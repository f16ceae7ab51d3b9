"""Django: where requests get their session, and when it is opened and closed."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import evolve
from django.http import HttpRequest
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import SessionClosed
from flexiti_async.integrations import django
from flexiti_async.integrations.serving import NotOpenError
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore

from ..support.patience import PATIENCE, PATIENT_VARIABLES
from .apps import in_django
from .asgi import StartupFailedError, started
from .servers import serving


@pytest.fixture(autouse=True)
def settings() -> None:
    """Configure Django."""
    in_django(None)


@pytest.fixture
def variables(flexiti_sandbox: Sandbox, tmp_path: Path) -> Mapping[str, str]:
    """Return the variables of a shop."""
    return {
        "FLEXITI_BASE_URL": flexiti_sandbox.base_url,
        "FLEXITI_CLIENT_ID": flexiti_sandbox.client_id,
        "FLEXITI_CLIENT_SECRET": flexiti_sandbox.client_secret,
        "FLEXITI_STORE": f"file://{tmp_path}/tokens?timeout={PATIENCE}",
        **PATIENT_VARIABLES,
    }


@pytest.fixture
def environment(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set them."""
    for name, text in variables.items():
        monkeypatch.setenv(name, text)


@pytest.mark.usefixtures("environment")
async def test_django_test_clients_have_a_session(flexiti_sandbox: Sandbox) -> None:
    """The two clients of `django.test` share the session of the process, and its token."""
    client = AsyncClient()

    def sync() -> str:
        return Client().post("/start").content.decode()

    found = [(await client.post("/start")).content.decode() for _ in range(2)]
    found += [await asyncio.to_thread(sync) for _ in range(2)]

    assert 4 == len(set(found))
    assert all("reference_id" in one for one in found)
    assert 404 == (await client.post("/refuse")).status_code
    assert 1 == flexiti_sandbox.count("oauth/token")


async def test_runserver_has_a_session(
    variables: Mapping[str, str], flexiti_sandbox: Sandbox, tmp_path: Path
) -> None:
    """`manage.py runserver` serves by WSGI, each request in an event loop of its own."""
    words = ["-m", "late.django_site", "runserver", "--noreload", "{port}"]
    async with (
        asyncio.timeout(PATIENCE),
        serving(words, tmp_path / "log", variables) as server,
        aiohttp.ClientSession(server.url) as browser,
    ):
        for _ in range(3):
            async with browser.post("/start") as answer:
                assert "reference_id" in await answer.json()

    assert 1 == flexiti_sandbox.count("oauth/token")


async def test_wsgi_is_refused(variables: Mapping[str, str], tmp_path: Path) -> None:
    """Under a server for WSGI the error says that it is one, and what to use."""
    words = ["-m", "gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}"]
    async with (
        asyncio.timeout(PATIENCE),
        serving([*words, "late.django_site"], tmp_path / "log", variables) as server,
        aiohttp.ClientSession(server.url) as browser,
        browser.post("/start") as answer,
    ):
        assert 500 == answer.status
        assert "the request came by WSGI" in await answer.text()
        assert "gunicorn -k asgi" in server.logged()


async def test_override_session(flexiti_config: FlexitiConfig) -> None:
    """Every client, every factory and a request by hand have the session that a test passes."""
    requests = [AsyncRequestFactory().get("/"), RequestFactory().get("/"), HttpRequest()]
    async with FlexitiSession(flexiti_config) as session:
        with django.override_session(session) as same:
            assert session is same
            assert [session] * 3 == [django.flexiti_of(request) for request in requests]
            assert "reference_id" in (await AsyncClient().post("/start")).json()
            with django.override_session(FlexitiSession(flexiti_config)) as inner:
                assert inner is django.flexiti_of(requests[0])
            assert session is django.flexiti_of(requests[0])
        with django.override_session(session, name="north"):
            assert session is django.flexiti_of(requests[0], name="north")
    with pytest.raises(NotOpenError):
        django.flexiti_of(requests[0], name="north")


async def test_the_lifespan_is_passed_on(flexiti_config: FlexitiConfig) -> None:
    """The session is open while the wrapped application starts and stops."""
    seen: list[str] = []
    sessions: list[FlexitiSession] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as in ASGI
        if scope["type"] == "http":
            sessions.append(scope["flexiti"]["flexiti"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        for step in ("startup", "shutdown"):
            assert f"lifespan.{step}" == (await receive())["type"]
            for session in sessions:
                await session.token()
            seen.append(step)
            await send({"type": f"lifespan.{step}.complete"})

    app = django.FlexitiApplication(inside, flexiti_config)
    async with started(app) as server:
        await server.post("/")
        assert ["startup"] == seen

    assert ["startup", "shutdown"] == seen
    with pytest.raises(SessionClosed):
        await sessions[0].token()


class Odd(FaultyStore):
    """A store that raises an error of its own when it is looked at."""

    @property
    def of_one_process(self) -> bool:
        """Raise."""
        raise ZeroDivisionError


async def test_any_error_at_the_start_fails_it(
    flexiti_config: FlexitiConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """A server does not start with an error of another library, of ours or of what is wrapped."""
    odd = evolve(flexiti_config, store=Odd())

    async def broken(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as in ASGI
        del scope, send
        await receive()
        raise LookupError("a database")

    async def failing(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as in ASGI
        del scope
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "a database"})

    for app, kind in (
        (in_django(odd), ZeroDivisionError),
        (django.FlexitiApplication(broken, flexiti_config), LookupError),
        (django.FlexitiApplication(failing, flexiti_config), StartupFailedError),
    ):
        with pytest.raises((StartupFailedError, kind)) as caught:
            async with started(app):
                pass

        assert isinstance(caught.value, kind), app
    assert "" == caplog.text


async def test_nothing_opens_a_session_after_the_shutdown(
    flexiti_config: FlexitiConfig, flexiti_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A late request is answered, with the session closed; another start opens a new one."""
    app = in_django(flexiti_config)
    async with started(app) as server:
        assert 200 == (await server.post("/start")).status
    with caplog.at_level(logging.WARNING, "flexiti_async.integrations"):
        late = await server.post("/start")

    assert "application/problem+json" == late.headers["content-type"]
    assert "SessionClosed" in caplog.text
    assert 1 == flexiti_sandbox.count("oauth/token")
    async with started(app) as server:
        assert 200 == (await server.post("/start")).status


def test_a_request_of_neither_a_wrapper_nor_a_client() -> None:
    """The error says what is missing."""
    with pytest.raises(NotOpenError, match="FlexitiApplication"):
        django.flexiti_of(AsyncRequestFactory().get("/"))


async def test_the_environment_of_a_test_is_checked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without variables a test client gets the problem of a faulty shop, and the log says which."""
    monkeypatch.delenv("FLEXITI_CLIENT_ID", raising=False)
    answer = await AsyncClient().post("/start")

    assert 500 == answer.status_code
    assert "ConfigError" in caplog.text
    assert "client_id" in caplog.text
