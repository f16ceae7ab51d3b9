"""
One flight: from "a token is wanted" to a token or a failure, together with all other processes.

It does what `flexiti_async.tokens.claim` decides: looks at the store, adopts, waits, claims, makes
the one token request, and publishes what it got. It belongs to no caller, and it returns failures
instead of raising them, because they are for all waiters of all processes.
"""

import asyncio
import random
from collections.abc import Container
from typing import Final, assert_never

from attrs import evolve

from flexiti_async.clock import now
from flexiti_async.errors import (
    SessionClosed,
    StoreError,
    StoreUnavailable,
    TokenError,
    TokenRejected,
    TokenUnavailable,
)
from flexiti_async.events.types import ReusePrevented, TokenFailed
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.backoff import back_off_of, error_of_failure, failure_of_error
from flexiti_async.tokens.claim import (
    Adopt,
    BackOff,
    Need,
    Proceed,
    TakeClaim,
    Wait,
    decide,
)
from flexiti_async.tokens.context import Failed, Issued, Obtained, RefreshContext
from flexiti_async.tokens.policy import DEFAULT_LIFETIME, scaled
from flexiti_async.tokens.record import Claim, Record, StoredToken
from flexiti_async.tokens.record_store import Look
from flexiti_async.tokens.sharing import adopt, publish

__all__ = ["Flight"]

_LEASE: Final = 1.25
"""Lease of a claim as a multiple of the flight's time-out: a flight ends before its claim."""
_TIMEOUT_SHARE: Final = 1 / 6
"""The flight's time-out is at most this share of a token's lifetime."""
_WAITS: Final = 3
"""Leases of other processes that a flight sits through before it gives up."""


class Flight:
    """
    Get a token.

    Args:
        context: What it works with.
        min_ttl: How long the token must live at least, seconds; None for half of its lifetime.
        held: The token in use, if any; only a longer-lived one is news.
        rejected: Names of tokens that the API has refused.
        may_refresh: The ask is a plain one, so the refresh token may be spent.
        pin: The token will be handed out with a `min_ttl`. May be set while flying.
    """

    def __init__(
        self,
        context: RefreshContext,
        *,
        min_ttl: float | None,
        held: Token | None,
        rejected: Container[str],
        may_refresh: bool,
        pin: bool,
    ) -> None:
        self._context = context
        self._min_ttl = min_ttl
        self._held = held
        self._rejected = rejected
        self._may_refresh = may_refresh
        self.pin = pin
        lifetime = held.lifetime if held else DEFAULT_LIFETIME
        self._timeout = scaled(context.options.token_timeout, lifetime, _TIMEOUT_SHARE)
        self._lease = self._timeout * _LEASE
        self._claim: Entry | None = None
        self._claimed_at = 0.0
        self._looked_at = 0.0
        self._lost_over: Look | None = None
        self._write_failure: StoreError | None = None
        self._in_vain = 0
        self._noted = False
        self._scope = context.key.scope
        self._notify = context.events.notify

    async def run(self) -> Obtained | Failed:
        """Fly. Raises StoreError if the store fails before a token request was made."""
        clock = self._context.clock
        give_up = clock.boot() + _WAITS * self._lease
        while True:
            look = await self._context.record.look()
            self._looked_at = clock.boot()
            self._note_refused(look)
            match decide(look.sight, self._ask()):
                case Adopt(found, life):
                    return adopt(self._context, found, life)
                case Wait(seconds):
                    # After the look: a machine that was suspended meanwhile looks once more.
                    if clock.boot() >= give_up:
                        text = "other processes are still getting a token"
                        return Failed(TokenUnavailable(text), self._timeout / 10)
                    await asyncio.sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311
                case BackOff(failure, age):
                    left = failure.back_off - age
                    return Failed(error_of_failure(failure, left), left)
                case TakeClaim(carry, attempts):
                    self._must_have_moved(look)
                    if await self._claim_record(look, carry):
                        return await self._fly(carry, attempts)
                case Proceed(carry, attempts):
                    return await self._fly(carry, attempts)
                case _ as step:
                    assert_never(step)

    def _note_refused(self, look: Look) -> None:
        """Tell, once, that the store still offers a token that the API has refused."""
        found = look.sight.record.token if look.sight.record else None
        if found is not None and found.token_id in self._rejected and not self._noted:
            self._noted = True
            self._refuse_reuse(found.token_id, "rejected")

    def _refuse_reuse(self, token_id: str, reason: str) -> None:
        self._notify(ReusePrevented(scope=self._scope, token_id=token_id, reason=reason))

    def _ask(self) -> Need:
        at = now(self._context.clock)
        return Need(
            min_ttl=self._min_ttl,
            leeway=self._context.options.leeway,
            fingerprint=self._context.options.fingerprint,
            held_id=self._held.token_id if self._held else None,
            held_life=self._held.remaining(at) if self._held else float("-inf"),
            rejected=self._rejected,
            claim_version=self._claim.version if self._claim else None,
            claim_left=self._time_to_fly(),
        )

    def _time_to_fly(self) -> float:
        """Tell the seconds that a token request may still take so that the claim outlives it."""
        return self._claimed_at + self._timeout - self._context.clock.boot()

    async def _claim_record(self, look: Look, carry: StoredToken | None) -> bool:
        """Swap in a claim; True: it is mine for sure. Otherwise the next look tells."""
        before = look.sight.record.failure if look.sight.record else None
        claimed = evolve(
            self._carrying(carry),
            claim=Claim(self._lease),
            # Its back-off is over; how often it was tried in vain is remembered.
            failure=evolve(before, back_off=0.0) if before else None,
        )
        self._claimed_at = self._context.clock.boot()
        written = await self._context.record.write(claimed, over=look.entry)
        self._claim = written.entry
        self._lost_over = None if written.won else look
        self._write_failure = written.failure
        return written.won and self._time_to_fly() > 0

    def _must_have_moved(self, look: Look) -> None:
        """
        Take a store for down that can be read but not written.

        A claim that was lost, although what it was to replace is still there, was lost to nobody.
        Once that is a time-out; twice it is a read-only replica, or a full disk.
        """
        lost = self._lost_over
        if lost is None or lost.sight.version != look.sight.version:
            self._in_vain = 0
            return
        self._in_vain += 1
        if self._in_vain > 1:
            text = "the token store can be read but not written"
            raise self._write_failure or StoreUnavailable(text)

    async def _fly(self, carry: StoredToken | None, attempts: int) -> Obtained | Failed:
        """Make the token request, the claim being mine, and publish what came of it."""
        began = self._context.clock.boot()
        outcome = await self._request(carry, self._time_to_fly())
        if isinstance(outcome, Issued):
            return await publish(
                self._context,
                outcome,
                claim=self._claim,
                pinned=lambda: self.pin,
                rejected=self._rejected,
            )
        if not isinstance(outcome, TokenError):
            await self._context.record.write(self._carrying(carry), over=self._claim)
            return Failed(outcome, 0.0)
        pause = back_off_of(
            outcome,
            attempts=attempts + 1,
            lifetime=self._held.lifetime if self._held else DEFAULT_LIFETIME,
            random=random.random(),  # noqa: S311
        )
        took = self._context.clock.boot() - began
        self._notify(TokenFailed(scope=self._scope, error=outcome, back_off=pause, seconds=took))
        failure = failure_of_error(
            outcome,
            attempts=attempts + 1,
            back_off=pause,
            fingerprint=self._context.options.fingerprint,
        )
        await self._context.record.write(
            evolve(self._carrying(carry), failure=failure), over=self._claim
        )
        return Failed(outcome, pause)

    async def _request(
        self, carry: StoredToken | None, left: float
    ) -> Issued | TokenError | SessionClosed:
        scope = self._scope
        try:
            async with asyncio.timeout(left):
                spend = self._refresh_token(carry)
                if spend is not None:
                    outcome = await self._context.endpoint.issue(scope, spend)
                    if not isinstance(outcome, TokenRejected):
                        return outcome
                    self._refuse_reuse(self._held.token_id if self._held else "", "refresh_token")
                return await self._context.endpoint.issue(scope)
        except TimeoutError:
            return TokenUnavailable(f"the token endpoint did not answer within {left:.3g} s")

    def _refresh_token(self, carry: StoredToken | None) -> Secret | None:
        """
        Take the refresh token if it may be spent.

        Only for the token that is the store's and mine, that nobody was pinned, and that is
        neither over nor refused.
        """
        if carry is None or self._held is None or carry.token_id != self._held.token_id:
            return None
        over = self._held.remaining(now(self._context.clock)) <= 0
        if over or not self._may_refresh or carry.token_id in self._rejected:
            return None
        if carry.pinned and not self._context.options.refresh_is_harmless:
            if self._context.refresh_tokens.has(carry.token_id):
                self._refuse_reuse(carry.token_id, "pinned")
            return None
        return self._context.refresh_tokens.take(carry.token_id, now=self._context.clock.boot())

    def _carrying(self, token: StoredToken | None) -> Record:
        """Make a record that keeps a token seen at the last look, its life counted to now."""
        if token is not None:
            left = token.remaining - (self._context.clock.boot() - self._looked_at)
            token = evolve(token, remaining=left) if left > 0 else None
        return Record(self._context.key.store_key, token=token)
