"""The public functions of the integrations with arguments that they accept."""

from collections.abc import Iterable
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from django.http import HttpRequest
from litestar import Litestar
from litestar import Request as LitestarRequest
from litestar.datastructures import State
from quart import Quart
from starlette.requests import HTTPConnection, Request

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import CreditExceeded
from flexiti_async.integrations import (
    aiohttp_web,
    django,
    fastapi,
    litestar,
    otel,
    problems,
    quart,
    starlette,
    url_masking,
)
from flexiti_async.integrations.serving import KEY

from ..integrations.apps import in_django
from .calls import Callee

__all__ = ["CALLED_BY_FRAMEWORKS", "MODULES", "of_integrations"]

MODULES: Final = {
    "aiohttp_web": aiohttp_web,
    "django": django,
    "fastapi": fastapi,
    "litestar": litestar,
    "otel": otel,
    "problems": problems,
    "quart": quart,
    "starlette": starlette,
    "url_masking": url_masking,
}
CALLED_BY_FRAMEWORKS: Final = frozenset(
    {
        *("aiohttp_web.problems_middleware", "django.ProblemsMiddleware"),
        *("problems.Problem", "problems.InvalidField"),  # results
    }
)
_ERROR: Final = CreditExceeded("x", status=409)
_SCOPE: Final[Any] = {"type": "http", "headers": [], "query_string": b"", "method": "GET"}


async def _asgi(*_: object) -> None:
    pass


def _of_aiohttp(
    config: FlexitiConfig | None = None, listeners: Iterable[Any] = (), name: str = KEY
) -> None:
    aiohttp_web.setup(web.Application(), config, listeners=listeners, name=name)


def _of_quart(
    config: FlexitiConfig | None = None, listeners: Iterable[Any] = (), name: str = KEY
) -> None:
    quart.setup(Quart(__name__), config, listeners=listeners, name=name)


def of_integrations(session: FlexitiSession) -> dict[str, Callee]:
    """Return the functions, each with the names of those parameters that a value can be bad for."""
    in_django(None)  # its settings, which the first of a process decides for all
    app = web.Application()
    aiohttp_web.setup(app, session.config)
    app[aiohttp_web.FLEXITI] = session
    app_of_quart = Quart(__name__)
    app_of_quart.extensions[KEY] = session
    state = State({KEY: session})
    connection = HTTPConnection({**_SCOPE, "state": {KEY: session}})
    request = HttpRequest()
    scope: Any = {**_SCOPE, "app": Litestar(logging_config=None)}
    of_litestar: Any = cast("Any", LitestarRequest)(scope)
    error = {"error": _ERROR}

    def overridden(session: FlexitiSession = session, name: str = KEY) -> None:
        with django.override_session(session, name=name):
            pass

    async def opened(
        config: FlexitiConfig | None = session.config, listeners: Iterable[Any] = ()
    ) -> None:
        if config is None:
            return  # the environment, which is tried elsewhere
        async with starlette.open_session(config, listeners=listeners):
            pass

    def of_django(request: HttpRequest = request, name: str = KEY) -> FlexitiSession:
        with django.override_session(session):
            return django.flexiti_of(request, name=name)

    mocked = make_mocked_request("GET", "/", app=app)
    return {
        "aiohttp_web.flexiti_of": Callee(aiohttp_web.flexiti_of, {"request": mocked}),
        "aiohttp_web.key_of": Callee(aiohttp_web.key_of),
        "aiohttp_web.setup": Callee(aiohttp_web.setup, {}, ("app",)),
        "aiohttp_web.setup, of an application": Callee(_of_aiohttp),
        "django.FlexitiApplication": Callee(django.FlexitiApplication, {"application": _asgi}),
        "django.flexiti_of": Callee(of_django),
        "django.override_session": Callee(overridden),
        "django.problem_response": Callee(django.problem_response, {"request": request, **error}),
        "fastapi.dependency": Callee(fastapi.dependency),
        "litestar.FlexitiPlugin": Callee(litestar.FlexitiPlugin),
        "litestar.flexiti_of": Callee(litestar.flexiti_of, {"state": state}, ("state", "name")),
        "litestar.problem_response": Callee(
            litestar.problem_response, {"request": of_litestar, **error}
        ),
        "otel.Telemetry": Callee(otel.Telemetry),
        "otel.Telemetry.count_pending": Callee(otel.Telemetry().count_pending),
        "problems.language_of": Callee(problems.language_of),
        "problems.problem_of": Callee(problems.problem_of, error),
        "quart.flexiti_of": Callee(quart.flexiti_of, {"app": app_of_quart}),
        "quart.problem_response": Callee(quart.problem_response),
        "quart.setup": Callee(quart.setup, {}, ("app",)),
        "quart.setup, of an application": Callee(_of_quart),
        "starlette.add_problem_handler": Callee(starlette.add_problem_handler),
        "starlette.flexiti_of": Callee(
            starlette.flexiti_of, {"connection": connection}, ("connection", "name")
        ),
        "starlette.lifespan": Callee(starlette.lifespan),
        "starlette.open_session": Callee(opened),
        "starlette.problem_response": Callee(
            starlette.problem_response, {"request": Request(_SCOPE), **error}
        ),
        "url_masking.UrlMasking": Callee(url_masking.UrlMasking),
        "url_masking.UrlMasking.before_breadcrumb": Callee(
            url_masking.UrlMasking(session.config).before_breadcrumb, {}, ("crumb",)
        ),
        "url_masking.UrlMasking.before_send_transaction": Callee(
            url_masking.UrlMasking(session.config).before_send_transaction, {}, ("event",)
        ),
        "url_masking.UrlMasking.url_filter": Callee(
            url_masking.UrlMasking(session.config).url_filter
        ),
    }
