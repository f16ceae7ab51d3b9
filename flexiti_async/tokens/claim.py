"""
Claim by swap: what a refresh does next, given one read of the shared record.

Theory of operation
===================

Any number of processes, on any number of hosts, share one record per token key. They coordinate by
nothing but compare-and-swap on it (model-checked):

1. Read. A usable token is **adopted**, without HTTP. A live claim of another process is
   **waited** for. A failure of the same credentials that is still backing off is **raised** again.
2. Otherwise **claim**: swap in a record with a claim, valid for a lease, that keeps the token still
   in use. Its version is the claim's nonce: a process that finds its own version stored owns the
   claim, even if the swap seemed to fail.
3. Request: one token request (`tokens/refresh.py`).
4. Publish the token, or the failure. If that swap was not certainly won, read again
   (`after_publish`): the stored record may be this process's own, newer, or due for replacement.

A record is believed within this process's own bounds (`believed`): a lease is no longer
than its own longest, a back-off no longer than the library's. So a record that our rules would not
write, or an old one that is put back, keeps nobody waiting for longer.

The order of the checks in `decide` matters. A token is adopted even under a live claim, because a
claim keeps a token that is in use; a failure counts only without a claim.
"""

import math
from collections.abc import Container
from typing import Final

from attrs import evolve, field, frozen

from flexiti_async.tokens.backoff import longest_back_off
from flexiti_async.tokens.policy import min_ttl_of, windows_of
from flexiti_async.tokens.record import Claim, Failure, Record, StoredToken
from flexiti_async.tokens.snapshot import Snapshot

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
    "believed",
    "carry_forward",
    "decide",
    "poll_of",
]

_SHORTEST_POLL: Final = 0.02
_LONGEST_POLL: Final = 0.25
_POLL_SHARE: Final = 1 / 4
"""
The share of a wait by which polling may prolong it.

So short refreshes are adopted soon, and the reads of many sessions that wait for a long one do not
keep the event loop and the store busy.
"""


@frozen
class Need:
    """
    The requirements of a refresh: how long the token must live, and what is known already.

    Attributes:
        min_ttl: How long a token must live at least, seconds; None for half of its lifetime.
        leeway: The configured leeway, None for the default.
        fingerprint: Of this session's credentials.
        cached_id: Id of the token that this process holds and still uses; it is not adopted again.
        cached_life: Seconds of life that it has left; a successor must have more.
        rejected: Ids of tokens that the API has rejected; never adopted again.
        claim_version: Version of the claim that this refresh last tried to write.
        claim_left: Seconds that this claim has left by this process's own clock.
        ended: Versions of claims of this session whose refresh has ended. If one was not withdrawn,
            it counts as lapsed here: it is replaced, and never used again.
    """

    min_ttl: float | None
    leeway: float | None
    fingerprint: str
    cached_id: str | None = None
    cached_life: float = -math.inf
    rejected: Container[str] = ()
    claim_version: str | None = None
    claim_left: float = 0.0
    ended: Container[str | None] = ()


@frozen
class Adopt:
    """Use the stored token; at least `life` seconds of it are left."""

    token: StoredToken = field(repr=False)
    life: float


@frozen
class Wait:
    """Another process is refreshing: read again after about `seconds`."""

    seconds: float


@frozen
class BackOff:
    """The last attempt with these credentials failed `age` seconds ago and still backs off."""

    failure: Failure
    age: float


@frozen
class TakeClaim:
    """Try to swap in a claim; keep `carry`, the token that others still use."""

    carry: StoredToken | None = field(repr=False)
    failed_attempts: int


@frozen
class Proceed:
    """The stored claim is this refresh's own, and its lease has not run out: request a token."""

    carry: StoredToken | None = field(repr=False)
    failed_attempts: int


@frozen
class Keep:
    """Leave the store as it is."""


@frozen
class PublishAgain:
    """Swap the result in over the stored record."""


Step = Adopt | Wait | BackOff | TakeClaim | Proceed


def believed(record: Record, *, longest_lease: float) -> Record:
    """
    Return what this process believes of a record.

    Args:
        record: The record as it is stored.
        longest_lease: The longest lease that this process would write, seconds.
    """
    claim, failure = record.claim, record.failure
    if claim is not None:
        claim = Claim(min(claim.lease, longest_lease))
    if failure is not None:
        back_off = min(failure.back_off, longest_back_off(failure.kind))
        failure = evolve(failure, back_off=back_off)
    return evolve(record, claim=claim, failure=failure)


def decide(seen: Snapshot, need: Need) -> Step:
    """Decide the next step of a refresh."""
    record = seen.record
    if record is None:
        return TakeClaim(carry=None, failed_attempts=0)
    if record.token is not None and _adoptable(seen, record.token, need):
        return Adopt(record.token, seen.life(record.token))
    failed_attempts = record.failure.attempts if record.failure else 0
    if record.claim is not None:
        if seen.version == need.claim_version and need.claim_left > 0:
            return Proceed(carry_forward(seen), failed_attempts)
        left = record.claim.lease - seen.min_age
        own = seen.version == need.claim_version or seen.version in need.ended
        if left > 0 and not own:
            return Wait(min(poll_of(record.claim.lease, seen.min_age), left))
    elif record.failure is not None and _backs_off(record.failure, seen, need):
        return BackOff(record.failure, seen.failure_age(record.failure))
    return TakeClaim(carry_forward(seen), failed_attempts)


def poll_of(lease: float, age: float) -> float:
    """Return the seconds until the next read of another session's claim of some age."""
    longest = min(lease / 100, _LONGEST_POLL)
    return max(min(age * _POLL_SHARE, longest), _SHORTEST_POLL)


def _backs_off(failure: Failure, seen: Snapshot, need: Need) -> bool:
    """Whether a failure of the same credentials still backs off."""
    return failure.fingerprint == need.fingerprint and failure.back_off > seen.failure_age(failure)


def _adoptable(seen: Snapshot, token: StoredToken, need: Need) -> bool:
    life = seen.life(token)
    if token.token_id in need.rejected or token.token_id == need.cached_id:
        return False
    leeway = windows_of(token.lifetime, leeway=need.leeway).leeway
    needed = min_ttl_of(need.min_ttl, token.lifetime) + leeway
    return life > needed and life > need.cached_life


def carry_forward(seen: Snapshot) -> StoredToken | None:
    """
    Return the stored token as of now, for the next record; None if it has expired.

    A token of unknown age is dropped: the next write would restart its life.
    """
    token = seen.record.token if seen.record else None
    if token is None or seen.life(token) <= 0:
        return None
    return evolve(token, remaining=seen.life(token))


def after_publish(
    seen: Snapshot, *, mine: str, claim: str | None, life: float, rejected: Container[str]
) -> Adopt | Keep | PublishAgain:
    """
    Decide what to do after a publish whose swap was not certainly won.

    Args:
        seen: The record as it is stored now.
        mine: Version of the entry that this refresh tried to write.
        claim: Version of its claim.
        life: Seconds of life left of the token that it tried to publish.
        rejected: Ids of tokens that the API has rejected.
    """
    record = seen.record
    if seen.version == mine:
        return Keep()
    if record is None or seen.version == claim:
        return PublishAgain()
    token = record.token
    if token is not None and token.token_id not in rejected and seen.life(token) > life:
        return Adopt(token, seen.life(token))
    if record.claim is not None and record.claim.lease > seen.min_age:
        return Keep()  # another process is refreshing: this token stays private
    return PublishAgain()
