"""The cached token, and the ids of rejected tokens."""

from attrs import evolve

from flexiti_async import Scope, Secret, Token
from flexiti_async.clock import now
from flexiti_async.testing import ManualClock
from flexiti_async.tokens.cached_token import CachedToken, TokenIds
from flexiti_async.tokens.policy import windows_of

WINDOWS = windows_of(1200.0)


def token_of(name: str, life: float, clock: ManualClock) -> Token:
    """Build a token with this much life left."""
    return Token(name, Secret(f"access {name}"), Scope.CUSTOMER, 1200.0, life, now(clock))


def test_a_token_outlives_only_other_tokens(clock: ManualClock) -> None:
    """A token outlives one that expires earlier, and never another reading of itself."""
    mine = CachedToken(token_of("mine", 900.0, clock), WINDOWS)
    again = evolve(mine.token, token_id="".join(mine.token.token_id), life=890.0)

    assert mine.token.token_id is not again.token_id
    assert not mine.lives_longer_than(again, clock)
    assert not mine.lives_longer_than(mine.token, clock)
    assert mine.lives_longer_than(token_of("shorter", 899.0, clock), clock)
    assert not mine.lives_longer_than(token_of("as long", 900.0, clock), clock)
    assert not mine.lives_longer_than(token_of("longer", 901.0, clock), clock)


def test_remaining_lives_are_compared(clock: ManualClock) -> None:
    """Remaining lives are compared, although they are counted from different moments."""
    mine = CachedToken(token_of("mine", 1200.0, clock), WINDOWS)
    clock.advance(100.0)

    assert mine.lives_longer_than(token_of("shorter", 1099.0, clock), clock)
    assert not mine.lives_longer_than(token_of("longer", 1101.0, clock), clock)


def test_fresh_until_agrees_with_the_policy(clock: ManualClock) -> None:
    """For each of many `min_ttl` values the token is fresh up to the right moment."""
    cached = CachedToken(token_of("mine", 900.0, clock), WINDOWS)
    began = now(clock)
    for _ in range(2):  # the second time from memory, as far as it goes
        for ttl in range(0, 800, 20):
            ahead = min(120.0, (1200.0 - ttl) / 2)
            until = cached.fresh_until(float(ttl))

            assert (900.0 - ttl - ahead) == until.boot - began.boot == until.wall - began.wall
    assert 900.0 - 600.0 - 120.0 == cached.fresh_until(None).boot - began.boot
    assert len(cached._fresh_until) <= 16


def test_only_the_newest_256_rejected_ids_are_kept() -> None:
    """Ids of rejected tokens are limited in number; the newest are kept."""
    rejected = TokenIds()
    for number in range(300):
        rejected.add(str(number))
        rejected.add(str(number))

    assert [str(number) for number in range(44, 300)] == [
        str(number) for number in range(300) if str(number) in rejected
    ]
