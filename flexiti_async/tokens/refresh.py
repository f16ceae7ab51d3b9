"""
`Refresh`: obtains one token, coordinated with all other processes through the shared record.

It carries out what `tokens/claim.py` decides: read the record; adopt, wait, back off or claim; make
the one token request; publish its result. It belongs to no caller, and it returns failures instead
of raising them, because the waiters of all processes share them.
"""

import asyncio
import random
from collections import deque
from collections.abc import Container
from contextlib import suppress
from typing import Final, assert_never

from attrs import evolve

from flexiti_async.clock import now
from flexiti_async.errors import (
    SessionClosed,
    StoreError,
    StoreUnavailable,
    TokenRejected,
    TokenUnavailable,
)
from flexiti_async.events.types import ReusePrevented, TokenFailed
from flexiti_async.protocol import points
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.backoff import back_off_of, error_from_failure, failure_from_error
from flexiti_async.tokens.claim import Adopt, BackOff, Need, Proceed, TakeClaim, Wait, decide
from flexiti_async.tokens.context import (
    Failed,
    Issued,
    Obtained,
    Outcome,
    RefreshContext,
    token_error_of,
)
from flexiti_async.tokens.patience import Patience
from flexiti_async.tokens.policy import DEFAULT_LIFETIME, LEASE, scaled
from flexiti_async.tokens.record import Claim, Failure, Record, StoredToken
from flexiti_async.tokens.sharing import adopt, publish
from flexiti_async.tokens.snapshot import Snapshot
from flexiti_async.transport.limits import time_limit

__all__ = ["Refresh"]

_TIME_LIMIT_SHARE: Final = 1 / 6
"""The time limit is at most this share of a token's lifetime."""
_WITHDRAW_WITHIN: Final = 2.0
"""Seconds that the withdrawal of a claim may take."""
_CANCELLATIONS: Final = 8
"""
Cancellations after which it gives up. A caller and the end of a loop are two; a store may raise
them without end, and so does a time-out of Python before 3.11.3 (gh-102780), which is Debian 12's.
"""


class Refresh:
    """
    Obtain a token.

    Args:
        context: The parts that all refreshes share.
        min_ttl: How long the token must live at least, seconds; None for half of its lifetime.
        cached: The token in use, if any; only one that lives longer is a successor.
        rejected: Ids of tokens that the API has rejected.
        may_refresh: Whether the refresh token may be sent: only if the `min_ttl` is 0.
        pin: Whether the token will be handed out with a `min_ttl`; joining callers may set it.
        patience: How long this process has been kept from a token by others.
        ended: Versions of this session's claims whose refresh has ended; this one adds its own.
        reference_id: Of the flow that needs the token; None without one.

    Attributes:
        reference_id: The same.
    """

    def __init__(
        self,
        context: RefreshContext,
        *,
        min_ttl: float | None,
        cached: Token | None,
        rejected: Container[str],
        may_refresh: bool,
        pin: bool,
        patience: Patience,
        ended: deque[str],
        reference_id: str | None = None,
    ) -> None:
        self._context = context
        self._min_ttl = min_ttl
        self._cached = cached
        self._rejected = rejected
        self._may_refresh = may_refresh
        self.pin = pin
        self._patience = patience
        self._ended = ended
        self.reference_id = reference_id
        lifetime = cached.lifetime if cached else DEFAULT_LIFETIME
        self._time_limit = scaled(context.options.token_timeout, lifetime, _TIME_LIMIT_SHARE)
        self._lease = self._time_limit * LEASE
        self._claim: Entry | None = None
        self._replaced: Entry | None = None
        """A claim of this session that has ended, and is stored until `_claim` is."""
        self._claimed_at = 0.0
        self._carry: StoredToken | None = None
        self._read_at = 0.0
        self._failure: Failure | None = None
        self._lost_over: Snapshot | None = None
        self._write_failure: StoreError | None = None
        self._unexplained_losses = 0
        self._reuse_reported = False
        self._scope = context.key.scope
        self._notify = context.events.notify

    async def run(self) -> Obtained | Failed:
        """
        Obtain a token.

        A refresh that ends without a result, whatever ended it, withdraws its claim, so that no
        other process waits for the lease.

        Raises:
            StoreError: The store failed before any token request.
            FlexitiError: A callback of a lent client session raised it, or the session was closed.
        """
        try:
            return await self._obtain()
        except (StoreError, GeneratorExit):
            raise  # nothing can be written: the store is down, or there is no event loop
        except BaseException:
            await self._withdraw()
            raise
        finally:
            self._forsake_claim()

    async def adopt_stored(self) -> Obtained | None:
        """
        Adopt the stored token if it can be used: one read, no claim and no token request.

        Raises:
            StoreError: The store is down or slow.
        """
        seen = await self._context.record.read()
        step = decide(seen, self._need())
        return adopt(self._context, step.token, step.life) if isinstance(step, Adopt) else None

    async def _obtain(self) -> Obtained | Failed:
        clock = self._context.clock
        while True:
            seen = await self._context.record.read()
            self._report_reuse(seen)
            match decide(seen, self._need()):
                case Adopt(found, life):
                    self._patience.reset()
                    return adopt(self._context, found, life)
                case Wait(seconds):
                    # Checked after the read, so that a machine that was suspended reads once more.
                    if self._patience.left(clock.boot(), lease=self._lease) <= 0:
                        return await self._request_alone()
                    await asyncio.sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311
                case BackOff(failure, age):
                    left = failure.back_off - age
                    patience = self._patience.left(clock.boot(), lease=self._lease)
                    if patience <= 0:
                        return await self._request_alone()
                    return Failed(error_from_failure(failure, left), min(left, patience))
                case TakeClaim(carry, failed_attempts):
                    self._check_writable(seen)
                    self._carry, self._read_at = carry, clock.boot()
                    if await self._take_claim(seen):
                        return await self._request_and_publish(failed_attempts)
                case Proceed(carry, failed_attempts):
                    self._carry, self._read_at = carry, clock.boot()
                    return await self._request_and_publish(failed_attempts)
                case _ as step:
                    assert_never(step)

    def _report_reuse(self, seen: Snapshot) -> None:
        """Report once that the store still holds a token that the API has rejected."""
        found = seen.record.token if seen.record else None
        if found is not None and found.token_id in self._rejected and not self._reuse_reported:
            self._reuse_reported = True
            self._prevent_reuse(found.token_id, "rejected")

    def _prevent_reuse(self, token_id: str, reason: str) -> None:
        self._notify(ReusePrevented(scope=self._scope, token_id=token_id, reason=reason))

    def _need(self) -> Need:
        at = now(self._context.clock)
        return Need(
            min_ttl=self._min_ttl,
            leeway=self._context.options.leeway,
            fingerprint=self._context.options.fingerprint,
            cached_id=self._cached.token_id if self._cached else None,
            cached_life=self._cached.remaining(at) if self._cached else float("-inf"),
            rejected=self._rejected,
            claim_version=self._claim.version if self._claim else None,
            claim_left=self._time_left(),
            ended=self._ended,
        )

    def _time_left(self) -> float:
        """Return the seconds that a token request may still take without outliving the claim."""
        return self._claimed_at + self._time_limit - self._context.clock.boot()

    async def _take_claim(self, seen: Snapshot) -> bool:
        """Swap in a claim; True if it is certainly won, otherwise the next read decides."""
        before = seen.record.failure if seen.record else None
        self._forsake_claim()
        # The back-off is over; the count of failed attempts is kept.
        self._failure = evolve(before, back_off=0.0) if before else None
        claimed = evolve(self._carrying(self._failure), claim=Claim(self._lease))
        self._claimed_at = self._context.clock.boot()
        # Known before it is written: a swap that is cancelled may have written it.
        self._claim = self._context.record.entry(claimed)
        self._replaced = seen.entry if seen.version in self._ended else None
        if points.hook is not None:
            await points.hook("token read")
        written = await self._context.record.swap(self._claim, expected=seen.entry)
        self._lost_over = None if written.won else seen
        self._write_failure = written.failure
        return written.won and self._time_left() > 0

    def _check_writable(self, seen: Snapshot) -> None:
        """
        Treat a store that can be read but not written as down.

        If a claim was not written, yet the entry that it was to replace is still stored, it lost to
        no other write. Once may be a time-out; twice is a read-only replica or a full disk.
        """
        lost = self._lost_over
        if lost is None or lost.version != seen.version:
            self._unexplained_losses = 0
            return
        self._unexplained_losses += 1
        if self._unexplained_losses > 1:
            text = "the token store can be read but not written"
            raise self._write_failure or StoreUnavailable(text)

    def _forsake_claim(self) -> None:
        """Never use the claim again; it may still be stored, or be written late."""
        if self._claim is not None:
            self._ended.append(self._claim.version)
            self._claim = None

    async def _withdraw(self) -> None:
        """
        Swap the claim out, if it was written, or the one that it was to replace.

        A cancellation is raised when that is done. It has no task of its own: as a loop ends,
        `asyncio.run` would cancel that one too, perhaps before its first step.
        """
        if self._claim is None:
            return
        deadline = asyncio.get_running_loop().time() + _WITHDRAW_WITHIN
        cancelled = False
        for _ in range(_CANCELLATIONS):
            try:
                # If it fails, others wait for the lease.
                with suppress(TimeoutError, SessionClosed):
                    async with asyncio.timeout_at(deadline):
                        await self._swap_out()
                break
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError

    async def _swap_out(self) -> None:
        for claim in (self._claim, self._replaced):
            if claim is not None:
                without = self._carrying(self._failure)
                if (await self._context.record.write(without, expected=claim)).won:
                    return

    async def _request_alone(self) -> Obtained | Failed:
        """
        Request a token without a claim, because others have kept this process from one for long.

        It is stored only over something that ends earlier and is no live claim.
        """
        self._forsake_claim()
        self._carry = None
        self._claimed_at = self._context.clock.boot()
        return await self._request_and_publish(0)

    async def _request_and_publish(self, failed_attempts: int) -> Obtained | Failed:
        """Make the token request under this refresh's claim, if any, and publish its result."""
        if points.hook is not None:
            await points.hook("token claimed")
        began = self._context.clock.boot()
        outcome = await self._request(self._time_left())
        self._patience.reset()
        if isinstance(outcome, Issued):
            if points.hook is not None:
                await points.hook("token granted")
            published = await publish(
                self._context,
                outcome,
                claim=self._claim,
                pin=lambda: self.pin,
                rejected=self._rejected,
            )
            if points.hook is not None:
                await points.hook("token published")
            return published
        if isinstance(outcome, SessionClosed):
            await self._withdraw()
            return Failed(outcome, 0.0)
        error = token_error_of(outcome)
        pause = back_off_of(
            error,
            attempts=failed_attempts + 1,
            lifetime=self._cached.lifetime if self._cached else DEFAULT_LIFETIME,
            random=random.random(),  # noqa: S311
        )
        error.retry_after = pause
        elapsed = self._context.clock.boot() - began
        self._notify(TokenFailed(scope=self._scope, error=error, back_off=pause, seconds=elapsed))
        if error is outcome and self._claim is not None:
            failure = failure_from_error(
                error,
                attempts=failed_attempts + 1,
                back_off=pause,
                fingerprint=self._context.options.fingerprint,
                at=self._context.clock.wall(),
            )
            await self._context.record.write(self._carrying(failure), expected=self._claim)
        else:  # this session's own trouble, or no claim: no other process backs off
            await self._withdraw()
        return Failed(error, pause)

    async def _request(self, left: float) -> Outcome:
        scope = self._scope
        try:
            async with time_limit(left):
                refresh_token = self._take_refresh_token()
                if refresh_token is not None:
                    outcome = await self._context.request_token(
                        scope, refresh_token, self.reference_id
                    )
                    if not isinstance(outcome, TokenRejected):
                        return outcome
                    token_id = self._cached.token_id if self._cached else ""
                    self._prevent_reuse(token_id, "refresh_token")
                return await self._context.request_token(scope, None, self.reference_id)
        except TimeoutError:
            return TokenUnavailable(f"the token endpoint did not answer within {left:.3g} s")

    def _take_refresh_token(self) -> Secret | None:
        """
        Take the refresh token if it may be sent.

        The token must be both the stored and the cached one, and must not be pinned, expired or
        rejected.
        """
        carry = self._carry
        if carry is None or self._cached is None or carry.token_id != self._cached.token_id:
            return None
        expired = self._cached.remaining(now(self._context.clock)) <= 0
        if expired or not self._may_refresh or carry.token_id in self._rejected:
            return None
        if carry.pinned and not self._context.options.refresh_is_harmless:
            if self._context.refresh_tokens.has(carry.token_id):
                self._prevent_reuse(carry.token_id, "pinned")
            return None
        return self._context.refresh_tokens.take(carry.token_id, now=self._context.clock.boot())

    def _carrying(self, failure: Failure | None) -> Record:
        """Build a record that keeps the token still in use, with its life as of now."""
        token = self._carry
        if token is not None:
            left = token.remaining - (self._context.clock.boot() - self._read_at)
            token = evolve(token, remaining=left) if left > 0 else None
        return Record(self._context.key.store_key, token=token, failure=failure)
