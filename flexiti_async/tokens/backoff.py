"""
What each class of failure leads to, how long nobody tries again, and how it is told to others.

| class (`TokenError.kind`) | back-off |
|---|---|
| transient | 1 s, doubled by each failure in a row, at most 30 s |
| throttled | what Retry-After says, at least as long as a transient one, at most an hour |
| rejected | as transient |
| misconfigured | 30 s: only a person can mend it |
| clock | as transient |

All of them are spread by chance and, so that short-lived tokens work like long-lived ones, at
most a quarter of the token's lifetime, but for a Retry-After, which is the server's word.
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

__all__ = ["back_off_of", "error_of_failure", "failure_of_error"]

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
    Tell the seconds during which nobody tries again.

    Args:
        error: The failure.
        attempts: How many attempts in a row have failed, this one included.
        lifetime: Lifetime of a token, seconds.
        random: From 0 to 1.
    """
    if isinstance(error, TokenMisconfigured):
        plain = _MISCONFIGURED
    else:
        plain = min(_FIRST * 2.0 ** min(attempts - 1, 16), _LONGEST)
    wait = scaled(plain, lifetime, _SHARE) * (0.75 + random / 4)
    asked = error.retry_after if isinstance(error, TokenThrottled) else None
    return wait if asked is None else max(wait, min(asked, _LONGEST_RETRY_AFTER))


def failure_of_error(
    error: TokenError, *, attempts: int, back_off: float, fingerprint: str
) -> Failure:
    """Write a failure down for other processes."""
    return Failure(
        kind=error.kind,
        message=str(error),
        back_off=back_off,
        attempts=attempts,
        fingerprint=fingerprint,
        status=error.status,
        code=error.code,
    )


def error_of_failure(failure: Failure, retry_after: float) -> TokenError:
    """Make of another process's failure the error that it was."""
    kind = _KINDS.get(failure.kind, TokenUnavailable)
    return kind(failure.message, status=failure.status, code=failure.code, retry_after=retry_after)
