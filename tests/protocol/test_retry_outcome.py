"""Whether a failed call has run."""

import pytest

from flexiti_async.errors import (
    BadHttp,
    CheckoutTokenRejected,
    Conflict,
    ConnectError,
    ConnectionLost,
    FlexitiError,
    Forbidden,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    RequestTimeout,
    ServerError,
    SessionClosed,
    StoreUnavailable,
    Throttled,
    TokenUnavailable,
    Unauthorized,
    ValidationError,
    WrongInputs,
)
from flexiti_async.errors import BadRequest as BadRequestError
from flexiti_async.protocol.retry import certainly_not_executed


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError(status=400),
        Unauthorized(status=401),
        Forbidden(status=467),
        NotFound(status=404),
        Conflict(status=409),
        WrongInputs(status=409),
        Throttled(status=429),
        BadRequestError(status=499),
        ConnectError(),
        TokenUnavailable(),
        CheckoutTokenRejected(),
        StoreUnavailable(),
        SessionClosed(),
        ValidationError(),
    ],
    ids=lambda error: f"{error!r} {getattr(error, 'status', '')}",
)
def test_certainly_not_executed(error: FlexitiError) -> None:
    """A rejected call, or one that was never sent, did not run."""
    assert certainly_not_executed(error)


@pytest.mark.parametrize(
    "error",
    [
        ServerError(status=500),
        ServerError(status=504),
        BadRequestError(status=408),
        MalformedAnswer(status=200),
        MalformedAnswer(status=302),
        MalformedAnswer(status=404),
        RequestTimeout(),
        ConnectionLost(),
        BadHttp(),
        OutcomeUnknown(),
        FlexitiError(),
    ],
    ids=lambda error: f"{error!r} {getattr(error, 'status', '')}",
)
def test_possibly_executed(error: FlexitiError) -> None:
    """After a gateway's error, a lost connection or an unreadable answer the outcome is unknown."""
    assert not certainly_not_executed(error)
