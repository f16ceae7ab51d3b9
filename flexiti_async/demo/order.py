"""The order page: what was authorized and captured, also when an answer was lost on the way."""

import contextlib
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import Checkout, CheckoutError, Step
from flexiti_async.api.authorization_lists import AuthorizationSearch
from flexiti_async.demo.guard import form_of
from flexiti_async.demo.orders import Order
from flexiti_async.demo.pages import go, language, order_book, order_of, page, resume, whereabouts
from flexiti_async.integrations.starlette import flexiti_of

__all__ = ["capture", "go_on", "new", "order"]


async def order(request: Request) -> Response:
    """Show the order once it is paid for, or that its payment is being checked."""
    found, checkout = await _brought_up_to_date(request)
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
    """Take the money, when the desks are sent: what the shop's staff does."""
    await form_of(request)
    found, checkout = await _brought_up_to_date(request)
    if found.authorization_id is None or await order_book(request).captures(found.reference_id):
        return go(request, "order")
    try:
        if checkout is not None:
            done = await checkout.capture(found.total, reference=found.number)
        else:  # days later: the checkout has ended with its token
            done = await flexiti_of(request).authorizations.capture(
                found.authorization_id, found.total, reference=found.number
            )
    except CheckoutError:  # somebody else is at it
        return go(request, "order")
    await order_book(request).note_capture(found.reference_id, done.capture_id or "", found.total)
    return go(request, "order")


async def go_on(request: Request) -> Response:
    """Go to where the checkout stands."""
    found, checkout = await _brought_up_to_date(request)
    return go(request, "order" if found.sent else whereabouts(checkout))


async def new(request: Request) -> Response:
    """Forget this order, and take another cart."""
    await form_of(request)
    request.session.clear()
    return go(request, "cart")


async def _look_for(request: Request, found: Order, checkout: Checkout) -> None:
    """
    Look for an authorization whose answer was lost, or has not come yet, by the order's number.

    If it is there it ran, whoever sent it. If it is not, that proves nothing: it may come yet, and
    what Flexiti's list shows of a reference is not documented. Then people have to find out, and
    say so by `settle(ran=False)`; the shop asks nobody to pay twice.
    """
    search = AuthorizationSearch(account_number=checkout.account_number)
    numbers = [
        one.authorization_id
        async for one in flexiti_of(request).authorizations.all(search)
        if one.extra.get("reference") == found.number
    ]
    if numbers and numbers[0] is not None:
        # Else somebody else has settled it, or the answer has come after all.
        with contextlib.suppress(CheckoutError):
            await checkout.settle(ran=True, authorization_id=numbers[0])


async def _brought_up_to_date(request: Request) -> tuple[Order, Checkout | None]:
    """
    Give the order and its checkout.

    A worker that was killed between the answer and its note has left the number in the checkout.
    """
    found, checkout = await order_of(request), await resume(request)
    if checkout is not None and checkout.step is Step.AUTHORIZING:
        await _look_for(request, found, checkout)
    known = None if checkout is None else checkout.authorization_id
    if found.authorization_id is None and known is not None:
        await order_book(request).note_authorization(found.reference_id, known)
        found = await order_of(request)
    return found, checkout
