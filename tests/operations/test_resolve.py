"""Resolving: what somebody records about an outcome, and what the true answer does to it."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.errors import (
    ConnectError,
    IdempotencyKeyReused,
    OperationError,
    OperationInProgress,
    OutcomeUnknown,
    ValidationError,
)
from flexiti_async.operations import Operation
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Alter, Answer, Drop
from flexiti_async.store.interface import JOURNAL_PREFIX, Entry, Life
from flexiti_async.testing import FaultyStore, ManualClock

from ..support.patience import OVERLAP
from .acts import ACTS, APPLY, AUTHORIZE, CAPTURE, Act, Anything, authorized, outcome_of, until
from .conftest import QUICK, Seen

KEY: Final = "order-9"
SETTLE: Final = 900.0
Shop = Callable[..., FlexitiSession]
Watch = Callable[[FlexitiSession], Seen]


async def unknown(session: FlexitiSession, sandbox: Sandbox, act: Act = CAPTURE) -> Anything:
    """Make an operation whose answer is lost, and return what it needs."""
    ready = await act.prepare(session, sandbox)
    sandbox.inject(Drop(), endpoint=act.endpoint, times=None)
    assert isinstance(await outcome_of(act.make(session, ready, KEY)), OutcomeUnknown)
    sandbox.heal()
    return ready


async def resolve(session: FlexitiSession, act: Act = CAPTURE, **how: Any) -> Operation:
    """Resolve the operation."""
    return await session.operations.resolve(kind=act.kind, key=KEY, by="ann", **how)


@pytest.mark.parametrize("kind", ACTS)
async def test_it_ran(kind: str, shop: Shop, sandbox: Sandbox, watched: Watch) -> None:
    """Recorded at once, by id or by kind and key; every later call gets it, and sends nothing."""
    act, session = ACTS[kind], shop()
    ready = await unknown(session, sandbox, act)
    seen, sent = watched(session), act.sent(sandbox)
    (pending,) = await act.pending(session)
    done = await session.operations.resolve(pending.operation_id, executed=True, by="ann")
    again = await act.make(shop(), ready, KEY)

    assert ("done", "ann") == (done.phase, done.resolved_by)
    assert again.replayed
    assert [] == await act.pending(session)
    assert ["OperationResolved"] == seen.operations
    assert sent == act.sent(sandbox)


async def test_it_did_not_run(shop: Shop, sandbox: Sandbox, clock: ManualClock) -> None:
    """Too early, it is refused with the seconds that are left; then the key is free."""
    session = shop()
    number = await authorized(session, sandbox)
    sandbox.inject(Drop(commit=False), endpoint=CAPTURE.endpoint)
    await outcome_of(CAPTURE.make(session, number, KEY))
    (pending,) = await CAPTURE.pending(session)
    for left in (pending.deadline + SETTLE, SETTLE, 1.0):
        with pytest.raises(OperationInProgress, match="wait") as caught:
            await resolve(session, executed=False)
        assert caught.value.retry_after == pytest.approx(left)
        clock.advance(pending.deadline if left > SETTLE else left - 1)
    clock.advance(1)
    freed = await resolve(session, executed=False)

    assert ("free", "ann") == (freed.phase, freed.resolved_by)
    assert (await CAPTURE.make(session, number, KEY)).capture_id
    assert (2, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


class FastStore(FaultyStore):
    """A store whose clock can be set."""

    ahead = 0.0

    async def load(self, key: str) -> Anything:
        """Load an entry with its age by that clock."""
        entry = await super().load(key)
        if entry is not None and entry.age is not None:
            object.__setattr__(entry, "age", entry.age + self.ahead)
        return entry


@pytest.mark.parametrize("wrong", ["the store's clock", "the wall clock", "no age", "a past wall"])
async def test_the_smaller_age_permits(
    wrong: str, shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """One clock that is an hour ahead, or does not say, frees no key."""
    store = FastStore(clock.boot)
    session = shop(store=store)
    await unknown(session, sandbox)
    match wrong:
        case "the store's clock":
            store.ahead = 3600.0
        case "the wall clock":
            clock.jump(3600)
        case "no age":
            store.ageless = True
            clock.advance(3600)
        case _:
            clock.jump(-3600)
            clock.advance(3599)
    with pytest.raises(OperationInProgress):
        await resolve(session, executed=False)
    assert 1 == len(await CAPTURE.pending(session))


async def test_a_done_one_without_a_number_is_completed(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """An authorization whose answer has no number gets it, once; another one is refused."""
    session = shop()
    order = await AUTHORIZE.prepare(session, sandbox)
    sandbox.inject(Alter(omit=("authorization_id",)), endpoint=AUTHORIZE.endpoint)
    made = await AUTHORIZE.make(session, order, KEY)
    assert made.authorization_id is None
    before = await session.operations.get(kind="authorize", key=KEY)
    clock.advance(60)
    done = await resolve(session, AUTHORIZE, executed=True, authorization_id=1000000000000001)
    same = await resolve(session, AUTHORIZE, executed=True, authorization_id="1000000000000001")
    with pytest.raises(OperationError, match="recorded as 1000000000000001"):
        await resolve(session, AUTHORIZE, executed=True, authorization_id=2)

    assert done == same
    assert "1000000000000001" == done.authorization_id
    assert before is not None
    assert before.executed_at == done.executed_at
    assert done.authorization_id == (await AUTHORIZE.make(session, order, KEY)).authorization_id
    assert 1 == AUTHORIZE.sent(sandbox)


@pytest.mark.parametrize("kind", ACTS)
async def test_a_lost_one_is_entered(
    kind: str, shop: Shop, sandbox: Sandbox, watched: Watch
) -> None:
    """An operation that was lost is entered by kind and key: nothing is sent for it any more."""
    act, session = ACTS[kind], shop()
    ready = await act.prepare(session, sandbox)
    before, seen = act.sent(sandbox), watched(session)
    entered = await resolve(session, act, executed=True)
    again = await act.make(session, ready, KEY)

    assert ("done", "ann", KEY) == (entered.phase, entered.resolved_by, entered.idempotency_key)
    assert again.replayed
    assert before == act.sent(sandbox)
    assert ["OperationResolved", "OperationReplayed"] == seen.operations


async def test_what_is_not_there_cannot_be_freed(shop: Shop) -> None:
    """Nor can it be entered by an id alone, which says nothing, nor without an endpoint."""
    session = shop()
    with pytest.raises(OperationError, match="no such operation"):
        await resolve(session, executed=False)
    with pytest.raises(OperationError, match="no such operation"):
        await session.operations.resolve("0" * 32, executed=True, by="ann")
    with pytest.raises(ValidationError, match="kind"):
        await session.operations.resolve(kind="other", key=KEY, executed=True, by="ann")


async def test_what_is_known_is_not_freed(shop: Shop, sandbox: Sandbox, clock: ManualClock) -> None:
    """Done and free stay what they are; a refused application did not run as somebody says."""
    session = shop()
    number = await authorized(session, sandbox)
    await CAPTURE.make(session, number, KEY)
    body = await APPLY.prepare(session, sandbox)
    declined = Answer(409, body=b'{"error": "application_declined", "message": "No."}')
    sandbox.inject(declined, endpoint=APPLY.endpoint)
    first, second = [await outcome_of(APPLY.make(session, body, KEY)) for _ in range(2)]
    clock.advance(3600)
    with pytest.raises(OperationError, match="done already"):
        await resolve(session, executed=False)
    with pytest.raises(OperationError, match="the API has refused it"):
        await resolve(session, APPLY, executed=True)

    assert (type(first), str(first)) == (type(second), str(second))
    assert 1 == APPLY.sent(sandbox)


class Between(FaultyStore):
    """A store in which something happens between the write of the next claim and its answer."""

    act: Callable[[], Awaitable[object]] | None = None

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Swap, then let it happen."""
        written = await super().swap(key, entry, expected=expected, life=life)
        if key.startswith(JOURNAL_PREFIX) and self.act is not None:
            act, self.act = self.act, None
            await act()
        return written


async def test_what_is_recorded_between_claim_and_send_is_not_sent(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A person who knows that it ran, in an earlier life of the journal, is in time even then."""
    store = Between(clock.boot)
    session, other = shop(store=store), shop(store=store)
    number = await authorized(session, sandbox)
    store.act = lambda: resolve(other, executed=True, capture_id=7)
    got = await CAPTURE.make(session, number, KEY)

    assert (True, "7") == (got.replayed, got.capture_id)
    assert 0 == CAPTURE.moved(sandbox)


async def test_a_true_answer_outranks_a_wrong_resolve(
    shop: Shop, sandbox: Sandbox, clock: ManualClock, watched: Watch
) -> None:
    """Freed while it was under way: the caller gets its answer, and the operator a CRITICAL."""
    session = shop()
    sandbox.expires_in = 7200
    number = await authorized(session, sandbox)
    seen = watched(session)
    sandbox.latency = {CAPTURE.endpoint: OVERLAP}
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: CAPTURE.sent(sandbox))
    (pending,) = await CAPTURE.pending(session)
    clock.advance(pending.deadline + SETTLE)
    await resolve(session, executed=False)
    made = await caller
    await until(lambda: len(seen.operations) == 3)

    assert made.capture_id
    assert {"OperationResolved", "OperationConflict", "OperationDone"} == set(seen.operations)
    assert ["free"] == [getattr(one, "recorded") for one in seen.events if "Conflict" in repr(one)]  # noqa: B009 - of some events
    assert made.capture_id == (await CAPTURE.make(shop(), number, KEY)).capture_id
    assert 1 == CAPTURE.sent(sandbox)


async def test_nothing_is_sent_past_the_deadline(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A machine that was suspended amid the call repeats it with no other token afterwards."""
    session = shop()
    number = await authorized(session, sandbox)
    sandbox.latency = {CAPTURE.endpoint: OVERLAP}
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    (pending,) = await CAPTURE.pending(session)
    clock.advance(pending.deadline + SETTLE)  # the token ends meanwhile, so the answer is a 401
    await resolve(session, executed=False)

    assert isinstance(await caller, ConnectError)
    assert (1, 0) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))
    assert (await CAPTURE.make(session, number, KEY)).capture_id


@pytest.mark.parametrize(("entered", "conflicts"), [(None, 0), ("100000001", 0), ("7", 1)])
async def test_a_true_answer_completes_what_was_entered(
    entered: str | None, conflicts: int, shop: Shop, sandbox: Sandbox, watched: Watch
) -> None:
    """Resolved as executed while it was under way: only another number is a conflict."""
    session = shop()
    number = await authorized(session, sandbox)
    seen = watched(session)
    sandbox.latency = {CAPTURE.endpoint: OVERLAP}
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: CAPTURE.sent(sandbox))
    await resolve(session, executed=True, capture_id=entered)
    made = await caller
    await until(lambda: "OperationDone" in seen.operations)

    assert conflicts == seen.operations.count("OperationConflict")
    assert "100000001" == made.capture_id
    assert "100000001" == (await CAPTURE.make(session, number, KEY)).capture_id


async def test_a_resolve_of_unknown_outcome_is_repeated(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """The same swap again: it is recorded once."""
    session = shop(**QUICK)
    await unknown(session, sandbox)
    faulty.trouble = ["written but unknown", "late"]
    done = await resolve(session, executed=True)

    assert "done" == done.phase
    assert [] == await CAPTURE.pending(session)


async def test_a_payment_of_unknown_outcome_is_made_again_within_an_hour(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The API knows the key of a transaction; one that is refused then is never freed by that."""
    act, session = ACTS["transaction"], shop()
    sandbox.expires_in = 7200
    ready = await act.prepare(session, sandbox)
    sandbox.inject(Drop(), endpoint=act.endpoint, times=None)
    assert isinstance(await outcome_of(act.make(session, ready, KEY)), OutcomeUnknown)
    sandbox.heal()
    (pending,) = await act.pending(session)
    clock.advance(pending.deadline)
    sandbox.inject(Answer(409, body=b'{"error": "not_enough_credit"}'), endpoint=act.endpoint)
    refused = await outcome_of(act.make(session, ready, KEY))
    (still,) = await act.pending(session)

    assert isinstance(refused, OutcomeUnknown)
    assert "not_enough_credit" == refused.code
    clock.advance(still.deadline)
    other = await outcome_of(act.make(session, await act.prepare(session, sandbox), KEY))
    assert not isinstance(other, IdempotencyKeyReused)
    assert 1 == act.moved(sandbox)


async def test_a_payment_of_unknown_outcome_is_not_made_again_after_an_hour(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """For how long the API knows a key is UNKNOWN."""
    act, session = ACTS["transaction"], shop()
    ready = await unknown(session, sandbox, act)
    sent = act.sent(sandbox)
    clock.advance(3600)

    assert isinstance(await outcome_of(act.make(session, ready, KEY)), OutcomeUnknown)
    assert (sent, 1) == (act.sent(sandbox), act.moved(sandbox))


GOOD: Final[dict[str, Any]] = {"kind": "capture", "key": KEY, "executed": True, "by": "ann"}
BAD: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "nobody": ({"by": " "}, "by"),
    "not a name": ({"by": None}, "by"),
    "a name with half a surrogate": ({"by": "\ud83d"}, "by"),
    "a long name": ({"by": "x" * 256}, "by"),
    "not an outcome": ({"executed": "false"}, "executed"),
    "an empty number": ({"authorization_id": ""}, "authorization_id"),
    "letters": ({"authorization_id": "abc"}, "authorization_id"),
    "True": ({"authorization_id": True}, "authorization_id"),
    "a negative number": ({"capture_id": -1}, "capture_id"),
    "a float": ({"capture_id": math.pi}, "capture_id"),
    "a long number": ({"capture_id": 10**5000}, "capture_id"),
    "a number of what did not run": ({"executed": False, "capture_id": 1}, "capture_id"),
    "an unknown kind": ({"kind": "gift"}, "operation"),
    "no kind": ({"kind": None}, "operation"),
    "no key": ({"key": None}, "operation"),
    "an id of another form": ({"identity": "../etc/passwd"}, "operation"),
}


@pytest.mark.parametrize("name", BAD)
async def test_wrong_arguments_are_validation_errors(name: str, shop: Shop) -> None:
    """Of any type, by the name of the argument; nothing is recorded."""
    changes, param = BAD[name]
    session = shop()
    with pytest.raises(ValidationError) as caught:
        await session.operations.resolve(**{**GOOD, **changes})

    assert [param] == [error.param for error in caught.value.field_errors]
    assert await session.operations.get(kind="capture", key=KEY) is None
