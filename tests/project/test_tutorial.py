"""The shop of the tutorial takes a payment, as its reader would see it."""

import asyncio
import html
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from attrs import define

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Drop

from ..support.patience import PATIENT_VARIABLES
from ..support.ports import free_port
from .test_docs import PAGES, blocks


@pytest.fixture
def port() -> int:
    """Return a free port."""
    return free_port()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Return a running sandbox."""
    async with Sandbox() as sandbox:
        yield sandbox


@define
class Shop:
    """
    The running shop.

    Attributes:
        url: Its address.
        log: Its log; complete after `stop`.
    """

    url: str
    process: asyncio.subprocess.Process
    log: str = ""

    async def stop(self) -> str:
        """Stop it, and return its log."""
        if self.process.returncode is None:
            self.process.terminate()
        _, errors = await self.process.communicate()
        self.log += errors.decode()
        return self.log


@pytest.fixture
async def shop(sandbox: Sandbox, port: int, tmp_path: Path) -> AsyncIterator[Shop]:
    """Run shop.py in a process, on a free port; its log has no traceback and no token."""
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
            **PATIENT_VARIABLES,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()  # it prints its address
    shop = Shop(f"http://127.0.0.1:{port}", process)
    yield shop
    if process.returncode is None:
        await shop.stop()

    assert "Traceback" not in shop.log
    assert [] == [token for token in sandbox.tokens if token.access_token in shop.log]


def browser() -> aiohttp.ClientSession:
    """Return a browser, which keeps the cookies of an IP address as well."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def open_page(http: aiohttp.ClientSession, shop: Shop) -> tuple[str, str]:
    """Open the payment page; return the URLs of the widget and of its events."""
    async with http.get(f"{shop.url}/pay", params={"order": "order-1"}) as answer:
        page = await answer.text()
    [url] = re.findall(r'<iframe src="([^"]+)"', page)
    [path] = re.findall(r'fetch\("([^"]+)"', page)
    return html.unescape(url), f"{shop.url}{path}"


async def post(
    http: aiohttp.ClientSession, to: str, event: object, language: str = "en"
) -> tuple[int, str]:
    """Post an event as the page does; return status and text of the answer."""
    headers = {"Accept-Language": language}
    async with http.post(to, data=json.dumps(event), headers=headers) as answer:
        return answer.status, await answer.text()


async def test_it_takes_a_payment(sandbox: Sandbox, shop: Shop) -> None:
    """The customer approves, the shop authorizes and thanks them, also if the event comes twice."""
    async with browser() as http:
        url, to = await open_page(http, shop)
        event = sandbox.play(url)
        answers = [await post(http, to, event) for _ in range(2)]

    [authorization] = sandbox.authorizations

    assert [(200, "Thank you. Your payment is authorized.")] * 2 == answers
    assert "order-1" == authorization.reference
    assert f"order-1: authorization {authorization.authorization_id}" in await shop.stop()


async def test_it_handles_a_declined_customer(sandbox: Sandbox, shop: Shop) -> None:
    """A declined customer is asked to pay in another way, also if the event comes twice."""
    async with browser() as http:
        url, to = await open_page(http, shop)
        event = sandbox.play(url, "decline")
        answers = [await post(http, to, event) for _ in range(2)]

    assert [(200, "Please pay in another way.")] * 2 == answers
    assert () == sandbox.authorizations


async def test_it_takes_no_second_payment_while_the_outcome_is_unknown(
    sandbox: Sandbox, shop: Shop
) -> None:
    """
    The answer to the authorization is lost: whatever the customer does next, the payment is being
    checked, and nothing is sent again.
    """
    sandbox.inject(Drop(), endpoint="authorization")
    checked = "Your payment is being checked. Please do not pay again."
    async with browser() as http, browser() as another_tab:
        url, to = await open_page(http, shop)
        event = sandbox.play(url)
        status, text = await post(http, to, event)
        again = await post(http, to, event)
        french = await post(http, to, event, "fr-CA")
        async with another_tab.get(f"{shop.url}/pay", params={"order": "order-1"}) as answer:
            reopened = (answer.status, await answer.text())

    assert 409 == status
    assert text.startswith(checked)
    assert (status, text) == again == reopened
    assert "Votre paiement est en cours de vérification. " in french[1]
    assert 1 == sandbox.count("authorization") == len(sandbox.authorizations)

    reference_id = str(sandbox.requests[-1].reference_id)

    assert [] != [line for line in (await shop.stop()).splitlines() if reference_id in line]


async def test_it_goes_on_after_a_failure_in_between(sandbox: Sandbox, shop: Shop) -> None:
    """The plans cannot be had for a moment; the same event again takes the payment."""
    sandbox.fail("calculate-interest", status=500, times=None)
    async with browser() as http:
        url, to = await open_page(http, shop)
        event = sandbox.play(url)
        status, text = await post(http, to, event)
        sandbox.heal()
        again = await post(http, to, event)

    assert (503, "Flexiti is unavailable right now.") == (status, text.partition(" Please")[0])
    assert (200, "Thank you. Your payment is authorized.") == again


async def test_an_unknown_event_leaves_the_frame_alone(sandbox: Sandbox, shop: Shop) -> None:
    """The page keeps the frame, and the event that follows counts."""
    async with browser() as http:
        url, to = await open_page(http, shop)
        event = sandbox.play(url)
        unknown = await post(http, to, {**event, "eventType": "flx-news"})
        known = await post(http, to, event)

    assert (204, "") == unknown
    assert 200 == known[0]


async def test_it_answers_a_forgery_with_a_problem(sandbox: Sandbox, shop: Shop) -> None:
    """An event of another checkout is rejected, without details."""
    async with browser() as http:
        url, _ = await open_page(http, shop)
        _, to = await open_page(http, shop)
        status, text = await post(http, to, sandbox.play(url))

    assert 403 == status
    assert text.startswith("This confirmation does not belong to this payment.")
    assert () == sandbox.authorizations


async def test_it_knows_no_checkout_without_the_customers_session(
    sandbox: Sandbox, shop: Shop
) -> None:
    """An event is of the checkout in the customer's session, whatever else the request names."""
    async with browser() as http, browser() as stranger:
        url, to = await open_page(http, shop)
        reference_id = str(sandbox.requests[-1].reference_id)
        event = {**sandbox.play(url), "reference_id": reference_id}
        status, _ = await post(stranger, f"{to}?reference_id={reference_id}", event)

    assert 404 == status
    assert reference_id not in to
    assert () == sandbox.authorizations
