"""A refresh that ends without a result withdraws its claim: no other process waits for a lease."""

import asyncio

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import SessionClosed, TokenDeadlock
from flexiti_async.protocol import points
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry, Life
from flexiti_async.testing import ManualClock
from flexiti_async.tokens.record import Claim
from flexiti_stores.memory import MemoryStore

from ..conftest import MakeSession
from ..support.claims import claims_in
from ..support.patience import PATIENCE, PATIENT


class StuckStore(MemoryStore):
    """A store whose first swap writes, and never answers."""

    wrote: asyncio.Event | None = None

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write it."""
        won = await super().swap(key, entry, expected=expected, life=life)
        if self.wrote is None:
            self.wrote = asyncio.Event()
            self.wrote.set()
            await asyncio.Event().wait()
        return won


class SlowStore(MemoryStore):
    """
    A store whose swaps take some turns of the loop.

    Attributes:
        turns: As many as that.
    """

    turns = 0

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write it after that."""
        for _ in range(self.turns):
            await asyncio.sleep(0)
        return await super().swap(key, entry, expected=expected, life=life)


class CancellingStore(MemoryStore):
    """
    A store whose connection was cancelled.

    Attributes:
        cancels: Whether it was.
    """

    cancels = False

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write it, or raise the cancellation."""
        if self.cancels:
            raise asyncio.CancelledError
        return await super().swap(key, entry, expected=expected, life=life)


class LateStore(MemoryStore):
    """A store whose first swap takes an hour."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock.boot)
        self._moved: ManualClock | None = clock

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write it."""
        won = await super().swap(key, entry, expected=expected, life=life)
        if self._moved is not None:
            self._moved.advance(3600)
            self._moved = None
        return won


async def close_at_once(session: FlexitiSession) -> None:
    """Close a session in a task that is cancelled while it waits for the refresh."""
    closing = asyncio.create_task(session.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])


async def test_a_refresh_that_a_cancelled_close_cancels(
    make_session: MakeSession, sandbox: Sandbox, store: MemoryStore
) -> None:
    """The clock stands still, so a claim that stayed would be waited for."""
    first, second = make_session(), make_session()
    sandbox.latency = {"oauth/token": PATIENCE}
    asking = asyncio.create_task(first.token())
    while not sandbox.count("oauth/token"):
        await asyncio.sleep(0.001)
    sandbox.latency = {}
    await close_at_once(first)
    [ended] = await asyncio.gather(asking, return_exceptions=True)
    assert [] == await claims_in(store)

    async with asyncio.timeout(PATIENCE):
        token = await second.token()

    assert isinstance(ended, SessionClosed)
    assert token.access_token
    assert 2 == sandbox.count("oauth/token")


async def test_a_refresh_that_is_cancelled_while_it_claims(
    sandbox: Sandbox, clock: ManualClock, make_session: MakeSession
) -> None:
    """The claim was written, and the refresh had no answer yet."""
    store = StuckStore(clock=clock.boot)
    first, second = make_session(store=store), make_session(store=store)
    asking = asyncio.create_task(first.token())
    while store.wrote is None:
        await asyncio.sleep(0)
    await close_at_once(first)
    await asyncio.gather(asking, return_exceptions=True)
    assert [] == await claims_in(store)

    async with asyncio.timeout(PATIENCE):
        await second.token()

    assert 1 == sandbox.count("oauth/token")


@pytest.mark.parametrize("turns", range(10))
async def test_a_loop_that_ends_amid_a_withdrawal(
    turns: int, sandbox: Sandbox, clock: ManualClock, make_session: MakeSession
) -> None:
    """`asyncio.run` cancels every task once and waits for it: the withdrawal is one of them."""
    store = SlowStore(clock=clock.boot)
    session, others = make_session(store=store), asyncio.all_tasks()
    sandbox.latency = {"oauth/token": PATIENCE}
    asking = asyncio.create_task(session.token())
    while not sandbox.count("oauth/token"):
        await asyncio.sleep(0.001)
    store.turns = 5
    closing = asyncio.create_task(session.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    for _ in range(turns):
        await asyncio.sleep(0)
    ending = [task for task in asyncio.all_tasks() - others if task is not asking]
    for task in ending:
        task.cancel()
    await asyncio.gather(asking, *ending, return_exceptions=True)

    assert [] == await claims_in(store)


async def test_a_refresh_that_is_cancelled_over_its_own_late_claim(
    sandbox: Sandbox,
    clock: ManualClock,
    make_session: MakeSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A claim that took too long to be written is replaced: until then it is still stored."""
    store = LateStore(clock)
    first, second = make_session(store=store), make_session(store=store)
    arrived, again = list[points.Point](), asyncio.Event()

    async def look(point: points.Point) -> None:
        arrived.append(point)
        if arrived.count("token read") > 1:
            again.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(points, "hook", look)
    asking = asyncio.create_task(first.token())
    await again.wait()
    assert 1 == len(await claims_in(store))
    await close_at_once(first)
    await asyncio.gather(asking, return_exceptions=True)
    assert [] == await claims_in(store)
    monkeypatch.setattr(points, "hook", None)

    async with asyncio.timeout(PATIENCE):
        await second.token()

    assert 1 == sandbox.count("oauth/token")


async def test_a_store_that_only_raises_cancellations(
    sandbox: Sandbox, clock: ManualClock, make_session: MakeSession
) -> None:
    """The withdrawal gives up: a loop that ends waits for it."""
    store = CancellingStore(clock=clock.boot)
    session = make_session(store=store)
    sandbox.latency = {"oauth/token": PATIENCE}
    asking = asyncio.create_task(session.token())
    while not sandbox.count("oauth/token"):
        await asyncio.sleep(0.001)
    store.cancels = True
    await close_at_once(session)
    [ended] = await asyncio.gather(asking, return_exceptions=True)

    assert isinstance(ended, SessionClosed)


async def test_a_claim_on_a_short_lived_token_is_short(
    session: FlexitiSession,
    sandbox: Sandbox,
    clock: ManualClock,
    store: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time limit is a sixth of the token's lifetime, and the lease a quarter more."""
    found: list[Claim] = []

    async def look(point: points.Point) -> None:
        if point == "token claimed":
            found.extend(await claims_in(store))

    monkeypatch.setattr(points, "hook", look)
    sandbox.expires_in = 12
    await session.token()
    clock.advance(12)
    await session.token()

    assert 2.5 == found[-1].lease


async def test_a_refresh_that_a_callback_of_a_lent_session_breaks(
    sandbox: Sandbox, clock: ManualClock, store: MemoryStore, make_session: MakeSession
) -> None:
    """All its callers get an error of their own, and a session without that callback a token."""
    tracing = aiohttp.TraceConfig()

    async def ask(*_: object) -> None:
        await broken.token()

    tracing.on_request_start.append(ask)
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=store,
        **PATIENT,
    )
    async with aiohttp.ClientSession(trace_configs=[tracing]) as lent:
        broken = FlexitiSession(config, client_session=lent, clock=clock)
        errors = await asyncio.gather(*(broken.token() for _ in range(3)), return_exceptions=True)
        assert [] == await claims_in(store)

        async with asyncio.timeout(PATIENCE):
            token = await make_session().token()
        await broken.aclose()

    assert [TokenDeadlock] * 3 == [type(error) for error in errors]
    assert 3 == len({id(error) for error in errors})
    assert token.access_token
