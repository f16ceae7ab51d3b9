"""One fault of the token endpoint that passes costs one more request, and no checkout."""

import asyncio
from typing import Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.errors import TokenError, TokenThrottled, TokenUnavailable
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Answer, Drop, Fault, Reset, Truncate
from flexiti_async.testing import ManualClock

from .test_refresher_tokens import refreshed

TOKEN: Final = "oauth/token"
FAULTS: Final[dict[str, Fault]] = {
    "RST": Reset(),
    "FIN": Drop(),
    "cut": Truncate(),
    "502": Answer(502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>"),
    "503": Answer(503, {"content-type": "text/html"}, b"<html>Unavailable</html>"),
}


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    """Return a fault that may pass."""
    return FAULTS[request.param]


async def test_500_checkouts_wait_out_one_fault(
    session: FlexitiSession, sandbox: Sandbox, fault: Fault
) -> None:
    """All of them succeed, with two requests."""
    sandbox.inject(fault, endpoint=TOKEN)

    checkouts = await asyncio.gather(
        *(session.checkout(f"order-{n}", resumable=False) for n in range(500))
    )

    assert 500 == len(checkouts)
    assert 1 == len({checkout.token.token_id for checkout in checkouts})
    assert 2 == len([one for one in sandbox.requests if one.endpoint == TOKEN])


async def test_a_fault_that_stays_is_published_after_three_tries(
    session: FlexitiSession, sandbox: Sandbox, fault: Fault
) -> None:
    """All waiters get one failure, and further callers wait for its back-off."""
    sandbox.inject(fault, endpoint=TOKEN, times=None)

    failures = await asyncio.gather(*(session.token() for _ in range(20)), return_exceptions=True)
    with pytest.raises(TokenUnavailable):
        await session.token()

    assert [TokenUnavailable] * 20 == [type(failure) for failure in failures]
    assert 3 == len([one for one in sandbox.requests if one.endpoint == TOKEN])


async def test_a_refresh_token_is_sent_once(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, fault: Fault
) -> None:
    """A refresh of unknown outcome falls back to client_credentials."""
    first = await session.token()
    clock.advance(1100)
    sandbox.inject(fault, endpoint=TOKEN)
    second = await refreshed(session)

    assert first.token_id != second.token_id
    assert 0 == sandbox.replays
    grants = [one for one in sandbox.requests if one.endpoint == TOKEN]
    assert 3 == len(grants)


@pytest.mark.parametrize("status", [400, 401, 408, 500, 504])
async def test_other_answers_are_not_repeated(
    session: FlexitiSession, sandbox: Sandbox, status: int
) -> None:
    """Only a broken connection, 502 and 503 are repeated."""
    sandbox.fail(TOKEN, status=status, times=None)

    with pytest.raises(TokenError):
        await session.token()

    assert 1 == sandbox.count(TOKEN)


async def test_a_503_with_retry_after_is_not_repeated(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The server has said when to come back."""
    sandbox.fail(TOKEN, status=503, times=None, headers={"retry-after": "5"})

    with pytest.raises(TokenThrottled):
        await session.token()

    assert 1 == sandbox.count(TOKEN)
