"""
Litestar: `granian --interface asgi --workers 2 litestar_shop:app`, with `FLEXITI_*` set.

A real shop keeps the reference id in its own signed session, not in the URL: see
`flexiti_async/demo`.
"""

from decimal import Decimal
from typing import Any

from litestar import Litestar, post
from litestar.di import NamedDependency

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.litestar import FlexitiPlugin

TOTAL = Decimal("300.00")


@post("/checkouts")
async def start(flexiti: NamedDependency[FlexitiSession], data: dict[str, str]) -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    checkout = await flexiti.checkout(data["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=data["account_number"]))
    return {"reference_id": checkout.reference_id, "redirection_url": widget.redirection_url}


@post("/checkouts/{reference_id:str}/event")
async def event(
    flexiti: NamedDependency[FlexitiSession], reference_id: str, data: dict[str, Any]
) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await flexiti.resume(reference_id)
    return {"next": await checkout.handle_event(data)}


@post("/checkouts/{reference_id:str}/authorization")
async def authorize(
    flexiti: NamedDependency[FlexitiSession], reference_id: str, data: dict[str, int]
) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    checkout = await flexiti.resume(reference_id)
    authorization = await checkout.authorize(
        TOTAL,
        transaction_type=PurchaseType.PROMOTIONAL,
        plan_id=data["plan_id"],
        term=data["term"],
    )
    return {"authorization_id": authorization.authorization_id}


app = Litestar([start, event, authorize], plugins=[FlexitiPlugin()])
