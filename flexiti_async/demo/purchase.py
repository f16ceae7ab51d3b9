"""The first steps of a purchase: the cart, the account number, and the start of the widget."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import (
    OnlineCheckout,
    OperationError,
    PurchaseWidget,
    Step,
    ValidationError,
)
from flexiti_async.demo.guard import (
    MOST_WIDGETS,
    client_of,
    form_of,
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
from flexiti_async.demo.widget import show_widget
from flexiti_async.integrations.starlette import flexiti_of

__all__ = ["cart", "fill", "pay", "start", "widget"]

_MOST: Final = 5
_MOST_FOR_ACCOUNT: Final = 10
"""Number of widgets for one account within 15 minutes."""
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
    # A verified customer who enters another account number has to be verified for that account, and
    # one whom Flexiti did not find verified once more: events of the widget can be forged.
    other = checkout.step is Step.VERIFIED and (
        checkout.account_number != given or order.account_number != given
    )
    if checkout.step not in _WITH_WIDGET and not other:
        return go(request, whereabouts(checkout))
    answer = await checkout.init_widget(
        PurchaseWidget(account_number=given, lang=language(request))
    )
    await renew(request)
    url = answer.redirection_url
    return await show_widget(request, url)


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
