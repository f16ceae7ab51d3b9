"""A known failure gates every token request, those for dedicated tokens too."""

import asyncio
from typing import Final

import pytest

from flexiti_async import FlexitiSession, Scope
from flexiti_async.errors import (
    FlexitiError,
    NotFound,
    TokenMisconfigured,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..checkout.customers import APPLICANT
from ..conftest import MakeSession

TOKEN: Final = "oauth/token"


async def dedicated(session: FlexitiSession, number: int) -> list[FlexitiError | None]:
    """Start checkouts with dedicated tokens at the same time, and return their errors."""

    async def start(key: int) -> FlexitiError | None:
        try:
            await session.checkout(f"order-{key}", sharing="dedicated", resumable=False)
        except FlexitiError as error:
            return error
        return None

    return await asyncio.gather(*(start(key) for key in range(number)))


async def test_a_429_gates_dedicated_tokens(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Five checkouts cost one request, and so do those of the next minute."""
    sandbox.fail(TOKEN, status=429, times=None, headers={"Retry-After": "60"})

    errors = await dedicated(session, 5)
    clock.advance(59)
    later = await dedicated(session, 5)

    assert {TokenThrottled} == {type(error) for error in errors + later}
    assert {1.0} == {getattr(error, "retry_after", None) for error in later}
    assert 1 == sandbox.count(TOKEN)


async def test_wrong_credentials_of_20_applications_cost_one_request(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """There is one bad login, not twenty."""
    session = make_session(client_secret="mistyped")

    errors = await asyncio.gather(
        *(session.init_widget(APPLICANT) for _ in range(20)), return_exceptions=True
    )

    assert {TokenMisconfigured} == {type(error) for error in errors}
    assert 1 == sandbox.count(TOKEN)


async def test_a_failed_refresh_gates_dedicated_tokens(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """After the back-off, one of them is a probe, and then all succeed."""
    sandbox.fail(TOKEN, status=500, times=1)
    with pytest.raises(TokenUnavailable):
        await session.token()

    assert {TokenUnavailable} == {type(error) for error in await dedicated(session, 5)}
    assert 1 == sandbox.count(TOKEN)
    clock.advance(1)
    assert [None] * 5 == await dedicated(session, 5)
    assert 6 == sandbox.count(TOKEN)


async def test_60_applications_over_a_pool_of_4_keep_no_call_waiting(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Two token requests at a time; a call of money is answered long before they are done."""
    session = make_session(connections=4)
    await dedicated(session, 1)
    await session.token(Scope.MERCHANT)
    sandbox.latency = {TOKEN: 0.1}
    waiting = asyncio.create_task(dedicated(session, 60))
    for _ in range(10):
        await asyncio.sleep(0)
    with pytest.raises(NotFound):
        await session.authorizations.release("1234567", idempotency_key="release-1")
    requested = sandbox.count(TOKEN) - 2

    assert [None] * 60 == await waiting
    assert requested < 30
    assert 62 == sandbox.count(TOKEN)


async def test_the_queue_is_bounded(session: FlexitiSession, sandbox: Sandbox) -> None:
    """More callers than could be served in time fail at once, and the others are served."""
    errors = await dedicated(session, 300)

    assert 256 == errors.count(None)
    assert {TokenUnavailable} == {type(error) for error in errors if error is not None}
    assert 256 == sandbox.count(TOKEN)
