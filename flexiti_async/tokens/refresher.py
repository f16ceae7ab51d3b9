"""
`TokenRefresher`: a token that lives long enough, for any number of callers.

The policy (`flexiti_async.tokens.policy`) says when a token is used at once, renewed behind the
callers' backs, or waited for; a flight (`tokens/refresh.py`) gets one. This is where the two
meet, in one process: one flight at a time for each purpose, shared by all callers of a loop.
"""

import asyncio
import copy
import random
from typing import Final
from weakref import WeakKeyDictionary

from flexiti_async.clock import now
from flexiti_async.errors import (
    FlexitiError,
    LifetimeTooShort,
    StoreError,
    StoreUnavailable,
    TokenDeadlock,
    TokenError,
    TokenRejected,
    TokenUnavailable,
)
from flexiti_async.events.types import AccessTokenRejected, Cause, RefreshStarted, TokenWaited
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.backoff import back_off_of
from flexiti_async.tokens.cached_token import CachedToken, Rejected
from flexiti_async.tokens.context import Failed, Obtained, RefreshContext
from flexiti_async.tokens.degraded import DegradedMode, request_private_token
from flexiti_async.tokens.launchpad import FlightTask, Launchpad
from flexiti_async.tokens.policy import min_ttl_of, scaled, windows
from flexiti_async.tokens.promise import mark_pinned
from flexiti_async.tokens.refresh import Flight
from flexiti_async.tokens.self_wait import fetched_here, fetching
from flexiti_async.tokens.single_flight import join

__all__ = ["TokenRefresher"]

_JITTER: Final = 0.1
"""A process opens its renewing window up to this share earlier, so that not all do at once."""
_MINTER_AHEAD: Final = 0.25
"""The process that can refresh opens it so much earlier than the others."""

_STORE_PAUSE: Final = 5.0
"""Seconds between two looks at a store that is down, as long as the token in hand lives."""

_flying: Final[WeakKeyDictionary[FlightTask, Flight]] = WeakKeyDictionary()
"""The flight that a task flies; whoever joins may tell it what is needed of the token."""


class TokenRefresher:
    """
    Hold the token of one key and see to its successor.

    Args:
        context: Key, store record, endpoint, configuration and clock.
        store_id: Tells stores apart: only callers with the same store share a flight.
    """

    def __init__(self, context: RefreshContext, *, store_id: int) -> None:
        self._context = context
        self._wall = context.clock.wall
        self._boot = context.clock.boot
        self._key = (context.key.store_key, context.options.fingerprint, store_id)
        self._jitter = random.uniform(0.0, _JITTER)  # noqa: S311
        self._cached: CachedToken | None = None
        self._rejected = Rejected()
        self._degraded = DegradedMode(context)
        self._failed: tuple[FlexitiError, float] | None = None
        self._pause_until = 0.0
        self._launchpad = Launchpad(self._key, self._landed)
        self._lost = Cause.NO_TOKEN
        self._waiters = 0

    @property
    def held(self) -> Token | None:
        """The token in hand, None without one."""
        return self._cached.token if self._cached else None

    @property
    def private_tokens(self) -> int:
        """How many tokens were got without the store, because it was down."""
        return self._degraded.tokens

    async def token(self, min_ttl: float | None = 0.0) -> Token:
        """
        Get a token that lives for `min_ttl` more seconds at least.

        A fresh token is returned at once, without any await.

        Args:
            min_ttl: Seconds; 0 for one call, None for half of a token's lifetime. A token given
                for a while is never refreshed, so it stays valid to its end.

        Raises:
            TokenError: None is to be had; all waiters get the failure of one request.
            StoreUnavailable: The store is down, and `on_store_failure` is `raise`.
        """
        hand = self._cached
        if hand is not None:
            until = hand.fresh_until(min_ttl)
            if (
                self._boot() < until.boot
                and self._wall() < until.wall
                and not self._lacks_pin(hand.token, min_ttl)
            ):
                return hand.token
        token = self._at_hand(min_ttl)
        return token if token is not None else await self._in_time(min_ttl)

    async def dedicated(self, min_ttl: float | None) -> Token:
        """Get a token for one checkout alone: never shared, never refreshed, not in the store."""
        self._refuse_to_wait_for_itself()
        self._note_start(Cause.DEDICATED)
        with fetching(self._key):
            landed = await request_private_token(self._context, self._lifetime)
        if isinstance(landed, Failed):
            raise landed.error
        self._check(self._take(landed.token), min_ttl)
        return landed.token

    async def replace(self, refused: Token, min_ttl: float | None = 0.0) -> Token:
        """Get another token for one that the API has refused."""
        self.reject(refused.token_id)
        return await self.token(min_ttl)

    def reject(self, token_id: str) -> None:
        """
        Take note that the API refused a token: it is not used again, nor adopted.

        One that was refused right after it was minted is a failure: minting another at once would
        go on in a circle.
        """
        if token_id in self._rejected:
            return
        self._rejected.add(token_id)
        held = self.held
        if held is None or held.token_id != token_id:
            return
        self._cached = None
        self._lost = Cause.REJECTED
        age = held.age(now(self._context.clock))
        error = TokenRejected(f"the API refused a token that it had issued {age:.3g} s before")
        pause = back_off_of(error, attempts=1, lifetime=held.lifetime, random=1.0)
        self._context.events.notify(
            AccessTokenRejected(scope=self._context.key.scope, token_id=token_id, age=age)
        )
        if age < pause:
            self._failed = (error, self._boot() + pause)

    async def aclose(self) -> None:
        """Wait for the flights that were started here, for a while; cancel what is left."""
        await self._launchpad.aclose()

    @property
    def _lifetime(self) -> float | None:
        return self._cached.token.lifetime if self._cached else None

    def _at_hand(self, min_ttl: float | None) -> Token | None:
        """Find out by the policy table whether the token in hand will do; renew it if told."""
        hand = self._cached
        if hand is None:
            return None
        action = hand.action(min_ttl, self._context.clock)
        if not action.serve or self._lacks_pin(hand.token, min_ttl):
            return None
        if action.renew:
            self._renew(min_ttl)
        return hand.token

    def _lacks_pin(self, token: Token, min_ttl: float | None) -> bool:
        return min_ttl != 0.0 and not token.pinned and not self._context.options.refresh_is_harmless

    async def _in_time(self, min_ttl: float | None) -> Token:
        self._refuse_to_wait_for_itself()
        patience = 2 * self._context.options.token_timeout
        began, served = self._boot(), False
        self._waiters += 1
        waiters = self._waiters
        try:
            async with asyncio.timeout(patience):
                token = await self._wait(min_ttl)
                served = True
                return token
        except TimeoutError:
            error = TokenUnavailable(f"no token within {patience:g} s")
        finally:
            self._waiters -= 1
            self._context.events.notify(
                TokenWaited(
                    scope=self._context.key.scope,
                    seconds=self._boot() - began,
                    served=served,
                    waiters=waiters,
                )
            )
        raise error

    def _refuse_to_wait_for_itself(self) -> None:
        if fetched_here(self._key):
            msg = (
                "what fetches a token asked for that token and would wait for itself: a trace "
                "callback or resolver of the client session that was lent, or a token store"
            )
            raise TokenDeadlock(msg)

    def _note_start(self, cause: Cause) -> None:
        self._context.events.notify(RefreshStarted(scope=self._context.key.scope, cause=cause))

    async def _wait(self, min_ttl: float | None) -> Token:
        while True:
            task = self._flight_for(min_ttl)
            landed = task if isinstance(task, Failed) else await join(task)
            if isinstance(landed, Failed) and landed.for_all:
                # Each waiter raises a copy: an exception collects the traceback of every raise.
                raise copy.copy(landed.error)
            if isinstance(landed, Obtained) and landed.minted:
                self._check(self._take(landed.token), min_ttl)
                if not self._lacks_pin(landed.token, min_ttl):
                    return landed.token
            token = self._at_hand(min_ttl)
            if token is not None:
                return token

    def _check(self, hand: CachedToken, min_ttl: float | None) -> None:
        """Refuse an ask that no token can satisfy."""
        if hand.can_satisfy(min_ttl):
            return
        lifetime = hand.token.lifetime
        ttl = min_ttl_of(min_ttl, lifetime)
        msg = f"a token lives {lifetime:g} s, and {ttl:g} s and a leeway are asked for"
        raise LifetimeTooShort(msg, min_ttl=ttl, lifetime=lifetime)

    def _flight_for(self, min_ttl: float | None) -> FlightTask | Failed:
        """Find or start what a waiter has to wait for."""
        hand = self._cached
        if hand is not None:
            self._check(hand, min_ttl)
            if hand.action(min_ttl, self._context.clock).serve:
                return self._launchpad.launch(
                    "pin",
                    lambda: self._pin(hand.token),
                    started=lambda: self._note_start(Cause.PIN),
                )
        if self._failed is not None and self._boot() < self._failed[1]:
            error, until = self._failed
            if isinstance(error, TokenError):
                error = copy.copy(error)
                error.retry_after = until - self._boot()
            return Failed(error, 0.0)
        return self._join_renewal(min_ttl, urgent=True)

    def _renew(self, min_ttl: float | None) -> None:
        """Renew in the background, unless that is being done or has just failed."""
        at = self._boot()
        if at < self._pause_until or (self._failed is not None and at < self._failed[1]):
            return
        _ = self._join_renewal(min_ttl, urgent=False)  # nobody waits for it

    def _join_renewal(self, min_ttl: float | None, *, urgent: bool) -> FlightTask:
        pin = min_ttl != 0.0
        flight = Flight(
            self._context,
            min_ttl=min_ttl,
            held=self.held,
            rejected=self._rejected,
            may_refresh=not pin,
            pin=pin,
        )
        held = Cause.DUE if urgent else Cause.STALE
        cause = self._lost if self._cached is None else held
        task = self._launchpad.launch(
            "renew",
            lambda: self._fly(flight, urgent=urgent),
            started=lambda: self._note_start(cause),
        )
        # The flight that flies may be another one; it mints what any of its waiters needs.
        flying = _flying.setdefault(task, flight)
        flying.pin = flying.pin or pin
        return task

    def _landed(self, landed: Obtained | Failed) -> None:
        if isinstance(landed, Obtained):
            self._install(landed.token)
            self._failed = None
            self._degraded.note(landed)
        elif landed.for_all:
            self._failed = (landed.error, self._boot() + landed.back_off)
        else:
            self._pause_until = self._boot() + landed.back_off

    def _install(self, token: Token) -> None:
        if token.token_id in self._rejected:
            return
        hand = self._cached
        if hand is None or not hand.lives_longer_than(token, self._context.clock):
            self._cached = self._take(token)

    def _take(self, token: Token) -> CachedToken:
        mine = self._context.refresh_tokens.has(token.token_id)
        marks = windows(
            token.lifetime,
            refresh_ahead=self._context.options.refresh_ahead,
            leeway=self._context.options.leeway,
            early=self._jitter + (_MINTER_AHEAD if mine else 0.0),
        )
        return CachedToken(token, marks)

    async def _fly(self, flight: Flight, *, urgent: bool) -> Obtained | Failed:
        try:
            return await flight.run()
        except StoreError as error:
            failure = error
        hand = self._cached
        if hand is not None and not urgent:
            # In the first half of the window hope for the store, in the second go alone.
            halfway = (hand.marks.leeway + hand.marks.refresh_ahead) / 2
            if hand.spare(0.0, self._context.clock) > halfway:
                pause = scaled(_STORE_PAUSE, hand.token.lifetime, 1 / 20)
                return Failed(failure, pause, for_all=False)
        return await self._degraded.token(failure, self._lifetime)

    async def _pin(self, token: Token) -> Obtained | Failed:
        marked = await mark_pinned(self._context, token, self._rejected)
        if marked is not None:
            return marked
        failure = StoreUnavailable("the token cannot be marked as pinned")
        return await self._degraded.token(failure, token.lifetime)
