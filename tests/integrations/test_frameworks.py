"""Integrations: one session per application, closed at its end, and problem details."""

import logging

import aiohttp
import pytest
from aiohttp import web
from django.http import HttpRequest
from litestar.datastructures import State
from quart import Quart
from starlette.requests import HTTPConnection, Request

from flexiti_async import FlexitiConfig
from flexiti_async.integrations import aiohttp_web, django, litestar, quart, starlette
from flexiti_async.integrations.serving import NotOpenError
from flexiti_async.sandbox import Sandbox

from .apps import ASGI_APPS, NO_CHECKOUT, in_aiohttp, in_django
from .asgi import StartupFailedError, started

CHECKOUT_ENDED = {
    "instance": None,
    "type": "urn:problem-type:flexiti:checkout-ended",
    "status": 404,
    "title": "Ce paiement n'est plus en cours",
    "detail": (
        "Il a pris trop de temps ou il est déjà terminé. Veuillez vérifier l'état de votre "
        "commande."
    ),
}


@pytest.fixture(params=sorted(ASGI_APPS))
def framework(request: pytest.FixtureRequest) -> str:
    """Return the name of a framework for ASGI."""
    return str(request.param)


async def test_a_session_for_all_requests(
    framework: str, flexiti_config: FlexitiConfig, flexiti_sandbox: Sandbox
) -> None:
    """All requests share one session, which is closed when the server stops."""
    async with started(ASGI_APPS[framework](flexiti_config)) as server:
        answers = [await server.post("/start") for _ in range(3)]

    assert {200, 201} >= {answer.status for answer in answers}
    assert 3 == len({answer.json["reference_id"] for answer in answers})
    assert 1 == flexiti_sandbox.count("oauth/token")


async def test_a_problem(
    framework: str, flexiti_config: FlexitiConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of ours becomes problem details, and the details that they omit are logged."""
    with caplog.at_level(logging.WARNING, "flexiti_async.integrations"):
        async with started(ASGI_APPS[framework](flexiti_config)) as server:
            answer = await server.post("/refuse", accept_language="fr-CA, en;q=0.5")

    assert 404 == answer.status
    assert CHECKOUT_ENDED == {**answer.json, "instance": None}
    assert "application/problem+json" == answer.headers["content-type"]
    assert "fr" == answer.headers["content-language"]
    assert "CheckoutNotFound" in caplog.text


async def test_by_the_environment(
    framework: str,
    flexiti_config: FlexitiConfig,
    flexiti_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a configuration the environment is read when the server starts."""
    app = ASGI_APPS[framework](None)
    monkeypatch.setenv("FLEXITI_BASE_URL", str(flexiti_config.api_url))
    monkeypatch.setenv("FLEXITI_CLIENT_ID", flexiti_sandbox.client_id)
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", flexiti_sandbox.client_secret)
    async with started(app) as server:
        answer = await server.post("/start")

    assert "reference_id" in answer.json


async def test_django_without_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with a wrong configuration does not start."""
    monkeypatch.setenv("FLEXITI_BASE_URL", "nowhere")
    with pytest.raises(StartupFailedError):
        async with started(in_django(None)):
            pass


async def test_django_leaves_other_errors_alone(flexiti_config: FlexitiConfig) -> None:
    """Errors of the shop are left to the shop."""
    async with started(in_django(flexiti_config)) as server:
        answer = await server.post("/break")

    assert 500 == answer.status
    assert "application/problem+json" != answer.headers["content-type"]


async def test_aiohttp(flexiti_config: FlexitiConfig, flexiti_sandbox: Sandbox) -> None:
    """aiohttp.web has the session under a typed key, and returns problem details."""
    runner = web.AppRunner(in_aiohttp(flexiti_config))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(url, headers={"accept-language": "fr"}) as browser:
        for _ in range(2):
            async with browser.post("/start") as answer:
                assert "reference_id" in await answer.json()
        async with browser.post("/refuse") as refused:
            problem = await refused.json(content_type="application/problem+json")
    await runner.cleanup()

    assert CHECKOUT_ENDED == {**problem, "instance": None}
    assert 404 == refused.status
    assert 1 == flexiti_sandbox.count("oauth/token")


async def test_other_errors_go_on(flexiti_config: FlexitiConfig) -> None:
    """The handler of Starlette raises foreign errors again."""
    request = Request({"type": "http", "headers": []})
    with pytest.raises(ZeroDivisionError):
        await starlette.problem_response(request, ZeroDivisionError())
    assert NO_CHECKOUT not in str(flexiti_config)


def test_what_was_not_set_up() -> None:
    """If the set-up is missing, the error says what to do."""
    in_django(None)  # its settings
    with pytest.raises(NotOpenError, match=r"lifespan=lifespan\(\)"):
        starlette.flexiti_of(HTTPConnection({"type": "http", "headers": []}))
    with pytest.raises(NotOpenError, match="FlexitiPlugin"):
        litestar.flexiti_of(State())
    with pytest.raises(NotOpenError, match=r"setup\(app\)"):
        quart.flexiti_of(Quart(__name__))
    with pytest.raises(NotOpenError, match="FlexitiApplication"):
        django.flexiti_of(HttpRequest())
    assert "flexiti" in str(aiohttp_web.FLEXITI)
