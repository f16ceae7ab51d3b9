"""
`TokenRefresher`: returns the cached token, or waits for the one refresh in flight.

The policy (`tokens/policy.py`) says when a token is served, refreshed in the background, or waited
for; a refresh (`tokens/refresh.py`) obtains one. `TokenRefresher` connects the two: one refresh at
a time for each purpose, shared by all callers of an event loop.
"""

import asyncio
import copy
import math
import random
from collections import deque
from collections.abc import Awaitable, Coroutine, Hashable, Iterable
from contextlib import suppress
from typing import Final, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from attrs import define, field

from flexiti_async.clock import now
from flexiti_async.errors import (
    FlexitiError,
    LifetimeTooShort,
    SessionClosed,
    StoreError,
    StoreUnavailable,
    TokenDeadlock,
    TokenError,
    TokenUnavailable,
)
from flexiti_async.errors.base import add_facts
from flexiti_async.events.types import AccessTokenRejected, Cause, RefreshStarted, TokenWaited
from flexiti_async.protocol.rejection import Rejections, SentCall, Verdict, minted_just_now
from flexiti_async.protocol.token import Token
from flexiti_async.tokens.cached_token import CachedToken, TokenIds
from flexiti_async.tokens.context import Failed, Obtained, RefreshContext
from flexiti_async.tokens.dedicated import DedicatedQueue
from flexiti_async.tokens.degraded import DegradedMode, request_private_token
from flexiti_async.tokens.patience import LONGEST_WAIT, Patience
from flexiti_async.tokens.policy import DEFAULT_LIFETIME, min_ttl_of, scaled, windows_of
from flexiti_async.tokens.refresh import Refresh
from flexiti_async.tokens.second_session import warn_of_second_session
from flexiti_async.tokens.sharing import mark_pinned
from flexiti_async.tokens.single_flight import SingleFlight, join
from flexiti_async.transport.limits import Deadlines

__all__ = ["TokenRefresher", "close_refreshers"]

T = TypeVar("T")

RefreshTask = asyncio.Task[Obtained | Failed]

_JITTER: Final = 0.1
"""The stale window of each process opens up to this share earlier, at random."""
_HOLDER_AHEAD: Final = 0.25
"""The share by which it opens earlier in the process that holds the refresh token."""

_CLOSED: Final = "the session is closed"

_ENDED_CLAIMS: Final = 16
"""How many claims are remembered whose refresh has ended; a lapsed one matters no more."""

_NEW_LOOP: Final = 1.0
"""
Seconds until a refresh begins in the background of an event loop that is new to the session.

A program that runs each job in a loop of its own would cut most of them off, after the request.
"""

_LOOK_PAUSE: Final = 1.0
"""Seconds between two reads of the record while a failure of this process backs off."""

_STORE_PAUSE: Final = 5.0
"""Seconds between two attempts to reach a store that is down, while the cached token lives."""


@define(eq=False)
class _Waits:
    """
    The callers of one event loop that wait for a token.

    Attributes:
        deadlines: Ends their waits.
        number: How many there are.
    """

    deadlines: Deadlines = field(factory=Deadlines)
    number: int = 0


class TokenRefresher:
    """
    Cache the token of one key, and obtain its successor in time.

    Args:
        context: Key, store record, token endpoint, options and clock.
        store: Identity of the store, which all sessions share that meet in it.

    Attributes:
        rejections: The evidence of calls with tokens of this key.
    """

    def __init__(self, context: RefreshContext, *, store: Hashable) -> None:
        self._context = context
        self._wall = context.clock.wall
        self._boot = context.clock.boot
        self._jitter = random.uniform(0.0, _JITTER)  # noqa: S311
        self._cached: CachedToken | None = None
        self._rejected = TokenIds()
        self.rejections: Final = Rejections()
        self._degraded = DegradedMode(context)
        self._patience = Patience()
        self._ended_claims: deque[str] = deque(maxlen=_ENDED_CLAIMS)
        self._failed: tuple[FlexitiError, float] | None = None
        self._pause_until = 0.0
        self._look_at = 0.0
        self._new_loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        self._lasting_loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        self._flights: SingleFlight[Obtained | Failed] = SingleFlight(
            (context.key.store_key, store), self._on_done
        )
        # The refresh that a task runs, so that joining callers can have the token pinned.
        self._refreshes: WeakKeyDictionary[RefreshTask, Refresh] = WeakKeyDictionary()
        self._dedicated = DedicatedQueue(self._request_dedicated, self._known_token_failure)
        self._cause = Cause.NO_TOKEN
        self._waiters = 0
        self._stopped = False
        self._waits: dict[asyncio.AbstractEventLoop, _Waits] = {}

    @property
    def cached(self) -> Token | None:
        """The cached token, None without one."""
        return self._cached.token if self._cached else None

    @property
    def stopped(self) -> bool:
        """Whether its session is closed."""
        return self._stopped

    @property
    def private_tokens(self) -> int:
        """Number of tokens requested without the store, because it was down."""
        return self._degraded.tokens

    async def token(self, min_ttl: float | None = 0.0, *, reference_id: str | None = None) -> Token:
        """
        Return a token that lives for `min_ttl` more seconds at least.

        A fresh token is returned at once, without an await.

        Args:
            min_ttl: Seconds; 0 for one call, None for half of a token's lifetime. A token returned
                for more than 0 is pinned: it is never refreshed, so it stays valid to its end.
            reference_id: Of the caller's flow: a token request that it causes carries it.

        Raises:
            TokenError: No token could be obtained; all waiters get the failure of one request.
            StoreUnavailable: The store is down, and `on_store_failure` is `raise`.
        """
        cached = self._cached
        if cached is not None:
            until = cached.fresh_until(min_ttl)
            if (
                self._boot() < until.boot
                and self._wall() < until.wall
                and not self._needs_pin(cached.token, min_ttl)
            ):
                return cached.token
        token = self._serve(min_ttl)
        return token if token is not None else await self._wait_with_deadline(min_ttl, reference_id)

    async def _request_dedicated(self, reference_id: str | None) -> Obtained | Failed:
        self._notify_start(Cause.DEDICATED)
        with self._flights.marked():
            result = await request_private_token(self._context, self._lifetime, reference_id)
        if isinstance(result, Obtained):
            self._failed = None
        elif isinstance(result.error, TokenError):
            self._failed = (result.error, self._boot() + result.back_off)
        return result

    async def dedicated(self, min_ttl: float | None, *, reference_id: str | None = None) -> Token:
        """Request a token for one checkout: never shared, never refreshed, not in the store."""
        self._check_reentry()
        try:
            result = await self._unless_stopped(self._dedicated.run(reference_id), 2)
            if isinstance(result, Failed):
                raise copy.copy(result.error)  # others may get the same
            self._check(self._with_windows(result.token), min_ttl)
        except FlexitiError as error:
            add_facts(error, {"reference_id": reference_id})
            raise
        return result.token

    def verdict(self, call: SentCall, token: Token) -> Verdict:
        """Decide what follows from a 401 on a call with a token of this key."""
        cached, at = self.cached, now(self._context.clock)
        return self.rejections.decide(
            call,
            token.token_id,
            in_use=cached.token_id if cached is not None else None,
            age=token.age(at),
            lifetime=token.lifetime,
            now=at.boot,
        )

    async def successor(
        self,
        token: Token,
        *,
        rejected: bool,
        reference_id: str | None = None,
        min_ttl: float | None = 0.0,
    ) -> Token:
        """Return another token for one that is rejected, has ended or is not in use any more."""
        if rejected:
            self.reject(token.token_id, reference_id)
        return await self.token(min_ttl)

    def reject_pinned(self, token: Token, reference_id: str | None = None) -> None:
        """
        Note that the API rejected the pinned token of a flow.

        It is rejected for others only if they would use it, and if it was not minted just now.
        """
        cached = self.cached
        elsewhere = cached is not None and cached.token_id != token.token_id
        age = token.age(now(self._context.clock))
        if not elsewhere and not minted_just_now(age, token.lifetime):
            self.reject(token.token_id, reference_id)

    def reject(self, token_id: str, reference_id: str | None = None) -> None:
        """Note that a token is rejected: it is not used or adopted again."""
        if token_id in self._rejected:
            return
        self._rejected.add(token_id)
        cached = self.cached
        if cached is None or cached.token_id != token_id:
            return
        self._cached = None
        self._cause = Cause.REJECTED
        age = cached.age(now(self._context.clock))
        self._context.events.notify(
            AccessTokenRejected(
                scope=self._context.key.scope,
                token_id=token_id,
                age=age,
                reference_id=reference_id,
            )
        )

    def stop(self) -> None:
        """Let every waiting caller raise SessionClosed at once; the refresh in flight goes on."""
        self._stopped = True
        for loop, waits in list(self._waits.items()):  # other threads change it meanwhile
            with suppress(RuntimeError):  # a loop that is closed has no waiting callers
                loop.call_soon_threadsafe(waits.deadlines.expire_all)

    async def aclose(self) -> None:
        """Wait up to 5 seconds for refreshes that were started here, then cancel the rest."""
        await self._flights.aclose()

    @property
    def _lifetime(self) -> float | None:
        return self._cached.token.lifetime if self._cached else None

    def _serve(self, min_ttl: float | None) -> Token | None:
        """Return the cached token if the policy allows it; start a refresh if it is stale."""
        cached = self._cached
        if cached is None:
            return None
        decision = cached.decision(min_ttl, self._context.clock)
        if not decision.serve or self._needs_pin(cached.token, min_ttl):
            return None
        if decision.refresh:
            self._refresh_in_background(min_ttl)
        return cached.token

    def _needs_pin(self, token: Token, min_ttl: float | None) -> bool:
        """Whether the token must be pinned before it is returned for a `min_ttl`."""
        return min_ttl != 0.0 and not token.pinned and not self._context.options.refresh_is_harmless

    async def _wait_with_deadline(self, min_ttl: float | None, reference_id: str | None) -> Token:
        self._check_reentry()
        began, served = self._boot(), False
        self._waiters += 1
        waiters = self._waiters
        try:
            token = await self._unless_stopped(self._wait(min_ttl, reference_id), LONGEST_WAIT)
        except FlexitiError as error:
            add_facts(error, {"reference_id": reference_id})
            raise
        else:
            served = True
            return token
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

    async def _unless_stopped(self, wait: Coroutine[object, object, T], most: float) -> T:
        """
        Limit a wait for a token, which also ends when the session is closed.

        Args:
            wait: The wait.
            most: Its limit, in multiples of `token_timeout`.
        """
        loop = asyncio.get_running_loop()
        waits = self._waits.get(loop)
        if waits is None:
            waits = self._waits[loop] = _Waits()
        seconds = most * self._context.options.token_timeout
        waits.number += 1
        deadline = waits.deadlines.start(seconds)
        try:
            return await wait
        except asyncio.CancelledError:
            if not deadline.caused_cancellation():
                raise
        finally:
            deadline.end()
            waits.number -= 1
            if not waits.number:
                waits.deadlines.close()
                del self._waits[loop]
        if self._stopped:
            raise SessionClosed(_CLOSED)
        text = f"could not obtain a token within {seconds:g} s"
        raise TokenUnavailable(text)

    def _check_reentry(self) -> None:
        if self._flights.runs_here():
            msg = (
                "a token request needs the very token that it is obtaining, and would wait for "
                "itself: check the trace callbacks and resolvers of the borrowed client session, "
                "and the token store"
            )
            raise TokenDeadlock(msg)

    def _notify_start(self, cause: Cause) -> None:
        self._context.events.notify(RefreshStarted(scope=self._context.key.scope, cause=cause))

    async def _wait(self, min_ttl: float | None, reference_id: str | None) -> Token:
        while True:
            task = self._task_for(min_ttl, reference_id)
            result = task if isinstance(task, Failed) else await join(task)
            if isinstance(result, Failed) and result.for_all:
                # Each waiter raises a copy: an exception collects the traceback of every raise.
                raise copy.copy(result.error)
            if isinstance(result, Obtained) and result.minted:
                self._check(self._with_windows(result.token), min_ttl)
                if not self._needs_pin(result.token, min_ttl):
                    return result.token
            token = self._serve(min_ttl)
            if token is not None:
                return token

    def _check(self, cached: CachedToken, min_ttl: float | None) -> None:
        """Raise LifetimeTooShort for a `min_ttl` that no token can satisfy."""
        if cached.can_satisfy(min_ttl):
            return
        lifetime = cached.token.lifetime
        ttl = min_ttl_of(min_ttl, lifetime)
        msg = (
            f"min_ttl={ttl:g} s cannot be satisfied: tokens live {lifetime:g} s, less a leeway of "
            f"{cached.windows.leeway:g} s"
        )
        raise LifetimeTooShort(msg, min_ttl=ttl, lifetime=lifetime)

    def _task_for(self, min_ttl: float | None, reference_id: str | None) -> RefreshTask | Failed:
        """Return the task to wait for, started if necessary; or a failure that still backs off."""
        cached = self._cached
        if cached is not None:
            self._check(cached, min_ttl)
            if cached.decision(min_ttl, self._context.clock).serve:
                return self._flights.run(
                    "pin",
                    lambda: _result_of(self._pin(cached.token)),
                    on_start=lambda: self._notify_start(Cause.PIN),
                )
        failed = self._known_failure()
        if failed is None:
            return self._run_refresh(min_ttl, urgent=True, reference_id=reference_id)
        return self._look(failed, min_ttl) or failed

    def _look(self, failed: Failed, min_ttl: float | None) -> RefreshTask | None:
        """
        Return a task that reads whether another process has stored a token meanwhile.

        A failure of a token request concerns requests, not what others have obtained since. One
        read a second at most; None in between.
        """
        running = self._flights.running("look")
        if running is not None or not isinstance(failed.error, TokenError):
            return running
        at = self._boot()
        if at < self._look_at:
            return None
        self._look_at = at + scaled(_LOOK_PAUSE, self._lifetime or DEFAULT_LIFETIME, 1 / 20)
        refresh = self._new_refresh(min_ttl, None)
        return self._flights.run("look", lambda: self._stored_or(refresh, failed.error))

    async def _stored_or(self, refresh: Refresh, error: FlexitiError) -> Obtained | Failed:
        """Adopt the stored token, or return the failure that still backs off."""
        try:
            found = await refresh.adopt_stored()
        except FlexitiError:  # the store's, or the session is closed
            found = None
        return found or self._known_failure() or Failed(error, 0.0)

    def _known_failure(self) -> Failed | None:
        """Return the last failure while it backs off; a copy, with the seconds that are left."""
        if self._failed is None or self._boot() >= self._failed[1]:
            return None
        error, left = self._failed[0], self._failed[1] - self._boot()
        if isinstance(error, TokenError):
            error = copy.copy(error)
            error.retry_after = left
        return Failed(error, left)

    def _known_token_failure(self) -> Failed | None:
        """Return the last failure of a token request, not of the store, while it backs off."""
        failed = self._known_failure()
        return failed if failed is not None and isinstance(failed.error, TokenError) else None

    def _refresh_in_background(self, min_ttl: float | None) -> None:
        """Start a refresh, unless one is running or has just failed."""
        at = self._boot()
        if at < self._pause_until or (self._failed is not None and at < self._failed[1]):
            return
        loop = asyncio.get_running_loop()
        if loop in self._lasting_loops:
            _ = self._run_refresh(min_ttl, urgent=False)  # no caller waits for it
        elif loop not in self._new_loops:
            self._new_loops.add(loop)
            seconds = scaled(_NEW_LOOP, self._lifetime or DEFAULT_LIFETIME, 1 / 20)
            loop.call_later(seconds, self._note_lasting_loop, min_ttl)

    def _note_lasting_loop(self, min_ttl: float | None) -> None:
        """Note that this event loop is not that of a short job, and refresh a stale token."""
        self._lasting_loops.add(asyncio.get_running_loop())
        if not self._stopped:
            self._serve(min_ttl)

    def _run_refresh(
        self, min_ttl: float | None, *, urgent: bool, reference_id: str | None = None
    ) -> RefreshTask:
        pin = min_ttl != 0.0
        running = self._flights.running("refresh")
        if running is not None:
            # It pins the token if any of its waiters needs it.
            self._refreshes[running].pin |= pin
            return running
        warn_of_second_session(self._context.key, self)
        refresh = self._new_refresh(min_ttl, reference_id)
        by_age = Cause.DUE if urgent else Cause.STALE
        cause = self._cause if self._cached is None else by_age
        task = self._flights.run(
            "refresh",
            lambda: _result_of(self._run(refresh, urgent=urgent)),
            on_start=lambda: self._notify_start(cause),
        )
        self._refreshes[task] = refresh
        return task

    def _new_refresh(self, min_ttl: float | None, reference_id: str | None) -> Refresh:
        pin = min_ttl != 0.0
        return Refresh(
            self._context,
            min_ttl=min_ttl,
            cached=self.cached,
            rejected=self._rejected,
            may_refresh=not pin,
            pin=pin,
            patience=self._patience,
            ended=self._ended_claims,
            reference_id=reference_id,
        )

    def _on_done(self, result: Obtained | Failed) -> None:
        self._lasting_loops.add(asyncio.get_running_loop())
        if isinstance(result, Obtained):
            self._pause_until = 0.0
            self._install(result.token)
            if result.minted:  # a token of another process shows nothing of this one's requests
                self._failed = None
            self._degraded.note(result)
        elif result.for_all:
            self._failed = (result.error, self._boot() + result.back_off)
        else:
            self._pause_until = self._boot() + result.back_off

    def _install(self, token: Token) -> None:
        if token.token_id in self._rejected:
            return
        cached = self._cached
        if cached is None or not cached.lives_longer_than(token, self._context.clock):
            self._cached = self._with_windows(token)

    def _with_windows(self, token: Token) -> CachedToken:
        holds_refresh_token = self._context.refresh_tokens.has(token.token_id)
        windows = windows_of(
            token.lifetime,
            refresh_ahead=self._context.options.refresh_ahead,
            leeway=self._context.options.leeway,
            early=self._jitter + (_HOLDER_AHEAD if holds_refresh_token else 0.0),
        )
        return CachedToken(token, windows)

    async def _run(self, refresh: Refresh, *, urgent: bool) -> Obtained | Failed:
        try:
            return await refresh.run()
        except asyncio.CancelledError:
            if not urgent:
                # Its event loop has ended: the next one may be as short, so callers wait for it.
                self._pause_until = math.inf
            raise
        except StoreError as error:
            failure = error
        cached = self._cached
        if cached is not None and not urgent:
            # In the first half of the stale window, wait for the store to come back.
            halfway = (cached.windows.leeway + cached.windows.refresh_ahead) / 2
            if cached.spare(0.0, self._context.clock) > halfway:
                pause = scaled(_STORE_PAUSE, cached.token.lifetime, 1 / 20)
                return Failed(failure, pause, for_all=False)
        return await self._degraded.token(failure, self._lifetime, refresh.reference_id)

    async def _pin(self, token: Token) -> Obtained | Failed:
        pinned = await mark_pinned(self._context, token, self._rejected)
        if pinned is not None:
            return pinned
        failed = self._known_token_failure()
        if failed is not None:
            return failed
        failure = StoreUnavailable("the token could not be marked as pinned in the token store")
        return await self._degraded.token(failure, token.lifetime)


async def close_refreshers(refreshers: Iterable[TokenRefresher]) -> None:
    """Close refreshers at the same time; a close that is cancelled closes all of them, too."""
    async with asyncio.TaskGroup() as closing:
        for refresher in refreshers:
            closing.create_task(refresher.aclose())


async def _result_of(work: Awaitable[Obtained | Failed]) -> Obtained | Failed:
    """Return errors as well: of a callback of a lent session, or that the session is closed."""
    try:
        return await work
    except FlexitiError as error:
        return Failed(error, 0.0)
