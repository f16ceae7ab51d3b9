"""`ApiClient`: one call of the API with one token, repeated where that is safe."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, Generic, TypeVar

from attrs import define

from flexiti_async.clock import Clock, now
from flexiti_async.errors import (
    ApiError,
    ConnectError,
    FieldError,
    FlexitiError,
    OutcomeUnknown,
    SessionClosed,
    TokenUnavailable,
    Unauthorized,
    ValidationError,
)
from flexiti_async.events.log import logs_calls
from flexiti_async.events.types import CallFinished, CallRetried, Listeners
from flexiti_async.protocol.call import BaseCall, OperationCall, Replay
from flexiti_async.protocol.request import RequestBuilder
from flexiti_async.protocol.response import HttpResponse, read_answer
from flexiti_async.protocol.retry import Retry, decide_retry
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Token
from flexiti_async.protocol.validators import INVALID
from flexiti_async.transport.faults import Progress
from flexiti_async.transport.pool import Transport

__all__ = ["ApiClient", "Sending"]

T = TypeVar("T")
Replace = Callable[[Token], Awaitable[Token]]
"""Returns another token for one that the API has rejected, or raises."""

_DONE: Final = "done"
_CANCELLED: Final = "cancelled"
_NO_TOKEN: Final = Secret("none")


@define
class Sending:
    """
    Whether a call may have run, for a caller that has to know it even if the call is cancelled.

    Attributes:
        left: Returns the seconds until nothing may be sent any more, by the caller's clocks: those
            of the event loop stand still while a machine is suspended.
        doubtful: An earlier attempt may have run.
        progress: How far the present attempt has come; None between two attempts.
    """

    left: Callable[[], float] = lambda: math.inf
    doubtful: bool = False
    progress: Progress | None = None

    @property
    def may_have_run(self) -> bool:
        """Whether an attempt may have run, whose answer nobody has."""
        return self.doubtful or (self.progress is not None and self.progress.connected)


@define
class _Run(Generic[T]):
    """
    One call in flight.

    Attributes:
        call: The call.
        reference_id: The reference id of all attempts.
        token: The token of the next attempt.
        within: Seconds for the whole call.
        sending: Records how far it has come.
        attempts: Number of attempts so far.
        replaced: The token was replaced, which happens once.
    """

    call: BaseCall[T]
    reference_id: str
    token: Token
    within: float
    sending: Sending
    attempts: int = 0
    replaced: bool = False


class ApiClient:
    """
    Make calls.

    Args:
        builder: Builds the requests.
        transport: Sends them.
        retries: How often a repeatable call is repeated.
        timeout: Seconds for a whole call: all attempts, and the waits between them.
        clock: Dates the tokens.
        events: Notified of repeats, and of the end of each call.
    """

    def __init__(
        self,
        builder: RequestBuilder,
        transport: Transport,
        *,
        retries: int,
        timeout: float,
        clock: Clock,
        events: Listeners,
    ) -> None:
        self._builder = builder
        self._transport = transport
        self._retries = retries
        self._timeout = timeout
        self._clock = clock
        self._events = events

    def check(self, call: BaseCall[object]) -> None:
        """
        Check that a call can be built as a request.

        Raises:
            ValidationError: A call that was built by hand has no value for a name in its path, or
                something that is not JSON in its body.
        """
        try:
            self._builder.call(call, _NO_TOKEN, "")
        except Exception:  # noqa: BLE001 - of values of any type
            problem = FieldError(
                "call", INVALID, None, "path, query and body must be texts and JSON"
            )
        else:
            return
        del call  # this frame is in the traceback
        raise ValidationError(field_errors=[problem])

    def call(
        self,
        call: BaseCall[T],
        reference_id: str,
        token: Token,
        replace: Replace,
        *,
        within: float | None = None,
        sending: Sending | None = None,
    ) -> Coroutine[object, None, T]:
        """
        Make a call and return its result.

        A 401 is answered with one more attempt with another token: a rejected call did not run
        (spec section 6.4). All attempts carry the same reference id.

        Args:
            call: The call.
            reference_id: The `x-reference-id` of all attempts.
            token: The token of the first attempt.
            replace: Returns another token for a rejected one.
            within: Seconds for the whole call, if another limit than the client's.
            sending: Records whether it may have run.

        Raises:
            ApiError: The API answered with an error.
            TransportError: There was no answer.
            TokenError: No other token could be obtained.
            SessionClosed: The session was closed meanwhile.
        """
        within = self._timeout if within is None else within
        run = _Run(call, reference_id, token, within, sending or Sending())
        if self._events.any or logs_calls():
            return self._observed(run, replace)
        return self._until_done(run, replace)

    async def _observed(self, run: _Run[T], replace: Replace) -> T:
        """Make a call and notify the listeners of its end."""
        began = asyncio.get_running_loop().time()
        ended: FlexitiError | str = _CANCELLED
        try:
            result = await self._until_done(run, replace)
            ended = _DONE
        except FlexitiError as error:
            ended = error
            raise
        finally:
            at = now(self._clock)
            self._events.notify(
                CallFinished(
                    endpoint=run.call.endpoint,
                    reference_id=run.reference_id,
                    scope=run.call.scope,
                    outcome=ended if isinstance(ended, str) else type(ended).__name__,
                    status=ended.status if isinstance(ended, ApiError | OutcomeUnknown) else None,
                    seconds=asyncio.get_running_loop().time() - began,
                    attempts=run.attempts,
                    token_age=run.token.age(at),
                    token_remaining=run.token.remaining(at),
                )
            )
        return result

    async def _until_done(self, run: _Run[T], replace: Replace) -> T:
        """Make attempts until one is the last."""
        loop, left = asyncio.get_running_loop(), run.within
        deadline = loop.time() + left
        moves_money = isinstance(run.call, OperationCall)
        while True:
            run.attempts += 1
            run.sending.progress = Progress()
            # No name for the request here: a cancellation would carry it in this frame.
            answer = await self._transport.attempt(
                self._builder.call(run.call, run.token.access_token, run.reference_id),
                within=min(left, run.sending.left()),
                once=moves_money or run.call.replay is Replay.NEVER,
                fresh=run.attempts > 1,
                progress=run.sending.progress,
            )
            run.sending.progress = None
            if isinstance(answer, SessionClosed):
                raise answer
            result: T | FlexitiError = (
                read_answer(run.call, answer, run.reference_id)
                if isinstance(answer, HttpResponse)
                else answer
            )
            # A value of the call's type is never an error: results are models.
            if not isinstance(result, FlexitiError):
                return result
            # A proxy's 401 does not say that the API did not run a call that moves money.
            if (
                isinstance(result, Unauthorized)
                and not run.replaced
                and not (moves_money and result.code is result.url is None)
            ):
                await self._replace_token(run, replace, deadline)
            else:
                await self._pause(run, result, min(deadline - loop.time(), run.sending.left()))
            left = deadline - loop.time()

    async def _pause(self, run: _Run[T], error: FlexitiError, left: float) -> None:
        """Wait for the next attempt; raise the error, or what it means, if this was the last."""
        verdict = decide_retry(
            error,
            run.call.replay,
            attempt=run.attempts - run.replaced,
            retries=self._retries,
            # A repeat with a token that has ended meanwhile would be a wasted 401.
            time_left=min(left, run.token.remaining(now(self._clock))),
            random=random.random(),  # noqa: S311 - spreads load, guards nothing
        )
        if not isinstance(verdict, Retry):
            raise verdict
        if not isinstance(error, ConnectError):
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

    async def _replace_token(self, run: _Run[T], replace: Replace, deadline: float) -> None:
        """Obtain another token for the rejected one, before the call's time is over."""
        run.replaced = True
        try:
            async with asyncio.timeout_at(deadline):
                run.token = await replace(run.token)
                return
        except TimeoutError:
            text = f"{run.call.endpoint}: no other token in time for the rejected one"
            late = TokenUnavailable(text, reference_id=run.reference_id)
        raise late
