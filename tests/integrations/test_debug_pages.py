"""
The debug pages of the six frameworks: no secret and no customer in them.

They show the traceback, its chain, and, with Django and Quart, the local variables of every frame.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from attrs import evolve
from django.apps import apps
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from fastapi import FastAPI
from litestar import Litestar, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from quart import Quart, current_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flexiti_async import ApplyWidget, FlexitiConfig, FlexitiError, FlexitiSession
from flexiti_async.integrations import aiohttp_web, django, fastapi, litestar, quart, starlette
from flexiti_async.sandbox import Sandbox

from ..session.test_secrets_stay_secret import APPLICANT, PERSONAL, VCC, secrets_of
from ..support.patience import PATIENCE
from .apps import in_django
from .asgi import Asgi, Message, started

Send = Callable[[Message], Coroutine[Any, Any, None]]


async def rejected(flexiti: FlexitiSession) -> None:
    """Make a call whose answer repeats what it was asked."""
    try:
        await flexiti.init_widget(ApplyWidget(**APPLICANT))
    except FlexitiError as error:
        raise RuntimeError("the shop gave up") from error  # past the handler of our errors


async def too_late(flexiti: FlexitiSession) -> None:
    """Make a call that the shop's own time-out ends."""
    await flexiti.token()
    try:
        async with asyncio.timeout(0.1):
            await flexiti.init_widget(ApplyWidget(**APPLICANT))
    except TimeoutError as error:
        raise RuntimeError("the shop gave up") from error


async def invalid(flexiti: FlexitiSession) -> None:
    """Make a call whose arguments are not valid."""
    try:
        await flexiti.customers.lookup(vcc_number=f"{VCC}x")
    except FlexitiError as error:
        raise RuntimeError("the shop gave up") from error


WAYS: dict[str, Callable[[FlexitiSession], Coroutine[Any, Any, None]]] = {
    "rejected": rejected,
    "too_late": too_late,
    "invalid": invalid,
}


def in_starlette(config: FlexitiConfig) -> Asgi:
    """Build the application with Starlette."""

    async def serve(request: Request) -> Response:
        await WAYS[request.path_params["way"]](starlette.flexiti_of(request))
        return JSONResponse({})

    routes = [Route("/{way}", serve, methods=["POST"])]
    app = Starlette(debug=True, routes=routes, lifespan=starlette.lifespan(config))
    starlette.add_problem_handler(app)
    return app


def in_fastapi(config: FlexitiConfig) -> Asgi:
    """Build it with FastAPI."""
    app = FastAPI(debug=True, lifespan=fastapi.lifespan(config))
    fastapi.add_problem_handler(app)

    @app.post("/{way}")
    async def serve(way: str, flexiti: fastapi.Flexiti) -> None:
        await WAYS[way](flexiti)

    return app


def in_litestar(config: FlexitiConfig) -> Asgi:
    """Build it with Litestar."""

    @post("/{way:str}")
    async def serve(way: FromPath[str], flexiti: NamedDependency[FlexitiSession]) -> None:
        await WAYS[way](flexiti)

    plugin = litestar.FlexitiPlugin(config)
    return Litestar([serve], debug=True, plugins=[plugin], logging_config=None)


def in_quart(config: FlexitiConfig) -> Asgi:
    """Build it with Quart."""
    app = Quart(__name__)
    app.debug = True
    quart.setup(app, config)

    @app.post("/<way>")
    async def serve(way: str) -> dict[str, str]:
        await WAYS[way](quart.flexiti_of(current_app))
        return {}

    return app


async def _serve(request: HttpRequest, way: str) -> JsonResponse:
    await WAYS[way](django.flexiti_of(request))
    return JsonResponse({})


urlpatterns = [path("<str:way>", _serve)]


def in_django_debug(config: FlexitiConfig) -> Asgi:
    """Build it with Django."""
    in_django(config)  # its settings
    apps.populate([])  # the page asks them for templates
    return django.FlexitiApplication(ASGIHandler(), config)


ASGI_APPS = {
    "django": in_django_debug,
    "fastapi": in_fastapi,
    "litestar": in_litestar,
    "quart": in_quart,
    "starlette": in_starlette,
}


async def page_of(app: Asgi, path: str) -> str:
    """Return the page for a browser; some frameworks raise the error again after it."""
    sent: list[Message] = []

    async def keep(scope: Message, receive: object, send: Send) -> None:
        async def send_and_keep(message: Message) -> None:
            sent.append(message)
            await send(message)

        failures = (RuntimeError, TimeoutError) if scope["type"] == "http" else ()
        with contextlib.suppress(*failures):
            await app(scope, receive, send_and_keep)

    async with asyncio.timeout(PATIENCE), started(keep) as server:
        sent.clear()
        await server.post(path, accept="text/html")
        start, *rest = (one for one in sent if one["type"].startswith("http."))
    assert 500 == start["status"]
    return b"".join(one.get("body", b"") for one in rest).decode()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framework", [*sorted(ASGI_APPS), "aiohttp"])
async def test_a_debug_page_shows_no_secret_and_no_person(
    framework: str,
    way: str,
    flexiti_config: FlexitiConfig,
    flexiti_sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor does the log of the framework, at any level; the page does show the error."""
    caplog.set_level(logging.DEBUG)
    if way == "too_late":
        flexiti_sandbox.latency = {"widget/init": 2.0}
    else:
        echo = " ".join([*PERSONAL, *secrets_of(flexiti_sandbox)]).encode()
        flexiti_sandbox.fail("widget/init", status=500, times=None, body=b"<html>" + echo)
    if framework == "aiohttp":
        page = await aiohttp_page(evolve(flexiti_config, retries=0), way)
    else:
        config = evolve(flexiti_config, retries=0)
        app = ASGI_APPS[framework](config)
        debugging = override_settings(DEBUG=True, ROOT_URLCONF=__name__)
        with debugging if framework == "django" else contextlib.nullcontext():
            page = await page_of(app, f"/{way}")
    shown = page + "".join(f"{one.getMessage()} {one.exc_text or ''}" for one in caplog.records)

    assert "the shop gave up" in page
    assert [] == [
        secret for secret in (*PERSONAL, *secrets_of(flexiti_sandbox)) if str(secret) in shown
    ]


async def aiohttp_page(config: FlexitiConfig, way: str) -> str:
    """Return the page of aiohttp.web, over a socket and in the debug mode of the loop."""
    app = web.Application()
    aiohttp_web.setup(app, config)

    async def serve(request: web.Request) -> web.Response:
        await WAYS[request.match_info["way"]](request.app[aiohttp_web.FLEXITI])
        return web.Response()

    app.router.add_post("/{way}", serve)
    runner = web.AppRunner(app)
    asyncio.get_running_loop().set_debug(True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        async with (
            aiohttp.ClientSession() as browser,
            browser.post(f"http://127.0.0.1:{port}/{way}", headers={"accept": "text/html"}) as got,
        ):
            assert 500 == got.status
            return await got.text()
    finally:
        await runner.cleanup()
        asyncio.get_running_loop().set_debug(False)
