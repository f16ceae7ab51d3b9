"""Doing without the store: a token that no other process has."""

import asyncio
import random

from flexiti_async.errors import StoreError, TokenError, TokenUnavailable
from flexiti_async.events.types import StoreDegraded, StoreRejoined, TokenFailed
from flexiti_async.tokens.backoff import back_off_of
from flexiti_async.tokens.context import Failed, Held, Issued, Setup
from flexiti_async.tokens.policy import DEFAULT_LIFETIME, scaled

__all__ = ["Alone", "mint_alone"]


class Alone:
    """
    Go on while the store is down, as configured: degrade or raise.

    Args:
        setup: What flights work with.

    Attributes:
        tokens: How many tokens were got so.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._down_since: float | None = None
        self._tokens_before = 0
        self.tokens = 0

    async def token(self, failure: StoreError, lifetime: float | None) -> Held | Failed:
        """Get a token for this process alone, with one warning an outage; or fail."""
        if not self._setup.tuning.degrade:
            return Failed(failure, scaled(1.0, lifetime or DEFAULT_LIFETIME, 1 / 20))
        if self._down_since is None:
            self._down_since = self._setup.clock.boot()
            self._tokens_before = self.tokens
            self._setup.events.tell(StoreDegraded(scope=self._setup.key.scope, error=failure))
        landed = await mint_alone(self._setup, lifetime)
        if isinstance(landed, Held):
            self.tokens += 1
        return landed

    def note(self, landed: Held) -> None:
        """Take note of a token; one that is shared again ends the outage."""
        if self._down_since is None or landed.private:
            return
        seconds = self._setup.clock.boot() - self._down_since
        self._down_since = None
        self._setup.events.tell(
            StoreRejoined(
                scope=self._setup.key.scope,
                seconds=seconds,
                private_tokens=self.tokens - self._tokens_before,
            )
        )


async def mint_alone(setup: Setup, lifetime: float | None) -> Held | Failed:
    """Get a token that is not shared, by client_credentials; it counts as promised."""
    patience = setup.tuning.token_timeout
    began = setup.clock.boot()
    try:
        async with asyncio.timeout(patience):
            outcome = await setup.issuer.issue(setup.key.scope)
    except TimeoutError:
        outcome = TokenUnavailable(f"the token endpoint did not answer within {patience:g} s")
    if isinstance(outcome, Issued):
        return Held(outcome.token.as_promised(), minted=True, private=True)
    if not isinstance(outcome, TokenError):
        return Failed(outcome, 0.0)
    pause = back_off_of(
        outcome,
        attempts=1,
        lifetime=lifetime or DEFAULT_LIFETIME,
        random=random.random(),  # noqa: S311 - spreads load, guards nothing
    )
    setup.events.tell(
        TokenFailed(
            scope=setup.key.scope,
            error=outcome,
            back_off=pause,
            seconds=setup.clock.boot() - began,
        )
    )
    return Failed(outcome, pause)
