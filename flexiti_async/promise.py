"""
Marking a token as promised, by one swap, before it is first handed out for a while.

A promised token is never refreshed: whether a refresh revokes the previous access token is
undocumented, and that token will stand in a customer's browser (design section 3). Whoever sees
the mark gets a successor by client_credentials, and the promised one lives on to its end.
"""

import asyncio
from collections.abc import Container
from typing import Final

from attrs import evolve

from flexiti_async.clock import now
from flexiti_async.errors import StoreError
from flexiti_async.sansio.claim import Sight, carry_over
from flexiti_async.sansio.record import Record
from flexiti_async.sansio.token import Token
from flexiti_async.token_source import Held, Setup

__all__ = ["mark_promised"]

_TRIES: Final = 200


async def mark_promised(setup: Setup, token: Token, rejected: Container[str]) -> Held | None:
    """
    Mark the token in the store, or find its successor there.

    Returns:
        The token, marked; or another one that ends later; or None: the mark cannot be written.
    """
    for _ in range(_TRIES):
        try:
            look = await setup.record.look()
        except StoreError:
            return None
        verdict = _judge(setup, look.sight, token, rejected)
        if isinstance(verdict, Held):
            return verdict
        if verdict is None:
            return None
        if verdict > 0:
            # Somebody is getting a successor, perhaps by refreshing this very token: wait for it.
            await asyncio.sleep(verdict)
            continue
        carried = carry_over(look.sight)
        if carried is None or look.sight.record is None:
            return None
        marked = Record(setup.key.store_key, token=evolve(carried, promised=True))
        if (await setup.record.write(marked, over=look.entry)).won:
            return Held(token.as_promised())
    return None


def _judge(
    setup: Setup, sight: Sight, token: Token, rejected: Container[str]
) -> Held | float | None:
    """Find the token, or the seconds to wait (0: write the mark), or None: it cannot be done."""
    record = sight.record
    if record is None or record.token is None:
        return None
    found = record.token
    if found.token_id != token.token_id:
        life = sight.life(found)
        if found.token_id not in rejected and life > token.remaining(now(setup.clock)):
            return Held(setup.take(found, life))
    elif found.promised:
        return Held(token.as_promised())
    elif record.claim is None:
        return 0.0
    if record.claim is not None and record.claim.lease > sight.min_age:
        return min(max(record.claim.lease / 100, 0.02), record.claim.lease)
    # A claim that has lapsed may have spent this token's refresh token already.
    return None
