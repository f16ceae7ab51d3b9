"""
The same small application in every framework.

`POST /start` starts a checkout and returns its reference id; `POST /refuse` resumes one that does
not exist; `POST /break` raises an error of its own.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, JsonResponse
from django.urls import path
from fastapi import FastAPI
from litestar import Litestar, post
from litestar.di import NamedDependency
from quart import Quart, current_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.integrations import aiohttp_web, django, fastapi, litestar, quart, starlette

from .asgi import Asgi

NO_CHECKOUT = "0" * 32


async def start(flexiti: FlexitiSession) -> dict[str, str]:
    """Start a checkout."""
    return {"reference_id": (await flexiti.checkout("order-1")).reference_id}


async def refuse(flexiti: FlexitiSession) -> dict[str, str]:
    """Resume a checkout that does not exist."""
    return {"reference_id": (await flexiti.resume(NO_CHECKOUT)).reference_id}


def in_starlette(config: FlexitiConfig | None) -> Asgi:
    """Build it with Starlette."""

    def route(name: str, does: Callable[[FlexitiSession], Any]) -> Route:
        async def serve(request: Request) -> Response:
            return JSONResponse(await does(starlette.flexiti_of(request)))

        return Route(name, serve, methods=["POST"])

    app = Starlette(
        routes=[route("/start", start), route("/refuse", refuse)],
        lifespan=starlette.lifespan(config),
    )
    starlette.add_problem_handler(app)
    return app


def in_fastapi(config: FlexitiConfig | None) -> Asgi:
    """Build it with FastAPI."""
    app = FastAPI(lifespan=fastapi.lifespan(config))
    fastapi.add_problem_handler(app)

    @app.post("/start")
    async def begin(flexiti: fastapi.Flexiti) -> dict[str, str]:
        return await start(flexiti)

    @app.post("/refuse")
    async def stop(flexiti: fastapi.Flexiti) -> dict[str, str]:
        return await refuse(flexiti)

    return app


def in_litestar(config: FlexitiConfig | None) -> Asgi:
    """Build it with Litestar."""

    @post("/start")
    async def begin(flexiti: NamedDependency[FlexitiSession]) -> dict[str, str]:
        return await start(flexiti)

    @post("/refuse")
    async def stop(flexiti: NamedDependency[FlexitiSession]) -> dict[str, str]:
        return await refuse(flexiti)

    # Litestar would set up the logging of all tests.
    plugin = litestar.FlexitiPlugin(config)
    return Litestar([begin, stop], plugins=[plugin], logging_config=None)


def in_quart(config: FlexitiConfig | None) -> Asgi:
    """Build it with Quart."""
    app = Quart(__name__)
    quart.setup(app, config)

    @app.post("/start")
    async def begin() -> dict[str, str]:
        return await start(quart.flexiti_of(current_app))

    @app.post("/refuse")
    async def stop() -> dict[str, str]:
        return await refuse(quart.flexiti_of(current_app))

    return app


async def _begin(request: HttpRequest) -> JsonResponse:
    return JsonResponse(await start(django.flexiti_of(request)))


async def _stop(request: HttpRequest) -> JsonResponse:
    return JsonResponse(await refuse(django.flexiti_of(request)))


async def _break(_: HttpRequest) -> JsonResponse:
    raise ZeroDivisionError


urlpatterns = [path("start", _begin), path("refuse", _stop), path("break", _break)]


def in_django(config: FlexitiConfig | None) -> Asgi:
    """Build it with Django."""
    if not settings.configured:
        settings.configure(
            ROOT_URLCONF=__name__,
            ALLOWED_HOSTS=["127.0.0.1"],
            MIDDLEWARE=["flexiti_async.integrations.django.ProblemsMiddleware"],
            LOGGING_CONFIG=None,
            SECRET_KEY="canary-of-django",
        )
    return django.FlexitiApplication(ASGIHandler(), config)


ASGI_APPS = {
    "django": in_django,
    "fastapi": in_fastapi,
    "litestar": in_litestar,
    "quart": in_quart,
    "starlette": in_starlette,
}


def in_aiohttp(config: FlexitiConfig | None) -> web.Application:
    """Build it with aiohttp.web."""
    app = web.Application()
    aiohttp_web.setup(app, config)

    async def begin(request: web.Request) -> web.Response:
        return web.json_response(await start(request.app[aiohttp_web.FLEXITI]))

    async def stop(request: web.Request) -> web.Response:
        return web.json_response(await refuse(request.app[aiohttp_web.FLEXITI]))

    app.router.add_post("/start", begin)
    app.router.add_post("/refuse", stop)
    return app
