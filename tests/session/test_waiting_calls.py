"""Calls that wait for a connection: nothing of theirs exists yet but the wait."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import pytest

from flexiti_async import ApplyWidget, PurchaseWidget, ValidationError
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import SessionClosed
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession
from ..support.patience import PATIENCE

T = TypeVar("T")

BUY = PurchaseWidget(account_number=20009100)
INIT = "widget/init"
WAITING = 20


async def occupied(call: Coroutine[object, None, T], sandbox: Sandbox) -> asyncio.Task[T]:
    """Make a call that uses the session's one connection until it is cancelled."""
    sandbox.latency = {INIT: PATIENCE}
    made = asyncio.ensure_future(call)
    while sandbox.count(INIT) < 1:
        await asyncio.sleep(0)
    sandbox.latency = {}
    return made


async def test_what_is_wrong_is_raised_before_the_wait(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A child that applies waits for no connection."""
    session = make_session(connections=1)
    other = await occupied(session.init_widget(BUY), sandbox)

    with pytest.raises(ValidationError, match="dob"):
        await session.init_widget(
            ApplyWidget(
                first_name="Ada",
                last_name="Test",
                dob="2020-01-31",
                postal_code="K1A 0B1",
                email="ada@example.com",
                phone_number="6135550100",
                address_1="1 Sample St",
                city="Ottawa",
                province="ON",
                tos_agreement=True,
            )
        )

    assert not other.done()

    other.cancel()


@pytest.mark.parametrize(
    ("way", "later"),
    [
        pytest.param("send", 1150, id="it was refreshed, and revoked by that"),
        pytest.param("send", 1300, id="it has expired"),
        pytest.param("init_widget", 1300, id="a pinned one has expired"),
    ],
)
async def test_a_call_that_waited_has_the_token_of_the_end_of_its_wait(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, way: str, later: float
) -> None:
    """The one of the beginning is of no use any more."""
    session = make_session(connections=1)
    before = await session.token()
    first = session.send(init_widget(BUY)) if way == "send" else session.init_widget(BUY)
    other = await occupied(first, sandbox)
    calls = [
        asyncio.ensure_future(
            session.send(init_widget(BUY)) if way == "send" else session.init_widget(BUY)
        )
        for _ in range(WAITING)
    ]
    await asyncio.sleep(0)
    clock.advance(later)
    while (await session.token()).token_id == before.token_id:
        await asyncio.sleep(0)
    other.cancel()
    await asyncio.gather(*calls)

    sent = [request for request in sandbox.requests if request.endpoint == INIT][1:]
    assert {200} == {request.status for request in sent}
    assert WAITING == len(sent)
    assert 2 == sandbox.tokens_issued
    assert {sandbox.tokens[-1].token_id} == {request.token_id for request in sent}


async def test_all_get_their_turn_if_each_has_to_wait_for_a_token(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A connection that is granted to a call without a token goes to the next, and none is lost."""
    session = make_session(connections=1)
    await session.token()
    other = await occupied(session.init_widget(BUY), sandbox)
    calls = [asyncio.ensure_future(session.init_widget(BUY)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    clock.advance(1300)
    other.cancel()
    await asyncio.gather(*calls)

    assert 2 == sandbox.tokens_issued
    assert (await session.init_widget(BUY)).session_id


async def test_a_close_ends_waits_for_a_connection(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Those that wait before there is a call get SessionClosed, too."""
    session = make_session(connections=1)
    other = await occupied(session.init_widget(BUY), sandbox)
    calls = [asyncio.ensure_future(session.init_widget(BUY)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    await session.aclose()
    ended = await asyncio.gather(other, *calls, return_exceptions=True)

    assert {SessionClosed} == {type(each) for each in ended}
