"""
Quart: `FLEXITI_STORE=file:///srv/shop hypercorn --workers 2 quart_shop:app`.

The store is shared by all workers. The other `FLEXITI_*` variables and `SHOP_*` are set as well.

The reference id stays in the customer's signed session: no URL, form or body carries it.
"""

import os
from decimal import Decimal

from quart import Quart, current_app, request, session

from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.quart import flexiti_of, setup

TOTAL = Decimal("300.00")

app = Quart(__name__)
app.secret_key = os.environ["SHOP_SECRET_KEY"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"  # HttpOnly is the default
app.config["SESSION_COOKIE_SECURE"] = not os.environ["SHOP_ORIGIN"].startswith("http://127.0.0.1:")
setup(app)


async def resume() -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti_of(current_app).resume(session["reference_id"])


@app.post("/checkout")
async def start() -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    asked = await request.get_json()
    checkout = await flexiti_of(current_app).checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    session["reference_id"] = checkout.reference_id
    return {"redirection_url": widget.redirection_url}


@app.post("/checkout/event")
async def event() -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await resume()
    return {"next": await checkout.handle_event(await request.get_data())}


@app.post("/checkout/authorization")
async def authorize() -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    plan, checkout = await request.get_json(), await resume()
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan["plan_id"], term=plan["term"]
    )
    return {"authorization_id": authorization.authorization_id}
