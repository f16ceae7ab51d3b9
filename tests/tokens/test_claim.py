"""Claim by swap: each rule of the theory of operation, and the invariants."""

import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.claim import (
    Adopt,
    BackOff,
    Keep,
    Need,
    Proceed,
    PublishAgain,
    Step,
    TakeClaim,
    Wait,
    after_publish,
    carry_forward,
    decide,
)
from flexiti_async.tokens.policy import windows_of
from flexiti_async.tokens.record import Claim, Failure, Record, StoredToken
from flexiti_async.tokens.snapshot import Snapshot

from .test_record import claims, records

KEY = "flexiti-token-0000"
CANARY = "canary0123456789"
TOKEN = StoredToken("one", Secret(CANARY), lifetime=1200.0, remaining=1000.0)
CLAIM = Claim(lease=30.0)
FAILED = Failure("transient", "HTTP 503", back_off=10.0, attempts=3, fingerprint="mine")
NEED = Need(min_ttl=0.0, leeway=None, fingerprint="mine")


def entry(version: str) -> Entry:
    """Build a stored entry with some version."""
    return Entry(version=version, payload="", keep_for=1.0)


def snapshot(
    *,
    token: StoredToken | None = None,
    claim: Claim | None = None,
    failure: Failure | None = None,
    max_age: float = 0.0,
    min_age: float = 0.0,
) -> Snapshot:
    """Build a snapshot of a record with the version `seen`."""
    record = Record(KEY, token, claim, failure)
    return Snapshot(record, entry("seen"), max_age=max_age, min_age=min_age)


def dated(remaining: float) -> StoredToken:
    """Return the token with some life left."""
    return evolve(TOKEN, remaining=remaining)


DECISIONS: dict[str, tuple[Snapshot, Need, Step]] = {
    # 1. Read.
    "nothing stored": (Snapshot(), NEED, TakeClaim(None, 0)),
    "an empty record": (snapshot(), NEED, TakeClaim(None, 0)),
    "a usable token": (snapshot(token=TOKEN), NEED, Adopt(TOKEN, 1000.0)),
    "its life by its age": (snapshot(token=TOKEN, max_age=400.0), NEED, Adopt(TOKEN, 600.0)),
    "one just above the leeway": (snapshot(token=dated(30.1)), NEED, Adopt(dated(30.1), 30.1)),
    "one at the leeway": (snapshot(token=dated(30.0)), NEED, TakeClaim(dated(30.0), 0)),
    "a leeway of my own": (
        snapshot(token=dated(20.0)),
        evolve(NEED, leeway=10.0),
        Adopt(dated(20.0), 20.0),
    ),
    "enough for a min_ttl": (
        snapshot(token=dated(631.0)),
        evolve(NEED, min_ttl=600.0),
        Adopt(dated(631.0), 631.0),
    ),
    "too little for a min_ttl": (
        snapshot(token=dated(630.0)),
        evolve(NEED, min_ttl=600.0),
        TakeClaim(dated(630.0), 0),
    ),
    "half of the lifetime required": (
        snapshot(token=dated(631.0)),
        evolve(NEED, min_ttl=None),
        Adopt(dated(631.0), 631.0),
    ),
    "less than half of the lifetime": (
        snapshot(token=dated(629.0)),
        evolve(NEED, min_ttl=None),
        TakeClaim(dated(629.0), 0),
    ),
    "the token that I hold": (
        snapshot(token=TOKEN),
        evolve(NEED, cached_id="one", cached_life=-math.inf),
        TakeClaim(TOKEN, 0),
    ),
    "one that ends before mine": (
        snapshot(token=TOKEN),
        evolve(NEED, cached_id="two", cached_life=1000.0),
        TakeClaim(TOKEN, 0),
    ),
    "one that ends after mine": (
        snapshot(token=TOKEN),
        evolve(NEED, cached_id="two", cached_life=999.0),
        Adopt(TOKEN, 1000.0),
    ),
    "a rejected token": (
        snapshot(token=TOKEN),
        evolve(NEED, rejected={"one"}),
        TakeClaim(TOKEN, 0),
    ),
    "another was rejected": (
        snapshot(token=TOKEN),
        evolve(NEED, rejected={"two"}),
        Adopt(TOKEN, 1000.0),
    ),
    # The order: a token is adopted even under a live claim.
    "a token under a claim": (snapshot(token=TOKEN, claim=CLAIM), NEED, Adopt(TOKEN, 1000.0)),
    "a token beside a failure": (snapshot(token=TOKEN, failure=FAILED), NEED, Adopt(TOKEN, 1000.0)),
    "a token about to expire under a claim": (
        snapshot(token=dated(5.0), claim=CLAIM),
        NEED,
        Wait(0.02),
    ),
    # A live claim of another process is waited for.
    "a new claim": (snapshot(claim=CLAIM), NEED, Wait(0.02)),
    "a claim of 0.4 s": (snapshot(claim=CLAIM, min_age=0.4), NEED, Wait(0.1)),
    "an old claim": (snapshot(claim=CLAIM, min_age=20.0), NEED, Wait(0.25)),
    "its last moment": (snapshot(claim=CLAIM, min_age=29.95), NEED, Wait(pytest.approx(0.05))),  # type: ignore[arg-type]
    "a claim with a short lease": (snapshot(claim=Claim(5.0), min_age=4.0), NEED, Wait(0.05)),
    "a lease shorter than a poll": (snapshot(claim=Claim(0.01)), NEED, Wait(0.01)),
    "a lapsed claim": (snapshot(claim=CLAIM, min_age=30.0), NEED, TakeClaim(None, 0)),
    "a claim that may have lapsed": (snapshot(claim=CLAIM, max_age=math.inf), NEED, Wait(0.02)),
    "a failure under a live claim": (snapshot(claim=CLAIM, failure=FAILED), NEED, Wait(0.02)),
    "a failure under a lapsed claim": (
        snapshot(claim=CLAIM, failure=FAILED, min_age=30.0),
        NEED,
        TakeClaim(None, 3),
    ),
    # A failure of the same credentials that still backs off is raised again.
    "my failure": (snapshot(failure=FAILED), NEED, BackOff(FAILED, 0.0)),
    "my failure, older": (snapshot(failure=FAILED, min_age=9.9), NEED, BackOff(FAILED, 9.9)),
    "my failure, over": (snapshot(failure=FAILED, min_age=10.0), NEED, TakeClaim(None, 3)),
    "my failure, perhaps over": (
        snapshot(failure=FAILED, max_age=math.inf),
        NEED,
        BackOff(FAILED, 0.0),
    ),
    "a failure of other credentials": (
        snapshot(failure=FAILED),
        evolve(NEED, fingerprint="other"),
        TakeClaim(None, 3),
    ),
    # 2. A process that finds its own version stored owns the claim.
    "my claim": (
        snapshot(claim=CLAIM),
        evolve(NEED, claim_version="seen", claim_left=0.1),
        Proceed(None, 0),
    ),
    "my claim beside a token": (
        snapshot(claim=CLAIM, token=dated(20.0), failure=FAILED, max_age=5.0),
        evolve(NEED, claim_version="seen", claim_left=20.0),
        Proceed(dated(15.0), 3),
    ),
    "my claim, run out": (
        snapshot(claim=CLAIM),
        evolve(NEED, claim_version="seen", claim_left=0.0),
        TakeClaim(None, 0),
    ),
    "not my claim": (
        snapshot(claim=CLAIM),
        evolve(NEED, claim_version="mine", claim_left=20.0),
        Wait(0.02),
    ),
    "my claim of a refresh that has ended": (
        snapshot(claim=CLAIM, token=dated(20.0)),
        evolve(NEED, ended={"seen"}),
        TakeClaim(dated(20.0), 0),
    ),
    "no claim under my version": (
        snapshot(),
        evolve(NEED, claim_version="seen", claim_left=20.0),
        TakeClaim(None, 0),
    ),
    # Unknown ages.
    "a token of unknown age": (snapshot(token=TOKEN, max_age=math.inf), NEED, TakeClaim(None, 0)),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_decide(case: str) -> None:
    """Each rule of the protocol leads from a snapshot to the next step."""
    seen, need, expected = DECISIONS[case]

    assert expected == decide(seen, need)


ages = st.floats(min_value=0.0, max_value=1e5)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw any snapshot, unknown ages included."""
    record = draw(st.none() | records)
    if record is None:
        return Snapshot()
    return draw(snapshots_of(record))


@st.composite
def snapshots_of(draw: st.DrawFn, record: Record) -> Snapshot:
    """Draw a snapshot of a record."""
    least = draw(ages)
    most = draw(st.just(math.inf) | st.floats(min_value=least, max_value=1e6))
    version = draw(st.sampled_from(["a", "b"]))
    return Snapshot(record, entry(version), max_age=most, min_age=least)


@st.composite
def needs(draw: st.DrawFn, seen: Snapshot) -> Need:
    """Draw a need that is often related to the snapshot."""
    token = seen.record.token if seen.record else None
    ids = st.sampled_from(["x", token.token_id if token else "y"])
    return Need(
        min_ttl=draw(st.none() | ages),
        leeway=draw(st.none() | ages),
        fingerprint=draw(st.sampled_from(["mine", ""])),
        cached_id=draw(st.none() | ids),
        cached_life=draw(st.just(-math.inf) | ages),
        rejected=draw(st.frozensets(ids)),
        claim_version=draw(st.none() | st.sampled_from(["a", "c"])),
        claim_left=draw(st.sampled_from([-1.0, 0.0, 20.0])),
    )


@given(st.data())
def test_an_adopted_token_meets_the_need(data: st.DataObject) -> None:
    """An adopted token was never rejected, is a new one, and certainly lives long enough."""
    seen = data.draw(snapshots())
    need = data.draw(needs(seen))
    step = decide(seen, need)
    if not isinstance(step, Adopt):
        return
    leeway = windows_of(step.token.lifetime, leeway=need.leeway).leeway
    needed = step.token.lifetime / 2 if need.min_ttl is None else need.min_ttl

    assert seen.record is not None
    assert step.token == seen.record.token
    assert step.life == step.token.remaining - seen.max_age
    assert step.life > needed + leeway
    assert step.life > need.cached_life
    assert step.token.token_id not in need.rejected
    assert step.token.token_id != need.cached_id


@given(st.data())
def test_a_live_claim_is_never_replaced(data: st.DataObject) -> None:
    """
    A claim of another process that may be live is never replaced, nor waited for past its lease.
    """
    claim = data.draw(claims)
    seen = data.draw(snapshots_of(evolve(data.draw(records), claim=claim)))
    need = evolve(data.draw(needs(seen)), claim_version="c")
    step = decide(seen, need)

    if claim.lease > seen.min_age:
        assert isinstance(step, Adopt | Wait)
        assert isinstance(step, Adopt) or 0 < step.seconds <= claim.lease - seen.min_age
    else:
        assert isinstance(step, Adopt | TakeClaim)


@given(st.data())
def test_only_an_own_claim_lets_a_refresh_proceed(data: st.DataObject) -> None:
    """A refresh proceeds only if its own claim is stored and its lease has not run out."""
    seen = data.draw(snapshots())
    need = data.draw(needs(seen))
    step = decide(seen, need)

    assert not isinstance(step, Proceed) or (
        seen.version == need.claim_version
        and need.claim_left > 0
        and seen.record is not None
        and seen.record.claim is not None
    )


@given(st.data())
def test_only_failures_of_the_same_credentials_back_off(data: st.DataObject) -> None:
    """
    A failure is raised again only without a claim, for its own credentials, and while it backs off.
    """
    seen = data.draw(snapshots())
    need = data.draw(needs(seen))
    step = decide(seen, need)
    if not isinstance(step, BackOff):
        return

    assert seen.record is not None
    assert seen.record.claim is None
    assert step.failure == seen.record.failure
    assert need.fingerprint == step.failure.fingerprint
    assert 0 <= step.age < step.failure.back_off


@given(snapshots())
def test_a_carried_token_never_gains_life(seen: Snapshot) -> None:
    """
    Carrying subtracts the age from a token's life, and drops one that has expired or has no known
    age.
    """
    carried = carry_forward(seen)
    token = seen.record.token if seen.record else None

    if token is None or token.remaining - seen.max_age <= 0:
        assert carried is None
    else:
        assert evolve(token, remaining=token.remaining - seen.max_age) == carried


PUBLISHES: dict[str, tuple[Snapshot, Adopt | Keep | PublishAgain]] = {
    "mine is stored": (snapshot(token=TOKEN), Keep()),
    "nothing is stored": (Snapshot(), PublishAgain()),
    "my claim still": (snapshot(claim=CLAIM), PublishAgain()),
    "a longer-lived token": (snapshot(token=dated(900.1)), Adopt(dated(900.1), 900.1)),
    "a longer-lived one under a claim": (
        snapshot(token=dated(901.0), claim=CLAIM),
        Adopt(dated(901.0), 901.0),
    ),
    "a token that ends with mine": (snapshot(token=dated(900.0)), PublishAgain()),
    "one shorter by its age": (snapshot(token=dated(1000.0), max_age=100.0), PublishAgain()),
    "one of unknown age": (snapshot(token=dated(1000.0), max_age=math.inf), PublishAgain()),
    "a live claim of another process": (
        snapshot(claim=CLAIM, token=dated(5.0), min_age=29.9),
        Keep(),
    ),
    "a lapsed claim of another process": (snapshot(claim=CLAIM, min_age=30.0), PublishAgain()),
    "a failure of another process": (snapshot(failure=FAILED), PublishAgain()),
}


@pytest.mark.parametrize("case", PUBLISHES)
def test_after_publish(case: str) -> None:
    """A publish that was not certainly won is kept, dropped for a better token, or repeated."""
    seen, expected = PUBLISHES[case]
    mine = "seen" if case == "mine is stored" else "mine"
    claim = "seen" if case == "my claim still" else "claim"

    assert expected == after_publish(seen, mine=mine, claim=claim, life=900.0, rejected=())


@pytest.mark.parametrize(("claim", "expected"), [(None, PublishAgain()), (CLAIM, Keep())])
def test_a_rejected_token_is_not_adopted_after_a_publish(
    claim: Claim | None, expected: Keep | PublishAgain
) -> None:
    """A stored token that was rejected is not adopted, however long it lives."""
    seen = snapshot(token=TOKEN, claim=claim)

    assert expected == after_publish(seen, mine="mine", claim=None, life=9.0, rejected={"one"})


@given(snapshots(), ages, st.booleans())
def test_a_token_adopted_after_a_publish_lives_longer(
    seen: Snapshot, life: float, rejecting: bool
) -> None:
    """A token that is adopted instead lives longer than mine and was not rejected."""
    token = seen.record.token if seen.record else None
    rejected = {token.token_id} if token and rejecting else set[str]()
    step = after_publish(seen, mine="m", claim="c", life=life, rejected=rejected)

    assert not isinstance(step, Adopt) or (step.life > life and not rejected)


def test_no_repr_shows_a_token() -> None:
    """The repr of a step shows no token."""
    steps = [Adopt(TOKEN, 1.0), TakeClaim(TOKEN, 0), Proceed(TOKEN, 0), snapshot(token=TOKEN)]

    assert CANARY not in repr(steps)
