"""Real processes that are killed at named points of the library; others go on."""

import asyncio
from pathlib import Path

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.protocol.points import POINTS
from flexiti_async.testing import verified

from ..support.keys import encryption_key
from .shop import LEASE, LIFETIME, Shop

OF_TOKENS = [point for point in POINTS if point.startswith("token")]
OF_OPERATIONS = {
    "operation prepared": ("done", 1),
    "operation claimed": ("OutcomeUnknown", 0),
    "call connected": ("OutcomeUnknown", 0),
    "operation answered": ("OutcomeUnknown", 1),
    "operation recorded": ("done", 1),
    "checkout to save": ("done", 1),
}
"""The finding of another process after the deadline, and how often the order was authorized."""
TIMEOUT = 30.0
AFTER_DEADLINE = 5 * TIMEOUT
"""An operation's deadline is two time-outs of requests, and two of the store."""


@pytest.mark.parametrize("new_store", ["redis"], indirect=True)
@pytest.mark.parametrize("point", OF_TOKENS)
async def test_others_get_a_token_after_a_kill(shop: Shop, point: str) -> None:
    """A process dies at a point of its refresh: the others need two requests at most."""
    victim, *_ = await shop.start_workers(3)
    await shop.token()
    pinning = point == "token to pin"
    if not pinning:
        await shop.advance(LIFETIME)
    before = shop.requests()
    await victim.arm(point)
    await asyncio.gather(victim.token(min_ttl=600.0 if pinning else 0.0), return_exceptions=True)
    await victim.died()
    shop.workers.remove(victim)
    await shop.advance(LEASE)
    answers = await shop.token(5)

    assert (10, ()) == (answers.served, answers.failures)
    assert shop.all_live(answers.tokens)
    assert shop.requests() - before <= 2
    assert 0 == shop.sandbox.replays


@pytest.mark.parametrize("new_store", ["file"], indirect=True)
@pytest.mark.parametrize("point", OF_OPERATIONS)
async def test_an_order_is_authorized_once_whatever_is_killed(
    shop: Shop, tmp_path: Path, point: str
) -> None:
    """A process dies at a point of an authorization: no other authorizes it a second time."""
    config = shop.config(
        journal=(tmp_path / "journal").as_uri(),
        account="shop",
        token_keys=[encryption_key("shop").reveal()],
        request_timeout=TIMEOUT,
        connect_timeout=TIMEOUT,
        store_timeout=TIMEOUT,
    )
    async with FlexitiSession(FlexitiConfig(**config)) as flexiti:
        checkout = await verified(await flexiti.checkout("order-1"), shop.sandbox)
    victim, survivor = await shop.start_workers(2)
    order = {"config": config, "reference_id": checkout.reference_id}
    await victim.arm(point)
    await asyncio.gather(victim.order("authorize", **order), return_exceptions=True)
    await victim.died()
    shop.workers.remove(victim)
    await survivor.shift(AFTER_DEADLINE)
    answers = [await survivor.order("authorize", **order) for _ in range(2)]

    outcome, number = OF_OPERATIONS[point]

    assert [outcome] * 2 == [answer["outcome"] for answer in answers]
    assert number == shop.sandbox.count("authorization")
