"""Grants, pinned tokens, rejections, lifetimes and clocks."""

import asyncio
import logging
import os
from typing import Any

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget, Scope, Token
from flexiti_async.api.merchants import merchants_login
from flexiti_async.api.widget import init_widget
from flexiti_async.clock import now
from flexiti_async.errors import (
    ClockError,
    InsufficientScope,
    LifetimeTooShort,
    SessionClosed,
    Unauthorized,
)
from flexiti_async.protocol.secret import Secret
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock
from flexiti_async.tokens.refresh_tokens import RefreshTokens

from ..conftest import MakeSession
from ..support.background import settle
from ..support.patience import PATIENT

ENDPOINT = "oauth/token"


async def refreshed(session: FlexitiSession, **ask: Any) -> Token:
    """Request a stale token, and return the one that the refresh obtained."""
    await session.token(**ask)
    await settle()
    return await session.token(**ask)


async def test_a_plain_token_is_refreshed_by_its_refresh_token(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    A plain token that was never pinned is refreshed before it expires, and each refresh token is
    sent once.
    """
    for _ in range(3):
        await session.token()
        clock.advance(1100)
        await refreshed(session)

    assert 1 == sandbox.count(ENDPOINT, grant="client_credentials")
    assert 3 == sandbox.count(ENDPOINT, grant="refresh_token")
    assert 0 == sandbox.replays


async def test_after_expiry_the_refresh_token_is_not_used(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A token can be refreshed only before it expires (spec 2.4)."""
    await session.token()
    clock.advance(1200)
    await session.token()

    assert 2 == sandbox.count(ENDPOINT, grant="client_credentials")
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")


async def test_a_pinned_token_is_never_refreshed(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    The successor of a pinned token comes by client_credentials, and the pinned token stays valid.
    """
    first = await session.token(min_ttl=600)
    clock.advance(1100)
    second = await refreshed(session)

    assert first.pinned
    assert first.token_id != second.token_id
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")
    live = {token.access_token for token in sandbox.tokens if not token.revoked}
    assert first.access_token.reveal() in live


async def test_a_plain_token_is_marked_before_it_is_pinned(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """One swap marks the token in the store, and from then on it is not refreshed."""
    plain = await session.token()
    pinned = await session.token(min_ttl=600)
    clock.advance(1100)
    await refreshed(session)

    assert (plain.token_id, False, True) == (pinned.token_id, plain.pinned, pinned.pinned)
    assert 0 == sandbox.count(ENDPOINT, grant="refresh_token")


async def test_refresh_revokes_access_no_lifts_the_pin(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """With `refresh_revokes_access="no"` a pinned token may be refreshed."""
    session = make_session(refresh_revokes_access="no")
    sandbox.refresh_revokes_access = False
    await session.token(min_ttl=600)
    clock.advance(1100)
    await refreshed(session)

    assert 1 == sandbox.count(ENDPOINT, grant="refresh_token")


async def test_a_rejected_refresh_token_falls_back_to_client_credentials(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A rejected refresh token does not fail the refresh: it falls back to client_credentials."""
    first = await session.token()
    sandbox.fail(ENDPOINT, status=409, times=1, body=b'{"error": "wrong_inputs"}')
    clock.advance(1100)
    second = await refreshed(session)

    assert first.token_id != second.token_id
    assert ["client_credentials", "refresh_token", "client_credentials"] == [
        request.grant for request in sandbox.requests if request.endpoint == ENDPOINT
    ]


async def test_a_refresh_token_is_not_sent_again_after_a_lost_answer(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A refresh token is dropped before it is sent, so the next attempt goes without it."""
    await session.token()
    sandbox.fail(ENDPOINT, status=502, times=1)
    clock.advance(1100)
    await refreshed(session)
    clock.advance(20)
    await refreshed(session)

    assert 1 == sandbox.count(ENDPOINT, grant="refresh_token")
    assert 0 == sandbox.replays


async def test_200_concurrent_401s_cause_one_token_request(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    When a token is revoked under many calls, one new token is requested and all calls are repeated.
    """
    await session.token()
    clock.advance(100)
    sandbox.revoke_all()

    widgets = await asyncio.gather(
        *(session.init_widget(PurchaseWidget(account_number=20009100)) for _ in range(200))
    )

    assert 200 == len(widgets)
    assert 2 == sandbox.count(ENDPOINT)
    assert 200 == sandbox.count("widget/init", status=200)


async def test_a_401_for_an_old_token_does_nothing(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A 401 for an old token does not affect the cached one."""
    first = await session.token()
    refresher = session.refresher(Scope.CUSTOMER)
    refresher.reject("0" * 32)
    refresher.reject("0" * 32)

    assert first is await session.token()
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_token_rejected_right_after_it_was_issued_is_not_replaced(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A server that rejects every token causes no endless token requests."""
    sandbox.fail("widget/init", status=401, times=None, body=b'{"error": "invalid_token"}')
    call = init_widget(PurchaseWidget(account_number=20009100))

    results = [
        (await asyncio.gather(session.send(call), return_exceptions=True))[0] for _ in range(5)
    ]

    assert [Unauthorized] * 5 == [type(result) for result in results]
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_second_401_is_the_callers_error(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A call is repeated once with another token, not for ever."""
    await session.token()
    clock.advance(100)
    sandbox.fail("widget/init", status=401, times=None, body=b'{"error": "invalid_token"}')

    with pytest.raises(Unauthorized) as caught:
        await session.send(init_widget(PurchaseWidget(account_number=20009100)))

    assert (401, "invalid_token", "widget/init") == (
        caught.value.status,
        caught.value.code,
        caught.value.endpoint,
    )
    assert 2 == sandbox.count("widget/init")


async def test_a_403_for_scope_never_refreshes(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Another token of the same scope would be rejected as well: one call, one token."""
    body = b'{"message": "Insufficient scope: authorized scope is insufficient"}'
    sandbox.fail("widget/init", status=403, times=None, body=body)

    with pytest.raises(InsufficientScope):
        await session.send(init_widget(PurchaseWidget(account_number=20009100)))

    token = await session.token()
    assert (1, 1) == (sandbox.count(ENDPOINT), sandbox.count("widget/init"))
    assert [token.access_token.reveal()] == [issued.access_token for issued in sandbox.tokens]


async def test_a_min_ttl_that_no_token_can_satisfy_is_an_error(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """
    The first caller learns the lifetime from the token, the second one is rejected without a
    request.
    """
    rejected: list[tuple[float, float]] = []
    for _ in range(2):
        with pytest.raises(LifetimeTooShort) as caught:
            await session.token(min_ttl=1180)
        rejected.append((caught.value.min_ttl, caught.value.lifetime))

    assert [(1180, 1200)] * 2 == rejected
    assert 1 == sandbox.count(ENDPOINT)


async def test_a_new_token_satisfies_the_min_ttl_it_was_requested_for(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A token is returned for nearly its whole lifetime, and again while it lasts."""
    one = await session.token(min_ttl=1169)
    other = await session.token(min_ttl=1169)

    assert one.token_id == other.token_id
    assert 1 == sandbox.count(ENDPOINT)


@pytest.mark.parametrize("lifetime", [2, 5, 60])
async def test_short_lifetimes_work_like_long_ones(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, lifetime: int
) -> None:
    """With tokens of seconds a checkout gets half of a lifetime, without a flood of requests."""
    sandbox.expires_in = lifetime
    for _ in range(40):
        token = await session.token(min_ttl=None)
        assert token.remaining(now(clock)) >= lifetime / 2
        await settle()
        clock.advance(lifetime / 10)

    # 40 tenths of a lifetime, each token good for some four of them.
    assert 6 <= sandbox.count(ENDPOINT) <= 14


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_wall_clock_that_jumps_costs_one_request_at_most(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock, jump: float
) -> None:
    """
    If the clock is set by an hour, no token is used too long and no request is repeated for ever.
    """
    await session.token()
    clock.jump(jump)
    for _ in range(10):
        await session.token()
        await settle()

    assert sandbox.count(ENDPOINT) <= 2


async def test_a_wall_clock_set_back_does_not_extend_a_token(
    session: FlexitiSession, clock: ManualClock
) -> None:
    """The clock that shows more elapsed time counts."""
    first = await session.token()
    clock.advance(1199)
    clock.jump(-1100)

    assert first.token_id != (await session.token()).token_id


async def test_a_life_counts_from_just_before_the_request(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """The API has granted it at some moment since then: a slow answer makes it no longer."""
    sandbox.on_request = lambda _: clock.advance(100)
    token = await session.token()

    assert 1100.0 == token.remaining(now(clock))


async def test_a_token_that_arrives_expired_is_a_clock_error(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A token that has already expired on arrival is an error, and backs off."""
    sandbox.fail(
        ENDPOINT,
        status=200,
        times=None,
        body=b'{"token_type": "bearer", "access_token": "a1", "expires_in": 0}',
    )
    for _ in range(3):
        with pytest.raises(ClockError):
            await session.token()

    assert 1 == sandbox.count(ENDPOINT)


async def test_a_dedicated_token_is_not_shared(session: FlexitiSession, sandbox: Sandbox) -> None:
    """A dedicated token is requested for one checkout, and neither shared nor refreshed."""
    shared = await session.token()
    own = [
        await session.checkout("order-1", sharing="dedicated", resumable=False) for _ in range(3)
    ]

    assert 4 == len({shared.token_id, *(checkout.token.token_id for checkout in own)})
    assert shared is await session.token()
    assert 4 == sandbox.count(ENDPOINT, grant="client_credentials")


async def test_merchant_credentials_log_every_new_token_in_before_anyone_gets_it(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """The setting alone meets the start page's prerequisite."""
    sandbox.require_merchant_login = True
    session = make_session(
        merchant_username=sandbox.merchant_username, merchant_password=sandbox.merchant_password
    )

    widgets = await asyncio.gather(
        *(session.init_widget(PurchaseWidget(account_number=20009100)) for _ in range(50))
    )

    assert 50 == len(widgets)
    assert [ENDPOINT, "merchants/login"] == [r.endpoint for r in sandbox.requests][:2]
    assert 1 == sandbox.count("merchants/login")


async def test_wrong_merchant_credentials_are_a_misconfiguration_for_all(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A token that could not be logged in is not handed out."""
    session = make_session(merchant_username="nobody", merchant_password="wrong")

    results = await asyncio.gather(*(session.token() for _ in range(5)), return_exceptions=True)

    assert ["authentication_failure"] * 5 == [getattr(r, "code", None) for r in results]
    assert 1 == sandbox.count("merchants/login")


async def test_merchants_login_is_a_call_of_its_own(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The shop may also make the call itself, and gets its answer."""
    answer = await session.send(
        merchants_login(sandbox.merchant_username, sandbox.merchant_password)
    )

    assert answer.merchant_name
    assert answer.form_values["province"]


def test_a_session_works_in_several_event_loops_in_turn(
    clock: ManualClock,
) -> None:
    """Each loop has its own connections, and the token is shared."""

    async def use(session: FlexitiSession) -> str:
        return (await session.token()).token_id

    async def first() -> tuple[FlexitiSession, str, int]:
        async with Sandbox(clock=clock.wall) as sandbox:
            session = FlexitiSession(
                FlexitiConfig(
                    client_id=sandbox.client_id,
                    client_secret=sandbox.client_secret,
                    base_url=sandbox.base_url,
                    **PATIENT,
                ),
                clock=clock,
            )
            name = await use(session)
            return session, name, sandbox.tokens_issued

    session, name, issued = asyncio.run(first())

    assert 1 == issued
    assert name == asyncio.run(use(session))
    asyncio.run(session.aclose())


async def test_a_closed_session_has_no_tasks_and_rejects_use(session: FlexitiSession) -> None:
    """A closed session raises SessionClosed, and does not open again."""
    await session.token()
    before = asyncio.all_tasks()
    await session.aclose()
    await session.aclose()

    with pytest.raises(SessionClosed):
        await session.token()
    with pytest.raises(SessionClosed):
        await session.__aenter__()

    assert asyncio.all_tasks() <= before


async def test_closing_waits_for_a_running_refresh(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Its caller is answered at once; its token is in the store for the other processes."""
    session, other = make_session(), make_session()
    sandbox.latency = {ENDPOINT: 0.05}
    asking = asyncio.ensure_future(session.token())
    while sandbox.count(ENDPOINT) == 0:
        await asyncio.sleep(0)

    await session.aclose()
    with pytest.raises(SessionClosed):
        await asking
    await other.token()

    assert 1 == sandbox.tokens_issued


async def test_logs_show_the_life_of_a_token_and_no_secret(
    session: FlexitiSession,
    sandbox: Sandbox,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Issued, refreshed and rejected tokens are logged at INFO and WARNING by their ids."""
    caplog.set_level(logging.DEBUG, logger="flexiti_async")
    await session.token()
    clock.advance(1100)
    token = await refreshed(session)
    session.refresher(Scope.CUSTOMER).reject(token.token_id)

    assert "grant client_credentials" in caplog.text
    assert "grant refresh_token" in caplog.text
    assert f"token {token.token_id[:8]} rejected" in caplog.text
    for issued in sandbox.tokens:
        assert issued.access_token not in caplog.text
    assert sandbox.client_secret not in caplog.text


def test_a_refresh_token_can_be_taken_once_and_not_after_its_expiry() -> None:
    """A refresh token can be taken once, and not after it has expired."""
    kept = RefreshTokens()
    kept.keep("a", Secret("rt-a"), until=10.0, now=0.0)
    kept.keep("b", Secret("rt-b"), until=10.0, now=0.0)

    assert kept.has("a")
    assert "rt-a" == (kept.take("a", now=9.0) or Secret("")).reveal()
    assert None is kept.take("a", now=9.0)
    assert None is kept.take("b", now=10.0)
    assert not kept.has("b")


def test_a_forked_child_has_no_refresh_token() -> None:
    """A forked child has no refresh token: if both sent it, the server would see a replay."""
    kept = RefreshTokens()
    kept.keep("fork", Secret("rt"), until=float("inf"), now=0.0)
    child = os.fork()
    if child == 0:
        os._exit(1 if kept.has("fork") or kept.take("fork", now=0.0) else 0)

    assert 0 == os.waitpid(child, 0)[1]
    assert kept.take("fork", now=0.0) is not None


@pytest.mark.parametrize(
    ("mode", "configured", "logins"),
    [
        ("auto", True, 1),
        ("auto", False, 0),
        ("always", True, 1),
        ("always", False, 1),
        ("never", True, 0),
        ("never", False, 0),
    ],
)
async def test_whether_tokens_are_logged_in(
    make_session: MakeSession, sandbox: Sandbox, mode: str, *, configured: bool, logins: int
) -> None:
    """The setting decides together with the merchant credentials."""
    login = {
        "merchant_username": sandbox.merchant_username,
        "merchant_password": sandbox.merchant_password,
    }
    session = make_session(merchants_login=mode, **(login if configured else {}))
    await session.token()

    assert logins == sandbox.count("merchants/login")
