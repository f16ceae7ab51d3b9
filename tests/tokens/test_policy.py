"""The policy table: fresh, renewing, due, for tokens of any lifetime."""

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
    windows,
)

ORDER = [Freshness.DUE, Freshness.STALE, Freshness.FRESH]

lifetimes = st.floats(min_value=0.5, max_value=7 * 86_400.0)
spares = st.floats(min_value=-1e6, max_value=1e6)
options = st.none() | st.floats(min_value=1e-3, max_value=1e5)
jitter = st.floats(min_value=0.0, max_value=1.0)


@st.composite
def marks_of(draw: st.DrawFn) -> tuple[float, Windows]:
    """Draw a lifetime and marks for it, with any options."""
    lifetime = draw(lifetimes)
    return lifetime, windows(
        lifetime, refresh_ahead=draw(options), leeway=draw(options), early=draw(jitter)
    )


def test_the_table() -> None:
    """Fresh serves, renewing serves and renews, due renews and serves nobody."""
    assert {
        Freshness.FRESH: Decision(serve=True, refresh=False),
        Freshness.STALE: Decision(serve=True, refresh=True),
        Freshness.DUE: Decision(serve=False, refresh=True),
    } == dict(POLICY)


def test_documented_lifetime() -> None:
    """Until the server has told, a token lives the documented 20 minutes."""
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
def test_marks_of_twenty_minutes(spare: float, expected: Freshness) -> None:
    """With 1200 seconds a token is renewed below 120 and waited for below 30; a mark is below."""
    assert expected is freshness(spare, windows(1200.0))


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
def test_default_marks(lifetime: float, ahead: float, leeway: float) -> None:
    """A tenth, at least 60 s, at most half; and 30 s, at most a tenth."""
    assert Windows(refresh_ahead=ahead, leeway=leeway) == windows(lifetime)


@pytest.mark.parametrize(
    ("ahead", "leeway", "early", "expected"),
    [
        (200.0, None, 0.0, Windows(200.0, 30.0)),
        (900.0, None, 0.0, Windows(600.0, 30.0)),  # the cap L/2 still holds
        (None, 10.0, 0.0, Windows(120.0, 10.0)),
        (None, 500.0, 0.0, Windows(120.0, 120.0)),  # the cap L/10 still holds
        (10.0, None, 0.0, Windows(10.0, 10.0)),  # no leeway beyond the upper mark
        (None, None, 0.5, Windows(180.0, 30.0)),
        (500.0, None, 0.5, Windows(600.0, 30.0)),  # jitter does not pass the cap
    ],
)
def test_marks_with_options(
    ahead: float | None, leeway: float | None, early: float, expected: Windows
) -> None:
    """Options replace the shares, never the caps; jitter opens the window earlier."""
    assert expected == windows(1200.0, refresh_ahead=ahead, leeway=leeway, early=early)


@given(marks_of())
def test_marks_are_capped(drawn: tuple[float, Windows]) -> None:
    """Whatever the options, the marks stay in order and within their shares of the lifetime."""
    lifetime, marks = drawn

    assert 0 < marks.leeway <= marks.refresh_ahead <= lifetime / 2
    assert marks.leeway <= lifetime / 10


@given(marks_of(), spares, spares)
def test_freshness_is_monotone(drawn: tuple[float, Windows], one: float, other: float) -> None:
    """More spare life never makes a token less fresh."""
    _, marks = drawn
    less, more = sorted((one, other))

    assert ORDER.index(freshness(less, marks)) <= ORDER.index(freshness(more, marks))


@given(marks_of(), spares)
def test_nothing_is_served_on_its_last_seconds(drawn: tuple[float, Windows], spare: float) -> None:
    """Served means more than the leeway to spare, and unserved means that much or less."""
    _, marks = drawn

    assert POLICY[freshness(spare, marks)].serve is (spare > marks.leeway)


@given(lifetimes)
def test_every_lifetime_sees_all_three_states(lifetime: float) -> None:
    """A token of 5 seconds is fresh when new, then renewing, then due, as one of 1200 is."""
    marks = windows(lifetime)
    between = (marks.refresh_ahead + marks.leeway) / 2

    assert [*reversed(ORDER)] == [freshness(s, marks) for s in (lifetime, between, 0.0)]


@given(st.floats(min_value=0.5, max_value=120.0), st.floats(min_value=-0.5, max_value=1.0))
def test_short_lives_scale(lifetime: float, share: float) -> None:
    """Below two minutes only the share of life that is left matters, not the seconds."""
    assume(min(abs(share - 0.5), abs(share - 0.1)) > 1e-9)

    assert freshness(share * 100.0, windows(100.0)) is freshness(
        share * lifetime, windows(lifetime)
    )


@given(marks_of(), st.floats(min_value=0.0, max_value=1e6))
def test_a_new_token_is_fresh_for_whatever_it_can_satisfy(
    drawn: tuple[float, Windows], min_ttl: float
) -> None:
    """A satisfiable ask finds a token just minted fresh, so that nobody mints in a circle."""
    lifetime, marks = drawn
    spare = lifetime - min_ttl
    assume(can_satisfy(min_ttl, lifetime, marks) and spare > marks.leeway)
    own = Windows(refresh_ahead_of(marks, lifetime, min_ttl), marks.leeway)

    assert Freshness.DUE is not freshness(spare, marks)
    assert Freshness.FRESH is freshness(spare, own)


@given(marks_of(), st.floats(min_value=0.0, max_value=1e6))
def test_what_cannot_be_satisfied_is_never_served(
    drawn: tuple[float, Windows], min_ttl: float
) -> None:
    """An ask that is refused is one for which a new token would be due."""
    lifetime, marks = drawn
    spare = lifetime - min_ttl
    assume(abs(spare - marks.leeway) > 1e-6)

    assert can_satisfy(min_ttl, lifetime, marks) is (freshness(spare, marks) is not Freshness.DUE)


@given(marks_of(), st.floats(min_value=0.0, max_value=1e6))
def test_refresh_ahead_of_only_narrows(drawn: tuple[float, Windows], min_ttl: float) -> None:
    """The mark of one ask lies between the leeway and the mark of all."""
    lifetime, marks = drawn

    assert marks.leeway <= refresh_ahead_of(marks, lifetime, min_ttl) <= marks.refresh_ahead


@pytest.mark.parametrize(
    ("min_ttl", "expected"),
    [(0.0, 120.0), (600.0, 120.0), (1000.0, 100.0), (1100.0, 50.0), (1169.0, 30.0)],
)
def test_refresh_ahead_of_an_ask(min_ttl: float, expected: float) -> None:
    """The upper mark is at most half of what a new token has to spare."""
    assert expected == refresh_ahead_of(windows(1200.0), 1200.0, min_ttl)


@pytest.mark.parametrize(
    ("min_ttl", "expected"), [(0.0, True), (1169.9, True), (1170.0, False), (5000.0, False)]
)
def test_can_satisfy(min_ttl: float, expected: bool) -> None:
    """An ask and the leeway must be less than the lifetime; as much is too much."""
    assert expected is can_satisfy(min_ttl, 1200.0, windows(1200.0))


@given(st.none() | st.floats(min_value=0.0, max_value=1e6), lifetimes)
def test_min_ttl_of(ask: float | None, lifetime: float) -> None:
    """Asking for None asks for half of the lifetime, whatever that is."""
    assert (lifetime / 2 if ask is None else ask) == min_ttl_of(ask, lifetime)


@pytest.mark.parametrize(
    ("seconds", "lifetime", "expected"), [(30.0, 1200.0, 30.0), (30.0, 4.0, 1.0)]
)
def test_scaled(seconds: float, lifetime: float, expected: float) -> None:
    """A duration of the protocol is capped at its share of the lifetime."""
    assert expected == scaled(seconds, lifetime, 1 / 4)
