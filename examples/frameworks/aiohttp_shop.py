"""
aiohttp.web: `python aiohttp_shop.py`, with `FLEXITI_*` in the environment.

A real shop keeps the reference id in its own signed session, not in the URL: see
`flexiti_async/demo`.
"""

import os
from decimal import Decimal

from aiohttp import web

from flexiti_async import OnlineCheckout, PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.aiohttp_web import FLEXITI, setup

TOTAL = Decimal("300.00")

routes = web.RouteTableDef()


async def resume(request: web.Request) -> OnlineCheckout:
    """Resume the checkout of a request, whichever process started it."""
    return await request.app[FLEXITI].resume(request.match_info["reference_id"])


@routes.post("/checkouts")
async def start(request: web.Request) -> web.Response:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    asked = await request.json()
    checkout = await request.app[FLEXITI].checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    answer = {"reference_id": checkout.reference_id, "redirection_url": widget.redirection_url}
    return web.json_response(answer)


@routes.post("/checkouts/{reference_id}/event")
async def event(request: web.Request) -> web.Response:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await resume(request)
    return web.json_response({"next": await checkout.handle_event(await request.read())})


@routes.post("/checkouts/{reference_id}/authorization")
async def authorize(request: web.Request) -> web.Response:
    """Authorize the purchase with the plan that the customer chose."""
    plan, checkout = await request.json(), await resume(request)
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan["plan_id"], term=plan["term"]
    )
    return web.json_response({"authorization_id": authorization.authorization_id})


app = web.Application()
app.add_routes(routes)
setup(app)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
