"""
FastAPI: `uvicorn fastapi_shop:app --workers 2`, with `FLEXITI_*` in the environment.

A real shop keeps the reference id in its own signed session, not in the URL: see
`flexiti_async/demo`.
"""

from decimal import Decimal
from typing import Annotated

from fastapi import Body, FastAPI

from flexiti_async import PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.fastapi import Flexiti, add_problem_handler, lifespan

TOTAL = Decimal("300.00")

app = FastAPI(lifespan=lifespan())
add_problem_handler(app)


@app.post("/checkouts")
async def start(
    flexiti: Flexiti, order: Annotated[str, Body()], account_number: Annotated[str, Body()]
) -> dict[str, str]:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    checkout = await flexiti.checkout(order)
    widget = await checkout.init_widget(PurchaseWidget(account_number=account_number))
    return {"reference_id": checkout.reference_id, "redirection_url": widget.redirection_url}


@app.post("/checkouts/{reference_id}/event")
async def event(flexiti: Flexiti, reference_id: str, message: dict[str, object]) -> dict[str, str]:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await flexiti.resume(reference_id)
    return {"next": await checkout.handle_event(message)}


@app.post("/checkouts/{reference_id}/authorization")
async def authorize(
    flexiti: Flexiti,
    reference_id: str,
    plan_id: Annotated[int, Body()],
    term: Annotated[int, Body()],
) -> dict[str, str | None]:
    """Authorize the purchase with the plan that the customer chose."""
    checkout = await flexiti.resume(reference_id)
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan_id, term=term
    )
    return {"authorization_id": authorization.authorization_id}
