"""The shop's application: its routes, its session with Flexiti, and its error pages."""

from collections.abc import Awaitable, Callable
from http import HTTPMethod
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from flexiti_async import FlexitiConfig, FlexitiError, Language
from flexiti_async.demo import application, order, purchase
from flexiti_async.demo.guard import SafeHeaders
from flexiti_async.demo.orders import OrderBook
from flexiti_async.demo.pages import language, page, problem_page, start_over
from flexiti_async.demo.settings import ShopSettings
from flexiti_async.errors import CheckoutTokenRejected
from flexiti_async.integrations.serving import report_problem
from flexiti_async.integrations.starlette import lifespan, problem_response

__all__ = ["create"]

_DAY: Final = 24 * 60 * 60
_STATIC: Final = Path(__file__).with_name("static")

Endpoint = Callable[[Request], Awaitable[Response]]


def create() -> Starlette:
    """
    Build the shop, configured by the environment: `FLEXITI_*` and `SHOP_*`.

    Raises:
        ConfigError: A variable `FLEXITI_*` is missing or not valid.
        KeyError: A variable `SHOP_*` is missing.
    """
    settings, config = ShopSettings.from_env(), FlexitiConfig.load()
    app = Starlette(
        routes=[
            Route("/", home),
            *(Mount(f"/{each.value}", routes=_routes()) for each in Language),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(SafeHeaders, frames=[str(config.api_url)]),
            Middleware(
                SessionMiddleware,
                secret_key=settings.secret_key,
                session_cookie="shop",
                max_age=_DAY,
            ),
        ],
        exception_handlers={FlexitiError: on_flexiti_error, HTTPException: on_http_error},
        lifespan=lifespan(config),
    )
    app.state.settings = settings
    app.state.orders = OrderBook(settings.database)
    return app


def _routes() -> list[BaseRoute]:
    return [
        _get("/cart", purchase.cart),
        _post("/cart", purchase.fill),
        _get("/pay", purchase.pay),
        _post("/pay", purchase.start),
        _get("/widget", purchase.widget),
        _post("/event", purchase.event),
        _get("/ended/{reaction}", purchase.ended),
        _get("/plans", purchase.plans),
        _post("/plans", purchase.buy),
        _get("/order", order.order),
        _post("/capture", order.capture),
        _post("/new", order.new),
        _get("/continue", order.go_on),
        _get("/apply", application.ask),
        _post("/apply", application.apply),
        _get("/application", application.application),
        _post("/application", application.send),
    ]


def _get(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=[HTTPMethod.GET])


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=[HTTPMethod.POST])


async def home(request: Request) -> Response:
    """Redirect to the cart in the browser's language."""
    return RedirectResponse(f"/{language(request).value}/cart", status_code=303)


async def on_flexiti_error(request: Request, error: Exception) -> Response:
    """Return an error of the library as problem details to the script, as a page otherwise."""
    if request.url.path.endswith("/event") or not isinstance(error, FlexitiError):
        return await problem_response(request, error)
    if isinstance(error, CheckoutTokenRejected):  # the checkout has ended, but the cart remains
        await start_over(request)
    return problem_page(request, report_problem(error, language(request).value))


async def on_http_error(request: Request, error: Exception) -> Response:
    """Return the page of a request that the shop itself rejects."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.method not in {HTTPMethod.GET, HTTPMethod.POST} or status not in {403, 404}:
        return PlainTextResponse("", status)
    return page(request, "rejected.html", status=status, outdated=status == 403)
