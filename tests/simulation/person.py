"""The person who compares a journal with the API's books after it may have forgotten."""

import asyncio
import contextlib
import secrets
from typing import Final

from flexiti_async import FlexitiSession
from flexiti_async.errors import FlexitiError
from flexiti_async.operations.journal import SETTLE
from flexiti_async.operations.operation import Operation
from flexiti_async.protocol.call import OperationKind
from flexiti_async.store.journal import accept, notice

from .shop import DEADLINE, Clock, Shop, resolve

__all__ = ["compare", "decide"]

_AGAIN: Final = 50.0
"""Seconds until the next try."""
_PATIENCE: Final = 20.0


async def compare(shop: Shop) -> None:
    """Until the journal is intact: wait, compare, enter what is missing, and accept it."""
    clock = Clock(shop.loop)
    session = shop.session(clock)
    try:
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    if (await shop.journal.life()).intact:
                        return
                    seconds = await _accept(shop, session, clock)
            except (FlexitiError, TimeoutError, ValueError):
                seconds = _AGAIN
            await asyncio.sleep(seconds)
    finally:
        await session.aclose()


async def _accept(shop: Shop, session: FlexitiSession, clock: Clock) -> float:
    """Accept the journal as `journal accept` does; returns the seconds until the next try."""
    async for pending in session.operations.pending():
        await resolve(shop, session, pending.kind.value, pending.idempotency_key)
    for payment in list(shop.api.payments):
        kind, key = OperationKind(payment.kind), payment.key
        found: Operation | None = await session.operations.get(kind=kind, key=key)
        if found is None or found.phase.value == "free":
            await session.operations.resolve(
                kind=kind,
                key=key,
                executed=True,
                by="a person",
                capture_id=payment.number if kind == "capture" else None,
                authorization_id=payment.number if kind == "authorize" else None,
            )
    since = await notice(shop.journal, version=secrets.token_hex(16), at=clock.wall())
    early = DEADLINE + SETTLE - since
    if early > 0:
        return early + 1.0
    async for _ in session.operations.pending():
        return _AGAIN
    await accept(shop.journal, marker=secrets.token_hex(16))
    return 0.0


async def decide(shop: Shop) -> None:
    """Record what became of all operations that are pending, after the time that this takes."""
    session = shop.session(Clock(shop.loop))
    try:
        async for pending in session.operations.pending():
            with contextlib.suppress(FlexitiError):  # the clocks are too wrong, or it is recorded
                await resolve(shop, session, pending.kind.value, pending.idempotency_key)
    finally:
        await session.aclose()
