"""Several merchants in one application: a session, a key and a dependency by name."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from litestar import Litestar, post
from litestar.di import NamedDependency, Provide
from quart import Quart, current_app
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession
from flexiti_async.integrations import aiohttp_web, django, fastapi, litestar, quart, starlette
from flexiti_async.integrations.serving import NotOpenError

from .apps import in_django
from .asgi import Asgi, StartupFailedError, started


def config(merchant: str) -> FlexitiConfig:
    """Return the configuration of a merchant."""
    return FlexitiConfig(client_id=merchant, client_secret="…", base_url="http://127.0.0.1:9/x")


MERCHANTS = {name: config(name) for name in ("flexiti", "north", "south")}
NO_NAMES = ["", "_state", "two words", "class", "x" * 65, "naïve", "a.b", 5, None, b"north"]


def ids(sessions: dict[str, FlexitiSession]) -> dict[str, str]:
    """Return the client ids."""
    return {name: session.config.client_id for name, session in sessions.items()}


def in_starlette() -> Asgi:
    """Build an application with three sessions in Starlette."""

    async def serve(request: Request) -> Response:
        return JSONResponse(ids({n: starlette.flexiti_of(request, name=n) for n in MERCHANTS}))

    inner = None
    for name, each in MERCHANTS.items():
        inner = starlette.lifespan(each, name=name, inner=inner)
    return Starlette(routes=[Route("/ids", serve, methods=["POST"])], lifespan=inner)


North = Annotated[FlexitiSession, Depends(fastapi.dependency(name="north"))]
South = Annotated[FlexitiSession, Depends(fastapi.dependency(name="south"))]


def in_fastapi() -> FastAPI:
    """Build it in FastAPI, with an alias of a dependency for each."""
    app = FastAPI(
        lifespan=fastapi.lifespan(
            MERCHANTS["flexiti"],
            inner=fastapi.lifespan(
                MERCHANTS["north"],
                name="north",
                inner=fastapi.lifespan(MERCHANTS["south"], name="south"),
            ),
        )
    )

    @app.post("/ids")
    async def serve(flexiti: fastapi.Flexiti, north: North, south: South) -> dict[str, str]:
        return ids({"flexiti": flexiti, "north": north, "south": south})

    return app


def in_litestar() -> Asgi:
    """Build it in Litestar, with a plugin for each."""

    @post("/ids")
    async def serve(
        flexiti: NamedDependency[FlexitiSession],
        north: NamedDependency[FlexitiSession],
        south: NamedDependency[FlexitiSession],
    ) -> dict[str, str]:
        return ids({"flexiti": flexiti, "north": north, "south": south})

    plugins = [litestar.FlexitiPlugin(each, name=name) for name, each in MERCHANTS.items()]
    return Litestar([serve], plugins=plugins, logging_config=None)


def in_quart() -> Asgi:
    """Build it in Quart."""
    app = Quart(__name__)
    for name, each in MERCHANTS.items():
        quart.setup(app, each, name=name)

    @app.post("/ids")
    async def serve() -> dict[str, str]:
        return ids({name: quart.flexiti_of(current_app, name=name) for name in MERCHANTS})

    return app


async def _serve(request: HttpRequest) -> JsonResponse:
    return JsonResponse(ids({name: django.flexiti_of(request, name=name) for name in MERCHANTS}))


urlpatterns = [path("ids", _serve)]


def in_django_three() -> Asgi:
    """Build it in Django, with wrappers in each other."""
    app: Any = ASGIHandler()
    for name, each in MERCHANTS.items():
        app = django.FlexitiApplication(app, each, name=name)
    return app  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def django_settings() -> Iterator[None]:
    """Configure Django for this module."""
    in_django(None)
    with override_settings(ROOT_URLCONF=__name__):
        yield


APPS: dict[str, Callable[[], Asgi]] = {
    "django": in_django_three,
    "fastapi": in_fastapi,
    "litestar": in_litestar,
    "quart": in_quart,
    "starlette": in_starlette,
}


@pytest.mark.parametrize("framework", sorted(APPS))
async def test_a_session_for_each_name(framework: str) -> None:
    """Each name has the session that was set up under it, whatever a customer asks for."""
    async with started(APPS[framework]()) as server:
        answer = await server.post("/ids")

    assert {name: name for name in MERCHANTS} == answer.json


async def test_aiohttp_has_a_key_for_each_name() -> None:
    """The keys are typed, and a nested application finds the sessions of the outer one."""
    app, nested = web.Application(), web.Application()
    for name, each in MERCHANTS.items():
        aiohttp_web.setup(app, each, name=name)

    async def serve(request: web.Request) -> web.Response:
        found = {name: aiohttp_web.flexiti_of(request, name=name) for name in MERCHANTS}
        assert found == {n: request.config_dict[aiohttp_web.key_of(n)] for n in MERCHANTS}
        return web.json_response(ids(found))

    nested.router.add_post("/ids", serve)
    app.add_subapp("/nested", nested)
    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/nested/ids")

        assert {name: name for name in MERCHANTS} == await answer.json()
    assert aiohttp_web.key_of() is aiohttp_web.FLEXITI


async def test_customers_do_not_choose_the_merchant() -> None:
    """`name` is no parameter of a dependency, in neither framework that would fill it in."""
    app = in_fastapi()
    post_ids = app.openapi()["paths"]["/ids"]["post"]

    assert "parameters" not in post_ids

    @app.post("/one")
    async def one(flexiti: fastapi.Flexiti) -> str:
        return flexiti.config.client_id

    @post("/one", dependencies={"session": Provide(litestar.flexiti_of, sync_to_thread=False)})
    async def other(session: NamedDependency[FlexitiSession]) -> str:
        return session.config.client_id

    plugins = [litestar.FlexitiPlugin(each, name=name) for name, each in MERCHANTS.items()]
    for each in (app, Litestar([other], plugins=plugins, logging_config=None)):
        async with started(each) as server:
            answer = await server.post("/one", query="name=south")

        assert b"flexiti" == answer.body.strip(b'"')


async def test_a_second_set_up_under_one_name() -> None:
    """It is a ConfigError that names `name`, in every framework, at the latest at the start."""
    app, app_of_quart = web.Application(), Quart(__name__)
    twice = Starlette(lifespan=starlette.lifespan(inner=starlette.lifespan()))
    aiohttp_web.setup(app)
    quart.setup(app_of_quart, MERCHANTS["north"], name="north")

    with pytest.raises(ConfigError, match=r"'flexiti' is set up .* name="):
        aiohttp_web.setup(app)
    with pytest.raises(ConfigError, match=r"'north' is set up .* name="):
        quart.setup(app_of_quart, MERCHANTS["south"], name="north")
    with pytest.raises(ConfigError, match="'flexiti' is set up"):
        Litestar(plugins=[litestar.FlexitiPlugin(), litestar.FlexitiPlugin()], logging_config=None)
    inside = django.FlexitiApplication(django.FlexitiApplication(in_quart()), name="north")
    with pytest.raises(ConfigError, match="'flexiti' is set up"):
        django.FlexitiApplication(inside)
    twice.router.lifespan_context = starlette.lifespan(
        config("north"), inner=starlette.lifespan(config("south"))
    )
    with pytest.raises((StartupFailedError, ConfigError)):
        async with started(twice):
            pass


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_no_framework_would_take(name: Any) -> None:  # noqa: ANN401 - of any type
    """The rule is quoted wherever a name is an argument."""
    connection = HTTPConnection({"type": "http", "headers": []})
    for call in (
        lambda: aiohttp_web.setup(web.Application(), name=name),
        lambda: aiohttp_web.key_of(name),
        lambda: quart.setup(Quart(__name__), name=name),
        lambda: quart.flexiti_of(Quart(__name__), name=name),
        lambda: litestar.FlexitiPlugin(name=name),
        lambda: starlette.lifespan(name=name),
        lambda: starlette.flexiti_of(connection, name=name),
        lambda: fastapi.dependency(name=name),
        lambda: django.FlexitiApplication(in_quart(), name=name),
        lambda: django.flexiti_of(HttpRequest(), name=name),
    ):
        with pytest.raises(ConfigError, match="name must be 1 to 64 letters"):
            call()


def test_the_error_names_the_session_that_is_not_open() -> None:
    """`NotOpenError` says which one."""
    with pytest.raises(NotOpenError, match="under the name 'north'"):
        quart.flexiti_of(Quart(__name__), name="north")


async def test_the_shops_own_lifespan_inside() -> None:
    """It runs while the session is open, and its state is kept."""

    @asynccontextmanager
    async def own(_: Starlette) -> AsyncGenerator[dict[str, object], None]:
        yield {"database": "open"}

    app = Starlette(lifespan=starlette.lifespan(MERCHANTS["north"], name="north", inner=own))
    async with started(app) as server:
        assert ["database", "north"] == sorted(server.state)
