"""The end of a flight: a token goes into the store for all, or one that is better comes out."""

import logging
from collections.abc import Callable, Container
from typing import Final

from attrs import evolve

from flexiti_async.clock import now
from flexiti_async.errors import StoreError
from flexiti_async.events.types import TokenAdopted
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.claim import Adopt, Keep, after_publish
from flexiti_async.tokens.context import Issued, Obtained, RefreshContext
from flexiti_async.tokens.record import Record, StoredToken

__all__ = ["adopt", "publish"]

_log = logging.getLogger("flexiti_async.token")

_TRIES: Final = 4


async def publish(
    context: RefreshContext,
    issued: Issued,
    *,
    claim: Entry | None,
    pinned: Callable[[], bool],
    rejected: Container[str],
) -> Obtained:
    """
    Swap a new token in over my claim; if that is not plainly won, look what is there.

    Args:
        context: What the flight works with.
        issued: The token.
        claim: My claim as it was written.
        pinned: Tells whether somebody waits who will hand the token out for a while.
        rejected: Names of tokens that the API has refused.

    Returns:
        The token; or a better one that was there; or the token for this process alone.
    """
    over = claim
    for _ in range(_TRIES):
        token = evolve(issued.token, pinned=pinned())
        life = token.remaining(now(context.clock))
        written = await context.record.write(
            Record(context.key.store_key, token=StoredToken.of(token, life)), over=over
        )
        if written.won:
            return _keep(context, token, issued)
        try:
            look = await context.record.look()
        except StoreError as error:
            _log.warning("token %s is not shared: %s", token.token_id[:8], error)
            break
        verdict = after_publish(
            look.sight,
            mine=written.entry.version,
            claim=claim.version if claim else None,
            life=life,
            rejected=rejected,
        )
        if isinstance(verdict, Adopt):
            return adopt(context, verdict.token, verdict.life)
        if isinstance(verdict, Keep):
            if look.sight.version == written.entry.version:
                return _keep(context, token, issued)
            break
        over = look.entry
    return Obtained(evolve(issued.token, pinned=True), minted=True, private=True)


def adopt(context: RefreshContext, token: StoredToken, life: float) -> Obtained:
    """Take a token of the store that has `life` seconds left now."""
    context.events.notify(
        TokenAdopted(scope=context.key.scope, token_id=token.token_id, remaining=life)
    )
    return Obtained(context.take(token, life))


def _keep(context: RefreshContext, token: Token, issued: Issued) -> Obtained:
    """Hold a token that is in the store, and its refresh token if that may ever be spent."""
    spendable = context.options.refresh_is_harmless or not token.pinned
    if issued.refresh_token is not None and spendable:
        at = context.clock.boot()
        context.refresh_tokens.keep(
            token.token_id, issued.refresh_token, until=at + token.lifetime, now=at
        )
    return Obtained(token, minted=True)
