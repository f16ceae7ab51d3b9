"""Flexiti's widget: the page with its frame, the events that it posts, and results that end it."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flexiti_async import CheckoutError, OnlineCheckout, Reaction
from flexiti_async.api import CUSTOMER_PORTAL
from flexiti_async.demo.guard import (
    CSRF_HEADER,
    application_id_of,
    check_token,
    csrf_token,
    origin_of,
    reference_id_of,
    renew,
    spend_try,
)
from flexiti_async.demo.orders import Order
from flexiti_async.demo.pages import language, order_book, order_of, page, whereabouts
from flexiti_async.errors import EventRefused
from flexiti_async.integrations.starlette import flexiti_of

__all__ = [
    "application_ended",
    "application_event",
    "ended",
    "event",
    "show_application_widget",
    "show_widget",
]

_LONGEST_EVENT: Final = 16 * 1024
_MOST_EVENTS: Final = 20
"""Number of events that one checkout may send within 15 minutes."""
_TOO_LARGE: Final = 413
_NOT_FOUND: Final = 404
_ENDING: Final = frozenset(Reaction) - {Reaction.APPLY, Reaction.AUTHORIZE, Reaction.UNKNOWN}


async def show_widget(request: Request, url: str) -> Response:
    """Show the widget of a purchase."""
    return _show(request, url, order=await order_of(request))


def show_application_widget(request: Request, url: str, applicant: Mapping[str, str]) -> Response:
    """Show the widget of an application, whose data stay in the applicant's browser."""
    return _show(request, url, applicant=applicant)


def _show(
    request: Request,
    url: str,
    *,
    order: Order | None = None,
    applicant: Mapping[str, str] | None = None,
) -> Response:
    return page(
        request,
        "widget.html",
        url=url,
        origin=origin_of(url),
        flow="application" if order is None else "purchase",
        events="application/event" if order is None else "event",
        order=order,
        applicant=applicant,
    )


async def event(request: Request) -> Response:
    """Handle an event of a purchase's widget, and return the next page."""
    reference_id = reference_id_of(request)
    body = await _body_of(request, reference_id)
    checkout = await flexiti_of(request).resume(reference_id)
    reaction = await _reaction(checkout, body)
    if reaction is None:
        checkout = await flexiti_of(request).resume(reference_id)
        return _next(request, whereabouts(checkout))
    if reaction is Reaction.UNKNOWN:
        return JSONResponse({"stay": "unknown"})
    if reaction is not Reaction.AUTHORIZE:
        return _next(request, f"ended/{reaction.value}")
    if checkout.account_number is not None:
        await order_book(request).name_account(reference_id, checkout.account_number)
    await renew(request)
    return _next(request, "plans")


async def application_event(request: Request) -> Response:
    """Handle an event of an application's widget; the page then sends the application."""
    reference_id = application_id_of(request)
    body = await _body_of(request, reference_id)
    reaction = await _reaction(await flexiti_of(request).resume(reference_id), body)
    if reaction is None:
        return _next(request, "application")
    if reaction is Reaction.UNKNOWN:
        return JSONResponse({"stay": "unknown"})
    if reaction is not Reaction.APPLY:
        return _next(request, f"application/ended/{reaction.value}")
    await renew(request)
    return JSONResponse({"submit": "application", "csrf": csrf_token(request)})


async def ended(request: Request) -> Response:
    """Show a result of a purchase's widget after which the flow cannot continue."""
    return _show_end(request, "purchase")


async def application_ended(request: Request) -> Response:
    """Show a result of an application's widget after which the flow cannot continue."""
    return _show_end(request, "application")


def _show_end(request: Request, flow: str) -> Response:
    reaction = request.path_params["reaction"]
    if reaction not in _ENDING:
        raise HTTPException(_NOT_FOUND)
    return page(request, "ended.html", reaction=reaction, flow=flow, portal=CUSTOMER_PORTAL)


async def _body_of(request: Request, reference_id: str) -> bytes:
    check_token(request, request.headers.get(CSRF_HEADER))
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_EVENT:
            raise HTTPException(_TOO_LARGE)
    await spend_try(request, "event", reference_id, _MOST_EVENTS)
    return body


async def _reaction(checkout: OnlineCheckout, body: bytes) -> Reaction | None:
    """Return the reaction to an event; None if the checkout has handled one already."""
    try:
        return await checkout.handle_event(body)
    except EventRefused:
        raise
    except CheckoutError:  # go to the page that the first one led to
        return None


def _next(request: Request, where: str) -> Response:
    return JSONResponse({"next": f"/{language(request)}/{where}"})
