"""The end of a session, of a loop and of a process, and a fork: amid operations."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from attrs import evolve

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.api.endpoints import AUTHORIZATION_BY_ID
from flexiti_async.errors import OutcomeUnknown, SessionClosed
from flexiti_async.operations import Phase
from flexiti_async.protocol import points
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Drop, Hang
from flexiti_async.store.interface import JOURNAL_PREFIX, Entry, Life
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_stores.memory import MemoryStore

from ..session.test_loops_and_forks import in_a_forked_child, sandbox_in_a_thread
from ..support.leftovers import Leftovers
from ..support.patience import OVERLAP, PATIENCE, PATIENT
from .acts import CAPTURE, Anything, authorized, outcome_of, until
from .conftest import QUICK

KEY = "parcel-1"
Shop = Callable[..., FlexitiSession]


async def test_new_operations_are_refused_while_it_closes(shop: Shop, sandbox: Sandbox) -> None:
    """The one that is being made gets its answer; every new caller gets SessionClosed."""
    session = shop()
    number = await authorized(session, sandbox)
    sandbox.latency = {CAPTURE.endpoint: OVERLAP}
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: CAPTURE.sent(sandbox))
    closing = asyncio.create_task(session.aclose())
    await asyncio.sleep(0)
    for key in (KEY, "parcel-2"):
        assert isinstance(await outcome_of(CAPTURE.make(session, number, key)), SessionClosed)
    assert not closing.done()
    assert not caller.done()
    await closing

    assert (await caller).capture_id
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))


async def pending(session: FlexitiSession) -> object:
    """List the pending operations."""
    return [one async for one in session.operations.pending()]


# Each of them uses the journal more than once.
READERS: dict[str, Callable[[FlexitiSession], Awaitable[object]]] = {
    "pending": pending,
    "resolve": lambda session: session.operations.resolve(
        kind="capture", key=KEY, executed=False, by="a person"
    ),
    "checkout": lambda session: session.checkout("order-2"),
    "operation": lambda session: CAPTURE.make(session, 1, "parcel-2"),
}


class Slow(FaultyStore):
    """A store whose answers to `load` and `life` can be held back."""

    held: asyncio.Event | None = None

    async def load(self, key: str) -> Entry | None:
        """Load, and answer when it is let go."""
        found = await super().load(key)
        if self.held is not None:
            await self.held.wait()
        return found

    async def life(self) -> Life:
        """Return the life when it is let go."""
        found = await super().life()
        if self.held is not None:
            await self.held.wait()
        return found


async def test_a_caller_that_was_reading_the_journal_begins_nothing_after_the_close(
    shop: Shop, sandbox: Sandbox
) -> None:
    """The answer comes when the session is closed: the store is not used any more."""
    store = Slow()
    session = shop(store=store)
    number = await authorized(session, sandbox)
    store.held = asyncio.Event()
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    loads = store.operations.count("load")
    await until(lambda: store.operations.count("load") > loads)
    await session.aclose()
    used = list(store.operations)
    store.held.set()

    assert isinstance(await caller, SessionClosed)
    assert used == store.operations


@pytest.mark.parametrize("work", READERS)
async def test_whoever_reads_the_journal_does_not_use_it_after_the_close(
    shop: Shop, sandbox: Sandbox, clock: ManualClock, work: str
) -> None:
    """Its connection would be opened again, for a write even, and nothing would close it."""
    store = Slow(clock.boot)
    session, other = shop(store=store), shop(store=store)
    number = await authorized(session, sandbox)
    sandbox.inject(Drop(), endpoint=CAPTURE.endpoint)
    assert isinstance(await outcome_of(CAPTURE.make(other, number, KEY)), OutcomeUnknown)
    clock.advance(3600)
    store.held = asyncio.Event()
    reader = asyncio.create_task(outcome_of(READERS[work](session)))
    used = len(store.operations)
    await until(lambda: len(store.operations) > used)
    await session.aclose()
    then = list(store.operations)
    store.held.set()

    assert isinstance(await reader, SessionClosed)
    assert then == store.operations


class HeldAfterClaim(Slow):
    """A store that answers the next claim, and nothing more until it is let go."""

    watching = False

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Swap."""
        written = await super().swap(key, entry, expected=expected, life=life)
        if self.watching and key.startswith(JOURNAL_PREFIX):
            self.watching, self.held = False, asyncio.Event()
        return written


async def test_a_claim_is_withdrawn_before_the_journal_is_closed(
    shop: Shop, sandbox: Sandbox
) -> None:
    """An operation that outlasts its deadline between claim and send ends with the session."""
    store = HeldAfterClaim()
    session, other = shop(store=store), shop(store=store)
    operations = session.operations
    operations._context = evolve(operations._context, deadline=0.1)
    operations._coordinator._context = operations._context
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    store.watching = True
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: store.held is not None)
    closing = asyncio.create_task(session.aclose())
    await until(lambda: session._sealed.closed)
    for _ in range(9):  # nothing but the operation is waited for
        await asyncio.sleep(0)
    assert not closing.done()
    held = store.held
    assert held is not None
    store.held = None
    held.set()
    await closing
    used = list(store.operations)
    known = await other.operations.get(kind="capture", key=KEY)

    assert isinstance(await caller, SessionClosed)
    assert known is not None
    assert Phase.FREE is known.phase
    assert 0 == CAPTURE.sent(sandbox)
    assert used == store.operations[: len(used)]


async def test_an_operation_without_an_answer_ends_with_its_deadline(
    shop: Shop, sandbox: Sandbox
) -> None:
    """A close waits no longer, and the operation stays pending."""
    session = shop(**{**QUICK, "request_timeout": 0.3})
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    sandbox.inject(Hang(), endpoint=CAPTURE.endpoint)
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    await session.aclose()

    assert isinstance(await caller, OutcomeUnknown)
    assert 1 == len(await CAPTURE.pending(shop()))


async def sent(session: FlexitiSession, sandbox: Sandbox) -> asyncio.Task[Any]:
    """Begin a capture, and return its caller when the request has arrived."""
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: CAPTURE.sent(sandbox))
    return caller


def task_of(name: str) -> asyncio.Task[Any]:
    """Return the task whose coroutine has this in its name."""
    [task] = [one for one in asyncio.all_tasks() if name in repr(one.get_coro())]
    return task


async def cancel_at_each_use(task: asyncio.Task[Any], faulty: FaultyStore, uses: int) -> None:
    """Cancel a task each time that it uses the store, which does not answer, until it ends."""
    for _ in range(uses):
        await until(lambda: faulty.operations)
        faulty.operations.clear()
        task.cancel()
    await asyncio.wait([task])


async def close_all(
    session: FlexitiSession, faulty: FaultyStore, tasks: set[asyncio.Task[Any]]
) -> None:
    """Close the session, whose store answers again, and end some tasks."""
    faulty.silent = False
    await session.aclose()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_record_is_tried_once_more_when_the_session_is_closed(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore
) -> None:
    """An answer that the journal does not have yet is written at the latest then."""
    session = shop(**QUICK)
    caller = await sent(session, sandbox)
    faulty.down = True
    assert (await caller).capture_id
    faulty.down = False
    await session.aclose()
    found = await shop().operations.get(kind="capture", key=KEY)

    assert found is not None
    assert "done" == found.phase


@pytest.mark.parametrize("cancellations", [0, 1, 2])
async def test_a_record_that_is_lost_with_the_session_is_an_error(
    shop: Shop,
    sandbox: Sandbox,
    faulty: FaultyStore,
    caplog: pytest.LogCaptureFixture,
    cancellations: int,
) -> None:
    """The money has moved, and only the log says so: once, whatever ends the last try."""
    session = shop(**QUICK)
    caller = await sent(session, sandbox)
    faulty.down = True
    assert (await caller).capture_id
    if cancellations:
        faulty.down, faulty.silent = False, True
        faulty.operations.clear()
        writing = task_of("_repeated")
        writing.cancel()
        await cancel_at_each_use(writing, faulty, cancellations - 1)
    await session.aclose()
    lines = [one for one in caplog.records if "could not be recorded before" in one.getMessage()]

    assert [logging.ERROR] == [one.levelno for one in lines]
    assert f"capture:{KEY}" in lines[0].getMessage()


async def test_an_answer_that_is_cancelled_twice_on_its_way_to_the_journal_is_an_error(
    shop: Shop, sandbox: Sandbox, faulty: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of a loop is the second cancellation: the numbers of the money are in the log."""
    session, before = shop(**QUICK), asyncio.all_tasks()
    caller = await sent(session, sandbox)
    faulty.silent = True
    faulty.operations.clear()
    await cancel_at_each_use(task_of("Coordinator"), faulty, 2)
    await close_all(session, faulty, (asyncio.all_tasks() - before) | {caller})
    [error] = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]

    assert 1 == CAPTURE.moved(sandbox)
    assert "ran, and the journal has not recorded it yet" in error
    assert f"capture:{KEY}" in error


async def test_a_claim_that_is_cancelled_twice_on_its_way_to_the_journal_is_a_warning(
    shop: Shop,
    sandbox: Sandbox,
    faulty: FaultyStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was sent, and the key may stay pending: the line says why."""
    session = shop(**QUICK)
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    before = asyncio.all_tasks()

    async def fall_silent(point: points.Point) -> None:
        if point == "operation prepared":
            faulty.silent = True
            faulty.operations.clear()

    monkeypatch.setattr(points, "hook", fall_silent)
    caller = asyncio.create_task(CAPTURE.make(session, number, KEY))
    await until(lambda: faulty.silent)
    await cancel_at_each_use(task_of("Coordinator"), faulty, 2)
    await close_all(session, faulty, (asyncio.all_tasks() - before) | {caller})
    lines = [one.getMessage() for one in caplog.records if "interrupted" in one.getMessage()]

    assert 0 == CAPTURE.sent(sandbox)
    assert 1 == len(lines)
    assert f"capture:{KEY}" in lines[0]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[Sandbox, FlexitiSession]]:
    """Yield a sandbox that outlives loops, and a session whose journal is in files."""
    with sandbox_in_a_thread() as running:
        config = FlexitiConfig(
            client_id=running.client_id,
            client_secret=running.client_secret,
            base_url=running.base_url,
            store=f"file://{tmp_path}?timeout={PATIENCE}",
            connections=1,
            **PATIENT,
        )
        yield running, FlexitiSession(config)


async def _prepare(session: FlexitiSession, sandbox: Sandbox) -> str:
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    return number


def _run(work: Coroutine[Any, Any, Any]) -> Anything:
    """Run a loop of its own to its end."""
    with asyncio.Runner() as runner:
        return runner.run(work)


def _sent(sandbox: Sandbox, endpoint: str) -> bool:
    """Whether the request has arrived in the sandbox's thread."""
    try:
        return sandbox.count(endpoint) == 1
    except RuntimeError:  # it has just counted one
        return False


@pytest.mark.parametrize("sent", [False, True])
def test_a_loop_that_ends_amid_an_operation(
    sent: bool,
    other: tuple[Sandbox, FlexitiSession],
    caplog: pytest.LogCaptureFixture,
    leftovers: Leftovers,
) -> None:
    """`asyncio.run` cancels all tasks: a sent one stays pending, with an ERROR; else it is free."""
    sandbox, session = other
    number = _run(_prepare(session, sandbox))
    sandbox.latency = {CAPTURE.endpoint: 0.5, AUTHORIZATION_BY_ID: 0.5}

    others = list[asyncio.Future[Any]]()

    async def view() -> None:
        if not sent:  # the only connection is in use
            others.append(asyncio.ensure_future(session.authorizations.get(number)))
            while not _sent(sandbox, AUTHORIZATION_BY_ID):
                await asyncio.sleep(0)
        call = asyncio.ensure_future(CAPTURE.make(session, number, KEY))
        async with asyncio.timeout(PATIENCE):
            while (await session.operations.get(kind="capture", key=KEY)) is None:
                await asyncio.sleep(0)
            while sent and not _sent(sandbox, CAPTURE.endpoint):
                await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call, 0)

    _run(view())
    leftovers.take()  # that is the test

    async def after() -> tuple[str, Any]:
        found = await session.operations.get(kind="capture", key=KEY)
        assert found is not None
        again = None if sent else await CAPTURE.make(session, number, KEY)
        await session.aclose()
        return found.phase, again

    phase, again = _run(after())
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert 1 == CAPTURE.sent(sandbox)
    if sent:
        assert "pending" == phase
        assert 1 == len([one for one in errors if f"capture:{KEY}" in one])
    else:
        assert "free" == phase
        assert again.capture_id
        assert [] == errors


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_waits_for_its_parent(other: tuple[Sandbox, FlexitiSession]) -> None:
    """A child starts with no running operations: it finds the parent's in the journal."""
    sandbox, session = other
    number = _run(_prepare(session, sandbox))
    sandbox.latency = {CAPTURE.endpoint: 1.0}
    answers = list[Any]()

    claimed = threading.Event()

    async def parent() -> None:
        call = asyncio.ensure_future(CAPTURE.make(session, number, KEY))
        while await session.operations.get(kind="capture", key=KEY) is None:
            await asyncio.sleep(0)
        claimed.set()
        answers.append(await call)
        await session.aclose()

    async def child() -> tuple[str, bool]:
        again = await CAPTURE.make(session, number, KEY)
        await session.aclose()
        return again.capture_id, again.replayed

    making = threading.Thread(target=_run, args=[parent()])
    making.start()
    assert claimed.wait(PATIENCE)
    output = in_a_forked_child(lambda: _run(child()))
    making.join(PATIENCE)

    assert repr((answers[0].capture_id, True)) == output
    assert 1 == CAPTURE.sent(sandbox)


async def test_a_listener_may_close_the_session(shop: Shop, sandbox: Sandbox) -> None:
    """It runs outside of the operation's task, after the record."""
    session = shop()
    number = await authorized(session, sandbox)
    closing = list[asyncio.Task[None]]()

    def close(event: Anything) -> None:
        if "OperationDone" in type(event).__name__:
            closing.append(asyncio.create_task(session.aclose()))
            raise RuntimeError(event)

    session.events.add(close)
    made = await CAPTURE.make(session, number, KEY)
    await asyncio.gather(*closing)

    assert made.capture_id
    assert (await CAPTURE.make(shop(), number, KEY)).replayed


class Closing(MemoryStore):
    """A shop's own store, addressed by its class path, that records how it is closed."""

    closed: ClassVar[list[str]] = []

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Create the store."""
        del url
        return cls()

    async def aclose(self) -> None:
        """Record it."""
        await super().aclose()
        self.closed.append(type(self).__name__)


class Unclosable(Closing):
    """Its first close fails."""

    errors: ClassVar[list[BaseException]] = []

    async def aclose(self) -> None:
        """Record it, and fail once."""
        await super().aclose()
        if self.errors:
            raise self.errors.pop()


@pytest.mark.parametrize("error", [OSError("reset"), asyncio.CancelledError()], ids=repr)
async def test_a_store_that_fails_to_close_leaves_no_journal_open(
    error: BaseException, shop: Shop, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the two stores is closed, whatever becomes of the other one."""
    monkeypatch.setattr(Unclosable, "errors", [error])
    monkeypatch.setattr(Closing, "closed", [])
    session = shop(store=f"{__name__}:Unclosable", journal=f"{__name__}:Closing")
    number = await authorized(session, sandbox)
    assert (await CAPTURE.make(session, number, KEY)).capture_id
    with pytest.raises(type(error)):
        await session.aclose()

    assert ["Unclosable", "Closing"] == Closing.closed
