"""Repeating failed calls: the table of the module, and the bounds of its waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import (
    ApiError,
    BadHttp,
    BadRequest,
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
    StoreUnavailable,
    Throttled,
    TokenUnavailable,
    TransportError,
    Unauthorized,
)
from flexiti_async.protocol.call import Replay
from flexiti_async.protocol.retry import Retry, back_off, decide_retry

AGAIN, UNKNOWN, AS_IT_IS = "again", "unknown", "as it is"


def decided(
    error: FlexitiError,
    replay: Replay,
    *,
    attempt: int = 1,
    retries: int = 2,
    time_left: float = 60.0,
    random: float = 1.0,
) -> Retry | FlexitiError:
    """Decide about the first attempt of three, with much time left."""
    return decide_retry(
        error, replay, attempt=attempt, retries=retries, time_left=time_left, random=random
    )


def named(step: Retry | FlexitiError, error: FlexitiError) -> str:
    """Name a decision in the words of the table."""
    if step is error:
        return AS_IT_IS
    return AGAIN if isinstance(step, Retry) else UNKNOWN


TABLE: list[tuple[type[FlexitiError], Replay, str]] = [
    (ConnectError, Replay.SAFE, AGAIN),
    (ConnectError, Replay.NEVER, AGAIN),
    (RequestTimeout, Replay.SAFE, AGAIN),
    (RequestTimeout, Replay.NEVER, UNKNOWN),
    (ConnectionLost, Replay.SAFE, AGAIN),
    (ConnectionLost, Replay.NEVER, UNKNOWN),
    (ServerError, Replay.SAFE, AGAIN),
    (ServerError, Replay.NEVER, UNKNOWN),
    (Throttled, Replay.SAFE, AGAIN),
    (Throttled, Replay.NEVER, AS_IT_IS),
    *(
        (kind, replay, AS_IT_IS)
        for kind in (
            Unauthorized,
            Forbidden,
            NotFound,
            Conflict,
            BadRequest,
            MalformedAnswer,
            TokenUnavailable,
            StoreUnavailable,
            OutcomeUnknown,
        )
        for replay in Replay
    ),
    (BadHttp, Replay.SAFE, AS_IT_IS),
    (BadHttp, Replay.NEVER, UNKNOWN),
]


@pytest.mark.parametrize(("kind", "replay", "expected"), TABLE)
def test_table(kind: type[FlexitiError], replay: Replay, expected: str) -> None:
    """The decision depends on the failure and on the replay rule."""
    error = kind("No!")

    assert expected == named(decided(error, replay), error)


@pytest.mark.parametrize("kind", [RequestTimeout, ConnectionLost, BadHttp])
@pytest.mark.parametrize("attempt", [1, 3, 9])
def test_outcome_unknown(kind: type[TransportError], attempt: int) -> None:
    """An unknown outcome names the call and its reference id, after any attempt."""
    error = kind("No!", reference_id="ref-1", endpoint="authorization")
    step = decided(error, Replay.NEVER, attempt=attempt)

    assert isinstance(step, OutcomeUnknown)
    assert ("ref-1", "authorization", None) == (step.reference_id, step.endpoint, step.status)
    assert "authorization may or may not have run; look up reference id ref-1" in str(step)


@pytest.mark.parametrize(
    ("attempt", "retries", "expected"),
    [(1, 0, AS_IT_IS), (1, 1, AGAIN), (2, 1, AS_IT_IS), (2, 2, AGAIN), (3, 2, AS_IT_IS)],
)
def test_retries(attempt: int, retries: int, expected: str) -> None:
    """A call is repeated as often as allowed and no more."""
    error = ServerError("No!", status=500)

    assert expected == named(decided(error, Replay.SAFE, attempt=attempt, retries=retries), error)


@pytest.mark.parametrize(
    ("asked", "attempt", "expected"),
    [(None, 1, 0.1), (None, 2, 0.2), (0.0, 1, 0.1), (7.0, 1, 7.0), (0.05, 2, 0.2)],
)
def test_waits(asked: float | None, attempt: int, expected: float) -> None:
    """The wait is the longer one of the back-off and Retry-After."""
    error = Throttled("No!", status=429, retry_after=asked)

    assert Retry(expected) == decided(error, Replay.SAFE, attempt=attempt)


@pytest.mark.parametrize(
    ("time_left", "expected"), [(7.1, AGAIN), (7.0, AS_IT_IS), (0.0, AS_IT_IS), (-1.0, AS_IT_IS)]
)
def test_no_wait_passes_the_deadline(time_left: float, expected: str) -> None:
    """A wait past the deadline is not started: the error says more than a time-out."""
    error = ServerError("No!", status=503, retry_after=7.0)

    assert expected == named(decided(error, Replay.SAFE, time_left=time_left), error)


@given(
    st.sampled_from([ConnectError, RequestTimeout, ServerError, Throttled]),
    st.integers(min_value=1, max_value=10_000),
    st.floats(min_value=0.0, max_value=1.0),
    st.floats(min_value=0.0, max_value=100.0),
)
def test_every_wait_is_positive_and_in_time(
    kind: type[FlexitiError], attempt: int, random: float, time_left: float
) -> None:
    """No repeat is immediate, and none is after the deadline."""
    error = kind("No!")
    step = decided(
        error, Replay.SAFE, attempt=attempt, retries=attempt, random=random, time_left=time_left
    )

    assert step is error or (isinstance(step, Retry) and 0 < step.seconds < time_left)
    assert not isinstance(error, ApiError) or error.retry_after is None


@given(
    st.integers(min_value=1, max_value=10**6),
    st.floats(min_value=0.0, max_value=1.0),
)
def test_back_off_bounds(attempt: int, random: float) -> None:
    """A wait is between half of its step and all of it; steps double from 0.1 to 5 seconds."""
    step = min(0.1 * 2.0 ** min(attempt - 1, 20), 5.0)

    assert step / 2 <= back_off(attempt, random) <= step


@pytest.mark.parametrize(
    ("attempt", "random", "expected"),
    [(1, 0.0, 0.05), (1, 1.0, 0.1), (2, 1.0, 0.2), (6, 1.0, 3.2), (7, 1.0, 5.0), (7, 0.0, 2.5)],
)
def test_back_off(attempt: int, random: float, expected: float) -> None:
    """The steps double, up to five seconds, and half of each is random."""
    assert expected == back_off(attempt, random)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServerError("No!", status=502, reference_id="ref-1", endpoint="authorization"), 502),
        (MalformedAnswer("No!", status=200, reference_id="ref-1", endpoint="authorization"), 200),
        (MalformedAnswer("No!", status=299, reference_id="ref-1", endpoint="authorization"), 299),
    ],
)
def test_inconclusive_answers(error: ApiError, expected: int) -> None:
    """After a gateway's 5xx, or an unreadable success, the outcome is unknown."""
    step = decided(error, Replay.NEVER)

    assert isinstance(step, OutcomeUnknown)
    assert (expected, "ref-1", "authorization") == (step.status, step.reference_id, step.endpoint)


@pytest.mark.parametrize("status", [300, 302, 399])
def test_after_a_redirect_nothing_has_run(status: int) -> None:
    """A redirect is malformed but not a success."""
    error = MalformedAnswer("No!", status=status)

    assert error is decided(error, Replay.NEVER)
