"""The example of each framework, in a server that it is deployed with, against the sandbox."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flexiti_async.sandbox import Sandbox

from .servers import environment, free_port, serving

FOLDER = Path(__file__).parents[2] / "examples" / "frameworks"
CUSTOMERS = 12

COMMANDS = {
    "aiohttp": ["{folder}/aiohttp_shop.py"],
    "django": [
        *("-m", "gunicorn", "-k", "asgi", "--workers", "2", "--bind", "127.0.0.1:{port}"),
        *("--chdir", "{folder}", "--no-control-socket", "django_shop:application"),
    ],
    "fastapi": [
        *("-m", "uvicorn", "--app-dir", "{folder}", "--workers", "2", "--port", "{port}"),
        "fastapi_shop:app",
    ],
    "litestar": [
        *("-m", "granian", "--interface", "asgi", "--workers", "2", "--port", "{port}"),
        *("--workers-kill-timeout", "2", "--working-dir", "{folder}", "litestar_shop:app"),
    ],
    "quart": [
        *("-m", "hypercorn", "--workers", "2", "--bind", "127.0.0.1:{port}"),
        "quart_shop:app",
    ],
}
"""Arguments of `python`; all but aiohttp's run two workers."""


@pytest.fixture(params=sorted(COMMANDS))
async def shop(
    request: pytest.FixtureRequest, flexiti_sandbox: Sandbox, tmp_path: Path
) -> AsyncIterator[str]:
    """Yield the URL of a running example, whose workers share tokens through a folder."""
    port = free_port()
    words = [word.format(folder=FOLDER, port=port) for word in COMMANDS[request.param]]
    env = environment(flexiti_sandbox, f"file://{tmp_path}/tokens")
    env |= {"PORT": str(port), "PYTHONPATH": f"{FOLDER}:{env.get('PYTHONPATH', '')}"}
    async with serving(words, port, env, tmp_path) as url:
        yield url


async def buy(shop: str, sandbox: Sandbox) -> str:
    """Act as a customer; each step uses a connection of its own, so any worker may serve it."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(shop, connector=connector, raise_for_status=True) as browser:
        wanted = {"order": f"order-{uuid.uuid4().hex}", "account_number": "10000001"}
        order = await _post(browser, "/checkouts", wanted)
        event = sandbox.play(order["redirection_url"])
        here = f"/checkouts/{order['reference_id']}"
        answer = await _post(browser, f"{here}/event", event)
        assert {"next": "authorize"} == answer
        plan = {"plan_id": 101, "term": 12}
        bought = await _post(browser, f"{here}/authorization", plan)
        assert bought == await _post(browser, f"{here}/authorization", plan)  # a second click
    return str(bought["authorization_id"])


async def _post(browser: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    async with browser.post(path, json=body) as response:
        answer: dict[str, Any] = await response.json()
    return answer


async def test_many_buy_with_one_token(shop: str, flexiti_sandbox: Sandbox) -> None:
    """
    Customers buy from start to finish, whichever worker serves a step, and all workers together
    request one token; an unknown reference id is a problem in the customer's language.
    """
    buying = (buy(shop, flexiti_sandbox) for _ in range(CUSTOMERS))
    authorizations = await asyncio.gather(*buying)

    held = {one.authorization_id for one in flexiti_sandbox.authorizations}

    assert CUSTOMERS == len(held)
    assert held == {int(one) for one in authorizations}
    assert 1 == flexiti_sandbox.count("oauth/token")

    async with (
        aiohttp.ClientSession(shop, headers={"accept-language": "fr-CA"}) as browser,
        browser.post(f"/checkouts/{'0' * 32}/event", json={}) as refused,
    ):
        problem = await refused.json(content_type="application/problem+json")

    assert 404 == refused.status
    assert "urn:problem-type:flexiti:checkout-ended" == problem["type"]
    assert "fr" == refused.headers["content-language"]
