"""
aiohttp.web: `FLEXITI_STORE=file:///srv/shop python aiohttp_shop.py`.

The store is shared by all workers, and `FLEXITI_TOKEN_KEYS` encrypts it. The other `FLEXITI_*`
variables and `SHOP_*` are set as well.

The reference id stays in the customer's encrypted session: no URL, form or body carries it.
"""

import os

import aiohttp_session
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage

import shop_rules
from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.integrations.aiohttp_web import FLEXITI, setup

routes = web.RouteTableDef()


async def resume(request: web.Request) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    session = await aiohttp_session.get_session(request)
    if "reference_id" not in session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await request.app[FLEXITI].resume(session["reference_id"])


@routes.get("/")
async def page(_: web.Request) -> web.Response:
    """Return the page with the frame, which calls the following."""
    return web.Response(text=shop_rules.PAGE, content_type="text/html")


@routes.post("/checkout")
async def start(request: web.Request) -> web.Response:
    """Start a checkout of an order, unless it is paid; the page shows the URL in the frame."""
    asked, session = await request.json(), await aiohttp_session.get_session(request)
    checkout = await request.app[FLEXITI].checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    session["reference_id"] = checkout.reference_id
    return web.json_response({"redirection_url": widget.redirection_url})


@routes.post("/checkout/event")
async def event(request: web.Request) -> web.Response:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await resume(request)
    return web.json_response({"next": await shop_rules.react(checkout, await request.read())})


@routes.get("/checkout/plans")
async def plans(request: web.Request) -> web.Response:
    """Return the plans that the customer can choose from."""
    return web.json_response(await shop_rules.plans_of(await resume(request)))


@routes.post("/checkout/authorization")
async def authorize(request: web.Request) -> web.Response:
    """Authorize the purchase with the plan that the customer chose."""
    plan, checkout = await request.json(), await resume(request)
    authorization_id = await shop_rules.authorize(checkout, plan["plan_id"], plan["term"])
    return web.json_response({"authorization_id": authorization_id})


@routes.post("/staff/capture")
async def capture(request: web.Request) -> web.Response:
    """Capture an order that ships; customers have no business here."""
    if not shop_rules.is_staff(request.headers.get("Authorization")):
        raise web.HTTPUnauthorized(headers=shop_rules.CHALLENGE)
    capture_id = await shop_rules.capture(request.app[FLEXITI], (await request.json())["order"])
    if capture_id is None:
        raise web.HTTPNotFound
    return web.json_response({"capture_id": capture_id})


app = web.Application()
app.add_routes(routes)
storage = EncryptedCookieStorage(
    bytes.fromhex(os.environ["SHOP_SECRET_KEY"]),
    httponly=True,
    samesite="Lax",
    secure=shop_rules.HTTPS,
)
aiohttp_session.setup(app, storage)
setup(app)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
