"""
FastAPI: `FLEXITI_STORE=file:///srv/shop uvicorn fastapi_shop:app --workers 2`.

The store is shared by all workers, and `FLEXITI_TOKEN_KEYS` encrypts it. The other `FLEXITI_*`
variables and `SHOP_*` are set as well.

The reference id stays in the customer's signed session: no URL, form or body carries it.
"""

import os
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.middleware.sessions import SessionMiddleware

import shop_rules
from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.integrations.fastapi import Flexiti, add_problem_handler, lifespan

app = FastAPI(lifespan=lifespan())
add_problem_handler(app)
app.add_middleware(
    SessionMiddleware,  # its cookies are HttpOnly and SameSite=Lax
    secret_key=os.environ["SHOP_SECRET_KEY"],
    https_only=shop_rules.HTTPS,
)


async def resume(flexiti: Flexiti, request: Request) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in request.session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti.resume(request.session["reference_id"])


def require_staff(authorization: Annotated[str | None, Header()] = None) -> None:
    """Let only the staff pass."""
    if not shop_rules.is_staff(authorization):
        raise HTTPException(401, headers=shop_rules.CHALLENGE)


Checkout = Annotated[OnlineCheckout, Depends(resume)]


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    """Return the page with the frame, which calls the following."""
    return shop_rules.PAGE


@app.post("/checkout")
async def start(
    flexiti: Flexiti,
    request: Request,
    order: Annotated[str, Body()],
    account_number: Annotated[str, Body()],
) -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page shows the URL in the frame."""
    checkout = await flexiti.checkout(order)
    widget = await checkout.init_widget(PurchaseWidget(account_number=account_number))
    request.session["reference_id"] = checkout.reference_id
    return {"redirection_url": widget.redirection_url}


@app.post("/checkout/event")
async def event(checkout: Checkout, message: dict[str, object]) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    return {"next": await shop_rules.react(checkout, message)}


@app.get("/checkout/plans")
async def plans(checkout: Checkout) -> list[dict[str, object]]:
    """Return the plans that the customer can choose from."""
    return await shop_rules.plans_of(checkout)


@app.post("/checkout/authorization")
async def authorize(
    checkout: Checkout, plan_id: Annotated[int, Body()], term: Annotated[int, Body()]
) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    return {"authorization_id": await shop_rules.authorize(checkout, plan_id, term)}


@app.post("/staff/capture", dependencies=[Depends(require_staff)])
async def capture(flexiti: Flexiti, order: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    """Capture an order that ships; customers have no business here."""
    capture_id = await shop_rules.capture(flexiti, order)
    if capture_id is None:
        raise HTTPException(404)
    return {"capture_id": capture_id}
