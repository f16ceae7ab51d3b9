"""
Litestar: `FLEXITI_STORE=file:///srv/shop granian --interface asgi --workers 2 litestar_shop:app`.

The store is shared by all workers, and `FLEXITI_TOKEN_KEYS` encrypts it. The other `FLEXITI_*`
variables and `SHOP_*` are set as well.

The reference id stays in the customer's encrypted session: no URL, form or body carries it.
"""

import os
from typing import Any

from litestar import Litestar, MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.params import JSONBody

import shop_rules
from flexiti_async import CheckoutNotFound, FlexitiSession, OnlineCheckout, PurchaseWidget
from flexiti_async.integrations.litestar import FlexitiPlugin

sessions = CookieBackendConfig(
    bytes.fromhex(os.environ["SHOP_SECRET_KEY"]),
    httponly=True,
    samesite="lax",
    secure=shop_rules.HTTPS,
)


async def resume(
    flexiti: NamedDependency[FlexitiSession], request: Request[Any, Any, Any]
) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in request.session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti.resume(request.session["reference_id"])


@get("/", media_type=MediaType.HTML)
async def page() -> str:
    """Return the page with the frame, which calls the following."""
    return shop_rules.PAGE


@post("/checkout")
async def start(
    flexiti: NamedDependency[FlexitiSession],
    request: Request[Any, Any, Any],
    data: JSONBody[dict[str, str]],
) -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page shows the URL in the frame."""
    checkout = await flexiti.checkout(data["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=data["account_number"]))
    request.session["reference_id"] = checkout.reference_id
    return {"redirection_url": widget.redirection_url}


@post("/checkout/event")
async def event(
    checkout: NamedDependency[OnlineCheckout], data: JSONBody[dict[str, Any]]
) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    return {"next": await shop_rules.react(checkout, data)}


@get("/checkout/plans")
async def plans(checkout: NamedDependency[OnlineCheckout]) -> list[dict[str, object]]:
    """Return the plans that the customer can choose from."""
    return await shop_rules.plans_of(checkout)


@post("/checkout/authorization")
async def authorize(
    checkout: NamedDependency[OnlineCheckout], data: JSONBody[dict[str, int]]
) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    authorization_id = await shop_rules.authorize(checkout, data["plan_id"], data["term"])
    return {"authorization_id": authorization_id}


@post("/staff/capture")
async def capture(
    flexiti: NamedDependency[FlexitiSession],
    request: Request[Any, Any, Any],
    data: JSONBody[dict[str, str]],
) -> dict[str, str]:
    """Capture an order that ships; customers have no business here."""
    if not shop_rules.is_staff(request.headers.get("authorization")):
        raise NotAuthorizedException(headers=shop_rules.CHALLENGE)
    capture_id = await shop_rules.capture(flexiti, data["order"])
    if capture_id is None:
        raise NotFoundException
    return {"capture_id": capture_id}


app = Litestar(
    [page, start, event, plans, authorize, capture],
    dependencies={"checkout": resume},
    middleware=[sessions.middleware],
    plugins=[FlexitiPlugin()],
)
