"""The example of each framework, in a server that it is deployed with, against the sandbox."""

import asyncio
import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http.cookies import Morsel
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE
from .servers import environment, free_port, serving

FOLDER = Path(__file__).parents[2] / "examples" / "frameworks"
CUSTOMERS = 12
PLAN = {"plan_id": 101, "term": 12}

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


@asynccontextmanager
async def running(
    framework: str, sandbox: Sandbox, folder: Path, origin: str = ""
) -> AsyncGenerator[str, None]:
    """Run an example, whose workers share tokens through a folder; yield its URL."""
    port = free_port()
    words = [word.format(folder=FOLDER, port=port) for word in COMMANDS[framework]]
    env = environment(sandbox, f"file://{folder}/tokens")
    env |= {"PORT": str(port), "PYTHONPATH": f"{FOLDER}:{env.get('PYTHONPATH', '')}"}
    env |= {"SHOP_SECRET_KEY": secrets.token_hex(32)}
    env |= {"SHOP_ORIGIN": origin or f"http://127.0.0.1:{port}"}
    async with serving(words, port, env, folder) as url:
        yield url


def browser(shop: str) -> aiohttp.ClientSession:
    """Return a browser with cookies, whose requests use a connection each: any worker may serve."""
    # As browsers do, it sends cookies that are Secure to an address of this machine as well.
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=shop)
    connector = aiohttp.TCPConnector(force_close=True)
    return aiohttp.ClientSession(shop, connector=connector, cookie_jar=jar)


async def post(customer: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    """Post JSON, and return the answer to it."""
    async with customer.post(path, json=body) as response:
        response.raise_for_status()
        answer: dict[str, Any] = await response.json()
    return answer


async def refusal(
    customer: aiohttp.ClientSession, path: str, **request: Any
) -> tuple[int, str, str | None]:
    """Post a request that is refused; return status, type and language of the problem."""
    french = {"accept-language": "fr-CA"}
    async with customer.post(path, headers=french, **request) as response:
        problem = await response.json(content_type="application/problem+json")
    return response.status, problem["type"], response.headers.get("content-language")


async def start(customer: aiohttp.ClientSession) -> str:
    """Start a checkout of a new order; return the URL of the widget, which is all that is shown."""
    order = {"order": f"order-{uuid.uuid4().hex}", "account_number": "10000001"}
    answer = await post(customer, "/checkout", order)
    assert ["redirection_url"] == list(answer)
    return str(answer["redirection_url"])


def session_cookie(customer: aiohttp.ClientSession) -> Morsel[str]:
    """Return a customer's only cookie, which no script and no other site can use."""
    [cookie] = customer.cookie_jar
    assert (True, "lax") == (cookie["httponly"], str(cookie["samesite"]).lower())
    return cookie


async def buy(shop: str, sandbox: Sandbox) -> str:
    """Act as a customer, from start to finish."""
    async with browser(shop) as customer:
        event = sandbox.play(await start(customer))
        assert not session_cookie(customer)["secure"]  # on loopback, without TLS
        answer = await post(customer, "/checkout/event", event)
        assert {"next": "authorize"} == answer
        bought = await post(customer, "/checkout/authorization", PLAN)
        assert bought == await post(customer, "/checkout/authorization", PLAN)  # a second click
    return str(bought["authorization_id"])


@pytest.mark.parametrize("framework", sorted(COMMANDS))
def test_an_example_uses_nothing_deprecated(framework: str) -> None:
    """It imports, and builds its application, without a warning."""
    code = f"import {framework}_shop as shop; getattr(shop, 'app', None) or shop.application"
    variables = {"SHOP_SECRET_KEY": "5" * 64, "SHOP_ORIGIN": "http://127.0.0.1:8000"}
    subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        env={**os.environ, **variables, "PYTHONPATH": str(FOLDER)},
        check=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("framework", sorted(COMMANDS))
def test_workers_of_an_example_share_a_store(framework: str) -> None:
    """The first line that a reader copies names a store of several processes."""
    first = (FOLDER / f"{framework}_shop.py").read_text("utf-8").splitlines()[1]

    assert "FLEXITI_STORE=file:///" in first


@pytest.mark.parametrize("framework", sorted(COMMANDS))
async def test_many_buy_with_one_token(
    framework: str, flexiti_sandbox: Sandbox, tmp_path: Path
) -> None:
    """
    Customers buy from start to finish, whichever worker serves a step, and all workers together
    request one token.
    """
    async with running(framework, flexiti_sandbox, tmp_path) as shop:
        buying = (buy(shop, flexiti_sandbox) for _ in range(CUSTOMERS))
        authorizations = await asyncio.gather(*buying)

    held = {one.authorization_id for one in flexiti_sandbox.authorizations}

    assert CUSTOMERS == len(held)
    assert held == {int(one) for one in authorizations}
    assert 1 == flexiti_sandbox.count("oauth/token")


@pytest.mark.parametrize("framework", sorted(COMMANDS))
async def test_a_reference_id_is_no_capability(
    framework: str, flexiti_sandbox: Sandbox, tmp_path: Path
) -> None:
    """
    Nobody goes on with a checkout by knowing its reference id: without a session that the shop has
    made there is none, and with another customer's session it is that customer's own.
    """
    over_tls = "https://shop.example"  # in a deployment, a proxy ends TLS
    async with (
        running(framework, flexiti_sandbox, tmp_path, over_tls) as shop,
        browser(shop) as customer,
        browser(shop) as another,
        browser(shop) as stranger,
    ):
        event = flexiti_sandbox.play(await start(customer))
        reference_id = str(flexiti_sandbox.requests[-1].reference_id)
        cookie = session_cookie(customer)
        assert cookie["secure"]
        await start(another)
        known = {"reference_id": reference_id}
        forged = {cookie.key: reference_id, **known}
        ended = (404, "urn:problem-type:flexiti:checkout-ended", "fr")
        for step, body, of_another in (
            ("/checkout/event", {**event, **known}, 403),
            ("/checkout/authorization", PLAN, 409),
        ):
            assert ended == await refusal(stranger, step, json=body, params=known)
            assert ended == await refusal(stranger, step, json=body, cookies=forged)
            status, _, _ = await refusal(another, step, json=body, params=known)
            assert of_another == status
        assert () == flexiti_sandbox.authorizations

        assert {"next": "authorize"} == await post(customer, "/checkout/event", event)
        await post(customer, "/checkout/authorization", PLAN)

    assert 1 == len(flexiti_sandbox.authorizations)
