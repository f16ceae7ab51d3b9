"""`ApiClient`: one call of the API with one token, repeated where that is safe."""

import asyncio
import copy
import math
import random
from collections.abc import Callable, Coroutine
from typing import Final, Generic, Protocol, TypeVar

from attrs import define

from flexiti_async.api.endpoints import WIDGET_INIT
from flexiti_async.api.widget_answer import Widget
from flexiti_async.api.widget_origins import WidgetOrigins
from flexiti_async.clock import Clock, now, seconds_since
from flexiti_async.errors import (
    ApiError,
    ConfigError,
    ConnectError,
    ConnectionLost,
    FlexitiError,
    MalformedAnswer,
    OutcomeUnknown,
    SessionClosed,
    TokenUnavailable,
    TransportError,
    Unauthorized,
    ValidationError,
)
from flexiti_async.events.odd_fields import OddFields
from flexiti_async.events.types import CallFinished, CallRetried, Listeners, Outcome
from flexiti_async.protocol.call import BaseCall, OperationCall, Replay
from flexiti_async.protocol.rejection import Rejections, SentCall, Verdict
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.retry import Retry, decide_retry
from flexiti_async.protocol.retry_budget import RetryBudget
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.transport.answers import answer_received
from flexiti_async.transport.faults import Progress
from flexiti_async.transport.pool import Reply, Transport

__all__ = ["ApiClient", "Sending", "TokenSource"]

T = TypeVar("T")

_ENDED: Final = 0.001
"""Seconds of life with which a token counts as ended: timers and clocks differ by less."""


@define
class Sending:
    """
    Whether a call may have run, for a caller that has to know it even if the call is cancelled.

    Attributes:
        left: Returns the seconds until nothing may be sent any more, by the caller's clocks: those
            of the event loop stand still while a machine is suspended.
        doubtful: An earlier attempt may have run.
        progress: How far the last attempt has come, also once it has an answer that nobody has
            read yet; None before the first, and after one that certainly did not run.
    """

    left: Callable[[], float] = lambda: math.inf
    doubtful: bool = False
    progress: Progress | None = None

    @property
    def may_have_run(self) -> bool:
        """Whether an attempt may have run whose answer the caller does not have."""
        return self.doubtful or (self.progress is not None and self.progress.connected)


def _refuse_widget(call: BaseCall[object], scope: Scope) -> None:
    """
    Raise ConfigError for a widget/init with a token that must not reach a browser.

    Its answer is a URL with the token in it. A call that was built by hand may have another name.
    """
    if scope is Scope.CUSTOMER or not call.path.rstrip("/").endswith(WIDGET_INIT):
        return
    msg = (
        f"{WIDGET_INIT} puts its token into the customer's browser, so it is made with "
        f"customer scope only, not with {scope.value}"
    )
    raise ConfigError(msg)


def _leads_astray(call: BaseCall[object], problem: str, reference_id: str) -> MalformedAnswer:
    """Return the error of a widget whose URL would lead the customer somewhere else."""
    return MalformedAnswer(
        f"the answer is malformed: {problem}",
        status=200,
        reference_id=reference_id,
        endpoint=call.endpoint,
    )


def _has_broken(error: FlexitiError) -> bool:
    """Whether a connection that existed has broken, before the request was written or later."""
    if isinstance(error, ConnectError):
        return error.reason == "connection" and error.errno is None
    return isinstance(error, ConnectionLost)


class TokenSource(Protocol):
    """The tokens of a call after its first: of a scope, or of one checkout."""

    @property
    def rejections(self) -> Rejections:
        """The evidence of calls with these tokens."""
        ...

    def verdict(self, call: SentCall, token: Token) -> Verdict:
        """Decide what follows from a 401 on a call with a token."""
        ...

    async def successor(
        self, token: Token, *, rejected: bool, reference_id: str | None = None
    ) -> Token:
        """
        Return another token for one that is rejected, has ended or is not in use any more.

        `reference_id` is that of the call, for the log.

        Raises FlexitiError if there is none.
        """
        ...


@define
class _Run(SentCall, Generic[T]):
    """
    One call in flight.

    Attributes:
        call: The call.
        reference_id: The reference id of all attempts.
        token: The token of the next attempt.
        within: Seconds for the whole call.
        sending: Records how far a call comes whose caller has to know it.
        clock: Dates the token.
        began: When it began, by the event loop's clock.
        once: An attempt that may have run is the last.
        observed: `_observed` notifies of its end; otherwise only failures and repeats are worth it.
        attempts: Number of attempts so far.
        renewed: A token that had ended was replaced before it was sent.
    """

    call: BaseCall[T]
    reference_id: str
    token: Token
    within: float
    sending: Sending | None
    clock: Clock
    began: float
    once: bool
    observed: bool
    attempts: int = 0
    renewed: bool = False

    def life(self) -> float:
        """Return the seconds of life that the token has left."""
        return self.token.life - seconds_since(self.token.counted_from, self.clock)

    def note_doubt(self) -> None:
        """Record that the last attempt may have run, if its progress does not say otherwise."""
        if self.sending is not None:
            self.sending.doubtful = self.sending.may_have_run

    def allowed(self) -> float:
        """Return the seconds until nothing may be sent any more, by the caller's clocks."""
        return math.inf if self.sending is None else self.sending.left()


class ApiClient:
    """
    Make calls.

    Args:
        builder: Builds the requests.
        transport: Sends them.
        retries: How often a repeatable call is repeated, within the `RetryBudget`.
        connections: Size of the pool.
        timeout: Seconds for a whole call: all attempts, and the waits between them.
        clock: Dates the tokens.
        events: Notified of repeats, and of the end of each call.
        origins: Where the URL of a widget may lead.

    Attributes:
        retries: As above.
        timeout: As above.
        longest: Seconds for one attempt; None for the transport's.
        answers: Notified of every answer.
    """

    def __init__(
        self,
        builder: RequestBuilder,
        transport: Transport,
        *,
        retries: int,
        connections: int,
        timeout: float,
        clock: Clock,
        events: Listeners,
        origins: WidgetOrigins,
    ) -> None:
        self._origins = origins
        self._builder = builder
        self._transport = transport
        self.retries = retries
        self.timeout = timeout
        self.longest: float | None = None
        self.answers: Listeners | None = None
        self._clock = clock
        self._events = events
        self._odd_fields = OddFields(events)
        self._budget = RetryBudget(connections)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retries: int | None = None,
        answers: Listeners | None = None,
    ) -> "ApiClient":
        """
        Return a client with other options for its calls, and everything else in common.

        Args:
            timeout: Seconds for one attempt; a whole call has twice as many.
            retries: How often a repeatable call is repeated; the `RetryBudget` stays in common.
            answers: Notified of every answer.
        """
        client = copy.copy(self)
        if timeout is not None:
            client.longest, client.timeout = timeout, 2 * timeout
        if retries is not None:
            client.retries = retries
        if answers is not None:
            client.answers = answers
        return client

    def check(self, call: BaseCall[object]) -> None:
        """
        Check a call before a token is obtained for it.

        Raises:
            ValidationError: A call that was built by hand has no value for a name in its path, or
                something that is not JSON in its body.
            ConfigError: A widget/init of another scope than customer.
        """
        _refuse_widget(call, call.scope)
        problem = self._builder.problem(call)
        if problem is not None:
            del call  # this frame is in the traceback
            raise ValidationError(field_errors=[problem])

    def call(
        self,
        call: BaseCall[T],
        reference_id: str,
        token: Token,
        source: TokenSource,
        *,
        within: float | None = None,
        sending: Sending | None = None,
        began: float | None = None,
    ) -> Coroutine[object, None, T]:
        """
        Make a call and return its result.

        A call that is rejected with a 401 did not run (spec section 6.4), so it is repeated as
        `protocol/rejection.py` decides. All attempts carry the same reference id.

        Args:
            call: The call.
            reference_id: The `x-reference-id` of all attempts.
            token: The token of the first attempt.
            source: Where the tokens of repeats come from.
            within: Seconds for the whole call, if another limit than the client's.
            sending: Records whether it may have run.
            began: The result of `wait`; None if the call has not waited.

        Raises:
            ApiError: The API answered with an error.
            ConfigError: A widget/init with another token than one of customer scope.
            TransportError: There was no answer.
            TokenError: No other token could be obtained.
            SessionClosed: The session was closed meanwhile.
        """
        _refuse_widget(call, token.scope)
        seconds = self.timeout if within is None else within
        at = asyncio.get_running_loop().time()
        self._budget.note_call(at)
        observed = self._events.follow_calls
        run = _Run(
            call.endpoint,
            call,
            reference_id,
            token,
            seconds,
            sending,
            self._clock,
            at if began is None else began,
            call.replay is Replay.NEVER or isinstance(call, OperationCall),
            observed,
        )
        return self._observed(run, source, at) if observed else self._until_done(run, source, at)

    @property
    def busy(self) -> bool:
        """Whether a call would have to wait for a connection; if so, `wait` first."""
        return self._transport.busy

    def wait(self, within: float | None = None) -> Coroutine[object, None, float]:
        """
        Wait for a connection before the call, its token and its request exist.

        A burst costs as much as its waiting calls keep alive, and a token cannot get old
        meanwhile. If none gets free in time, the call itself waits once more, or reports it.

        Args:
            within: As for `call`.

        Returns:
            When the call began, by the loop's clock; for `call`.
        """
        return self._transport.wait(self.timeout if within is None else within, self.longest)

    async def _observed(self, run: _Run[T], source: TokenSource, at: float) -> T:
        """Make a call and notify the listeners of its end."""
        ended: FlexitiError | Outcome = Outcome.CANCELLED
        try:
            with self._events.around_call():
                result = await self._until_done(run, source, at)
            ended = Outcome.DONE
        except FlexitiError as error:
            ended = error
            raise
        finally:
            self._notify_end(run, ended)
        return result

    def _notify_end(self, run: _Run[T], ended: FlexitiError | Outcome) -> None:
        at = now(self._clock)
        error = None if isinstance(ended, Outcome) else ended
        if isinstance(error, ApiError | TransportError | OutcomeUnknown):  # nobody else's
            error.attempts = run.attempts
        self._events.notify(
            CallFinished(
                endpoint=run.call.endpoint,
                reference_id=run.reference_id,
                scope=run.call.scope,
                outcome=ended if isinstance(ended, Outcome) else Outcome.FAILED,
                status=error.status if isinstance(error, ApiError | OutcomeUnknown) else None,
                seconds=asyncio.get_running_loop().time() - run.began,
                attempts=run.attempts,
                token_age=run.token.age(at),
                token_remaining=run.token.remaining(at),
                error=error,
                operation=isinstance(run.call, OperationCall),
            )
        )

    async def _until_done(self, run: _Run[T], source: TokenSource, at: float) -> T:
        """Make attempts until one is the last; `at` is now, by the event loop's clock."""
        sending, rejections = run.sending, source.rejections
        deadline = run.began + run.within
        left = deadline - at
        try:
            while True:
                run.attempts += 1
                progress = None
                if sending is not None:
                    progress = sending.progress = Progress(left=sending.left)
                run.order = rejections.sent()
                try:
                    # No name for the request here: a cancellation would carry it in this frame.
                    answer = await self._transport.attempt(
                        self._builder.call(run.call, run.token.access_token, run.reference_id),
                        within=left if sending is None else min(left, sending.left()),
                        longest=self.longest,
                        once=run.once,
                        fresh=run.attempts > 1,
                        progress=progress,
                        life=run.life,
                    )
                except FlexitiError:  # of a callback of a lent session, about something else
                    run.note_doubt()
                    raise
                result = self._result(run, answer)
                # A value of the call's type is never an error: results are models.
                if not isinstance(result, FlexitiError):
                    rejections.succeeded(run.token.token_id, run)
                    if run.attempts > 1 and not run.observed:
                        self._notify_end(run, Outcome.DONE)
                    return result
                await self._prepare_repeat(run, result, source, deadline)
                left = deadline - asyncio.get_running_loop().time()
        except FlexitiError as error:
            if not run.observed:
                self._notify_end(run, error)
            raise

    def _result(self, run: _Run[T], answer: Reply) -> T | FlexitiError:
        """Read an answer, and report what the shop may want to know of it."""
        if not isinstance(answer, HttpResponse):
            return answer
        call, token = run.call, run.token.access_token
        if run.attempts == 1 and not run.once:
            self._budget.note_kept()
        if self.answers is not None:
            self.answers.notify(
                answer_received(call.endpoint, run.reference_id, run.attempts, answer, token)
            )
        odd: list[str] = []
        result = read_answer(call, answer, run.reference_id, token, odd)
        if odd:
            self._odd_fields.report(call.endpoint, run.reference_id, odd)
        if isinstance(result, Widget) and (problem := self._origins.problem(result)):
            return _leads_astray(call, problem, run.reference_id)
        return result

    async def _prepare_repeat(
        self, run: _Run[T], error: FlexitiError, source: TokenSource, deadline: float
    ) -> None:
        """Prepare the next attempt, or raise the error if there is none."""
        if isinstance(error, SessionClosed):
            raise error
        if isinstance(error, ConnectError) and not run.renewed and run.life() <= _ENDED:
            # It ended while the call waited for a connection: nothing was sent.
            run.renewed, run.attempts = True, run.attempts - 1
            await self._replace_token(run, source, deadline, rejected=False)
        elif isinstance(error, Unauthorized) and not (
            # A proxy's 401 does not say that the API did not run a call that moves money.
            isinstance(run.call, OperationCall) and error.code is error.url is None
        ):
            await self._rejected(run, error, source, deadline)
        else:
            left = deadline - asyncio.get_running_loop().time()
            await self._pause(run, error, min(left, run.allowed()))

    async def _pause(self, run: _Run[T], error: FlexitiError, left: float) -> None:
        """Wait for the next attempt; raise the error, or what it means, if this was the last."""
        verdict = decide_retry(
            error,
            run.call.replay,
            attempt=run.attempts - run.looked - run.repeated,
            retries=self.retries,
            # A repeat with a token that has ended meanwhile would be a wasted 401.
            time_left=min(left, run.life()),
            random=random.random(),  # noqa: S311 - spreads load, guards nothing
        )
        if not isinstance(verdict, Retry):
            raise verdict
        # The first attempt of a call that may be repeated goes over a kept connection.
        kept = run.attempts == 1 and _has_broken(error)
        if not self._budget.take(asyncio.get_running_loop().time(), kept=kept):
            raise error
        if run.sending is not None and not isinstance(error, ConnectError):
            run.sending.doubtful = True
        self._events.notify(
            CallRetried(
                endpoint=run.call.endpoint,
                reference_id=run.reference_id,
                attempt=run.attempts,
                seconds=verdict.seconds,
                error=error,
            )
        )
        closed = await self._transport.pause(verdict.seconds)
        if closed is not None:
            raise closed

    async def _rejected(
        self, run: _Run[T], error: Unauthorized, source: TokenSource, deadline: float
    ) -> None:
        """Prepare the repeat of a call that was answered with a 401, or raise the error."""
        if run.sending is not None:
            run.sending.progress = None  # this attempt did not run
        verdict = source.verdict(run, run.token)
        if verdict is Verdict.RAISE:
            raise error
        if verdict is Verdict.LOOK:
            run.looked = True
            return
        run.repeated = True
        await self._replace_token(run, source, deadline, rejected=verdict is Verdict.REJECT)

    async def _replace_token(
        self, run: _Run[T], source: TokenSource, deadline: float, *, rejected: bool
    ) -> None:
        """Obtain another token, before the call's time is over."""
        try:
            async with asyncio.timeout_at(deadline):
                run.token = await source.successor(
                    run.token, rejected=rejected, reference_id=run.reference_id
                )
                return
        except TimeoutError:
            text = f"{run.call.endpoint}: no other token in time for one that cannot be used"
            late = TokenUnavailable(text, reference_id=run.reference_id)
        raise late
