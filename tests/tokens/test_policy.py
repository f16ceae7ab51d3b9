"""The policy table: fresh, stale, due, for tokens of any lifetime."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flexiti_async.tokens.policy import (
    DEFAULT_LIFETIME,
    POLICY,
    Decision,
    Freshness,
    Windows,
    can_satisfy,
    freshness,
    min_ttl_of,
    refresh_ahead_of,
    scaled,
    windows_of,
)

ORDER = [Freshness.DUE, Freshness.STALE, Freshness.FRESH]

lifetimes = st.floats(min_value=0.5, max_value=7 * 86_400.0)
spares = st.floats(min_value=-1e6, max_value=1e6)
options = st.none() | st.floats(min_value=1e-3, max_value=1e5)
jitter = st.floats(min_value=0.0, max_value=1.0)


@st.composite
def windows_and_lifetime(draw: st.DrawFn) -> tuple[float, Windows]:
    """Draw a lifetime and windows for it, with any options."""
    lifetime = draw(lifetimes)
    return lifetime, windows_of(
        lifetime, refresh_ahead=draw(options), leeway=draw(options), early=draw(jitter)
    )


def test_the_table() -> None:
    """A fresh token is served, a stale one is served and refreshed, a due one is only refreshed."""
    assert {
        Freshness.FRESH: Decision(serve=True, refresh=False),
        Freshness.STALE: Decision(serve=True, refresh=True),
        Freshness.DUE: Decision(serve=False, refresh=True),
    } == dict(POLICY)


def test_documented_lifetime() -> None:
    """
    Before the first answer of the server, a token is assumed to live the documented 20 minutes.
    """
    assert 1200.0 == DEFAULT_LIFETIME


@pytest.mark.parametrize(
    ("spare", "expected"),
    [
        (1200.0, Freshness.FRESH),
        (120.001, Freshness.FRESH),
        (120.0, Freshness.STALE),
        (30.001, Freshness.STALE),
        (30.0, Freshness.DUE),
        (0.0, Freshness.DUE),
        (-5.0, Freshness.DUE),
    ],
)
def test_windows_of_twenty_minutes(spare: float, expected: Freshness) -> None:
    """A token of 1200 s is stale at 120 s of spare life, and due at 30 s."""
    assert expected is freshness(spare, windows_of(1200.0))


@pytest.mark.parametrize(
    ("lifetime", "ahead", "leeway"),
    [
        (1200.0, 120.0, 30.0),
        (3600.0, 360.0, 30.0),
        (300.0, 60.0, 30.0),  # at least 60
        (120.0, 60.0, 12.0),
        (100.0, 50.0, 10.0),  # at most half
        (5.0, 2.5, 0.5),
    ],
)
def test_default_windows(lifetime: float, ahead: float, leeway: float) -> None:
    """
    `refresh_ahead` is a tenth, at least 60 s, at most half; `leeway` is 30 s, at most a tenth.
    """
    assert Windows(refresh_ahead=ahead, leeway=leeway) == windows_of(lifetime)


@pytest.mark.parametrize(
    ("ahead", "leeway", "early", "expected"),
    [
        (200.0, None, 0.0, Windows(200.0, 30.0)),
        (900.0, None, 0.0, Windows(600.0, 30.0)),  # the cap L/2 still holds
        (None, 10.0, 0.0, Windows(120.0, 10.0)),
        (None, 500.0, 0.0, Windows(120.0, 120.0)),  # the cap L/10 still holds
        (10.0, None, 0.0, Windows(10.0, 10.0)),  # the leeway is at most refresh_ahead
        (None, None, 0.5, Windows(180.0, 30.0)),
        (500.0, None, 0.5, Windows(600.0, 30.0)),  # jitter does not pass the cap
    ],
)
def test_windows_with_options(
    ahead: float | None, leeway: float | None, early: float, expected: Windows
) -> None:
    """Options override the shares, never the caps; jitter opens the window earlier."""
    assert expected == windows_of(1200.0, refresh_ahead=ahead, leeway=leeway, early=early)


@given(windows_and_lifetime())
def test_windows_are_capped(drawn: tuple[float, Windows]) -> None:
    """With any options, the windows stay in order and within their shares of the lifetime."""
    lifetime, windows = drawn

    assert 0 < windows.leeway <= windows.refresh_ahead <= lifetime / 2
    assert windows.leeway <= lifetime / 10


@given(windows_and_lifetime(), spares, spares)
def test_freshness_is_monotone(drawn: tuple[float, Windows], one: float, other: float) -> None:
    """More spare life never makes a token less fresh."""
    _, windows = drawn
    less, more = sorted((one, other))

    assert ORDER.index(freshness(less, windows)) <= ORDER.index(freshness(more, windows))


@given(windows_and_lifetime(), spares)
def test_a_token_is_not_served_within_the_leeway(
    drawn: tuple[float, Windows], spare: float
) -> None:
    """A token is served only with more spare life than the leeway."""
    _, windows = drawn

    assert POLICY[freshness(spare, windows)].serve is (spare > windows.leeway)


@given(lifetimes)
def test_every_lifetime_has_all_three_states(lifetime: float) -> None:
    """A token of any lifetime is fresh when new, then stale, then due."""
    windows = windows_of(lifetime)
    between = (windows.refresh_ahead + windows.leeway) / 2

    assert [*reversed(ORDER)] == [freshness(s, windows) for s in (lifetime, between, 0.0)]


@given(st.floats(min_value=0.5, max_value=120.0), st.floats(min_value=-0.5, max_value=1.0))
def test_short_lifetimes_scale(lifetime: float, share: float) -> None:
    """Below two minutes only the share of the remaining life counts, not the seconds."""
    assume(min(abs(share - 0.5), abs(share - 0.1)) > 1e-9)

    assert freshness(share * 100.0, windows_of(100.0)) is freshness(
        share * lifetime, windows_of(lifetime)
    )


@given(windows_and_lifetime(), st.floats(min_value=0.0, max_value=1e6))
def test_a_new_token_is_fresh_for_every_min_ttl_it_can_satisfy(
    drawn: tuple[float, Windows], min_ttl: float
) -> None:
    """A new token is fresh for any `min_ttl` that it can satisfy, so that refreshing ends."""
    lifetime, windows = drawn
    spare = lifetime - min_ttl
    assume(can_satisfy(min_ttl, lifetime, windows) and spare > windows.leeway)
    own = Windows(refresh_ahead_of(windows, lifetime, min_ttl), windows.leeway)

    assert Freshness.DUE is not freshness(spare, windows)
    assert Freshness.FRESH is freshness(spare, own)


@given(windows_and_lifetime(), st.floats(min_value=0.0, max_value=1e6))
def test_a_min_ttl_that_cannot_be_satisfied_is_never_served(
    drawn: tuple[float, Windows], min_ttl: float
) -> None:
    """A `min_ttl` is rejected exactly if a new token would be due for it."""
    lifetime, windows = drawn
    spare = lifetime - min_ttl
    assume(abs(spare - windows.leeway) > 1e-6)

    assert can_satisfy(min_ttl, lifetime, windows) is (
        freshness(spare, windows) is not Freshness.DUE
    )


@given(windows_and_lifetime(), st.floats(min_value=0.0, max_value=1e6))
def test_refresh_ahead_of_only_narrows(drawn: tuple[float, Windows], min_ttl: float) -> None:
    """The threshold of one `min_ttl` lies between the leeway and the general threshold."""
    lifetime, windows = drawn

    assert windows.leeway <= refresh_ahead_of(windows, lifetime, min_ttl) <= windows.refresh_ahead


@pytest.mark.parametrize(
    ("min_ttl", "expected"),
    [(0.0, 120.0), (600.0, 120.0), (1000.0, 100.0), (1100.0, 50.0), (1169.0, 30.0)],
)
def test_refresh_ahead_of_a_min_ttl(min_ttl: float, expected: float) -> None:
    """The threshold is at most half of the spare life of a new token."""
    assert expected == refresh_ahead_of(windows_of(1200.0), 1200.0, min_ttl)


@pytest.mark.parametrize(
    ("min_ttl", "expected"), [(0.0, True), (1169.9, True), (1170.0, False), (5000.0, False)]
)
def test_can_satisfy(min_ttl: float, expected: bool) -> None:
    """The `min_ttl` plus the leeway must be less than the lifetime."""
    assert expected is can_satisfy(min_ttl, 1200.0, windows_of(1200.0))


@given(st.none() | st.floats(min_value=0.0, max_value=1e6), lifetimes)
def test_min_ttl_of(min_ttl: float | None, lifetime: float) -> None:
    """None means half of the lifetime, any other value itself."""
    assert (lifetime / 2 if min_ttl is None else min_ttl) == min_ttl_of(min_ttl, lifetime)


@pytest.mark.parametrize(
    ("seconds", "lifetime", "expected"), [(30.0, 1200.0, 30.0), (30.0, 4.0, 1.0)]
)
def test_scaled(seconds: float, lifetime: float, expected: float) -> None:
    """A duration of the protocol is capped at its share of the lifetime."""
    assert expected == scaled(seconds, lifetime, 1 / 4)
