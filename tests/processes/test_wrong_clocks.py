"""Hosts whose wall clocks are wrong."""

import asyncio
from itertools import pairwise

import pytest

from ..support.patience import PATIENCE
from .shop import Shop

WRONG = 90.0
STEPS = 240
STEP = 45.0
PAUSE = 0.05
"""Real seconds between calls, so that waiting for the end of a token leaves time to other tests."""


@pytest.mark.parametrize(
    ("pinned", "set_again", "least"),
    # A plain token is refreshed in its last 120 s, one for a flow of 600 s in the 120 s before; by
    # jitter, and by its issuer, some 40 s earlier. To a host whose clock is 180 s ahead of the
    # issuer's, and to one whose clock is set by as much, it seems that older.
    [(False, 0, 850), (True, 0, 280), (False, 4, 850), (True, 4, 280)],
    ids=["plain", "pinned", "plain, set again", "pinned, set again"],
)
async def test_hosts_whose_clocks_differ_share_a_token(
    shop: Shop, *, pinned: bool, set_again: int, least: float
) -> None:
    """
    With clocks 90 s fast and slow, also if they are swapped at times, no call has an expired
    token, and each refresh is one request, early by the difference at most.
    """
    shop.sandbox.refresh_revokes_access = False  # so only expired tokens are rejected
    hosts = [await shop.start_workers(2), await shop.start_workers(2)]
    calls: list[str] = []
    for number in range(STEPS):
        sign = -1 if set_again and number // set_again % 2 else 1
        for host, wrong in zip(hosts, (sign * WRONG, -sign * WRONG), strict=True):
            await asyncio.gather(*(worker.shift(wrong=wrong) for worker in host))
        asked = (worker.widget(pinned=pinned) for worker in shop.workers)
        calls += await asyncio.gather(*asked)
        await shop.settle()
        await shop.advance(STEP)
    issued = [token.issued_at for token in shop.sandbox.tokens]

    assert {"done"} == set(calls)
    assert {200: len(calls), 401: 0} == {
        status: shop.sandbox.count("widget/init", status=status) for status in (200, 401)
    }
    assert len(issued) == shop.requests() > STEPS * STEP // 1200
    assert [] == [later - one for one, later in pairwise(issued) if later - one < least]


async def _refresh_in_real_time(
    shop: Shop, wrong: float, *, tokens: int, lifetime: int = 6
) -> list[float]:
    """Let four processes call until so many tokens were issued; return when each was."""
    shop.sandbox.expires_in = lifetime
    await shop.start_workers(4)
    for worker, sign in zip(shop.workers, (1, -1) * 2, strict=True):
        await worker.shift(wrong=sign * wrong)
    calls: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while shop.sandbox.tokens_issued < tokens:
            calls += await asyncio.gather(*(worker.widget() for worker in shop.workers))
            await asyncio.sleep(PAUSE)

    assert {"done"} == set(calls)
    assert len(calls) == shop.sandbox.count("widget/init", status=200)
    return [token.issued_at for token in shop.sandbox.tokens]


async def test_hosts_whose_clocks_differ_refresh_in_real_time(shop: Shop) -> None:
    """In real time, with tokens of 12 seconds, each of two refreshes is one request."""
    # Refreshed after 4 s at the earliest, earlier by half a second of clocks and by the time that
    # the request took, from whose start a token is dated.
    issued = await _refresh_in_real_time(shop, 0.25, tokens=3, lifetime=12)

    assert [] == [later - one for one, later in pairwise(issued) if later - one < 1]


async def test_hosts_whose_clocks_differ_by_more_than_a_life(shop: Shop) -> None:
    """
    Those that are ahead share no token of those that are behind, and none of theirs is dead.

    It costs token requests, one for each process and life at most.
    """
    issued = await _refresh_in_real_time(shop, WRONG, tokens=8)

    # A token is refreshed 2 seconds after it was issued, at the earliest.
    assert len(issued) <= len(shop.workers) * ((issued[-1] - issued[0]) / 2 + 1)
