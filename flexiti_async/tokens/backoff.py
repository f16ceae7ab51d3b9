"""
How long each class of failure backs off, and how a failure is shared with other processes.

| class (`TokenError.kind`) | back-off |
|---|---|
| transient | 1 s, doubled by each failure in a row, at most 30 s |
| throttled | as Retry-After says, at least as long as a transient one, at most an hour |
| rejected | as transient |
| misconfigured | 30 s: only a person can fix it |
| clock | as transient |

Each is jittered, and at most a quarter of the token's lifetime, so that short-lived tokens work
like long-lived ones. Only a Retry-After may be longer, because the server asked for it.
"""

from collections.abc import Mapping
from typing import Final

from flexiti_async.errors import (
    ClockError,
    TokenError,
    TokenMisconfigured,
    TokenRejected,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.tokens.policy import scaled
from flexiti_async.tokens.record import Failure

__all__ = ["back_off_of", "error_from_failure", "failure_from_error", "longest_back_off"]

_KINDS: Final[Mapping[str, type[TokenError]]] = {
    kind.kind: kind
    for kind in (TokenUnavailable, TokenThrottled, TokenRejected, TokenMisconfigured, ClockError)
}
_FIRST: Final = 1.0
_LONGEST: Final = 30.0
_MISCONFIGURED: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 3600.0
_SHARE: Final = 1 / 4


def back_off_of(error: TokenError, *, attempts: int, lifetime: float, random: float) -> float:
    """
    Return the seconds until the next attempt.

    Args:
        error: The failure.
        attempts: How many attempts in a row have failed, this one included.
        lifetime: Lifetime of a token, seconds.
        random: A random number from 0 to 1, for the jitter.
    """
    if isinstance(error, TokenMisconfigured):
        plain = _MISCONFIGURED
    else:
        plain = min(_FIRST * 2.0 ** min(attempts - 1, 16), _LONGEST)
    wait = scaled(plain, lifetime, _SHARE) * (0.75 + random / 4)
    retry_after = error.retry_after if isinstance(error, TokenThrottled) else None
    return wait if retry_after is None else max(wait, min(retry_after, _LONGEST_RETRY_AFTER))


def longest_back_off(kind: str) -> float:
    """Return the longest back-off after a failure of some kind, seconds; no record's is longer."""
    return _LONGEST_RETRY_AFTER if kind == TokenThrottled.kind else _LONGEST


def failure_from_error(
    error: TokenError, *, attempts: int, back_off: float, fingerprint: str, at: float
) -> Failure:
    """Build the shared record of a failure at some moment of the wall clock."""
    return Failure(
        kind=error.kind,
        message=str(error),
        back_off=back_off,
        attempts=attempts,
        fingerprint=fingerprint,
        status=error.status,
        code=error.code,
        at=at,
        description=error.description,
        reason=error.reason,
        errno=error.errno,
        verify_code=error.verify_code,
    )


def error_from_failure(failure: Failure, retry_after: float) -> TokenError:
    """Build the error of a failure that another process recorded."""
    kind = _KINDS.get(failure.kind, TokenUnavailable)
    return kind(
        failure.message,
        status=failure.status,
        code=failure.code,
        description=failure.description,
        retry_after=retry_after,
        reason=failure.reason,
        errno=failure.errno,
        verify_code=failure.verify_code,
    )
