"""`DegradedMode`: private tokens while the store is down."""

import logging
import random
from typing import Final

from flexiti_async.errors import SessionClosed, StoreError, TokenUnavailable
from flexiti_async.events.log import about_flow, attributes
from flexiti_async.events.states import Line, State
from flexiti_async.events.types import StoreDegraded, StoreRejoined, TokenFailed
from flexiti_async.tokens.backoff import back_off_of
from flexiti_async.tokens.context import Failed, Issued, Obtained, RefreshContext, token_error_of
from flexiti_async.tokens.policy import DEFAULT_LIFETIME, scaled
from flexiti_async.transport.limits import time_limit

__all__ = ["DegradedMode", "request_private_token"]

_log: Final = logging.getLogger("flexiti_async.token")


class DegradedMode:
    """
    Serve private tokens while the store is down, or fail, as `on_store_failure` says.

    Args:
        context: The parts that all refreshes share.

    Attributes:
        tokens: Number of private tokens requested so far.
    """

    def __init__(self, context: RefreshContext) -> None:
        self._context = context
        self._down_since: float | None = None
        self._tokens_before = 0
        self.tokens = 0

    async def token(
        self, failure: StoreError, lifetime: float | None, reference_id: str | None = None
    ) -> Obtained | Failed:
        """Request a private token and warn once per outage; or fail with `failure`."""
        if not self._context.options.degrade:
            self._warn(failure, "token store unavailable: %s", reference_id)
            return Failed(failure, scaled(1.0, lifetime or DEFAULT_LIFETIME, 1 / 20))
        if self._down_since is None:
            self._down_since = self._context.clock.boot()
            self._tokens_before = self.tokens
            self._context.events.notify(
                StoreDegraded(
                    scope=self._context.key.scope, error=failure, reference_id=reference_id
                )
            )
        else:
            self._warn(failure, "token store unavailable: another unshared token: %s", reference_id)
        result = await request_private_token(self._context, lifetime, reference_id)
        if isinstance(result, Obtained):
            self.tokens += 1
        return result

    def _warn(self, failure: StoreError, text: str, reference_id: str | None) -> None:
        extra = attributes(reference_id=reference_id, error=type(failure).__name__)
        line = about_flow(Line(_log, logging.WARNING, text, (failure,), extra))
        self._context.events.warn(State.STORE, line)

    def note(self, obtained: Obtained) -> None:
        """Note an obtained token; a shared one ends the outage."""
        if self._down_since is None or obtained.private:
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
    context: RefreshContext, lifetime: float | None, reference_id: str | None
) -> Obtained | Failed:
    """Request a token that is not shared, by `client_credentials`; it counts as pinned."""
    seconds = context.options.token_timeout
    began = context.clock.boot()
    try:
        async with time_limit(seconds):
            outcome = await context.request_token(context.key.scope, None, reference_id)
    except TimeoutError:
        outcome = TokenUnavailable(f"the token endpoint did not answer within {seconds:g} s")
    if isinstance(outcome, Issued):
        return Obtained(outcome.token.as_pinned(), minted=True, private=True)
    if isinstance(outcome, SessionClosed):
        return Failed(outcome, 0.0)
    error = token_error_of(outcome)
    pause = back_off_of(
        error,
        attempts=1,
        lifetime=lifetime or DEFAULT_LIFETIME,
        random=random.random(),  # noqa: S311 - spreads load, guards nothing
    )
    error.retry_after = pause
    context.events.notify(
        TokenFailed(
            scope=context.key.scope,
            error=error,
            back_off=pause,
            seconds=context.clock.boot() - began,
        )
    )
    return Failed(error, pause)
