"""The shop's application: its routes, its session with Flexiti, and its error pages."""

from collections.abc import Awaitable, Callable
from http import HTTPMethod
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles

from flexiti_async import FlexitiConfig, FlexitiError, Language
from flexiti_async.demo import application, order, plans, purchase, staff, widget
from flexiti_async.demo.behind import Behind
from flexiti_async.demo.database import Database
from flexiti_async.demo.middlewares import OneHost, SafeHeaders, Visiting
from flexiti_async.demo.orders import OrderBook
from flexiti_async.demo.pages import language, page, problem_page, start_over
from flexiti_async.demo.settings import ShopSettings
from flexiti_async.demo.visits import Tries, Visits
from flexiti_async.errors import CheckoutTokenRejected
from flexiti_async.integrations.serving import report_problem
from flexiti_async.integrations.starlette import lifespan, problem_response

__all__ = ["create", "page_routes"]

_REASONS: Final = {403: "outdated", 404: "not_found", 429: "too_many"}
"""Text of the page for each status that the shop itself responds with."""

Endpoint = Callable[[Request], Awaitable[Response]]


def create() -> Starlette:
    """
    Build the shop, configured by the environment: `FLEXITI_*` and `SHOP_*`.

    Raises:
        ConfigError: A variable `FLEXITI_*` is missing or not valid.
        KeyError: A variable `SHOP_*` is missing.
        ValueError: A variable `SHOP_*` is not valid.
        PermissionError: Other users of the machine can reach the shop's database.
    """
    settings, config = ShopSettings.from_env(), FlexitiConfig.load()
    database = Database(settings.database)
    visits = Visits(database)
    behind = Behind(database) if settings.behind else None
    app = Starlette(
        routes=[
            Route("/", home),
            *([] if behind is None else [behind.route()]),
            *(Mount(f"/{each.value}", app=_pages()) for each in Language),
            Mount("/static", StaticFiles(packages=[("flexiti_async.demo", "static")])),
        ],
        middleware=[
            Middleware(
                SafeHeaders,
                frames=config.widget_origins or [config.api_url],
                secure=settings.is_secure,
            ),
            Middleware(OneHost, origin=settings.origin),
            Middleware(Visiting, visits=visits, settings=settings),
        ],
        exception_handlers={FlexitiError: on_flexiti_error, HTTPException: on_http_error},
        lifespan=lifespan(config, listeners=[] if behind is None else [behind]),
    )
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.orders = OrderBook(database)
    app.state.visits = visits
    app.state.tries = Tries(database)
    return app


def _pages() -> Router:
    # Without redirects that add or remove a slash: they repeat the host of the request.
    return Router(page_routes(), redirect_slashes=False)


def page_routes() -> list[Route]:
    """Return the routes of the pages, without the language that they begin with."""
    return [
        _get("/cart", purchase.cart),
        _post("/cart", purchase.fill),
        _get("/pay", purchase.pay),
        _get("/widget", purchase.widget),
        _post("/widget", purchase.start),
        _post("/event", widget.event),
        _get("/ended/{reaction}", widget.ended),
        _get("/plans", plans.plans),
        _post("/plans", plans.buy),
        _get("/order", order.order),
        _post("/new", order.new),
        _get("/continue", order.go_on),
        _get("/apply", application.ask),
        _post("/apply", application.apply),
        _get("/application", application.application),
        _post("/application", application.send),
        _post("/application/event", widget.application_event),
        _get("/application/ended/{reaction}", widget.application_ended),
        _get("/staff", staff.orders),
        _post("/staff", staff.capture),
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
    headers = error.headers if isinstance(error, HTTPException) else None
    if request.method not in {HTTPMethod.GET, HTTPMethod.POST} or status not in _REASONS:
        return PlainTextResponse("", status, headers)
    return page(request, "rejected.html", status=status, headers=headers, reason=_REASONS[status])
