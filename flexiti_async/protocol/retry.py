"""
Which failed calls are repeated, and after how long.

| failure | replay rule | then |
|---|---|---|
| never sent (no connection) | any | repeat, over a new connection like every repeat |
| no answer, or a broken one | safe | repeat |
| no answer, or a broken one | never | `OutcomeUnknown` |
| a callback of a borrowed client session raised | safe | raise the error |
| a callback of a borrowed client session raised | never | `OutcomeUnknown` |
| an answer that is not HTTP, or too large | safe | raise the error |
| an answer that is not HTTP, or too large | never | `OutcomeUnknown` |
| 5xx | safe | repeat, after Retry-After if it is present |
| 5xx, or a success that cannot be read | never | `OutcomeUnknown`: a gateway may have answered |
| 429 | safe | repeat, after Retry-After if it is present |
| 429 | never | raise the error: the call did not run |
| 401 | any | as `protocol/rejection.py` decides: a rejected call did not run (spec section 6.4) |
| 403, 404, 409, … | any | raise the error: 409 is a business answer |

Every repeat carries the same reference id. The 401 is counted separately, in the API client.
"""

from typing import Final

from attrs import frozen

from flexiti_async.errors import (
    ApiError,
    ConnectError,
    ConnectionLost,
    FlexitiError,
    MalformedAnswer,
    OutcomeUnknown,
    RequestTimeout,
    ServerError,
    Throttled,
    TransportError,
)
from flexiti_async.protocol.call import Replay

__all__ = ["Retry", "back_off", "decide_retry"]

_FIRST: Final = 0.1
_LONGEST: Final = 5.0


@frozen
class Retry:
    """Repeat the call after `seconds`."""

    seconds: float


def decide_retry(
    error: FlexitiError,
    replay: Replay,
    *,
    attempt: int,
    retries: int,
    time_left: float,
    random: float,
) -> Retry | FlexitiError:
    """
    Decide what follows a failed attempt.

    Args:
        error: The error of the attempt.
        replay: The call's replay rule.
        attempt: Number of attempts so far, at least 1.
        retries: Number of repeats allowed.
        time_left: Seconds until the call's deadline.
        random: From 0 to 1, to spread the repeats of many callers.

    Returns:
        `Retry`, or the error to raise.
    """
    if replay is Replay.NEVER and isinstance(error, ApiError | TransportError):
        status = _inconclusive_status(error)
        if status is not None:
            return OutcomeUnknown(
                f"{error.endpoint} may or may not have run; look up reference id "
                f"{error.reference_id} before repeating it",
                reference_id=error.reference_id,
                endpoint=error.endpoint,
                status=status or None,
            )
    if attempt > retries or not _may_repeat(error, replay):
        return error
    wait = back_off(attempt, random)
    asked = error.retry_after if isinstance(error, ApiError) else None
    wait = wait if asked is None else max(wait, asked)
    # Waiting past the deadline would only replace a specific error by a time-out.
    return error if wait >= time_left else Retry(wait)


def _inconclusive_status(error: ApiError | TransportError) -> int | None:
    """Return the status if the call may have run, 0 without an answer; None if it did not run."""
    if isinstance(error, TransportError) and not isinstance(error, ConnectError | OutcomeUnknown):
        return 0
    if isinstance(error, ServerError):
        return error.status
    if isinstance(error, MalformedAnswer) and 200 <= error.status < 300:
        return error.status
    return None


def _may_repeat(error: FlexitiError, replay: Replay) -> bool:
    if isinstance(error, ConnectError):
        return True
    if replay is not Replay.SAFE:
        return False
    return isinstance(error, ServerError | Throttled | ConnectionLost | RequestTimeout)


def back_off(attempt: int, random: float) -> float:
    """Return the seconds before repeat number `attempt`: exponential, half of it random."""
    whole = min(_FIRST * 2.0 ** min(attempt - 1, 16), _LONGEST)
    return whole * (0.5 + random / 2)
