"""A token's life is looked at last: no request is sent with one that has ended."""

import asyncio
from typing import Final

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.api.reference import i18n
from flexiti_async.errors import CheckoutExpired
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession
from ..support.patience import PATIENT

BUY: Final = PurchaseWidget(account_number=20009100)


async def a_few_turns() -> None:
    """Let new tasks reach their first wait."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def session(make_session: MakeSession) -> FlexitiSession:
    """Return a session that makes one call at a time."""
    return make_session(connections=1)


async def test_a_token_that_ends_while_a_call_waits_for_a_slot_is_replaced(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The call is sent once, with another token."""
    await session.token(min_ttl=None)
    sandbox.latency = {"i18n": 0.2}
    first = asyncio.create_task(session.send(i18n()))
    second = asyncio.create_task(session.init_widget(BUY))
    await a_few_turns()
    clock.advance(1200)
    await asyncio.gather(first, second)

    assert (1, 0) == tuple(sandbox.count("widget/init", status=one) for one in (200, 401))


async def test_a_checkout_whose_token_ends_while_it_waits_has_expired(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """It is not rejected: it has simply ended, and nothing was sent."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    sandbox.latency = {"i18n": 0.2}
    first = asyncio.create_task(session.send(i18n()))
    second = asyncio.create_task(checkout.init_widget(BUY))
    await a_few_turns()
    clock.advance(1200)
    await first

    with pytest.raises(CheckoutExpired):
        await second
    assert 1 == sandbox.count("widget/init")


async def test_a_401_after_the_end_of_a_checkouts_token_says_so(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The token ended while the request was under way."""
    checkout = await session.checkout("order-1")
    await checkout.init_widget(BUY)
    sandbox.fail("widget/init", status=401)
    sandbox.on_request = lambda _: clock.advance(1200)

    with pytest.raises(CheckoutExpired):
        await checkout.init_widget(BUY)
    assert 2 == sandbox.count("widget/init")


async def test_a_token_that_ends_in_the_queue_of_a_lent_session_is_not_sent() -> None:
    """The queue of aiohttp itself is left at the end of the token."""
    async with (
        Sandbox(expires_in=2) as sandbox,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as lent,
    ):
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
            store="memory://ended",
            **PATIENT,
        )
        async with FlexitiSession(config, client_session=lent) as session:
            checkout = await session.checkout("order-1")
            await checkout.init_widget(BUY)
            sandbox.latency = {"i18n": 2.5}
            first = asyncio.create_task(session.send(i18n()))
            await a_few_turns()
            with pytest.raises(CheckoutExpired):
                await checkout.init_widget(BUY)
            await asyncio.wait([first])

        assert 1 == sandbox.count("widget/init")
