"""
Claim by swap: what a refresher does next, given what it has just seen in the store.

Theory of operation
===================

Any number of refreshers, on any number of hosts, share one record per token key. They coordinate
by nothing but compare-and-swap on it (design section 3, model-checked there):

1. Look. A token that will do is **adopted**, without HTTP. A live claim of somebody else is
   **waited** for. A failure of my credentials that is still backing off is **handed on**.
2. Otherwise **claim**: swap in a record that says so, for the length of a lease, and that keeps
   the token still in use. Its version is the claim's nonce: whatever the store answered, whoever
   finds that version stored owns the claim.
3. Fly: one token request (elsewhere).
4. Publish the token, or the failure. If that swap is not plainly won, look again
   (`after_publish`): what is stored may be mine, newer than mine, or in needed of replacing.

The order of the tests in `decide` matters. A token is adopted even from under a live claim,
because a claim keeps a token that is in use; a failure counts only when nobody is at work.
"""

import math
from collections.abc import Container
from typing import Final

from attrs import evolve, field, frozen

from flexiti_async.tokens.policy import min_ttl_of, windows
from flexiti_async.tokens.record import Failure, StoredToken
from flexiti_async.tokens.snapshot import Sight

__all__ = [
    "Adopt",
    "BackOff",
    "Keep",
    "Need",
    "Proceed",
    "PublishAgain",
    "Step",
    "TakeClaim",
    "Wait",
    "after_publish",
    "carry_forward",
    "decide",
    "poll_of",
]

_SHORTEST_POLL: Final = 0.02
_LONGEST_POLL: Final = 0.1


@frozen
class Need:
    """
    What a refresher looks for.

    Attributes:
        min_ttl: How long a token must live at least, seconds; None for half of its lifetime.
        leeway: The configured leeway, None for the default.
        fingerprint: Of my credentials.
        held_id: Name of the token that I hold and still use; it is no news.
        held_life: Seconds of life that it has left; a successor must have more.
        rejected: Names of tokens that the API has refused; never adopted again.
        claim_version: Version of the claim that I last tried to write.
        claim_left: Seconds that this claim has left by my own clock.
    """

    min_ttl: float | None
    leeway: float | None
    fingerprint: str
    held_id: str | None = None
    held_life: float = -math.inf
    rejected: Container[str] = ()
    claim_version: str | None = None
    claim_left: float = 0.0


@frozen
class Adopt:
    """Use the stored token; `life` seconds of it are left for sure."""

    token: StoredToken = field(repr=False)
    life: float


@frozen
class Wait:
    """Somebody else is at work: look again after about `seconds`."""

    seconds: float


@frozen
class BackOff:
    """The last attempt with my credentials failed `age` seconds ago and still backs off."""

    failure: Failure
    age: float


@frozen
class TakeClaim:
    """Try to swap in my claim; keep `carry`, the token that others still use."""

    carry: StoredToken | None = field(repr=False)
    attempts: int


@frozen
class Proceed:
    """The stored claim is mine, and its lease has not run out: fly."""

    carry: StoredToken | None = field(repr=False)
    attempts: int


@frozen
class Keep:
    """Leave the store as it is."""


@frozen
class PublishAgain:
    """Swap my result in over what is stored."""


Step = Adopt | Wait | BackOff | TakeClaim | Proceed


def decide(sight: Sight, need: Need) -> Step:
    """Find the next step of a refresher that wants a token."""
    record = sight.record
    if record is None:
        return TakeClaim(carry=None, attempts=0)
    if record.token is not None and _adoptable(sight, record.token, need):
        return Adopt(record.token, sight.life(record.token))
    attempts = record.failure.attempts if record.failure else 0
    if record.claim is not None:
        if sight.version == need.claim_version and need.claim_left > 0:
            return Proceed(carry_forward(sight), attempts)
        left = record.claim.lease - sight.min_age
        if sight.version != need.claim_version and left > 0:
            return Wait(min(poll_of(record.claim.lease), left))
    elif record.failure is not None and _still_mine(record.failure, sight, need):
        return BackOff(record.failure, sight.min_age)
    return TakeClaim(carry_forward(sight), attempts)


def poll_of(lease: float) -> float:
    """Tell the seconds between two looks at somebody else's claim."""
    return min(max(lease / 100, _SHORTEST_POLL), _LONGEST_POLL)


def _still_mine(failure: Failure, sight: Sight, need: Need) -> bool:
    """Tell whether a failure is of my credentials and still backs off."""
    return failure.fingerprint == need.fingerprint and failure.back_off > sight.min_age


def _adoptable(sight: Sight, token: StoredToken, need: Need) -> bool:
    life = sight.life(token)
    if token.token_id in need.rejected or token.token_id == need.held_id:
        return False
    leeway = windows(token.lifetime, leeway=need.leeway).leeway
    needed = min_ttl_of(need.min_ttl, token.lifetime) + leeway
    return life > needed and life > need.held_life


def carry_forward(sight: Sight) -> StoredToken | None:
    """
    Re-date the stored token for the record that replaces this one, None if it is over.

    A token of unknown age is not carried: its life would be counted anew from the next write.
    """
    token = sight.record.token if sight.record else None
    if token is None or sight.life(token) <= 0:
        return None
    return evolve(token, remaining=sight.life(token))


def after_publish(
    sight: Sight, *, mine: str, claim: str | None, life: float, rejected: Container[str]
) -> Adopt | Keep | PublishAgain:
    """
    Decide what to do after a publish whose swap was not plainly won.

    Args:
        sight: What is stored now.
        mine: Version of the entry that I tried to write.
        claim: Version of my claim.
        life: Seconds of life left of the token that I tried to publish.
        rejected: Names of tokens that the API has refused.
    """
    record = sight.record
    if sight.version == mine:
        return Keep()
    if record is None or sight.version == claim:
        return PublishAgain()
    token = record.token
    if token is not None and token.token_id not in rejected and sight.life(token) > life:
        return Adopt(token, sight.life(token))
    if record.claim is not None and record.claim.lease > sight.min_age:
        return Keep()  # somebody else is at work; mine stays with me
    return PublishAgain()
