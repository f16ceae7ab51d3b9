"""Cancellation at every await: of a caller, a call, a checkout, a refresh, a close."""

import asyncio
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType

import pytest

from flexiti_async import (
    ApplyWidget,
    CheckoutNotFound,
    FlexitiConfig,
    FlexitiSession,
    PurchaseWidget,
    Scope,
    Token,
)
from flexiti_async.protocol.request import HttpRequest
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock
from flexiti_async.tokens.patience import Patience
from flexiti_async.tokens.refresh import Refresh

from ..checkout.test_checkout import APPLICANT
from ..conftest import MakeSession
from ..support.canaries import sightings
from ..support.patience import PATIENCE
from ..support.stepping import cancelled_at

pytestmark = pytest.mark.usefixtures("both_engines")
BUY = PurchaseWidget(account_number=20009100)
MOST = 60
"""More awaits than any trial has; a trial that gets there does not end by itself."""


async def at_every_await(trial: Callable[[int], Awaitable[bool]]) -> int:
    """
    Repeat a trial for each await until it ends before the cancellation; return the number of
    awaits.
    """
    for number in range(1, MOST):
        if not await trial(number):
            return number - 1
    msg = f"not finished after {MOST} awaits"
    raise AssertionError(msg)


def open_connections(session: FlexitiSession) -> int:
    """Count the connections that a session's pool has lent out."""
    return sum(
        len(client.connector._acquired)
        for pool in session._transport._own.values()
        for client in (pool.kept, pool.fresh)
        if client.connector
    )


async def test_a_caller_that_is_cancelled_at_any_await_does_not_affect_others(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Other waiting callers get the token of the one request, cold and after expiry."""

    async def trial(number: int) -> bool:
        clock.advance(1300)
        before = sandbox.tokens_issued
        session = make_session(store=FaultyStore(clock.boot))
        beside = asyncio.create_task(session.token())
        reached = await cancelled_at(session.token(), number)
        tokens = [await beside, await session.token()]

        assert tokens[0] == tokens[1]
        assert 1 == sandbox.tokens_issued - before
        return reached

    assert 1 <= await at_every_await(trial)


@pytest.mark.parametrize(("rejected", "awaits"), [(False, 2), (True, 4)])
async def test_a_call_that_is_cancelled_at_any_await_returns_its_connection(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, rejected: bool, awaits: int
) -> None:
    """
    A cancelled call returns its connection, also during a 401 and its repeat: the next call does
    not hang.
    """

    async def trial(number: int) -> bool:
        # A new session each time, because opening a connection has awaits, too.
        session = make_session(connections=1)
        if rejected:
            await session.token()
            clock.advance(100)  # so old that its rejection is not a failure of the endpoint
            sandbox.revoke_all()
        else:
            clock.advance(1300)
        reached = await cancelled_at(session.init_widget(BUY), number)
        await session.init_widget(BUY)

        assert 0 == open_connections(session)
        return reached

    assert awaits <= await at_every_await(trial)


async def test_a_checkout_that_is_cancelled_at_any_await_can_be_resumed(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """A cancelled checkout was saved before the step or after it, or never saved, and can go on."""
    session = make_session(store=FaultyStore(clock.boot))

    async def flow(reference_id: str) -> None:
        checkout = await session.checkout("order-1", reference_id=reference_id)
        await checkout.init_widget(BUY)

    async def trial(number: int) -> bool:
        reference_id = f"{number:032x}"
        reached = await cancelled_at(flow(reference_id), number)
        try:
            checkout = await session.resume(reference_id)
        except CheckoutNotFound:
            checkout = await session.checkout("order-1", reference_id=reference_id)
        widget = await checkout.init_widget(BUY)

        assert widget.session_id == (await session.resume(reference_id)).session_id
        assert 0 == open_connections(session)
        return reached

    assert 4 <= await at_every_await(trial)


@pytest.mark.parametrize("stale", [False, True])
async def test_a_refresh_that_is_cancelled_at_any_await_costs_one_lease_at_most(
    stale: bool,
) -> None:
    """
    Another process gets a token after a cancelled refresh, and no refresh token is sent twice.

    The clock is the real one: the other process has to wait for the lease.
    """
    async with Sandbox() as sandbox:

        def a_process(store: FaultyStore) -> FlexitiSession:
            config = FlexitiConfig(
                client_id=sandbox.client_id,
                client_secret=sandbox.client_secret,
                base_url=sandbox.base_url,
                store=store,
                token_timeout=0.4,
                refresh_ahead=300,
            )
            return FlexitiSession(config)

        async def trial(number: int) -> bool:
            store = FaultyStore(asyncio.get_running_loop().time)
            async with a_process(store) as first, a_process(store) as second:
                if stale:
                    sandbox.expires_in = 1
                    await first.token()
                    sandbox.expires_in = 1200
                reached = await cancelled_at(refresh_of(first), number)
                token = await second.token(min_ttl=10)
                again = await first.token()

            assert all(isinstance(found, Token) for found in (token, again))
            assert 0 == sandbox.replays
            return reached

        assert 3 <= await at_every_await(trial)


async def refresh_of(session: FlexitiSession) -> None:
    """Run a refresh in the current task, as the refresher does in a task of its own."""
    refresher = session.refresher(Scope.CUSTOMER)
    await Refresh(
        refresher._context,
        min_ttl=0.0,
        cached=refresher.cached,
        rejected=(),
        may_refresh=True,
        pin=False,
        patience=Patience(),
        ended=deque(),
    ).run()


async def test_a_close_that_is_cancelled_at_any_await_can_be_repeated(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """A second close closes the rest: no task and no connection is left."""

    async def trial(number: int) -> bool:
        clock.advance(1300)
        session = make_session()
        await session.init_widget(BUY)
        clock.advance(1100)
        await session.token(Scope.CUSTOMER)  # starts a refresh in the background
        pools = list(session._transport._own.values())
        reached = await cancelled_at(session.aclose(), number)
        await session.aclose()

        assert all(pool.kept.closed and pool.fresh.closed for pool in pools)
        names = [task.get_name() for task in asyncio.all_tasks()]
        assert [] == [name for name in names if name.startswith("flexiti-async")]
        return reached

    assert 1 <= await at_every_await(trial)


def frames_of(error: BaseException | None) -> Iterator[FrameType]:
    """List the frames on an exception and on all that it is chained to."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            yield frame
        error = error.__cause__ or error.__context__


async def by_wait_for(call: Awaitable[object]) -> object:
    """Give it a time."""
    return await asyncio.wait_for(call, 0.2)


async def by_timeout(call: Awaitable[object]) -> object:
    """Give a block a time."""
    async with asyncio.timeout(0.2):
        return await call


async def by_cancel(call: Awaitable[object]) -> object:
    """Cancel the task, and say why."""
    task = asyncio.ensure_future(call)
    asyncio.get_running_loop().call_later(0.2, task.cancel, "the customer has left")
    return await task


async def by_interrupt(call: Awaitable[object]) -> object:
    """Let an exception of another kind come out of the task."""
    task = asyncio.ensure_future(call)
    asyncio.get_running_loop().call_later(0.2, task.cancel)
    try:
        return await task
    except asyncio.CancelledError as error:
        raise KeyError from error


@pytest.mark.parametrize(
    ("leave", "kind"),
    [
        (by_wait_for, TimeoutError),
        (by_timeout, TimeoutError),
        (by_cancel, asyncio.CancelledError),
        (by_interrupt, KeyError),
    ],
)
async def test_what_leaves_a_call_carries_no_frame_of_aiohttp(
    make_session: MakeSession,
    sandbox: Sandbox,
    leave: Callable[[Awaitable[object]], Awaitable[object]],
    kind: type[BaseException],
) -> None:
    """Headers and bodies are in their locals, and in a request; none hangs on the exception."""
    session = make_session()
    sandbox.latency = {"widget/init": PATIENCE}
    secret = (await session.token(min_ttl=None)).access_token.reveal()

    error: BaseException | None = None
    try:
        await leave(session.init_widget(ApplyWidget(**APPLICANT)))
    except BaseException as left:  # noqa: BLE001 - a cancellation is one
        error = left
    frames = list(frames_of(error))

    assert isinstance(error, kind)
    assert [] == [
        frame.f_code.co_filename for frame in frames if "aiohttp" in frame.f_code.co_filename
    ]
    assert [] == [
        frame.f_code.co_qualname
        for frame in frames
        for value in frame.f_locals.values()
        if isinstance(value, HttpRequest) and (value.headers or value.body)
    ]
    assert [] == sightings(error, secret, str(APPLICANT["email"]))
    task = asyncio.current_task()
    assert task is not None
    assert 0 == task.cancelling()


async def test_a_cancellation_keeps_its_message_and_its_count(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The exception is a new one, and says what the old one said."""
    session = make_session()
    await session.token(min_ttl=None)
    sandbox.latency = {"widget/init": PATIENCE}
    task = asyncio.create_task(session.init_widget(BUY))
    while sandbox.count("widget/init") == 0:
        await asyncio.sleep(0)
    task.cancel("the customer has left")
    await asyncio.wait([task])

    assert task.cancelled()
    assert 1 == task.cancelling()
    with pytest.raises(asyncio.CancelledError, match="the customer has left"):
        task.result()
