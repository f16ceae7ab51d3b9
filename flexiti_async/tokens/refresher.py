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
from flexiti_async.events.types import Cause, FlightStarted, TokenRefused, TokenWaited
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.backoff import back_off_of
from flexiti_async.tokens.cached_token import InHand, Rejected
from flexiti_async.tokens.context import Failed, Held, Setup
from flexiti_async.tokens.degraded import Alone, mint_alone
from flexiti_async.tokens.launchpad import FlightTask, Launchpad
from flexiti_async.tokens.policy import min_ttl_of, scaled, windows
from flexiti_async.tokens.promise import mark_promised
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
        setup: Key, store record, issuer, configuration and clock.
        store_id: Tells stores apart: only callers with the same store share a flight.
    """

    def __init__(self, setup: Setup, *, store_id: int) -> None:
        self._setup = setup
        self._wall = setup.clock.wall
        self._boot = setup.clock.boot
        self._key = (setup.key.store_key, setup.tuning.fingerprint, store_id)
        self._jitter = random.uniform(0.0, _JITTER)  # noqa: S311
        self._in_hand: InHand | None = None
        self._rejected = Rejected()
        self._alone = Alone(setup)
        self._failed: tuple[FlexitiError, float] | None = None
        self._pause_until = 0.0
        self._launchpad = Launchpad(self._key, self._landed)
        self._lost = Cause.NONE_HELD
        self._waiters = 0

    @property
    def held(self) -> Token | None:
        """The token in hand, None without one."""
        return self._in_hand.token if self._in_hand else None

    @property
    def private_tokens(self) -> int:
        """How many tokens were got without the store, because it was down."""
        return self._alone.tokens

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
        hand = self._in_hand
        if hand is not None:
            until = hand.fresh_until(min_ttl)
            if (
                self._boot() < until.boot
                and self._wall() < until.wall
                and not self._lacks_promise(hand.token, min_ttl)
            ):
                return hand.token
        token = self._at_hand(min_ttl)
        return token if token is not None else await self._in_time(min_ttl)

    async def dedicated(self, min_ttl: float | None) -> Token:
        """Get a token for one checkout alone: never shared, never refreshed, not in the store."""
        self._refuse_to_wait_for_itself()
        self._note_start(Cause.DEDICATED)
        with fetching(self._key):
            landed = await mint_alone(self._setup, self._lifetime)
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
        self._in_hand = None
        self._lost = Cause.REFUSED
        age = held.age(now(self._setup.clock))
        error = TokenRejected(f"the API refused a token that it had issued {age:.3g} s before")
        pause = back_off_of(error, attempts=1, lifetime=held.lifetime, random=1.0)
        self._setup.events.tell(
            TokenRefused(scope=self._setup.key.scope, token_id=token_id, age=age)
        )
        if age < pause:
            self._failed = (error, self._boot() + pause)

    async def aclose(self) -> None:
        """Wait for the flights that were started here, for a while; cancel what is left."""
        await self._launchpad.aclose()

    @property
    def _lifetime(self) -> float | None:
        return self._in_hand.token.lifetime if self._in_hand else None

    def _at_hand(self, min_ttl: float | None) -> Token | None:
        """Find out by the policy table whether the token in hand will do; renew it if told."""
        hand = self._in_hand
        if hand is None:
            return None
        action = hand.action(min_ttl, self._setup.clock)
        if not action.serve or self._lacks_promise(hand.token, min_ttl):
            return None
        if action.renew:
            self._renew(min_ttl)
        return hand.token

    def _lacks_promise(self, token: Token, min_ttl: float | None) -> bool:
        return min_ttl != 0.0 and not token.promised and not self._setup.tuning.refresh_is_harmless

    async def _in_time(self, min_ttl: float | None) -> Token:
        self._refuse_to_wait_for_itself()
        patience = 2 * self._setup.tuning.token_timeout
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
            self._setup.events.tell(
                TokenWaited(
                    scope=self._setup.key.scope,
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
        self._setup.events.tell(FlightStarted(scope=self._setup.key.scope, cause=cause))

    async def _wait(self, min_ttl: float | None) -> Token:
        while True:
            task = self._flight_for(min_ttl)
            landed = task if isinstance(task, Failed) else await join(task)
            if isinstance(landed, Failed) and landed.for_all:
                # Each waiter raises a copy: an exception collects the traceback of every raise.
                raise copy.copy(landed.error)
            if isinstance(landed, Held) and landed.minted:
                self._check(self._take(landed.token), min_ttl)
                if not self._lacks_promise(landed.token, min_ttl):
                    return landed.token
            token = self._at_hand(min_ttl)
            if token is not None:
                return token

    def _check(self, hand: InHand, min_ttl: float | None) -> None:
        """Refuse an ask that no token can satisfy."""
        if hand.can_satisfy(min_ttl):
            return
        lifetime = hand.token.lifetime
        ttl = min_ttl_of(min_ttl, lifetime)
        msg = f"a token lives {lifetime:g} s, and {ttl:g} s and a leeway are asked for"
        raise LifetimeTooShort(msg, min_ttl=ttl, lifetime=lifetime)

    def _flight_for(self, min_ttl: float | None) -> FlightTask | Failed:
        """Find or start what a waiter has to wait for."""
        hand = self._in_hand
        if hand is not None:
            self._check(hand, min_ttl)
            if hand.action(min_ttl, self._setup.clock).serve:
                return self._launchpad.launch(
                    "promise",
                    lambda: self._promise(hand.token),
                    started=lambda: self._note_start(Cause.PROMISE),
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
        promise = min_ttl != 0.0
        flight = Flight(
            self._setup,
            min_ttl=min_ttl,
            held=self.held,
            rejected=self._rejected,
            may_refresh=not promise,
            promise=promise,
        )
        held = Cause.DUE if urgent else Cause.RENEWING
        cause = self._lost if self._in_hand is None else held
        task = self._launchpad.launch(
            "renew",
            lambda: self._fly(flight, urgent=urgent),
            started=lambda: self._note_start(cause),
        )
        # The flight that flies may be another one; it mints what any of its waiters needs.
        flying = _flying.setdefault(task, flight)
        flying.promise = flying.promise or promise
        return task

    def _landed(self, landed: Held | Failed) -> None:
        if isinstance(landed, Held):
            self._install(landed.token)
            self._failed = None
            self._alone.note(landed)
        elif landed.for_all:
            self._failed = (landed.error, self._boot() + landed.back_off)
        else:
            self._pause_until = self._boot() + landed.back_off

    def _install(self, token: Token) -> None:
        if token.token_id in self._rejected:
            return
        hand = self._in_hand
        if hand is None or not hand.lives_longer_than(token, self._setup.clock):
            self._in_hand = self._take(token)

    def _take(self, token: Token) -> InHand:
        mine = self._setup.refresh_tokens.has(token.token_id)
        marks = windows(
            token.lifetime,
            refresh_ahead=self._setup.tuning.refresh_ahead,
            leeway=self._setup.tuning.leeway,
            early=self._jitter + (_MINTER_AHEAD if mine else 0.0),
        )
        return InHand(token, marks)

    async def _fly(self, flight: Flight, *, urgent: bool) -> Held | Failed:
        try:
            return await flight.run()
        except StoreError as error:
            failure = error
        hand = self._in_hand
        if hand is not None and not urgent:
            # In the first half of the window hope for the store, in the second go alone.
            halfway = (hand.marks.leeway + hand.marks.refresh_ahead) / 2
            if hand.spare(0.0, self._setup.clock) > halfway:
                pause = scaled(_STORE_PAUSE, hand.token.lifetime, 1 / 20)
                return Failed(failure, pause, for_all=False)
        return await self._alone.token(failure, self._lifetime)

    async def _promise(self, token: Token) -> Held | Failed:
        marked = await mark_promised(self._setup, token, self._rejected)
        if marked is not None:
            return marked
        failure = StoreUnavailable("the token cannot be marked as promised")
        return await self._alone.token(failure, token.lifetime)
