"""Closing a session: every caller is answered at once, nothing is sent, nothing is left open."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from attrs import evolve

from flexiti_async import FlexitiSession, OutcomeUnknown, PurchaseWidget, Scope
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import FlexitiError, SessionClosed, SessionEntered
from flexiti_async.protocol.call import Replay
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession
from ..support.metronome import lap
from ..support.patience import PATIENCE

BUY = PurchaseWidget(account_number=20009100)
SAFE = init_widget(BUY)
ONCE = evolve(SAFE, endpoint="verify", replay=Replay.NEVER)
"""A call that is sent once, under the name of one that moves no money."""
INIT = "widget/init"
TOKEN = "oauth/token"
CALLERS = 10_000
AT_ONCE = 5
"""Turns of the event loop, however many callers there are."""
Way = Callable[[FlexitiSession], Coroutine[Any, Any, None]]


async def by_aclose(session: FlexitiSession) -> None:
    """Close it."""
    await session.aclose()


async def by_leaving(session: FlexitiSession) -> None:
    """Leave its block."""
    async with session:
        pass


async def by_an_exception(session: FlexitiSession) -> None:
    """Leave its block by an exception."""
    with pytest.raises(LookupError):
        async with session:
            raise LookupError


async def twice_at_once(session: FlexitiSession) -> None:
    """Close it from two tasks."""
    await asyncio.gather(session.aclose(), session.aclose())


async def cancelled(session: FlexitiSession) -> None:
    """Cancel the task that closes it: it closes everything all the same."""
    closing = asyncio.create_task(session.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])


async def cancelled_and_again(session: FlexitiSession) -> None:
    """Cancel the task that closes it, and close it again."""
    await cancelled(session)
    await session.aclose()


@pytest.mark.parametrize(
    "close",
    [by_aclose, by_leaving, by_an_exception, twice_at_once, cancelled, cancelled_and_again],
)
async def test_10_000_calls_in_flight_are_answered_at_once(
    make_session: MakeSession, sandbox: Sandbox, close: Way
) -> None:
    """Those with a connection and those that wait for one; nothing is sent any more."""
    session = make_session(retries=9)
    await session.token(min_ttl=None)
    sandbox.latency = {INIT: PATIENCE}
    answers: list[object] = []

    async def shop(number: int) -> None:
        call = ONCE if number % 2 else SAFE
        try:
            answers.append(await session.send(call))
        except Exception as error:  # noqa: BLE001 - is looked at
            answers.append(type(error))

    calls = [asyncio.create_task(shop(number)) for number in range(CALLERS)]
    while sandbox.count(INIT) < session.config.connections:
        await asyncio.sleep(0)
    closing = asyncio.create_task(close(session))
    turns = await turns_until(calls)
    await closing
    sent = sandbox.count(INIT)
    await asyncio.sleep(0.1)

    # Of the 100 that were sent, half may have run.
    assert {SessionClosed: CALLERS - 50, OutcomeUnknown: 50} == Counter(answers)
    assert sent == sandbox.count(INIT)
    assert {} == session._transport._own
    assert turns <= AT_ONCE


async def turns_until(tasks: list[asyncio.Task[None]]) -> int:
    """Count the turns of the event loop until tasks have ended; the CPU time is a benchmark's."""
    turns = 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        turns += 1
    return turns


@pytest.mark.parametrize("where", ["token", "dedicated", "repeat"])
async def test_a_wait_ends_with_the_session(
    make_session: MakeSession, sandbox: Sandbox, where: str
) -> None:
    """A wait for a token, for a token of one's own, and for the next attempt."""
    session = make_session(token_timeout=PATIENCE)
    work: Coroutine[Any, Any, object]
    if where == "repeat":
        await session.token()
        sandbox.fail(INIT, status=503, times=None, headers={"Retry-After": "100"})
        work = session.send(SAFE)
    else:
        sandbox.latency = {TOKEN: 3.0}
        refresher = session.refresher(Scope.CUSTOMER)
        work = refresher.token() if where == "token" else refresher.dedicated(60)
    waiting = asyncio.create_task(work)
    while sandbox.count(INIT if where == "repeat" else TOKEN) == 0:
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)

    closing = asyncio.create_task(session.aclose())
    with lap() as took, pytest.raises(SessionClosed):
        await waiting
    await closing

    assert took.seconds < 1


async def test_after_closing_nothing_is_sent_or_opened(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Neither by the session nor by a group of calls, a checkout or another block."""
    session = make_session()
    checkout = await session.checkout("order-1")
    await session.aclose()
    before = len(sandbox.requests)

    uses: list[Callable[[], Awaitable[Any]]] = [
        session.token,
        lambda: session.token(Scope.MERCHANT),
        lambda: session.send(SAFE),
        lambda: session.send(ONCE),
        lambda: session.checkout("order-1"),
        lambda: session.in_store_checkout("order-1"),
        lambda: session.resume(checkout.reference_id),
        lambda: session.resume_in_store(checkout.reference_id),
        lambda: session.init_widget(BUY),
        lambda: checkout.init_widget(BUY),
        checkout.save,
        lambda: session.customers.lookup(account_number=20009100),
        session.reference.form_values,
        session.__aenter__,
    ]
    errors = [(await asyncio.gather(use(), return_exceptions=True))[0] for use in uses]

    assert [SessionClosed] * len(uses) == [type(error) for error in errors]
    assert before == len(sandbox.requests)
    assert {} == session._transport._own


async def test_a_session_is_entered_once(make_session: MakeSession, sandbox: Sandbox) -> None:
    """A block around each of 12 requests would close the session for the others: it is refused."""
    session = make_session()

    async def request() -> None:
        async with session:
            await session.init_widget(BUY)

    results = await asyncio.gather(*(request() for _ in range(12)), return_exceptions=True)

    assert {type(None): 1, SessionEntered: 11} == Counter(type(result) for result in results)
    assert 1 == sandbox.count(INIT)


async def test_a_session_that_was_not_entered_is_used_and_closed(session: FlexitiSession) -> None:
    """A block is one way; `aclose()` is the other."""
    await session.init_widget(BUY)
    await session.aclose()
    await session.aclose()

    with pytest.raises(FlexitiError, match="closed"):
        await session.token()
