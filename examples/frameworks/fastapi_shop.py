"""
FastAPI: `FLEXITI_STORE=file:///srv/shop uvicorn fastapi_shop:app --workers 2`.

The store is shared by all workers. The other `FLEXITI_*` variables and `SHOP_*` are set as well.

The reference id stays in the customer's signed session: no URL, form or body carries it.
"""

import os
from decimal import Decimal
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Request
from starlette.middleware.sessions import SessionMiddleware

from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.fastapi import Flexiti, add_problem_handler, lifespan

TOTAL = Decimal("300.00")

app = FastAPI(lifespan=lifespan())
add_problem_handler(app)
app.add_middleware(
    SessionMiddleware,  # its cookies are HttpOnly and SameSite=Lax
    secret_key=os.environ["SHOP_SECRET_KEY"],
    https_only=not os.environ["SHOP_ORIGIN"].startswith("http://127.0.0.1:"),
)


async def resume(flexiti: Flexiti, request: Request) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in request.session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti.resume(request.session["reference_id"])


Checkout = Annotated[OnlineCheckout, Depends(resume)]


@app.post("/checkout")
async def start(
    flexiti: Flexiti,
    request: Request,
    order: Annotated[str, Body()],
    account_number: Annotated[str, Body()],
) -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    checkout = await flexiti.checkout(order)
    widget = await checkout.init_widget(PurchaseWidget(account_number=account_number))
    request.session["reference_id"] = checkout.reference_id
    return {"redirection_url": widget.redirection_url}


@app.post("/checkout/event")
async def event(checkout: Checkout, message: dict[str, object]) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    return {"next": await checkout.handle_event(message)}


@app.post("/checkout/authorization")
async def authorize(
    checkout: Checkout, plan_id: Annotated[int, Body()], term: Annotated[int, Body()]
) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan_id, term=term
    )
    return {"authorization_id": authorization.authorization_id}
