"""The order page: authorization and captures, also if an answer of the API was lost."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async.demo.guard import end, form_of
from flexiti_async.demo.orders import Order
from flexiti_async.demo.pages import go, language, order_book, order_of, page, resume, whereabouts
from flexiti_async.integrations.starlette import flexiti_of
from flexiti_async.operations import Evidence, Operation, OperationKind, Phase

__all__ = ["go_on", "new", "order"]

_BY: Final = "the order page"


async def order(request: Request) -> Response:
    """Show the paid order, or that its payment is being checked."""
    found, checking = await _current(request)
    if checking:
        return page(request, "checking.html", text="order_checking", order=found)
    if found.authorization_id is None:
        where = whereabouts(await resume(request))
        return go(request, "cart" if where == "order" else where)
    authorization = await flexiti_of(request).authorizations.get(
        found.authorization_id, lang=language(request)
    )
    captures = await order_book(request).captures(found.reference_id)
    return page(
        request,
        "order.html",
        order=found,
        authorization=authorization,
        captures=captures,
    )


async def go_on(request: Request) -> Response:
    """Redirect to the page of the checkout's step."""
    found, checking = await _current(request)
    known = checking or found.authorization_id is not None
    return go(request, "order" if known else whereabouts(await resume(request)))


async def new(request: Request) -> Response:
    """Leave this order, and start with another cart."""
    await form_of(request)
    await end(request)
    return go(request, "cart")


async def _current(request: Request) -> tuple[Order, bool]:
    """
    Return the order, up to date with the journal, and whether its payment is being checked.

    A worker may have been killed between the answer and its note. If the outcome is unknown, the
    list of authorizations is searched; that it is not there proves nothing yet, and the shop asks
    no customer to pay twice.
    """
    found = await order_of(request)
    if not found.sent or found.authorization_id is not None:
        return found, False
    operations, book = flexiti_of(request).operations, order_book(request)
    operation = await operations.get(kind=OperationKind.AUTHORIZE, key=found.number)
    if operation is None:  # nothing was sent: the customer may click again
        return found, False
    if operation.phase is Phase.PENDING:
        operation = await _look_up(request, operation, found)
    if operation.phase is Phase.FREE:
        await book.end_payment(found.reference_id)
    elif operation.authorization_id is not None:
        await book.note_authorization(found.reference_id, operation.authorization_id)
    return await order_of(request), operation.phase is Phase.PENDING


async def _look_up(request: Request, operation: Operation, found: Order) -> Operation:
    """Search for an authorization whose outcome is unknown, and record what is found."""
    operations = flexiti_of(request).operations
    there = await operations.look_up(operation.operation_id, account_number=found.account_number)
    if not isinstance(there, Evidence):
        return operation
    return await operations.resolve(
        operation.operation_id,
        executed=True,
        by=_BY,
        authorization_id=there.authorization_id,
        capture_id=there.capture_id,
    )
