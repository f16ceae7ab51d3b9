"""The shop of the tutorial takes a payment, as its reader would see it."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from flexiti_async.sandbox import Sandbox

from .test_docs import PAGES, blocks


@pytest.fixture
def port() -> int:
    """Return a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Return a running sandbox."""
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def shop(sandbox: Sandbox, port: int, tmp_path: Path) -> AsyncIterator[str]:
    """Run shop.py in a process, on a free port; return its address."""
    [source] = blocks(PAGES["tutorial.md"], "python")
    file = tmp_path / "shop.py"
    file.write_text(source.replace("port=8000", f"port={port}"), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # aiohttp-session names its values by texts; without our `-W error` aiohttp ignores that.
        *("-P", "-W", "error", "-W", "ignore::UserWarning:aiohttp_session", str(file)),
        env={
            "PYTHONUNBUFFERED": "1",
            "FLEXITI_BASE_URL": sandbox.base_url,
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    if first:  # it prints its address
        yield f"http://127.0.0.1:{port}"
        process.terminate()
    _, errors = await process.communicate()
    # The only lines are that an account's first operation in a journal is reported.
    lines = errors.decode().splitlines()
    assert [] == [line for line in lines if not line.startswith("first operation of account")]


def browser() -> aiohttp.ClientSession:
    """Return a browser, which keeps the cookies of an IP address as well."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def open_page(http: aiohttp.ClientSession, shop: str) -> tuple[str, str]:
    """Open the payment page; return the URLs of the widget and of its events."""
    async with http.get(f"{shop}/pay", params={"order": "order-1"}) as answer:
        page = await answer.text()
    [url] = re.findall(r'<iframe src="([^"]+)"', page)
    [path] = re.findall(r'fetch\("([^"]+)"', page)
    return url, f"{shop}{path}"


async def test_it_takes_a_payment(sandbox: Sandbox, shop: str) -> None:
    """The customer approves, and the shop authorizes and thanks them."""
    async with browser() as http:
        url, to = await open_page(http, shop)
        async with http.post(to, data=json.dumps(sandbox.play(url))) as answer:
            thanks = await answer.text()

    [authorization] = sandbox.authorizations
    assert f"Thank you. Authorization {authorization.authorization_id}." == thanks
    assert ["order-1"] == [authorization.reference for authorization in sandbox.authorizations]


async def test_it_handles_a_declined_customer(sandbox: Sandbox, shop: str) -> None:
    """A declined customer is asked to pay in another way."""
    async with browser() as http:
        url, to = await open_page(http, shop)
        async with http.post(to, data=json.dumps(sandbox.play(url, "decline"))) as answer:
            text = await answer.text()

    assert "Please pay in another way." == text
    assert () == sandbox.authorizations


async def test_it_answers_a_forgery_with_a_problem(sandbox: Sandbox, shop: str) -> None:
    """An event of another checkout is rejected, without details."""
    async with browser() as http:
        url, _ = await open_page(http, shop)
        _, to = await open_page(http, shop)
        async with http.post(to, data=json.dumps(sandbox.play(url))) as answer:
            problem = json.loads(await answer.text())

    assert (502, "EventRefused") == (answer.status, problem["type"])
    assert () == sandbox.authorizations


async def test_it_knows_no_checkout_without_the_customers_session(
    sandbox: Sandbox, shop: str
) -> None:
    """An event is of the checkout in the customer's session, whatever else the request names."""
    async with browser() as http, browser() as stranger:
        url, to = await open_page(http, shop)
        reference_id = str(sandbox.requests[-1].reference_id)
        event = json.dumps({**sandbox.play(url), "reference_id": reference_id})
        async with stranger.post(to, data=event, params={"reference_id": reference_id}) as answer:
            status = answer.status

    assert 404 == status
    assert reference_id not in to
    assert () == sandbox.authorizations
