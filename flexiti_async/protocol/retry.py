"""
When a call is made again, and after how long (design section 5).

| what happened | replay rule | then |
|---|---|---|
| never sent (no connection) | any | again, over a new connection like every repeat |
| no answer, or a broken one | safe | again |
| no answer, or a broken one | never | `OutcomeUnknown` |
| a callback of a lent client session raised | safe | the error as it is |
| a callback of a lent client session raised | never | `OutcomeUnknown` |
| an answer that is not HTTP, or endless | safe | the error as it is |
| an answer that is not HTTP, or endless | never | `OutcomeUnknown`: it tells nothing |
| 5xx | safe | again, after Retry-After if there is one |
| 5xx, or a success that cannot be read | never | `OutcomeUnknown`: a gateway may have answered |
| 429 | safe | again, after Retry-After if there is one |
| 429 | never | the error as it is: it did not run |
| 401 | any | once more with another token: a refused call did not run (spec section 6.4) |
| 403, 404, 409, … | any | the error as it is: 409 is a business answer |

Every repeat carries the same reference id. The 401 has its own count and is not decided here.
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
    """Make the call again after `seconds`."""

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
        error: What it ended in.
        replay: The call's rule.
        attempt: How many attempts were made, at least 1.
        retries: How many repeats are allowed.
        time_left: Seconds until the call's deadline.
        random: From 0 to 1, spreads the repeats of many callers.

    Returns:
        `Retry`, or the error to raise.
    """
    if replay is Replay.NEVER and isinstance(error, ApiError | TransportError):
        status = _status_that_does_not_tell(error)
        if status is not None:
            return OutcomeUnknown(
                f"{error.endpoint} may or may not have run; look up reference id "
                f"{error.reference_id} before making it again",
                reference_id=error.reference_id,
                endpoint=error.endpoint,
                status=status or None,
            )
    if attempt > retries or not _may_repeat(error, replay):
        return error
    wait = back_off(attempt, random)
    asked = error.retry_after if isinstance(error, ApiError) else None
    wait = wait if asked is None else max(wait, asked)
    # A wait beyond the deadline would only turn a telling error into a time-out.
    return error if wait >= time_left else Retry(wait)


def _status_that_does_not_tell(error: ApiError | TransportError) -> int | None:
    """Give the status of an answer after which a call may have run, 0 without one; else None."""
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
    """Tell the seconds before repeat number `attempt`: doubling, half of it by chance."""
    whole = min(_FIRST * 2.0 ** min(attempt - 1, 16), _LONGEST)
    return whole * (0.5 + random / 2)
