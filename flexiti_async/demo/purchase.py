"""A purchase: the cart, the account number, the widget in a frame, its event, and the plans."""

import re
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flexiti_async import (
    CheckoutError,
    FlexitiError,
    OnlineCheckout,
    OperationError,
    PurchaseWidget,
    Reaction,
    Step,
    ValidationError,
)
from flexiti_async.api import CUSTOMER_PORTAL, PurchaseType
from flexiti_async.demo.guard import (
    CSRF_HEADER,
    MOST_WIDGETS,
    check_token,
    client_of,
    csrf_token,
    form_of,
    origin_of,
    reference_id_of,
    renew,
    spend_try,
)
from flexiti_async.demo.orders import PRICE, Order
from flexiti_async.demo.pages import (
    go,
    language,
    order_book,
    order_of,
    page,
    resume,
    start_over,
    whereabouts,
)
from flexiti_async.errors import EventRefused
from flexiti_async.integrations.starlette import flexiti_of

__all__ = ["buy", "cart", "ended", "event", "fill", "pay", "plans", "start", "widget"]

_MOST: Final = 5
_CHOICE: Final = re.compile(r"(?P<plan_id>\d{1,3}):(?P<term>\d{1,3})|regular", re.ASCII)
_LONGEST_EVENT: Final = 16 * 1024
_MOST_EVENTS: Final = 20
"""Number of events that one checkout may send within 15 minutes."""
_MOST_FOR_ACCOUNT: Final = 10
"""Number of widgets for one account within 15 minutes."""
_TOO_LARGE: Final = 413
_WITH_WIDGET: Final = frozenset({Step.OPEN, Step.WIDGET, Step.STOPPED})


async def cart(request: Request) -> Response:
    """Show the cart."""
    order = await order_of(request)
    return page(request, "cart.html", order=order, price=PRICE, most=_MOST)


async def fill(request: Request) -> Response:
    """Set the number of desks in the cart, and continue to payment."""
    quantity = (await form_of(request)).get("quantity", "")
    order = await order_of(request)
    if quantity.isascii() and quantity.isdigit() and 1 <= int(quantity) <= _MOST:
        await order_book(request).fill(order, int(quantity))
    return go(request, "order" if order.sent else "pay")


async def pay(request: Request) -> Response:
    """Ask for the account number."""
    order = await order_of(request)
    if order.sent:
        return go(request, "order")
    return page(request, "pay.html", order=order, given=order.account_number or "", error=None)


async def start(request: Request) -> Response:
    """Start the checkout, or continue it, and show the widget; each time in a new session of it."""
    form, order = await form_of(request), await order_of(request)
    if order.sent:  # no customer pays twice, whatever its outcome
        return go(request, "order")
    given = form.get("account_number", "").strip()
    try:
        given = str(PurchaseWidget(account_number=given).account_number)
    except ValidationError as invalid:
        error = invalid.field_errors[0].msg
        return page(request, "pay.html", status=422, order=order, given=given, error=error)
    # Each widget sends its account's owner a PIN, so neither may one account be tried by many
    # customers, nor many accounts by one.
    await spend_try(request, "widget", client_of(request), MOST_WIDGETS)
    await spend_try(request, "account", given, _MOST_FOR_ACCOUNT)
    try:
        checkout = await resume(request)
        if checkout is None:
            order, checkout = await _begin(request, order)
    except OperationError:  # paid already, or being paid: in another tab, or before a restart
        return go(request, "order")
    await order_book(request).name_account(order.reference_id, given)
    # A verified customer who enters another account number has to be verified for that account.
    other = checkout.step is Step.VERIFIED and checkout.account_number != given
    if checkout.step not in _WITH_WIDGET and not other:
        return go(request, whereabouts(checkout))
    answer = await checkout.init_widget(
        PurchaseWidget(account_number=given, lang=language(request))
    )
    await renew(request)
    url = answer.redirection_url
    return page(request, "widget.html", url=url, origin=origin_of(url), applicant={})


async def _begin(request: Request, order: Order) -> tuple[Order, OnlineCheckout]:
    """
    Start a checkout, under a new reference id if the previous one has ended with its token.

    Its idempotency key is the order's number: if that is paid already, or may be, this raises it.
    """
    if order.account_number is not None:
        order = await start_over(request)
    await order_book(request).fill(order, order.quantity)
    flexiti = flexiti_of(request)
    return order, await flexiti.checkout(order.number, reference_id=order.reference_id)


async def widget(request: Request) -> Response:
    """Redirect to the step of the checkout: only the form of `pay` starts a widget."""
    where = whereabouts(await resume(request))
    return go(request, "pay" if where == "cart" else where)


async def event(request: Request) -> Response:
    """Handle an event of the widget that the page received, and return the next page."""
    check_token(request, request.headers.get(CSRF_HEADER))
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_EVENT:
            raise HTTPException(_TOO_LARGE)
    await spend_try(request, "event", reference_id_of(request), _MOST_EVENTS)
    checkout = await flexiti_of(request).resume(reference_id_of(request))
    try:
        reaction = await checkout.handle_event(body)
    except EventRefused:
        raise
    except CheckoutError:  # already handled: go to the page that it led to
        checkout = await flexiti_of(request).resume(checkout.reference_id)
        return JSONResponse({"next": f"/{language(request)}/{whereabouts(checkout)}"})
    if reaction is Reaction.AUTHORIZE and checkout.account_number is not None:
        await order_book(request).name_account(checkout.reference_id, checkout.account_number)
    if reaction in {Reaction.AUTHORIZE, Reaction.APPLY}:
        await renew(request)
    return JSONResponse(_next(request, reaction))


def _next(request: Request, reaction: Reaction) -> dict[str, str]:
    match reaction:
        case Reaction.UNKNOWN:
            return {"stay": "unknown"}
        case Reaction.APPLY:
            return {"submit": "application", "csrf": csrf_token(request)}
        case Reaction.AUTHORIZE:
            where = "plans"
        case _:
            where = f"ended/{reaction.value}"
    return {"next": f"/{language(request)}/{where}"}


async def ended(request: Request) -> Response:
    """Show a result of the widget after which the flow cannot continue."""
    reaction = request.path_params["reaction"]
    if reaction not in set(Reaction) - {Reaction.APPLY, Reaction.AUTHORIZE, Reaction.UNKNOWN}:
        raise HTTPException(404)
    return page(request, "ended.html", reaction=reaction, portal=CUSTOMER_PORTAL)


async def plans(request: Request) -> Response:
    """Show the plans of the verified account."""
    checkout = await resume(request)
    if checkout is None or checkout.step is not Step.VERIFIED:
        return go(request, whereabouts(checkout))
    return await _show_plans(request, checkout, missing=False)


async def buy(request: Request) -> Response:
    """Authorize with the chosen plan, at most once for this order."""
    form, order = await form_of(request), await order_of(request)
    if order.authorization_id is not None:
        return go(request, "order")
    checkout = await flexiti_of(request).resume(order.reference_id)
    if checkout.step is not Step.VERIFIED:
        return go(request, whereabouts(checkout))
    chosen = _CHOICE.fullmatch(form.get("plan", ""))
    if chosen is None:
        return await _show_plans(request, checkout, missing=True)
    if not await order_book(request).begin_payment(order):
        return go(request, "continue")
    try:
        done = await checkout.authorize(
            order.total,
            # The order has it: a checkout's record in a store that is not encrypted proves nothing.
            account_number=order.account_number,
            lang=language(request),
            **_financing(chosen),
        )
    except OperationError:  # being made elsewhere, or unknown: the page of the order finds out
        return go(request, "order")
    except FlexitiError:  # it was not executed: another plan may work
        await order_book(request).end_payment(order.reference_id)
        raise
    if done.authorization_id is not None:
        await order_book(request).note_authorization(order.reference_id, done.authorization_id)
    return go(request, "order")


def _financing(chosen: re.Match[str]) -> dict[str, Any]:
    if chosen["plan_id"] is None:
        return {"transaction_type": PurchaseType.REGULAR}
    return {
        "transaction_type": PurchaseType.PROMOTIONAL,
        "plan_id": chosen["plan_id"],
        "term": chosen["term"],
    }


async def _show_plans(request: Request, checkout: OnlineCheckout, *, missing: bool) -> Response:
    # An event of the widget can be forged, so no name and no available credit of the account is
    # shown before Flexiti has authorized the purchase.
    order = await order_of(request)
    offer = await checkout.plans(order.total, lang=language(request))
    return page(
        request,
        "plans.html",
        status=422 if missing else 200,
        order=order,
        plans=[plan for plan in offer.promotional_purchase if plan.terms],
        regular=offer.regular_purchase,
        missing=missing,
    )
