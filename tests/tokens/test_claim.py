"""Claim by swap: each rule of the theory of operation as a row, and what must never happen."""

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
from flexiti_async.tokens.policy import windows
from flexiti_async.tokens.record import Claim, Failure, Record, StoredToken
from flexiti_async.tokens.snapshot import Snapshot

from .test_record import claims, records

KEY = "flexiti-token-0000"
CANARY = "canary0123456789"
TOKEN = StoredToken("one", Secret(CANARY), lifetime=1200.0, remaining=1000.0)
CLAIM = Claim(lease=30.0)
FAILED = Failure("transient", "HTTP 503", back_off=10.0, attempts=3, fingerprint="mine")
ASK = Need(min_ttl=0.0, leeway=None, fingerprint="mine")


def entry(version: str) -> Entry:
    """Build a stored entry of some version."""
    return Entry(version=version, payload="", keep_for=1.0)


def snapshot(
    *,
    token: StoredToken | None = None,
    claim: Claim | None = None,
    failure: Failure | None = None,
    max_age: float = 0.0,
    min_age: float = 0.0,
) -> Snapshot:
    """See a record under the version `seen`."""
    record = Record(KEY, token, claim, failure)
    return Snapshot(record, entry("seen"), max_age=max_age, min_age=min_age)


def dated(remaining: float) -> StoredToken:
    """Give the token with some life."""
    return evolve(TOKEN, remaining=remaining)


DECISIONS: dict[str, tuple[Snapshot, Need, Step]] = {
    # 1. Look.
    "nothing stored": (Snapshot(), ASK, TakeClaim(None, 0)),
    "an empty record": (snapshot(), ASK, TakeClaim(None, 0)),
    "a token that will do": (snapshot(token=TOKEN), ASK, Adopt(TOKEN, 1000.0)),
    "its life by its age": (snapshot(token=TOKEN, max_age=400.0), ASK, Adopt(TOKEN, 600.0)),
    "one just above the leeway": (snapshot(token=dated(30.1)), ASK, Adopt(dated(30.1), 30.1)),
    "one at the leeway": (snapshot(token=dated(30.0)), ASK, TakeClaim(dated(30.0), 0)),
    "a leeway of my own": (
        snapshot(token=dated(20.0)),
        evolve(ASK, leeway=10.0),
        Adopt(dated(20.0), 20.0),
    ),
    "enough for a min_ttl": (
        snapshot(token=dated(631.0)),
        evolve(ASK, min_ttl=600.0),
        Adopt(dated(631.0), 631.0),
    ),
    "too little for a min_ttl": (
        snapshot(token=dated(630.0)),
        evolve(ASK, min_ttl=600.0),
        TakeClaim(dated(630.0), 0),
    ),
    "half of the lifetime asked": (
        snapshot(token=dated(631.0)),
        evolve(ASK, min_ttl=None),
        Adopt(dated(631.0), 631.0),
    ),
    "less than half of the lifetime": (
        snapshot(token=dated(629.0)),
        evolve(ASK, min_ttl=None),
        TakeClaim(dated(629.0), 0),
    ),
    "the token that I hold": (
        snapshot(token=TOKEN),
        evolve(ASK, cached_id="one", cached_life=-math.inf),
        TakeClaim(TOKEN, 0),
    ),
    "one that ends before mine": (
        snapshot(token=TOKEN),
        evolve(ASK, cached_id="two", cached_life=1000.0),
        TakeClaim(TOKEN, 0),
    ),
    "one that ends after mine": (
        snapshot(token=TOKEN),
        evolve(ASK, cached_id="two", cached_life=999.0),
        Adopt(TOKEN, 1000.0),
    ),
    "a rejected token": (
        snapshot(token=TOKEN),
        evolve(ASK, rejected={"one"}),
        TakeClaim(TOKEN, 0),
    ),
    "another was rejected": (
        snapshot(token=TOKEN),
        evolve(ASK, rejected={"two"}),
        Adopt(TOKEN, 1000.0),
    ),
    # The order: a token is adopted even from under a live claim.
    "a token under a claim": (snapshot(token=TOKEN, claim=CLAIM), ASK, Adopt(TOKEN, 1000.0)),
    "a token beside a failure": (snapshot(token=TOKEN, failure=FAILED), ASK, Adopt(TOKEN, 1000.0)),
    "a dying token under a claim": (snapshot(token=dated(5.0), claim=CLAIM), ASK, Wait(0.1)),
    # A live claim of somebody else is waited for.
    "a live claim": (snapshot(claim=CLAIM), ASK, Wait(0.1)),
    "its last moment": (snapshot(claim=CLAIM, min_age=29.95), ASK, Wait(pytest.approx(0.05))),  # type: ignore[arg-type]
    "a claim with a short lease": (snapshot(claim=Claim(0.5)), ASK, Wait(0.02)),
    "a lease shorter than a poll": (snapshot(claim=Claim(0.01)), ASK, Wait(0.01)),
    "a dead claim": (snapshot(claim=CLAIM, min_age=30.0), ASK, TakeClaim(None, 0)),
    "a claim dead at most": (snapshot(claim=CLAIM, max_age=math.inf), ASK, Wait(0.1)),
    "a failure under a live claim": (snapshot(claim=CLAIM, failure=FAILED), ASK, Wait(0.1)),
    "a failure under a dead claim": (
        snapshot(claim=CLAIM, failure=FAILED, min_age=30.0),
        ASK,
        TakeClaim(None, 3),
    ),
    # A failure of my credentials that still backs off is handed on.
    "my failure": (snapshot(failure=FAILED), ASK, BackOff(FAILED, 0.0)),
    "my failure, older": (snapshot(failure=FAILED, min_age=9.9), ASK, BackOff(FAILED, 9.9)),
    "my failure, over": (snapshot(failure=FAILED, min_age=10.0), ASK, TakeClaim(None, 3)),
    "my failure, perhaps over": (
        snapshot(failure=FAILED, max_age=math.inf),
        ASK,
        BackOff(FAILED, 0.0),
    ),
    "somebody else's failure": (
        snapshot(failure=FAILED),
        evolve(ASK, fingerprint="other"),
        TakeClaim(None, 3),
    ),
    # 2. Whoever finds the version of its claim stored owns it.
    "my claim": (
        snapshot(claim=CLAIM),
        evolve(ASK, claim_version="seen", claim_left=0.1),
        Proceed(None, 0),
    ),
    "my claim beside a token": (
        snapshot(claim=CLAIM, token=dated(20.0), failure=FAILED, max_age=5.0),
        evolve(ASK, claim_version="seen", claim_left=20.0),
        Proceed(dated(15.0), 3),
    ),
    "my claim, run out": (
        snapshot(claim=CLAIM),
        evolve(ASK, claim_version="seen", claim_left=0.0),
        TakeClaim(None, 0),
    ),
    "not my claim": (
        snapshot(claim=CLAIM),
        evolve(ASK, claim_version="mine", claim_left=20.0),
        Wait(0.1),
    ),
    "no claim under my version": (
        snapshot(),
        evolve(ASK, claim_version="seen", claim_left=20.0),
        TakeClaim(None, 0),
    ),
    # Ages that nobody knows.
    "a token of unknown age": (snapshot(token=TOKEN, max_age=math.inf), ASK, TakeClaim(None, 0)),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_decide(case: str) -> None:
    """Each rule of the protocol leads from what was seen to the next step."""
    seen, need, expected = DECISIONS[case]

    assert expected == decide(seen, need)


ages = st.floats(min_value=0.0, max_value=1e5)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw what a load may show, ages unknown included."""
    record = draw(st.none() | records)
    if record is None:
        return Snapshot()
    return draw(snapshots_of(record))


@st.composite
def snapshots_of(draw: st.DrawFn, record: Record) -> Snapshot:
    """Draw how a record may be seen."""
    least = draw(ages)
    most = draw(st.just(math.inf) | st.floats(min_value=least, max_value=1e6))
    version = draw(st.sampled_from(["a", "b"]))
    return Snapshot(record, entry(version), max_age=most, min_age=least)


@st.composite
def asks(draw: st.DrawFn, seen: Snapshot) -> Need:
    """Draw an ask that has often something to do with what was seen."""
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
def test_what_is_adopted_will_do(data: st.DataObject) -> None:
    """What is adopted was never rejected, is news, and lives longer than was asked, for sure."""
    seen = data.draw(snapshots())
    need = data.draw(asks(seen))
    step = decide(seen, need)
    if not isinstance(step, Adopt):
        return
    leeway = windows(step.token.lifetime, leeway=need.leeway).leeway
    needed = step.token.lifetime / 2 if need.min_ttl is None else need.min_ttl

    assert seen.record is not None
    assert step.token == seen.record.token
    assert step.life == step.token.remaining - seen.max_age
    assert step.life > needed + leeway
    assert step.life > need.cached_life
    assert step.token.token_id not in need.rejected
    assert step.token.token_id != need.cached_id


@given(st.data())
def test_a_live_claim_is_not_taken_away(data: st.DataObject) -> None:
    """Nobody claims over a foreign claim that may be alive, and nobody waits past its lease."""
    claim = data.draw(claims)
    seen = data.draw(snapshots_of(evolve(data.draw(records), claim=claim)))
    need = evolve(data.draw(asks(seen)), claim_version="c")
    step = decide(seen, need)

    if claim.lease > seen.min_age:
        assert isinstance(step, Adopt | Wait)
        assert isinstance(step, Adopt) or 0 < step.seconds <= claim.lease - seen.min_age
    else:
        assert isinstance(step, Adopt | TakeClaim)


@given(st.data())
def test_an_own_claim_is_known_by_its_version(data: st.DataObject) -> None:
    """Only the version that I wrote, found stored while its lease runs, lets me fly."""
    seen = data.draw(snapshots())
    need = data.draw(asks(seen))
    step = decide(seen, need)

    assert not isinstance(step, Proceed) or (
        seen.version == need.claim_version
        and need.claim_left > 0
        and seen.record is not None
        and seen.record.claim is not None
    )


@given(st.data())
def test_only_my_failures_are_mine(data: st.DataObject) -> None:
    """A failure is handed on only if it is of my credentials, backs off, and nobody is at work."""
    seen = data.draw(snapshots())
    need = data.draw(asks(seen))
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
    """Re-dating takes the age off a token, and drops one that is over or of unknown age."""
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
    "a live foreign claim": (snapshot(claim=CLAIM, token=dated(5.0), min_age=29.9), Keep()),
    "a dead foreign claim": (snapshot(claim=CLAIM, min_age=30.0), PublishAgain()),
    "somebody's failure": (snapshot(failure=FAILED), PublishAgain()),
}


@pytest.mark.parametrize("case", PUBLISHES)
def test_after_publish(case: str) -> None:
    """A publish that was not plainly won is kept, given up for a better one, or made again."""
    seen, expected = PUBLISHES[case]
    mine = "seen" if case == "mine is stored" else "mine"
    claim = "seen" if case == "my claim still" else "claim"

    assert expected == after_publish(seen, mine=mine, claim=claim, life=900.0, rejected=())


@pytest.mark.parametrize(("claim", "expected"), [(None, PublishAgain()), (CLAIM, Keep())])
def test_a_rejected_token_is_not_adopted_after_a_publish(
    claim: Claim | None, expected: Keep | PublishAgain
) -> None:
    """A stored token that was rejected loses against mine, however long it lives."""
    seen = snapshot(token=TOKEN, claim=claim)

    assert expected == after_publish(seen, mine="mine", claim=None, life=9.0, rejected={"one"})


@given(snapshots(), ages, st.booleans())
def test_after_a_publish_nobody_gets_a_worse_token(
    seen: Snapshot, life: float, rejecting: bool
) -> None:
    """Whatever is stored, the token adopted instead of mine outlives it and was not rejected."""
    token = seen.record.token if seen.record else None
    rejected = {token.token_id} if token and rejecting else set[str]()
    step = after_publish(seen, mine="m", claim="c", life=life, rejected=rejected)

    assert not isinstance(step, Adopt) or (step.life > life and not rejected)


def test_reprs_have_no_token() -> None:
    """Steps can be logged: none of them shows a bearer."""
    steps = [Adopt(TOKEN, 1.0), TakeClaim(TOKEN, 0), Proceed(TOKEN, 0), snapshot(token=TOKEN)]

    assert CANARY not in repr(steps)
