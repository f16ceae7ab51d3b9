"""
Marking a token as pinned, by one swap, before it is first handed out for a while.

A pinned token is never refreshed: whether a refresh revokes the previous access token is
undocumented, and that token will stand in a customer's browser (design section 3). Whoever sees
the mark gets a successor by client_credentials, and the pinned one lives on to its end.
"""

import asyncio
from collections.abc import Container
from typing import Final

from attrs import evolve

from flexiti_async.clock import now
from flexiti_async.errors import StoreError
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.claim import carry_forward, poll_of
from flexiti_async.tokens.context import Obtained, RefreshContext
from flexiti_async.tokens.record import Record
from flexiti_async.tokens.snapshot import Sight

__all__ = ["mark_pinned"]

_TRIES: Final = 200


async def mark_pinned(
    context: RefreshContext, token: Token, rejected: Container[str]
) -> Obtained | None:
    """
    Mark the token in the store, or find its successor there.

    Returns:
        The token, marked; or another one that ends later; or None: the mark cannot be written.
    """
    lost_over: str | None = None
    for _ in range(_TRIES):
        try:
            look = await context.record.look()
        except StoreError:
            return None
        verdict = _judge(context, look.sight, token, rejected)
        if verdict is None or isinstance(verdict, Obtained):
            return verdict
        if not isinstance(verdict, Record):
            # Somebody is getting a successor, perhaps by refreshing this very token: wait for it.
            await asyncio.sleep(verdict)
            continue
        written = await context.record.write(verdict, over=look.entry)
        if written.won:
            return Obtained(token.as_pinned())
        if lost_over == look.sight.version:
            break  # lost twice to nobody: the store can be read but not written
        lost_over = look.sight.version
    return None


def _judge(
    context: RefreshContext, sight: Sight, token: Token, rejected: Container[str]
) -> Obtained | Record | float | None:
    """Find the token, or the record to write, or the seconds to wait, or None: it cannot be."""
    record = sight.record
    if record is None or record.token is None:
        return None
    found = record.token
    if found.token_id != token.token_id:
        life = sight.life(found)
        if found.token_id not in rejected and life > token.remaining(now(context.clock)):
            return Obtained(context.take(found, life))
    elif found.pinned:
        return Obtained(token.as_pinned())
    elif record.claim is None:
        carried = carry_forward(sight)
        if carried is not None:
            return Record(context.key.store_key, token=evolve(carried, pinned=True))
    if record.claim is not None and record.claim.lease > sight.min_age:
        return poll_of(record.claim.lease)
    # A claim that has lapsed may have spent this token's refresh token already.
    return None
