"""The pages of the shop's staff: the paid orders, and the capture when one of them ships."""

import base64
import binascii
import hmac
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import OperationError
from flexiti_async.demo.guard import clear_tries, client_of, form_of, spend_try
from flexiti_async.demo.pages import go, order_book, page
from flexiti_async.integrations.starlette import flexiti_of

__all__ = ["capture", "orders"]

_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="staff", charset="UTF-8"'}
_MOST_PASSWORDS: Final = 10
_USER: Final = "staff"
_NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401


async def orders(request: Request) -> Response:
    """Show the paid orders."""
    await _check_staff(request)
    book = order_book(request)
    paid = [(order, await book.captures(order.reference_id)) for order in await book.authorized()]
    return page(request, "staff.html", paid=paid)


async def capture(request: Request) -> Response:
    """
    Capture the amount when the desks ship.

    The key is the order's number, so a second click returns the first one's answer.
    """
    await _check_staff(request)
    form, book = await form_of(request), order_book(request)
    found = await book.numbered(form.get("number", ""))
    if found is None or found.authorization_id is None:
        raise HTTPException(_NOT_FOUND)
    try:
        done = await flexiti_of(request).authorizations.capture(
            found.authorization_id, found.total, idempotency_key=found.number
        )
    except OperationError:  # being made elsewhere, or its outcome is unknown
        return go(request, "staff")
    await book.note_capture(found.reference_id, done.capture_id or "", found.total)
    return go(request, "staff")


async def _check_staff(request: Request) -> None:
    """
    Let only the staff pass: a capture moves money, and customers have no business here.

    Raises:
        HTTPException: 401, 404 if the shop has no staff pages, or 429.
    """
    password: str | None = request.app.state.settings.staff_password
    if password is None:
        raise HTTPException(_NOT_FOUND)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise HTTPException(_UNAUTHORIZED, headers=_CHALLENGE)
    await spend_try(request, "password", client_of(request), _MOST_PASSWORDS)
    try:
        sent = base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        sent = b""
    if not hmac.compare_digest(f"{_USER}:{password}".encode(), sent):
        raise HTTPException(_UNAUTHORIZED, headers=_CHALLENGE)
    await clear_tries(request, "password", client_of(request))
