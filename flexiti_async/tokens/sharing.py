"""
Sharing tokens through the store: publish a new one, adopt a stored one, pin one.

A token is pinned by one swap before it is first handed out with a minimum TTL. A pinned token is
never refreshed: whether a refresh revokes the previous access token is undocumented, and that token
will be in a customer's browser. A process that reads the mark obtains a
successor by `client_credentials`, and the pinned token stays valid until it expires.
"""

import asyncio
import logging
from collections.abc import Callable, Container
from typing import Final

from attrs import evolve

from flexiti_async.clock import now
from flexiti_async.errors import StoreError
from flexiti_async.events.log import attributes
from flexiti_async.events.states import Line, State
from flexiti_async.events.types import TokenAdopted
from flexiti_async.protocol import points
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.claim import Adopt, Keep, after_publish, carry_forward, poll_of
from flexiti_async.tokens.context import Issued, Obtained, RefreshContext
from flexiti_async.tokens.record import Record, StoredToken
from flexiti_async.tokens.snapshot import Snapshot

__all__ = ["adopt", "mark_pinned", "publish"]

_log: Final = logging.getLogger("flexiti_async.token")

_PUBLISH_ATTEMPTS: Final = 4
_PIN_ATTEMPTS: Final = 200


async def publish(
    context: RefreshContext,
    issued: Issued,
    *,
    claim: Entry | None,
    pin: Callable[[], bool],
    rejected: Container[str],
) -> Obtained:
    """
    Swap a new token in over the claim; if that is not certainly won, read what is stored.

    Args:
        context: The parts that all refreshes share.
        issued: The new token.
        claim: The claim of this refresh as it was written.
        pin: Whether any waiting caller needs the token pinned.
        rejected: Ids of tokens that the API has rejected.

    Returns:
        The token, or a stored one that lives longer. The token is private if it was not published.
    """
    expected = claim
    for _ in range(_PUBLISH_ATTEMPTS):
        token = evolve(issued.token, pinned=pin())
        life = token.remaining(now(context.clock))
        written = await context.record.write(
            Record(context.key.store_key, token=StoredToken.of(token, life)), expected=expected
        )
        if written.won:
            return _keep(context, token, issued)
        try:
            seen = await context.record.read()
        except StoreError as error:
            args = token.token_id[:8], error
            extra = attributes(token_id=token.token_id[:8], error=type(error).__name__)
            line = Line(_log, logging.WARNING, "token %s is not shared: %s", args, extra)
            context.events.warn(State.STORE, line)
            break
        decision = after_publish(
            seen,
            mine=written.entry.version,
            claim=claim.version if claim else None,
            life=life,
            rejected=rejected,
        )
        if isinstance(decision, Adopt):
            return adopt(context, decision.token, decision.life)
        if isinstance(decision, Keep):
            if seen.version == written.entry.version:
                return _keep(context, token, issued)
            break
        expected = seen.entry
    return Obtained(evolve(issued.token, pinned=True), minted=True, private=True)


def adopt(context: RefreshContext, token: StoredToken, life: float) -> Obtained:
    """Use a stored token that has `life` seconds left now."""
    context.events.notify(
        TokenAdopted(scope=context.key.scope, token_id=token.token_id, remaining=life)
    )
    return Obtained(context.token_of(token, life))


def _keep(context: RefreshContext, token: Token, issued: Issued) -> Obtained:
    """Return a published token; keep its refresh token if that may ever be sent."""
    may_refresh = context.options.refresh_is_harmless or not token.pinned
    if issued.refresh_token is not None and may_refresh:
        at = context.clock.boot()
        context.refresh_tokens.keep(
            token.token_id, issued.refresh_token, until=at + token.lifetime, now=at
        )
    return Obtained(token, minted=True)


async def mark_pinned(
    context: RefreshContext, token: Token, rejected: Container[str]
) -> Obtained | None:
    """
    Mark the token as pinned in the store, or find its successor there.

    Returns:
        The token, pinned, or a stored one that lives longer; None if the mark cannot be written.
    """
    lost_over: str | None = None
    for _ in range(_PIN_ATTEMPTS):
        try:
            seen = await context.record.read()
        except StoreError:
            return None
        step = _next_pin_step(context, seen, token, rejected)
        if step is None or isinstance(step, Obtained):
            return step
        if not isinstance(step, Record):
            # Another process is obtaining a successor, perhaps by refreshing this very token.
            await asyncio.sleep(step)
            continue
        if points.hook is not None:
            await points.hook("token to pin")
        written = await context.record.write(step, expected=seen.entry)
        if written.won:
            return Obtained(token.as_pinned())
        if lost_over == seen.version:
            break  # lost twice without another write: the store can be read but not written
        lost_over = seen.version
    return None


def _next_pin_step(
    context: RefreshContext, seen: Snapshot, token: Token, rejected: Container[str]
) -> Obtained | Record | float | None:
    """Return the token, a record to write, seconds to wait, or None if it cannot be pinned."""
    record = seen.record
    if record is None or record.token is None:
        return None
    found = record.token
    if found.token_id != token.token_id:
        life = seen.life(found)
        if found.token_id not in rejected and life > token.remaining(now(context.clock)):
            return Obtained(context.token_of(found, life))
    elif found.pinned:
        return Obtained(token.as_pinned())
    elif record.claim is None:
        carried = carry_forward(seen)
        if carried is not None:
            return Record(context.key.store_key, token=evolve(carried, pinned=True))
    if record.claim is not None and record.claim.lease > seen.min_age:
        return poll_of(record.claim.lease, seen.min_age)
    # A claim that has lapsed may have sent this token's refresh token already.
    return None
