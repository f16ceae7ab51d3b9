"""The example of each framework, in a server that it is deployed with, against the sandbox."""

import asyncio
import base64
import json
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
from flexiti_async.sandbox.faults import Drop

from ..support.patience import PATIENCE
from ..support.ports import free_port
from .servers import environment, serving

FOLDER = Path(__file__).parents[2] / "examples" / "frameworks"
CUSTOMERS = 12
PLAN = {"plan_id": 101, "term": 12}
PASSWORD = "open sesame"
STAFF = {"Authorization": f"Basic {base64.b64encode(f'staff:{PASSWORD}'.encode()).decode()}"}
SHOP = {"SHOP_SECRET_KEY": secrets.token_hex(32), "SHOP_STAFF_PASSWORD": PASSWORD}

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
    "starlette": [
        *("-m", "uvicorn", "--app-dir", "{folder}", "--workers", "2", "--port", "{port}"),
        "starlette_shop:app",
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
    env = environment(sandbox, f"file://{folder}/tokens?timeout={PATIENCE}")
    env |= {"PORT": str(port), "PYTHONPATH": f"{FOLDER}:{env.get('PYTHONPATH', '')}"}
    env |= {**SHOP, "SHOP_ORIGIN": origin or f"http://127.0.0.1:{port}"}
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


async def start(customer: aiohttp.ClientSession, order: str = "") -> str:
    """Start a checkout of an order; return the URL of the widget, which is all that is shown."""
    asked = {"order": order or f"order-{uuid.uuid4().hex}", "account_number": "10000001"}
    answer = await post(customer, "/checkout", asked)
    assert ["redirection_url"] == list(answer)
    return str(answer["redirection_url"])


def session_cookie(customer: aiohttp.ClientSession) -> Morsel[str]:
    """Return a customer's only cookie, which no script and no other site can use."""
    [cookie] = customer.cookie_jar
    assert (True, "lax") == (cookie["httponly"], str(cookie["samesite"]).lower())
    return cookie


async def buy(shop: str, sandbox: Sandbox) -> str:
    """Act as a customer, from the page to the authorization, and post everything twice."""
    async with browser(shop) as customer:
        async with customer.get("/") as page:
            assert 'id="widget"' in await page.text()
        order = f"order-{uuid.uuid4().hex}"
        event = sandbox.play(await start(customer, order))
        assert not session_cookie(customer)["secure"]  # on loopback, without TLS
        unknown = await post(customer, "/checkout/event", {**event, "eventType": "flx-news"})
        assert {"next": "widget"} == unknown
        for _ in range(2):
            assert {"next": "plans"} == await post(customer, "/checkout/event", event)
        async with customer.get("/checkout/plans") as offered:
            first = (await offered.json())[0]
        assert {"plan_id", "name", "term", "monthly"} == set(first)
        chosen = {"plan_id": first["plan_id"], "term": first["term"]}
        bought = await post(customer, "/checkout/authorization", chosen)
        assert bought == await post(customer, "/checkout/authorization", chosen)
        assert {"next": "paid"} == await post(customer, "/checkout/event", event)
        body = {"order": order}
        async with customer.post("/staff/capture", json=body) as refused:
            assert (401, True) == (refused.status, "WWW-Authenticate" in refused.headers)
    return order


async def lose_the_answer(shop: str, sandbox: Sandbox) -> None:
    """Act as a customer whose authorization is made while the answer to it is lost."""
    checked = (409, "urn:problem-type:flexiti:payment-being-checked", "fr")
    sandbox.inject(Drop(), endpoint="authorization")
    async with browser(shop) as customer:
        order = {"order": "order-lost", "account_number": "10000001"}
        event = sandbox.play(await start(customer, order["order"]))
        await post(customer, "/checkout/event", event)
        for path, body in (
            *(("/checkout/authorization", PLAN), ("/checkout/authorization", PLAN)),
            ("/checkout", order),
        ):
            assert checked == await refusal(customer, path, json=body)


async def capture(shop: str, order: str) -> tuple[int, str]:
    """Act as the staff when an order ships; return status and number of the capture."""
    async with (
        browser(shop) as staff,
        staff.post("/staff/capture", json={"order": order}, headers=STAFF) as answer,
    ):
        text = await answer.text()
    return (200, json.loads(text)["capture_id"]) if answer.ok else (answer.status, "")


@pytest.mark.parametrize("framework", sorted(COMMANDS))
def test_an_example_uses_nothing_deprecated(framework: str) -> None:
    """It imports, and builds its application, without a warning."""
    code = f"import {framework}_shop as shop; getattr(shop, 'app', None) or shop.application"
    variables = {**SHOP, "SHOP_ORIGIN": "http://127.0.0.1:8000"}
    subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        env={**os.environ, **variables, "PYTHONPATH": str(FOLDER)},
        check=True,
        timeout=PATIENCE,
    )


def test_workers_of_an_example_share_a_store() -> None:
    """The top of each file names a store of several processes, and the key that it needs."""
    files = sorted(FOLDER.glob("*_shop.py"))
    tops = {file.stem: file.read_text("utf-8").partition("\nimport")[0] for file in files}
    named = ("FLEXITI_STORE=file:///", "FLEXITI_TOKEN_KEYS")

    assert [f"{name}_shop" for name in sorted(COMMANDS)] == list(tops)
    assert [] == [name for name, top in tops.items() if not all(one in top for one in named)]


@pytest.mark.parametrize("framework", sorted(COMMANDS))
async def test_a_shop_takes_payments(
    framework: str, flexiti_sandbox: Sandbox, tmp_path: Path
) -> None:
    """
    Customers buy from the page to the authorization, whichever worker serves a step, with one token
    for all; the staff captures; and a payment whose outcome is unknown is being checked, whatever
    its customer does.
    """
    async with running(framework, flexiti_sandbox, tmp_path) as shop:
        buying = (buy(shop, flexiti_sandbox) for _ in range(CUSTOMERS))
        orders = await asyncio.gather(*buying)
        assert 1 == flexiti_sandbox.count("oauth/token")
        captured = [await capture(shop, orders[0]) for _ in range(2)]  # a second click
        await lose_the_answer(shop, flexiti_sandbox)
        unpaid = await capture(shop, "order-lost"), await capture(shop, "order-none")

    authorized = [one.reference for one in flexiti_sandbox.authorizations]
    [once] = flexiti_sandbox.captures

    assert sorted([*orders, "order-lost"]) == sorted(authorized)
    assert [(200, str(once.capture_id))] * 2 == captured
    assert ((404, ""), (404, "")) == unpaid


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

        assert {"next": "plans"} == await post(customer, "/checkout/event", event)
        await post(customer, "/checkout/authorization", PLAN)

    assert 1 == len(flexiti_sandbox.authorizations)
