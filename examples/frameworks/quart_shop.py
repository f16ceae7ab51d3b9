"""
Quart: `hypercorn --workers 2 quart_shop:app`, with `FLEXITI_*` in the environment.

A real shop keeps the reference id in its own signed session, not in the URL: see
`flexiti_async/demo`.
"""

from decimal import Decimal

from quart import Quart, current_app, request

from flexiti_async import PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.quart import flexiti_of, setup

TOTAL = Decimal("300.00")

app = Quart(__name__)
setup(app)


@app.post("/checkouts")
async def start() -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    asked = await request.get_json()
    checkout = await flexiti_of(current_app).checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    return {"reference_id": checkout.reference_id, "redirection_url": widget.redirection_url}


@app.post("/checkouts/<reference_id>/event")
async def event(reference_id: str) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await flexiti_of(current_app).resume(reference_id)
    return {"next": await checkout.handle_event(await request.get_data())}


@app.post("/checkouts/<reference_id>/authorization")
async def authorize(reference_id: str) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    plan = await request.get_json()
    checkout = await flexiti_of(current_app).resume(reference_id)
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan["plan_id"], term=plan["term"]
    )
    return {"authorization_id": authorization.authorization_id}
