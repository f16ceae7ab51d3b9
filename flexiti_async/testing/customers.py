"""Customers of a sandbox, for tests of what follows the widget."""

import json

from flexiti_async.api.widget import PurchaseWidget
from flexiti_async.checkout.online import OnlineCheckout
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing.arguments import check_type

__all__ = ["verified"]


async def verified(
    checkout: OnlineCheckout, sandbox: Sandbox, *, account_number: int = 10000001
) -> OnlineCheckout:
    """
    Lead a checkout through the widget, as a customer who approves, and return it.

    `checkout = await verified(await flexiti.checkout("order-1"), flexiti_sandbox)` is what a test
    of plans and authorizations begins with.

    Args:
        checkout: A checkout of the sandbox, at its start.
        sandbox: The sandbox.
        account_number: One of its accounts.

    Raises:
        ValidationError: An argument is of another type.
        FlexitiError: The sandbox or the checkout refuses a step.
    """
    check_type("checkout", checkout, OnlineCheckout)
    check_type("sandbox", sandbox, Sandbox)
    widget = await checkout.init_widget(PurchaseWidget(account_number=account_number))
    await checkout.handle_event(json.dumps(sandbox.play(widget.redirection_url)))
    return checkout
