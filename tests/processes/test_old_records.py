"""Stores that return old records: a restored backup, a replica after a failover."""

import asyncio
from collections import defaultdict

import pytest

from flexiti_async.sandbox import RequestRecord

from .shop import LIFETIME, Shop

ROUNDS = 12
PROCESSES = 4

ISSUER_WINDOW = 140.0
"""Seconds of life at which only the process with the refresh token refreshes: 150 to 162 on."""
COMMON_WINDOW = 90.0
"""Seconds of life at which every process refreshes: the others do from 120 to 132 on."""


def _lost(shop: Shop) -> list[str]:
    """Return the tokens that were revoked by anything but their one refresh."""
    families: defaultdict[int, list[tuple[str, bool]]] = defaultdict(list)
    for token in shop.sandbox.tokens:
        families[token.family].append((token.token_id, token.revoked))
    return [members[-1][0] for members in families.values() if members[-1][1]]


async def _refresh(shop: Shop, seconds: float) -> None:
    """Let time pass, and let processes refresh in the background."""
    await shop.advance(seconds)
    await shop.token(10)
    await shop.settle()


@pytest.mark.parametrize("amid", [False, True], ids=["after the refresh", "amid the refresh"])
async def test_a_restored_record_replays_nothing_and_revokes_nothing(
    shop: Shop, *, amid: bool
) -> None:
    """
    When the old record of a refreshed token comes back, no process refreshes it again, and every
    process, a new one included, continues with one repeated call at most.
    """
    await shop.start_workers(PROCESSES)
    calls: list[str] = []

    def restore(_: RequestRecord) -> None:
        shop.store.restore()

    for number in range(ROUNDS):
        await shop.advance(LIFETIME)
        await shop.token()
        await asyncio.to_thread(shop.store.back_up)
        shop.sandbox.on_request = restore if amid else None
        await _refresh(shop, LIFETIME - ISSUER_WINDOW)
        shop.sandbox.on_request = None
        record = await shop.record()

        assert record is not None
        assert record.token is not None
        assert shop.sandbox.tokens[-1].access_token == record.token.access_token.reveal()

        # Processes with the old token get a 401 for it, or are due to refresh it first.
        late = number % 2 == 1
        callers = [] if late else shop.workers
        asking = asyncio.gather(*(worker.widget(pinned=False) for worker in callers))
        await asyncio.to_thread(shop.store.restore)
        calls += await asking
        if late:
            await _refresh(shop, ISSUER_WINDOW - COMMON_WINDOW)
        [newcomer] = await shop.start_workers()
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
