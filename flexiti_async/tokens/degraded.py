"""Doing without the store: a token that no other process has."""

import asyncio
import random

from flexiti_async.errors import StoreError, TokenError, TokenUnavailable
from flexiti_async.events.types import StoreDegraded, StoreRejoined, TokenFailed
from flexiti_async.tokens.backoff import back_off_of
from flexiti_async.tokens.context import Failed, Issued, Obtained, RefreshContext
from flexiti_async.tokens.policy import DEFAULT_LIFETIME, scaled

__all__ = ["DegradedMode", "request_private_token"]


class DegradedMode:
    """
    Go on while the store is down, as configured: degrade or raise.

    Args:
        context: What flights work with.

    Attributes:
        tokens: How many tokens were got so.
    """

    def __init__(self, context: RefreshContext) -> None:
        self._context = context
        self._down_since: float | None = None
        self._tokens_before = 0
        self.tokens = 0

    async def token(self, failure: StoreError, lifetime: float | None) -> Obtained | Failed:
        """Get a token for this process alone, with one warning an outage; or fail."""
        if not self._context.options.degrade:
            return Failed(failure, scaled(1.0, lifetime or DEFAULT_LIFETIME, 1 / 20))
        if self._down_since is None:
            self._down_since = self._context.clock.boot()
            self._tokens_before = self.tokens
            self._context.events.notify(StoreDegraded(scope=self._context.key.scope, error=failure))
        landed = await request_private_token(self._context, lifetime)
        if isinstance(landed, Obtained):
            self.tokens += 1
        return landed

    def note(self, landed: Obtained) -> None:
        """Take note of a token; one that is shared again ends the outage."""
        if self._down_since is None or landed.private:
            return
        seconds = self._context.clock.boot() - self._down_since
        self._down_since = None
        self._context.events.notify(
            StoreRejoined(
                scope=self._context.key.scope,
                seconds=seconds,
                private_tokens=self.tokens - self._tokens_before,
            )
        )


async def request_private_token(
    context: RefreshContext, lifetime: float | None
) -> Obtained | Failed:
    """Get a token that is not shared, by client_credentials; it counts as pinned."""
    patience = context.options.token_timeout
    began = context.clock.boot()
    try:
        async with asyncio.timeout(patience):
            outcome = await context.endpoint.issue(context.key.scope)
    except TimeoutError:
        outcome = TokenUnavailable(f"the token endpoint did not answer within {patience:g} s")
    if isinstance(outcome, Issued):
        return Obtained(outcome.token.as_pinned(), minted=True, private=True)
    if not isinstance(outcome, TokenError):
        return Failed(outcome, 0.0)
    pause = back_off_of(
        outcome,
        attempts=1,
        lifetime=lifetime or DEFAULT_LIFETIME,
        random=random.random(),  # noqa: S311 - spreads load, guards nothing
    )
    context.events.notify(
        TokenFailed(
            scope=context.key.scope,
            error=outcome,
            back_off=pause,
            seconds=context.clock.boot() - began,
        )
    )
    return Failed(outcome, pause)
