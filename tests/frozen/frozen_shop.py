"""
A shop to be frozen: `frozen_shop STORE …` sells with each store, `frozen_shop cli …` is the CLI.

It prints one line of JSON: what it has seen.
"""

import asyncio
import contextlib
import importlib.metadata
import json
import logging
import sys

import aiohttp

import flexiti_async.api
from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.sandbox import Sandbox

DISTRIBUTION = "flexiti-async"
"""PyInstaller adds the metadata that a call names by a literal."""


async def sold(sandbox: Sandbox, store: str) -> str:
    """Start a checkout, and return the title of the widget's page, or why there is none."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        journal="memory://",
    )
    try:
        async with FlexitiSession(config) as flexiti:
            checkout = await flexiti.checkout("order-1", resumable=False)
            widget = await checkout.init_widget(PurchaseWidget(account_number=20009100))
            async with aiohttp.ClientSession() as http, http.get(widget.redirection_url) as answer:
                return (await answer.text()).partition("<title>")[2].partition("</title>")[0]
    except ConfigError as error:
        return str(error)


async def main() -> None:
    """Sell with every store."""
    logging.getLogger("flexiti_async").addHandler(logging.NullHandler())  # of stores that are down
    metadata = None
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        metadata = importlib.metadata.version(DISTRIBUTION)
    async with Sandbox() as sandbox:
        titles = {store: await sold(sandbox, store) for store in sys.argv[1:]}
    models = "Plans" in dir(flexiti_async.api)
    sys.stdout.write(json.dumps({"metadata": metadata, "models": models, "titles": titles}))


if sys.argv[1] == "cli":
    from flexiti_async.cli import main as command

    sys.exit(command(sys.argv[2:]))
asyncio.run(main())
