"""
The rules of the shop, which the examples of all frameworks share: nothing here knows a framework.

Two variables are the shop's own beside `FLEXITI_*` and those that make the cookies:
`SHOP_STAFF_PASSWORD` for the user `staff`, and `SHOP_ORIGIN`, the address that customers open.
"""

import base64
import hmac
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from flexiti_async import FlexitiSession, OnlineCheckout, Reaction, Step
from flexiti_async.api import PurchaseType

TOTAL = Decimal("300.00")
PAGE = Path(__file__).with_name("checkout.html").read_text("utf-8")
HTTPS = not os.environ["SHOP_ORIGIN"].startswith("http://127.0.0.1:")  # cookies are `Secure`
CHALLENGE = {"WWW-Authenticate": 'Basic realm="staff", charset="UTF-8"'}

_STAFF = f"staff:{os.environ['SHOP_STAFF_PASSWORD']}".encode()


async def react(checkout: OnlineCheckout, event: bytes | str | Mapping[str, object]) -> str:
    """Handle an event of the widget, and return what the page shows next."""
    if checkout.step is Step.WIDGET:  # a second post finds a later step
        reaction = await checkout.handle_event(event)
        if reaction is Reaction.UNKNOWN:
            return "widget"  # the frame stays
    if checkout.step is Step.VERIFIED:
        return "plans"
    return "paid" if checkout.step is Step.AUTHORIZED else "other"


async def plans_of(checkout: OnlineCheckout) -> list[dict[str, object]]:
    """Return the plans to choose from, and nothing about the customer's account."""
    offer = await checkout.plans(TOTAL)
    return [
        {
            "plan_id": plan.plan_id,
            "name": plan.plan_name,
            "term": term.term,
            "monthly": str(term.term_amount),
        }
        for plan in offer.promotional_purchase
        for term in plan.terms
    ]


async def authorize(checkout: OnlineCheckout, plan_id: int, term: int) -> str | None:
    """Authorize the purchase with the plan that the customer chose; twice, it runs once."""
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan_id, term=term
    )
    return authorization.authorization_id


async def capture(flexiti: FlexitiSession, order: str) -> str | None:
    """Capture the total when an order ships, once; return None if it is not paid."""
    paid = await flexiti.operations.get(kind="authorize", key=order)
    if paid is None or paid.authorization_id is None:
        return None
    done = await flexiti.authorizations.capture(paid.authorization_id, TOTAL, idempotency_key=order)
    return done.capture_id


def is_staff(authorization: str | None) -> bool:
    """Whether a request's `Authorization` header has the staff's password."""
    scheme, _, given = (authorization or "").partition(" ")
    sent = b"Basic " + base64.b64encode(_STAFF)
    return hmac.compare_digest(f"{scheme.title()} {given.strip()}".encode(), sent)
