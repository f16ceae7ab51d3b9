"""Back-off after failures of the token endpoint, and failures shared with other processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import (
    ClockError,
    LifetimeTooShort,
    TokenError,
    TokenMisconfigured,
    TokenRejected,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.tokens.backoff import back_off_of, error_from_failure, failure_from_error
from flexiti_async.tokens.record import Failure

LIFETIME = 1200.0
KINDS = [TokenUnavailable, TokenThrottled, TokenRejected, TokenMisconfigured, ClockError]


@pytest.mark.parametrize(
    ("kind", "attempts", "asked", "expected"),
    [
        (TokenUnavailable, 1, None, 1.0),
        (TokenUnavailable, 2, None, 2.0),
        (TokenUnavailable, 5, None, 16.0),
        (TokenUnavailable, 6, None, 30.0),
        (TokenUnavailable, 1_000_000, None, 30.0),
        (TokenUnavailable, 1, 500.0, 1.0),  # only for throttled failures
        (TokenRejected, 1, None, 1.0),
        (TokenRejected, 3, None, 4.0),
        (ClockError, 1, None, 1.0),
        (ClockError, 6, None, 30.0),
        (TokenMisconfigured, 1, None, 30.0),
        (TokenMisconfigured, 9, None, 30.0),
        (TokenMisconfigured, 1, 500.0, 30.0),
        (TokenThrottled, 1, None, 1.0),
        (TokenThrottled, 1, 0.0, 1.0),
        (TokenThrottled, 4, 5.0, 8.0),  # at least as long as a transient one
        (TokenThrottled, 1, 90.0, 90.0),
        (TokenThrottled, 1, 86_400.0, 3600.0),
    ],
)
def test_back_off(
    kind: type[TokenError], attempts: int, asked: float | None, expected: float
) -> None:
    """Each class has its back-off, as the module's table says."""
    error = kind("No!", retry_after=asked)

    assert expected == back_off_of(error, attempts=attempts, lifetime=LIFETIME, random=1.0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TokenUnavailable(), 1.0),
        (TokenMisconfigured(), 1.0),
        (TokenThrottled(retry_after=90.0), 90.0),
    ],
)
def test_back_off_of_short_lived_tokens(error: TokenError, expected: float) -> None:
    """A back-off is at most a quarter of a token's lifetime, except for a Retry-After."""
    assert expected == back_off_of(error, attempts=9, lifetime=4.0, random=1.0)


@given(
    st.sampled_from(KINDS),
    st.integers(min_value=1, max_value=10**9),
    st.floats(min_value=0.5, max_value=1e6),
    st.floats(min_value=0.0, max_value=1.0),
    st.none() | st.floats(min_value=0.0, max_value=1e6),
)
def test_back_off_bounds(
    kind: type[TokenError], attempts: int, lifetime: float, random: float, asked: float | None
) -> None:
    """A back-off is never zero, and never longer than an hour."""
    error = kind("No!", retry_after=asked)
    wait = back_off_of(error, attempts=attempts, lifetime=lifetime, random=random)
    most = back_off_of(error, attempts=attempts, lifetime=lifetime, random=1.0)

    assert 0 < wait <= most <= 3600.0
    assert wait >= 0.75 * most
    assert kind is TokenThrottled or most <= min(30.0, lifetime / 4)


def test_jitter_spreads_retries() -> None:
    """A quarter of the back-off is jitter, so that hosts do not retry together."""
    waits = [
        back_off_of(TokenUnavailable(), attempts=3, lifetime=LIFETIME, random=random)
        for random in (0.0, 0.5, 1.0)
    ]

    assert [3.0, 3.5, 4.0] == waits


@pytest.mark.parametrize("kind", KINDS)
def test_other_processes_get_the_same_error(kind: type[TokenError]) -> None:
    """A failure recorded by one process becomes the same error in another."""
    error = kind("HTTP 418: No!", status=418, code="teapot", retry_after=1.0, reference_id="r")
    failure = failure_from_error(error, attempts=3, back_off=4.0, fingerprint="mine", at=77.0)
    rebuilt = error_from_failure(failure, 2.5)

    text = "HTTP 418: No! (reference id r)"  # found in the log of every process
    assert Failure(kind.kind, text, 4.0, 3, "mine", 418, "teapot", at=77.0) == failure
    assert kind is type(rebuilt)
    assert (str(error), 418, "teapot", 2.5, None) == (
        str(rebuilt),
        rebuilt.status,
        rebuilt.code,
        rebuilt.retry_after,
        rebuilt.reference_id,
    )


@pytest.mark.parametrize("kind", ["", "new in the next release", LifetimeTooShort.kind])
def test_unknown_classes_are_transient(kind: str) -> None:
    """An unknown class becomes a transient failure."""
    rebuilt = error_from_failure(Failure(kind, "No!", 1.0, 1, "mine"), 1.0)

    assert TokenUnavailable is type(rebuilt)
    assert (None, None) == (rebuilt.status, rebuilt.code)


def test_every_class_has_its_name() -> None:
    """No two classes share a name in the stored record."""
    assert 5 == len({kind.kind for kind in KINDS})
    assert {"transient", "throttled", "rejected", "misconfigured", "clock"} == {
        kind.kind for kind in KINDS
    }
