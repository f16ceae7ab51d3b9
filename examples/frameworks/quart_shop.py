"""
Quart: `FLEXITI_STORE=file:///srv/shop hypercorn --workers 2 quart_shop:app`.

The store is shared by all workers, and `FLEXITI_TOKEN_KEYS` encrypts it. The other `FLEXITI_*`
variables and `SHOP_*` are set as well.

The reference id stays in the customer's signed session: no URL, form or body carries it.
"""

import os

from quart import Quart, Response, abort, current_app, request, session

import shop_rules
from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.integrations.quart import flexiti_of, setup

app = Quart(__name__)
app.secret_key = os.environ["SHOP_SECRET_KEY"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"  # HttpOnly is the default
app.config["SESSION_COOKIE_SECURE"] = shop_rules.HTTPS
setup(app)


async def resume() -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti_of(current_app).resume(session["reference_id"])


@app.get("/")
async def page() -> str:
    """Return the page with the frame, which calls the following."""
    return shop_rules.PAGE


@app.post("/checkout")
async def start() -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page shows the URL in the frame."""
    asked = await request.get_json()
    checkout = await flexiti_of(current_app).checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    session["reference_id"] = checkout.reference_id
    return {"redirection_url": widget.redirection_url}


@app.post("/checkout/event")
async def event() -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await resume()
    return {"next": await shop_rules.react(checkout, await request.get_data())}


@app.get("/checkout/plans")
async def plans() -> list[dict[str, object]]:
    """Return the plans that the customer can choose from."""
    return await shop_rules.plans_of(await resume())


@app.post("/checkout/authorization")
async def authorize() -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    plan, checkout = await request.get_json(), await resume()
    authorization_id = await shop_rules.authorize(checkout, plan["plan_id"], plan["term"])
    return {"authorization_id": authorization_id}


@app.post("/staff/capture")
async def capture() -> dict[str, str]:
    """Capture an order that ships; customers have no business here."""
    if not shop_rules.is_staff(request.headers.get("authorization")):
        abort(Response(status=401, headers=shop_rules.CHALLENGE))
    asked = await request.get_json()
    capture_id = await shop_rules.capture(flexiti_of(current_app), asked["order"])
    if capture_id is None:
        abort(404)
    return {"capture_id": capture_id}
