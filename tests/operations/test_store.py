"""A journal's store that fails, forgets or was written by somebody else: nothing is sent twice."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.errors import (
    JournalForgot,
    OperationInProgress,
    OutcomeUnknown,
    RecordUnreadable,
    StoreUnavailable,
)
from flexiti_async.events import Event
from flexiti_async.events.types import CallFinished, OperationDone
from flexiti_async.operations import Operation
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Answer, Drop, Fault
from flexiti_async.store.interface import JOURNAL_PREFIX, MARKER_KEY, PAST_KEY, Entry, Life
from flexiti_async.store.journal import accept, notice
from flexiti_async.testing import FaultyStore, ManualClock, Trouble

from ..support.keys import encryption_key
from .acts import CAPTURE, authorized, executions, outcome_of, until
from .conftest import QUICK, Seen

KEY: Final = "parcel-1"
OLD: Final = encryption_key("o")
NEW: Final = encryption_key("n")
Shop = Callable[..., FlexitiSession]
Watch = Callable[[FlexitiSession], Seen]
REFUSED: Final = Answer(409, body=b'{"error": "auth_amount_exceeded", "message": "Too much."}')


async def ready(session: FlexitiSession, sandbox: Sandbox) -> str:
    """Authorize a purchase, and have the token for its capture."""
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    return number


async def recorded(session: FlexitiSession) -> Operation | None:
    """Return the capture in the journal."""
    return await session.operations.get(kind="capture", key=KEY)


async def until_phase(session: FlexitiSession, phase: str) -> None:
    """Wait until the capture is recorded as something."""
    while (found := await recorded(session)) is None or found.phase != phase:
        await asyncio.sleep(0.01)


TROUBLES: Final[list[list[Trouble]]] = [
    ["written but unknown"],
    ["not written but unknown"],
    ["late"],
    ["late", "not written but unknown", "written but unknown"],
    ["written but unknown"] * 3,
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
async def test_a_claim_of_unknown_outcome_is_repeated(
    trouble: list[Trouble], shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """The same swap is repeated until its outcome is known; then the call is sent, once."""
    session = shop()
    number = await ready(session, sandbox)
    faulty.trouble = trouble.copy()
    made = await CAPTURE.make(session, number, KEY)
    await faulty.deliver()

    assert made.capture_id
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))
    assert (await CAPTURE.make(session, number, KEY)).replayed


@pytest.mark.parametrize("last", ["late", "written but unknown", "not written but unknown"])
async def test_a_claim_that_is_given_up_sends_nothing(
    last: Trouble, shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """It is freed when the store is back, also if it lands only then."""
    session = shop(**QUICK)
    number = await ready(session, sandbox)
    never: list[Trouble] = ["not written but unknown"]
    faulty.trouble = [*never, last, *never * 10_000]
    with pytest.raises(StoreUnavailable):
        await CAPTURE.make(session, number, KEY)
    faulty.trouble.clear()
    await faulty.deliver()
    await until_phase(session, "free")

    assert 0 == CAPTURE.sent(sandbox)
    assert (await CAPTURE.make(session, number, KEY)).capture_id
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


@pytest.mark.parametrize("how", ["down", "refusing", "silent"])
async def test_a_store_that_is_down_sends_nothing(
    how: str, shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """Without the journal no money moves, and nothing is locked."""
    session = shop(**QUICK)
    number = await ready(session, sandbox)
    setattr(faulty, how, True)
    with pytest.raises(StoreUnavailable):
        await CAPTURE.make(session, number, KEY)
    setattr(faulty, how, False)

    assert 0 == CAPTURE.sent(sandbox)
    assert await recorded(session) is None
    assert (await CAPTURE.make(session, number, KEY)).capture_id


async def test_a_store_that_denies_every_swap_sends_nothing(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """It ends, and with an error that says that nothing was sent."""
    session = shop()
    number = await ready(session, sandbox)
    faulty.read_only = "denied"
    with pytest.raises(OperationInProgress, match="nothing was sent"):
        await CAPTURE.make(session, number, KEY)

    assert 0 == CAPTURE.sent(sandbox)


async def test_a_record_that_cannot_be_written_is_written_later(
    shop: Shop,
    sandbox: Sandbox,
    faulty: FaultyStore,
    watched: Watch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The caller gets its answer, the log line names every id, and the journal learns it later."""
    session = shop(**QUICK)
    number = await ready(session, sandbox)
    seen = watched(session)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: CAPTURE.sent(sandbox))
    faulty.down = True
    made = await caller
    (line,) = [one for one in caplog.records if one.levelno == logging.ERROR]

    assert [False] == [getattr(one, "recorded", None) for one in seen.events[-1:]]
    for told in (made.capture_id, number, f"capture:{KEY}", sandbox.requests[-1].reference_id):
        assert str(told) in line.getMessage()
    faulty.down = False
    await until_phase(session, "done")
    assert ["OperationDone"] == seen.operations
    assert made.capture_id == (await CAPTURE.make(session, number, KEY)).capture_id
    assert 1 == CAPTURE.sent(sandbox)


async def test_a_record_that_was_written_unnoticed_is_no_conflict(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, watched: Watch
) -> None:
    """The answer is written by a swap whose outcome stays unknown for long, then repeated."""
    session = shop(**QUICK)
    number = await ready(session, sandbox)
    seen = watched(session)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: CAPTURE.sent(sandbox))
    faulty.trouble = ["written but unknown"] * 10_000
    assert (await caller).capture_id
    await until_phase(session, "done")
    faulty.trouble.clear()
    await session.aclose()

    assert ["OperationDone"] == seen.operations


@pytest.mark.parametrize("phase", ["absent", "free", "pending", "done"])
async def test_another_life_is_no_permission(
    phase: str, shop: Shop, sandbox: Sandbox, faulty: FaultyStore, clock: ManualClock
) -> None:
    """After a failover nothing is sent for absent and free keys; what is recorded still holds."""
    session = shop()
    number = await ready(session, sandbox)
    faults: dict[str, Fault] = {"free": REFUSED, "pending": Drop(commit=False)}
    if phase in faults:
        sandbox.inject(faults[phase], endpoint=CAPTURE.endpoint)
    if phase != "absent":
        await outcome_of(CAPTURE.make(session, number, KEY))
        found = await recorded(session)
        assert found is not None
        assert phase == found.phase
        clock.advance(found.deadline)
    sent = CAPTURE.sent(sandbox)
    faulty.fingerprint = "another server"
    for process in (session, shop()):
        outcome = await outcome_of(CAPTURE.make(process, number, KEY))
        if phase == "done":
            assert outcome.replayed
        else:
            expected = OutcomeUnknown if phase == "pending" else JournalForgot
            assert isinstance(outcome, expected)
    assert sent == CAPTURE.sent(sandbox)


@pytest.mark.parametrize("loss", ["promoted", "emptied", "nothing"])
async def test_sessions_go_on_in_an_accepted_life(
    loss: str, shop: Shop, sandbox: Sandbox, faulty: FaultyStore, watched: Watch
) -> None:
    """Also one that has seen the life before: a person has compared, whatever was lost."""
    session = shop()
    number = await ready(session, sandbox)
    await CAPTURE.make(session, number, "before")
    seen = watched(session)
    if loss == "promoted":
        faulty.fingerprint = "another server"
    elif loss == "emptied":
        faulty.evict()
    for _ in range(2 if loss != "nothing" else 0):
        with pytest.raises(JournalForgot) as caught:
            await CAPTURE.make(session, number, KEY)
        assert f"capture:{KEY}" in str(caught.value)
    assert {"JournalLost"} >= {type(one).__name__ for one in seen.events}
    assert 1 == CAPTURE.sent(sandbox)

    await accept(faulty, marker="f" * 32)
    await accept(faulty, marker="e" * 32)
    for one in (session, shop()):
        assert (await CAPTURE.make(one, number, KEY)).capture_id
    assert 2 == CAPTURE.sent(sandbox)


async def test_a_life_that_nobody_has_accepted_is_another_one(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """A marker that was begun anew, or copied from elsewhere, is none that a person stands for."""
    session = shop()
    number = await ready(session, sandbox)
    await accept(faulty, marker="f" * 32)
    marker, past = await faulty.load(MARKER_KEY), await faulty.load(PAST_KEY)
    assert marker is not None
    assert past is not None
    for payload in (
        past.payload.replace("f" * 32, "0" * 32),
        "{}",
        "[1]",
        '["", "", null, 5]',
        "?",
    ):
        await faulty.swap(PAST_KEY, Entry(payload, payload, None), expected=past)
        past = await faulty.load(PAST_KEY)
        with pytest.raises(JournalForgot):
            await CAPTURE.make(session, number, KEY)

    assert 0 == CAPTURE.sent(sandbox)


async def test_an_acceptance_counts_from_the_first_notice(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, clock: ManualClock
) -> None:
    """By the clock that shows the least; another loss, or an acceptance, begins anew."""

    async def seconds(at: float, known: str | None = None) -> float:
        return await notice(faulty, known=known, version=f"{at} {known}", at=at)

    session = shop()
    number = await ready(session, sandbox)
    await CAPTURE.make(session, number, "before")
    faulty.fingerprint = "another server"
    began = clock.wall()
    with pytest.raises(JournalForgot):
        await CAPTURE.make(session, number, KEY)
    clock.advance(100)

    assert 100 == await seconds(began + 100)
    assert 40 == await seconds(began + 40)
    assert 100 == await seconds(began + 1000)
    assert 0 == await seconds(began - 10)

    faulty.ageless = True
    assert 0 == await seconds(began + 100)

    faulty.ageless = False
    faulty.fingerprint = "a third one"
    assert 0 == await seconds(began + 100)

    clock.advance(50)
    assert 50 == await seconds(began + 150)

    await accept(faulty, marker="f" * 32)
    assert [0, 0] == [await seconds(began + 150), await seconds(began + 160, known="1" * 32)]


async def test_an_emptied_store_is_another_life(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """Without its marker, too: on loopback only a process that starts afterwards begins anew."""
    session = shop()
    number = await ready(session, sandbox)
    faulty.evict()
    for _ in range(2):
        with pytest.raises(JournalForgot):
            await CAPTURE.make(session, number, KEY)
    assert 0 == CAPTURE.sent(sandbox)

    assert (await CAPTURE.make(shop(), number, KEY)).capture_id
    with pytest.raises(JournalForgot):
        await CAPTURE.make(session, number, "parcel-2")


class AcceptedAfterClaim(FaultyStore):
    """A store that a person accepts just after a claim."""

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Swap, and accept."""
        written = await super().swap(key, entry, expected=expected, life=life)
        if life is not None and life.marker != "f" * 32:
            await accept(self, marker="f" * 32)
        return written


async def test_a_call_ends_in_the_life_in_which_it_began(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The acceptance may have been compared without its claim: nothing is sent for it."""
    session = shop(journal=AcceptedAfterClaim(clock.boot))
    number = await authorized(shop(), sandbox)
    with pytest.raises(JournalForgot):
        await CAPTURE.make(session, number, KEY)

    assert 0 == CAPTURE.sent(sandbox)
    assert (await CAPTURE.make(session, number, KEY)).capture_id
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


class AfterClaim(FaultyStore):
    """A store to which something happens just after a claim."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.then: Callable[[], object] = lambda: None

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Swap, and let it happen."""
        written = await super().swap(key, entry, expected=expected, life=life)
        if life is not None:
            self.then()
        return written


async def test_a_failover_between_claim_and_send(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The journal's life is compared again just before the request: it is not sent."""
    store = AfterClaim(clock.boot)
    session = shop(store=store)
    number = await ready(session, sandbox)
    store.then = lambda: setattr(store, "fingerprint", "standby")
    with pytest.raises(JournalForgot):
        await CAPTURE.make(session, number, KEY)

    assert 0 == CAPTURE.sent(sandbox)
    assert [] == await CAPTURE.pending(session)


async def test_a_store_that_fails_between_claim_and_send(
    shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Nothing is sent, and the key is freed when the store is back."""
    store = AfterClaim(clock.boot)
    session = shop(store=store, **QUICK)
    number = await ready(session, sandbox)
    store.then = lambda: setattr(store, "down", True)
    with pytest.raises(StoreUnavailable):
        await CAPTURE.make(session, number, KEY)
    assert 0 == CAPTURE.sent(sandbox)
    store.then, store.down = (lambda: None), False
    await until_phase(session, "free")

    assert (await CAPTURE.make(session, number, KEY)).capture_id
    assert 1 == CAPTURE.sent(sandbox)


RINGS: Final[dict[str, tuple[list[Any], list[Any]]]] = {
    "another key": ([OLD], [NEW]),
    "no key any more": ([OLD], []),
    "a plain record": ([], [OLD]),
}


@pytest.mark.parametrize("name", RINGS)
async def test_a_record_that_cannot_be_opened_is_unknown(
    name: str, shop: Shop, sandbox: Sandbox
) -> None:
    """It is never absent, so nothing is sent; and it hides no other pending operation."""
    before, after = RINGS[name]
    session = shop(token_keys=before)
    number = await ready(session, sandbox)
    await CAPTURE.make(session, number, KEY)
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint, times=2)
    await outcome_of(CAPTURE.make(session, number, "parcel-2"))
    other = shop(token_keys=after)
    await outcome_of(CAPTURE.make(other, number, "parcel-3"))
    sent = CAPTURE.sent(sandbox)
    for key in (KEY, "parcel-2"):
        with pytest.raises(RecordUnreadable):
            await CAPTURE.make(other, number, key)
    listed = list[str]()

    async def listing() -> None:
        async for one in other.operations.pending():
            listed.append(one.idempotency_key)

    with pytest.raises(RecordUnreadable):
        await listing()

    assert sent == CAPTURE.sent(sandbox)
    assert ["parcel-3"] == listed


async def test_a_planted_record_is_not_believed(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, clock: ManualClock
) -> None:
    """With `token_keys`, a plain `free` in place of an unknown outcome sends nothing."""
    plain, session = shop(account="shop"), shop(account="shop", token_keys=[OLD])
    number = await ready(session, sandbox)
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint)
    unknown = await outcome_of(CAPTURE.make(session, number, KEY))
    sandbox.inject(REFUSED, endpoint=CAPTURE.endpoint)
    await outcome_of(CAPTURE.make(plain, number, "parcel-2"))
    free = await plain.operations.get(kind="capture", key="parcel-2")
    assert free is not None
    planted = await faulty.load(JOURNAL_PREFIX + free.operation_id)
    key = JOURNAL_PREFIX + unknown.operation_id
    assert planted is not None
    text = planted.payload.replace(free.operation_id, unknown.operation_id)
    await faulty.swap(key, Entry("planted", text, None), expected=await faulty.load(key))
    clock.advance(1200)
    sent = CAPTURE.sent(sandbox)

    assert "free" == json.loads(text)["operation"]["phase"]
    with pytest.raises(RecordUnreadable):
        await CAPTURE.make(session, number, KEY)
    assert sent == CAPTURE.sent(sandbox)


async def test_an_operation_that_is_cancelled_amid_its_record_is_recorded(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, watched: Watch
) -> None:
    """The answer is known: it is written all the same, and the outcome is not unknown."""
    session = shop(**QUICK)
    number = await ready(session, sandbox)
    seen = watched(session)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    faulty.silent, swaps = True, faulty.operations.count("swap")
    await until(lambda: faulty.operations.count("swap") > swaps)
    (running,) = executions()
    running.cancel()
    faulty.silent = False
    again = await caller
    found = await recorded(session)

    assert found is not None
    assert "done" == found.phase
    assert again.replayed
    assert {"OperationDone", "OperationReplayed"} == set(seen.operations)
    assert [True] == [one.recorded for one in seen.events if isinstance(one, OperationDone)]


@pytest.mark.parametrize("fault", [Drop(), Answer(200, body=b'{"error": "odd"}', commit=True)])
async def test_an_operation_that_is_cancelled_amid_its_unknown_outcome_stays_pending(
    fault: Fault, shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """It was sent, so the note that nobody waits for it is all that a cancellation may prevent."""
    session = shop(**QUICK)
    number = await ready(session, sandbox)
    sandbox.inject(fault, endpoint=CAPTURE.endpoint)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    faulty.silent, swaps = True, faulty.operations.count("swap")
    await until(lambda: faulty.operations.count("swap") > swaps)
    (running,) = executions()
    running.cancel()
    faulty.silent = False
    again = await caller
    found = await recorded(session)

    assert found is not None
    assert "pending" == found.phase
    assert isinstance(again, OperationInProgress | OutcomeUnknown)
    assert 1 == CAPTURE.sent(sandbox)


@pytest.mark.parametrize("fault", [None, Drop()], ids=str)
async def test_a_listener_that_cancels_does_not_free_an_operation_that_was_sent(
    fault: Fault | None, shop: Shop, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Its interruption comes between the answer and the record: the money may have moved."""
    session = shop()
    number = await ready(session, sandbox)
    if fault is not None:
        sandbox.inject(fault, endpoint=CAPTURE.endpoint)

    def cancel(event: Event) -> None:
        if isinstance(event, CallFinished) and event.endpoint == CAPTURE.endpoint:
            raise asyncio.CancelledError

    session.events.add(cancel)
    first = await outcome_of(CAPTURE.make(session, number, KEY))
    found = await recorded(session)
    clock.advance(1200)
    second = await outcome_of(CAPTURE.make(session, number, KEY))

    assert isinstance(first, OutcomeUnknown)
    assert found is not None
    assert "pending" == found.phase
    assert isinstance(second, OutcomeUnknown)
    assert 1 == CAPTURE.sent(sandbox)
