"""
A program that takes one step of a checkout, in a process of its own.

Arguments: base URL, client id, client secret, store, the step, and the step's arguments, the first
of which is the reference id. It prints the data that a shop would keep.
"""

import asyncio
import json
import sys

from flexiti_async import FlexitiConfig, FlexitiSession, OnlineCheckout, PurchaseWidget


async def take(checkout: OnlineCheckout, step: str, given: str, *more: str) -> None:
    """Take one step."""
    match step:
        case "event":
            await checkout.handle_event(given)
        case "plans":
            await checkout.plans(given)
        case "authorize":
            await checkout.authorize(
                given,
                transaction_type="promotional_purchase",
                plan_id=101,
                term=12,
                account_number=more[0],
            )
        case _:
            raise ValueError(step)


async def main() -> None:
    """Take the step that the arguments name."""
    base_url, client_id, client_secret, store, step, first, *rest = sys.argv[1:]
    config = FlexitiConfig(
        base_url=base_url,
        client_id=client_id,
        client_secret=client_secret,
        store=store,
        # As in patience.py, which a program that is started by its path cannot import.
        token_timeout=300,
        request_timeout=300,
        connect_timeout=300,
        store_timeout=300,
    )
    async with FlexitiSession(config) as flexiti:
        if step == "start":
            checkout = await flexiti.checkout("order-1")
            await checkout.init_widget(PurchaseWidget(account_number=first))
        else:
            checkout = await flexiti.resume(first)
            await take(checkout, step, *rest)
        kept = {
            "reference_id": checkout.reference_id,
            "session_id": checkout.session_id,
            "step": checkout.step,
        }
        sys.stdout.write(json.dumps(kept))


if __name__ == "__main__":
    asyncio.run(main())
