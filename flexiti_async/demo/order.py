"""The order page: authorization and captures, also if an answer of the API was lost."""

import contextlib
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import Checkout, CheckoutError, Step
from flexiti_async.api import AuthorizationSearch
from flexiti_async.demo.guard import form_of
from flexiti_async.demo.orders import Order
from flexiti_async.demo.pages import go, language, order_book, order_of, page, resume, whereabouts
from flexiti_async.integrations.starlette import flexiti_of

__all__ = ["capture", "go_on", "new", "order"]


async def order(request: Request) -> Response:
    """Show the paid order, or that its payment is being checked."""
    found, checkout = await _current(request)
    if found.authorization_id is None:
        if found.sent:
            return page(request, "checking.html", text="order_checking", order=found)
        where = whereabouts(checkout)
        return go(request, "cart" if where == "order" else where)
    authorization = await flexiti_of(request).authorizations.get(
        found.authorization_id, lang=language(request)
    )
    captures = await order_book(request).captures(found.reference_id)
    captured = sum((each.amount for each in captures), Decimal(0))
    return page(
        request,
        "order.html",
        order=found,
        authorization=authorization,
        captures=captures,
        rest=found.total - captured,
    )


async def capture(request: Request) -> Response:
    """Capture the amount when the desks ship; done by the shop's staff."""
    await form_of(request)
    found, checkout = await _current(request)
    if found.authorization_id is None or await order_book(request).captures(found.reference_id):
        return go(request, "order")
    try:
        if checkout is not None:
            done = await checkout.capture(found.total, reference=found.number)
        else:  # days later: the checkout has ended with its token
            done = await flexiti_of(request).authorizations.capture(
                found.authorization_id, found.total, reference=found.number
            )
    except CheckoutError:  # another request is capturing it
        return go(request, "order")
    await order_book(request).note_capture(found.reference_id, done.capture_id or "", found.total)
    return go(request, "order")


async def go_on(request: Request) -> Response:
    """Redirect to the page of the checkout's step."""
    found, checkout = await _current(request)
    return go(request, "order" if found.sent else whereabouts(checkout))


async def new(request: Request) -> Response:
    """Leave this order, and start with another cart."""
    await form_of(request)
    request.session.clear()
    return go(request, "cart")


async def _find_authorization(request: Request, found: Order, checkout: Checkout) -> None:
    """
    Search for an authorization whose outcome is unknown, by the order's number.

    If the list has it, it was executed. If not, that proves nothing: it may appear later, and how
    Flexiti's list shows a reference is not documented. Then the shop's staff must find out, and
    record it with `settle(ran=False)`; the shop asks no customer to pay twice.
    """
    search = AuthorizationSearch(account_number=checkout.account_number)
    numbers = [
        one.authorization_id
        async for one in flexiti_of(request).authorizations.all(search)
        if one.extra.get("reference") == found.number
    ]
    if numbers and numbers[0] is not None:
        # If this fails, another request has settled it, or the answer has arrived.
        with contextlib.suppress(CheckoutError):
            await checkout.settle(ran=True, authorization_id=numbers[0])


async def _current(request: Request) -> tuple[Order, Checkout | None]:
    """
    Return the order and its checkout, up to date.

    If a worker was killed between the answer and its note, the checkout has the authorization id.
    """
    found, checkout = await order_of(request), await resume(request)
    if checkout is not None and checkout.step is Step.AUTHORIZING:
        await _find_authorization(request, found, checkout)
    known = None if checkout is None else checkout.authorization_id
    if found.authorization_id is None and known is not None:
        await order_book(request).note_authorization(found.reference_id, known)
        found = await order_of(request)
    return found, checkout
