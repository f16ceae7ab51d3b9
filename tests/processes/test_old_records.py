"""Stores that bring back what they held before: a backup, a replica that took over."""

import asyncio
from collections import defaultdict

import pytest

from flexiti_async.sandbox import RequestRecord

from .shop import LIFETIME, Shop

ROUNDS = 12
PROCESSES = 4

MINTERS_WINDOW = 140.0
"""Seconds of life at which only the process that can refresh renews (150 to 162; 120 to 132)."""
EVERYBODYS_WINDOW = 90.0
"""Seconds of life at which all of them do."""


def _lost(shop: Shop) -> list[str]:
    """Name the tokens that were revoked by anything but their own one refresh."""
    families: defaultdict[int, list[tuple[str, bool]]] = defaultdict(list)
    for token in shop.sandbox.tokens:
        families[token.family].append((token.token_id, token.revoked))
    return [members[-1][0] for members in families.values() if members[-1][1]]


async def _renew(shop: Shop, seconds: float) -> None:
    """Let time pass, and whoever sees need renew behind everybody's back."""
    await shop.advance(seconds)
    await shop.token(10)
    await shop.settle()


@pytest.mark.parametrize("amid", [False, True], ids=["after the renewal", "amid the renewal"])
async def test_a_restored_record_replays_nothing_and_revokes_nothing(
    shop: Shop, *, amid: bool
) -> None:
    """
    The record of a token that was refreshed comes back: nobody refreshes it again, and every
    process, one that has just started as well, goes on with one repeated call at most.
    """
    await shop.hire(PROCESSES)
    calls: list[str] = []

    def restore(_: RequestRecord) -> None:
        shop.place.restore()

    for number in range(ROUNDS):
        await shop.advance(LIFETIME)
        await shop.token()
        await asyncio.to_thread(shop.place.back_up)
        shop.sandbox.on_request = restore if amid else None
        await _renew(shop, LIFETIME - MINTERS_WINDOW)
        shop.sandbox.on_request = None
        record = await shop.record()

        assert record is not None
        assert record.token is not None
        assert shop.sandbox.tokens[-1].access_token == record.token.access_token.reveal()

        # Those who hold the old token learn by a 401 that it has ended, or are to renew it first.
        late = number % 2 == 1
        callers = [] if late else shop.workers
        asking = asyncio.gather(*(worker.widget(pinned=False) for worker in callers))
        await asyncio.to_thread(shop.place.restore)
        calls += await asking
        if late:
            await _renew(shop, MINTERS_WINDOW - EVERYBODYS_WINDOW)
        [newcomer] = await shop.hire()
        for _ in range(3):
            asked = (worker.widget(pinned=False) for worker in shop.workers)
            calls += await asyncio.gather(*asked)
            await shop.settle()
            await shop.advance(5)
        shop.workers.remove(newcomer)
        await newcomer.aclose()

        assert {"done"} == set(calls)

    assert ROUNDS == shop.requests("refresh_token")
    assert 0 == shop.sandbox.replays
    assert [] == _lost(shop)
