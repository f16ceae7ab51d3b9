"""Tokens: their keys, and the seconds until they expire."""

import itertools

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.clock import Instant
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.store.interface import store_key
from flexiti_async.tokens.record import TokenKey

CANARY = "canary0123456789"
START = Instant(wall=1_700_000_000.0, boot=500.0)
TOKEN = Token(
    token_id="one",
    access_token=Secret(CANARY),
    scope=Scope.CUSTOMER,
    lifetime=1200.0,
    life=1200.0,
    counted_from=START,
)


def later(wall: float, boot: float) -> Instant:
    """Advance each clock by some seconds."""
    return Instant(START.wall + wall, START.boot + boot)


@pytest.mark.parametrize(
    ("wall", "boot", "expected"),
    [
        (7.0, 7.0, 7.0),
        (0.0, 0.0, 0.0),
        (3600.0, 5.0, 3600.0),  # the wall clock was set forward, or boot time stood still
        (-3600.0, 5.0, 5.0),  # the wall clock was set back
        (5.0, 3600.0, 3600.0),  # the machine was asleep and its wall clock wrong
        (-3600.0, -1.0, 0.0),  # two hosts, or a clock that lies: never negative
    ],
)
def test_since(wall: float, boot: float, expected: float) -> None:
    """The clock that has advanced further counts, and time never runs backwards."""
    assert expected == later(wall, boot).since(START)


clocks = st.floats(min_value=-1e6, max_value=1e6)


@given(clocks, clocks)
def test_no_jump_stretches_a_life(wall: float, boot: float) -> None:
    """No change of the clocks extends a life, and neither clock alone would leave less."""
    left = TOKEN.remaining(later(wall, boot))
    passed = later(wall, boot).since(START)

    assert left <= TOKEN.life
    assert passed >= max(0.0, later(wall, boot).boot - START.boot)
    assert passed >= later(wall, boot).wall - START.wall


def test_remaining_and_age() -> None:
    """Remaining time and age add up to the lifetime."""
    token = evolve(TOKEN, life=700.0)

    assert 690.0 == token.remaining(later(10.0, 10.0))
    assert 510.0 == token.age(later(10.0, 10.0))
    assert -300.0 == token.remaining(later(1000.0, 1000.0))
    assert 1500.0 == token.age(later(1000.0, 1000.0))


def test_as_pinned() -> None:
    """A pinned token is the same token with the mark."""
    pinned = TOKEN.as_pinned()

    assert (False, True) == (TOKEN.pinned, pinned.pinned)
    assert TOKEN == evolve(pinned, pinned=False)


def test_repr_has_no_token() -> None:
    """The repr of a token does not show the bearer."""
    assert CANARY not in repr(TOKEN)


def test_store_key_differs_in_each_facet() -> None:
    """Each part changes the key; a key is short and reveals none of them."""
    keys = [
        TokenKey(*parts).store_key
        for parts in itertools.product(
            ("https://a", "https://b"), ("shop", "other"), ("f" * 16, "e" * 16), Scope
        )
    ]

    assert 16 == len(set(keys))
    assert all(key.startswith("flexiti-token-") and 54 == len(key) for key in keys)
    assert not any(part in key for key in keys for part in ("shop", "f" * 16, "e" * 16))


def test_store_key_is_stable() -> None:
    """Processes of different releases share the record: the key never changes."""
    key = TokenKey("https://posapi.flexiti.fi/flexiti/pos-api", "shop", "f" * 16, Scope.CUSTOMER)

    assert "flexiti-token-ecdb0483e0bf2de49603ba8b771931a497b84482" == key.store_key


def test_store_key_keeps_its_parts_apart() -> None:
    """Moving a character from one part to the next changes the key."""
    assert store_key("token", "a", "bc") != store_key("token", "ab", "c")
    assert store_key("token", "a") != store_key("checkout", "a")
    assert store_key("token", 'a", "b') != store_key("token", "a", "b")


def test_token_keys_are_equal_by_their_parts() -> None:
    """Two keys with the same parts are equal."""
    assert 1 == len({TokenKey("https://a", "shop", "f" * 16, Scope.CUSTOMER) for _ in range(2)})
