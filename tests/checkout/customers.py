"""Customers and checkouts in progress, shared by the tests of checkouts."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flexiti_async import (
    ApplyWidget,
    InStoreCheckout,
    OnlineCheckout,
    PurchaseWidget,
    Reaction,
)
from flexiti_async.sandbox import Sandbox

ACCOUNT = 10000001
OTHER_ACCOUNT = 20009100
BUY = PurchaseWidget(account_number=ACCOUNT)
APPLICANT = ApplyWidget(
    first_name="Grace",
    last_name="Applicant",
    dob="1990-01-31",
    postal_code="K1A0B1",
    email="grace@example.com",
    phone_number=6135550100,
    address_1="1 Sample St",
    city="Ottawa",
    province="ON",
    tos_agreement=True,
)
PLAN: dict[str, Any] = {
    "transaction_type": "promotional_purchase",
    "plan_id": 101,
    "term": 12,
    "reference": "order-1",
}
COUNTER: dict[str, Any] = {"external_location_id": "store-1", "external_employee_id": "clerk-1"}


def plan(**changes: Any) -> dict[str, Any]:
    """Return the arguments of the chosen plan, with changes."""
    return {**PLAN, **changes}


def at_the_counter(**changes: Any) -> dict[str, Any]:
    """Return the arguments of an authorization in store, with changes."""
    return {**PLAN, **COUNTER, **changes}


async def verified(
    checkout: OnlineCheckout, sandbox: Sandbox, widget: PurchaseWidget = BUY
) -> OnlineCheckout:
    """Complete the widget for a customer."""
    answer = await checkout.init_widget(widget)
    reaction = await checkout.handle_event(json.dumps(sandbox.play(answer.redirection_url)))
    assert Reaction.AUTHORIZE is reaction
    return checkout


async def authorized(
    checkout: OnlineCheckout, sandbox: Sandbox, amount: Decimal | int | str = "300.00", **more: Any
) -> OnlineCheckout:
    """Authorize a purchase."""
    await verified(checkout, sandbox)
    await checkout.authorize(amount, **plan(**more))
    return checkout


async def with_code(checkout: InStoreCheckout) -> InStoreCheckout:
    """Look the customer up and verify them at the counter, with a code in the answer."""
    await checkout.lookup(account_number=ACCOUNT)
    await checkout.verify("merchant_override")
    return checkout


def balances(sandbox: Sandbox, account_number: int = ACCOUNT) -> Mapping[str, Decimal]:
    """Return the bank's amounts of an account: available, held, and owed."""
    account = sandbox.account(account_number)
    return {
        "free": account.available_credit,
        "held": account.held,
        "owed": account.balance,
    }


def money_requests(sandbox: Sandbox) -> list[str]:
    """Return the names of the requests that can have moved money, in order."""
    moving = {
        "authorization",
        "authorization/release",
        "authorization/capture",
        "authorization/capture/return",
        "refund",
    }
    return [request.endpoint for request in sandbox.requests if request.endpoint in moving]
