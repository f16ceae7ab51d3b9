"""
Litestar: `FLEXITI_STORE=file:///srv/shop granian --interface asgi --workers 2 litestar_shop:app`.

The store is shared by all workers. The other `FLEXITI_*` variables and `SHOP_*` are set as well.

The reference id stays in the customer's encrypted session: no URL, form or body carries it.
"""

import os
from decimal import Decimal
from typing import Any

from litestar import Litestar, Request, post
from litestar.di import NamedDependency
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.params import JSONBody

from flexiti_async import CheckoutNotFound, FlexitiSession, OnlineCheckout, PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.litestar import FlexitiPlugin

TOTAL = Decimal("300.00")

sessions = CookieBackendConfig(
    bytes.fromhex(os.environ["SHOP_SECRET_KEY"]),
    httponly=True,
    samesite="lax",
    secure=not os.environ["SHOP_ORIGIN"].startswith("http://127.0.0.1:"),
)


async def resume(
    flexiti: NamedDependency[FlexitiSession], request: Request[Any, Any, Any]
) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in request.session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti.resume(request.session["reference_id"])


@post("/checkout")
async def start(
    flexiti: NamedDependency[FlexitiSession],
    request: Request[Any, Any, Any],
    data: JSONBody[dict[str, str]],
) -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    checkout = await flexiti.checkout(data["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=data["account_number"]))
    request.session["reference_id"] = checkout.reference_id
    return {"redirection_url": widget.redirection_url}


@post("/checkout/event")
async def event(
    checkout: NamedDependency[OnlineCheckout], data: JSONBody[dict[str, Any]]
) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    return {"next": await checkout.handle_event(data)}


@post("/checkout/authorization")
async def authorize(
    checkout: NamedDependency[OnlineCheckout], data: JSONBody[dict[str, int]]
) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    authorization = await checkout.authorize(
        TOTAL,
        transaction_type=PurchaseType.PROMOTIONAL,
        plan_id=data["plan_id"],
        term=data["term"],
    )
    return {"authorization_id": authorization.authorization_id}


app = Litestar(
    [start, event, authorize],
    dependencies={"checkout": resume},
    middleware=[sessions.middleware],
    plugins=[FlexitiPlugin()],
)
