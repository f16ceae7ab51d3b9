"""How pages are rendered: template, language, and the page that shows a checkout."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from attrs import evolve
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from flexiti_async import CheckoutNotFound, Language, OnlineCheckout
from flexiti_async.demo.guard import CSRF_FIELD, begin_anew, csrf_token, reference_id_of
from flexiti_async.demo.orders import Order, OrderBook
from flexiti_async.demo.settings import ShopSettings
from flexiti_async.demo.texts import TEXTS, money, percent
from flexiti_async.integrations.problems import TYPE_PREFIX, Problem, language_of
from flexiti_async.integrations.starlette import flexiti_of

__all__ = [
    "go",
    "language",
    "order_book",
    "order_of",
    "page",
    "problem_page",
    "resume",
    "resume_under",
    "start_over",
    "whereabouts",
]

_TEMPLATES: Final = Jinja2Templates(
    env=Environment(
        loader=PackageLoader("flexiti_async.demo"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
)
_AFTER: Final[Mapping[str, str]] = {
    "open": "pay",
    "widget": "pay",  # a form starts the widget, and nothing else does
    "stopped": "pay",
    "verified": "plans",
}
"""Page by step of the checkout; all other steps are those of an order."""
_AFTER_PROBLEM: Final[Mapping[str, tuple[str, str]]] = {
    "checkout-ended": ("cart", "start_again"),
    "not-verified": ("pay", "confirm_again"),
    "account-not-usable": ("pay", "other_account"),
}
"""Page after a problem, and the text of its link, by the problem's type."""


def language(request: Request) -> Language:
    """Return the language of a page: the first part of its path, or the browser's preference."""
    first = request.url.path.split("/")[1]
    if first in set(Language):
        return Language(first)
    return language_of(request.headers.get("accept-language"))


def page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> Response:
    """Render a template as a page."""
    chosen = language(request)
    other = Language.ENGLISH if chosen is Language.FRENCH else Language.FRENCH
    _, _, rest = request.url.path.lstrip("/").partition("/")
    settings: ShopSettings = request.app.state.settings

    def in_dollars(amount: Decimal) -> str:
        return money(amount, chosen)

    def in_percent(share: Decimal) -> str:
        return percent(share, chosen)

    context: dict[str, object] = {
        "t": TEXTS[chosen],
        "lang": chosen.value,
        "other": other.value,
        # The response to a form has no address of its own in the other language.
        "other_path": rest if request.method == "GET" and rest else "continue",
        "csrf_field": CSRF_FIELD,
        "csrf": csrf_token(request),
        "money": in_dollars,
        "percent": in_percent,
        "in_sandbox": settings.sandbox,
        "behind": settings.behind,
        **values,
    }
    return _TEMPLATES.TemplateResponse(request, name, context, status_code=status, headers=headers)


def problem_page(request: Request, problem: Problem) -> Response:
    """Render the page of a problem, with its next step."""
    wait = problem.headers.get("Retry-After")
    headers = {} if wait is None else {"Retry-After": wait}
    return page(
        request,
        "problem.html",
        status=problem.status,
        headers=headers,
        title=problem.title,
        detail=problem.detail,
        next_step=_next_step(request, problem),
    )


def _next_step(request: Request, problem: Problem) -> tuple[str, str]:
    """Return the page that continues after a problem, and the name of the link's text."""
    kind = problem.type.removeprefix(TYPE_PREFIX)
    _, _, where = request.url.path.partition(f"/{language(request)}/")
    if where.startswith("appl"):
        return ("pay", "go_pay") if kind == "customer-exists" else ("apply", "previous_step")
    return _AFTER_PROBLEM.get(kind, ("continue", "previous_step"))


def go(request: Request, where: str) -> Response:
    """Redirect the browser to another page of the shop, by GET."""
    return RedirectResponse(f"/{language(request)}/{where}", status_code=303)


def order_book(request: Request) -> OrderBook:
    """Return the shop's orders."""
    book: OrderBook = request.app.state.orders
    return book


async def order_of(request: Request) -> Order:
    """Return this customer's order, or their new cart."""
    return await order_book(request).find(reference_id_of(request))


async def start_over(request: Request) -> Order:
    """
    Start a new reference id with the same cart, because the checkout has ended.

    The order keeps its number, which is the idempotency key: what is paid for is the same.
    """
    order = await order_of(request)
    order = evolve(order, reference_id=await begin_anew(request), account_number=None)
    await order_book(request).fill(order, order.quantity)
    return order


async def resume(request: Request) -> OnlineCheckout | None:
    """Resume this customer's purchase; None if it does not exist, or has ended."""
    return await resume_under(request, reference_id_of(request))


async def resume_under(request: Request, reference_id: str) -> OnlineCheckout | None:
    """Resume a checkout of this customer's session; None if it does not exist, or has ended."""
    try:
        return await flexiti_of(request).resume(reference_id)
    except CheckoutNotFound:
        return None


def whereabouts(checkout: OnlineCheckout | None) -> str:
    """Return the page that shows a purchase; this makes the back button harmless."""
    if checkout is None:
        return "cart"
    return _AFTER.get(checkout.step.value, "order")
