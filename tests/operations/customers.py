"""Purchases of customers who have passed the widget, without a checkout."""

from typing import Any, Final

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.api.purchases import OnlinePurchase
from flexiti_async.sandbox import Sandbox

__all__ = ["ACCOUNT", "purchase"]

ACCOUNT: Final = 10000001


async def purchase(
    flexiti: FlexitiSession, sandbox: Sandbox, amount: str = "300.00", **more: Any
) -> OnlinePurchase:
    """Return a purchase for an account, after the customer's verification."""
    widget = await flexiti.init_widget(PurchaseWidget(account_number=ACCOUNT))
    event: Any = sandbox.play(widget.redirection_url)
    given: dict[str, Any] = {
        "account_number": ACCOUNT,
        "amount": amount,
        "transaction_type": "promotional_purchase",
        "plan_id": 101,
        "term": 12,
        "auto_capture": False,
        "widget_session_id": event["eventData"]["widget_session_id"],
        **more,
    }
    return OnlinePurchase(**given)
