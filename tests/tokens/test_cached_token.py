"""The token in hand, and the names of those that were refused."""

from attrs import evolve

from flexiti_async import Scope, Secret, Token
from flexiti_async.clock import now
from flexiti_async.testing import ManualClock
from flexiti_async.tokens.cached_token import CachedToken, RejectedTokens
from flexiti_async.tokens.policy import windows

MARKS = windows(1200.0)


def token_of(name: str, life: float, clock: ManualClock) -> Token:
    """Make a token that has so long to live from now on."""
    return Token(name, Secret(f"access {name}"), Scope.CUSTOMER, 1200.0, life, now(clock))


def test_only_another_token_is_outlived(clock: ManualClock) -> None:
    """Of two tokens the one that ends later; of two readings of one token neither."""
    mine = CachedToken(token_of("mine", 900.0, clock), MARKS)
    again = evolve(mine.token, token_id="".join(mine.token.token_id), life=890.0)

    assert mine.token.token_id is not again.token_id
    assert not mine.lives_longer_than(again, clock)
    assert not mine.lives_longer_than(mine.token, clock)
    assert mine.lives_longer_than(token_of("shorter", 899.0, clock), clock)
    assert not mine.lives_longer_than(token_of("as long", 900.0, clock), clock)
    assert not mine.lives_longer_than(token_of("longer", 901.0, clock), clock)


def test_what_is_left_is_compared_and_not_what_was(clock: ManualClock) -> None:
    """Lives are counted from different moments."""
    mine = CachedToken(token_of("mine", 1200.0, clock), MARKS)
    clock.advance(100.0)

    assert mine.lives_longer_than(token_of("shorter", 1099.0, clock), clock)
    assert not mine.lives_longer_than(token_of("longer", 1101.0, clock), clock)


def test_the_table_of_asks_says_what_the_policy_says(clock: ManualClock) -> None:
    """However many different asks there are, each is fresh up to its own mark."""
    hand = CachedToken(token_of("mine", 900.0, clock), MARKS)
    began = now(clock)
    for _ in range(2):  # the second time from memory, as far as it goes
        for ttl in range(0, 800, 20):
            ahead = min(120.0, (1200.0 - ttl) / 2)
            until = hand.fresh_until(float(ttl))

            assert (900.0 - ttl - ahead) == until.boot - began.boot == until.wall - began.wall
    assert 900.0 - 600.0 - 120.0 == hand.fresh_until(None).boot - began.boot
    assert len(hand._fresh_until) <= 16


def test_the_oldest_of_256_refused_names_are_forgotten() -> None:
    """A session that lives for years does not collect them; the newest are what matters."""
    rejected = RejectedTokens()
    for number in range(300):
        rejected.add(str(number))
        rejected.add(str(number))

    assert [str(number) for number in range(44, 300)] == [
        str(number) for number in range(300) if str(number) in rejected
    ]
