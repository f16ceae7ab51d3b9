"""Whether a call that failed has run: what decides if a checkout goes back a step."""

from typing import Final

from flexiti_async.errors import (
    ApiError,
    CheckoutTokenRejected,
    ConfigError,
    ConnectError,
    FlexitiError,
    MalformedAnswer,
    SessionClosed,
    StoreError,
    TokenError,
    ValidationError,
)

__all__ = ["certainly_not_executed"]

_REQUEST_TIMEOUT: Final = 408
_CLIENT_ERRORS: Final = range(400, 500)


def certainly_not_executed(error: FlexitiError) -> bool:
    """
    Tell whether it is certain that a call with this error did not run.

    | error | |
    |---|---|
    | refused by the API: 4xx (spec section 6.2) | it did not |
    | no connection, no token, bad data, session closed: never sent | it did not |
    | no answer, one that breaks off or cannot be read, 5xx, 408 | nobody knows: a gateway says so |
    |  | of calls that ran |
    """
    if isinstance(error, ApiError):
        refused = error.status in _CLIENT_ERRORS and error.status != _REQUEST_TIMEOUT
        return refused and not isinstance(error, MalformedAnswer)
    never_sent = (
        CheckoutTokenRejected,
        ConfigError,
        ConnectError,
        SessionClosed,
        StoreError,
        TokenError,
        ValidationError,
    )
    return isinstance(error, never_sent)
