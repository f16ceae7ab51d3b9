"""
Starlette: `FLEXITI_STORE=file:///srv/shop uvicorn starlette_shop:app --workers 2`.

The store is shared by all workers, and `FLEXITI_TOKEN_KEYS` encrypts it. The other `FLEXITI_*`
variables and `SHOP_*` are set as well.

The reference id stays in the customer's signed session: no URL, form or body carries it.
"""

import os

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

import shop_rules
from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.integrations.starlette import add_problem_handler, flexiti_of, lifespan


async def resume(request: Request) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    if "reference_id" not in request.session:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti_of(request).resume(request.session["reference_id"])


async def page(_: Request) -> HTMLResponse:
    """Return the page with the frame, which calls the following."""
    return HTMLResponse(shop_rules.PAGE)


async def start(request: Request) -> JSONResponse:
    """Start a checkout of an order, unless it is paid; the page shows the URL in the frame."""
    asked = await request.json()
    checkout = await flexiti_of(request).checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    request.session["reference_id"] = checkout.reference_id
    return JSONResponse({"redirection_url": widget.redirection_url})


async def event(request: Request) -> JSONResponse:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await resume(request)
    return JSONResponse({"next": await shop_rules.react(checkout, await request.body())})


async def plans(request: Request) -> JSONResponse:
    """Return the plans that the customer can choose from."""
    return JSONResponse(await shop_rules.plans_of(await resume(request)))


async def authorize(request: Request) -> JSONResponse:
    """Authorize the purchase with the plan that the customer chose."""
    plan, checkout = await request.json(), await resume(request)
    authorization_id = await shop_rules.authorize(checkout, plan["plan_id"], plan["term"])
    return JSONResponse({"authorization_id": authorization_id})


async def capture(request: Request) -> JSONResponse:
    """Capture an order that ships; customers have no business here."""
    if not shop_rules.is_staff(request.headers.get("authorization")):
        raise HTTPException(401, headers=shop_rules.CHALLENGE)
    capture_id = await shop_rules.capture(flexiti_of(request), (await request.json())["order"])
    if capture_id is None:
        raise HTTPException(404)
    return JSONResponse({"capture_id": capture_id})


app = Starlette(
    routes=[
        Route("/", page),
        Route("/checkout", start, methods=["POST"]),
        Route("/checkout/event", event, methods=["POST"]),
        Route("/checkout/plans", plans),
        Route("/checkout/authorization", authorize, methods=["POST"]),
        Route("/staff/capture", capture, methods=["POST"]),
    ],
    middleware=[
        Middleware(
            SessionMiddleware,  # its cookies are HttpOnly and SameSite=Lax
            secret_key=os.environ["SHOP_SECRET_KEY"],
            https_only=shop_rules.HTTPS,
        )
    ],
    lifespan=lifespan(),
)
add_problem_handler(app)
