"""A shop behaves the same with every store: only the URL in its configuration differs."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, Scope
from flexiti_async.api.widget import PurchaseWidget
from flexiti_async.clock import SYSTEM_CLOCK, Clock
from flexiti_async.errors import CheckoutConflict, CheckoutTokenRejected
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..stores.servers import Server
from ..support.patience import PATIENCE, PATIENT

WIDGET = PurchaseWidget(account_number=20009100)
TOKEN = "oauth/token"


class OpenSession(Protocol):
    """Opens a session on the sandbox and the store."""

    def __call__(self, clock: Clock = ...) -> FlexitiSession:
        """Open it."""
        ...


@pytest.fixture(params=["memory", "file", "redis", "unix"])
def store_url(request: pytest.FixtureRequest, valkey: Server, tmp_path: Path) -> str:
    """Return the URL of a store of each kind."""
    name = uuid.uuid4().hex
    urls = {
        "memory": f"memory://{name}",
        "file": f"{tmp_path.as_uri()}/{name}?timeout={PATIENCE}",
        "redis": f"{valkey.url}&prefix={name}",
        "unix": f"unix://{valkey.socket}?timeout={PATIENCE}&prefix={name}",
    }
    return urls[request.param]


@pytest.fixture
async def shop_sandbox() -> AsyncIterator[Sandbox]:
    """Return a running sandbox on the machine's clock."""
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def open_session(shop_sandbox: Sandbox, store_url: str) -> AsyncIterator[OpenSession]:
    """Return a function that opens sessions, and close them afterwards."""
    opened: list[FlexitiSession] = []

    def open_one(clock: Clock = SYSTEM_CLOCK) -> FlexitiSession:
        config = FlexitiConfig(
            client_id=shop_sandbox.client_id,
            client_secret=shop_sandbox.client_secret,
            base_url=shop_sandbox.base_url,
            store=store_url,
            **PATIENT,
        )
        opened.append(FlexitiSession(config, clock=clock))
        return opened[-1]

    yield open_one
    for session in opened:
        await session.aclose()


async def test_two_sessions_share_a_token(open_session: OpenSession, shop_sandbox: Sandbox) -> None:
    """A session uses the token that the other one obtained, for each scope."""
    one, other = open_session(), open_session()
    first = [await one.token(scope) for scope in Scope]
    second = [await other.token(scope) for scope in Scope]

    assert [token.token_id for token in first] == [token.token_id for token in second]
    assert [scope.value for scope in Scope] == [token.scope for token in shop_sandbox.tokens]
    assert len(Scope) == shop_sandbox.count(TOKEN)


async def test_a_checkout_is_resumed_by_another_session(
    open_session: OpenSession, shop_sandbox: Sandbox
) -> None:
    """A resumed checkout continues at its step with the same token, and in one session only."""
    one, other = open_session(), open_session()
    started = await one.checkout("order-1")
    resumed = await other.resume(started.reference_id)
    await resumed.init_widget(WIDGET)
    again = await one.resume(started.reference_id)

    assert started.token.token_id == resumed.token.token_id == again.token.token_id
    assert ("open", "widget") == (started.step.value, again.step.value)
    assert resumed.session_id == again.session_id is not None
    with pytest.raises(CheckoutConflict):
        await started.init_widget(WIDGET)
    assert 1 == shop_sandbox.count(TOKEN)


async def test_a_token_is_refreshed_once_for_both(
    open_session: OpenSession, shop_sandbox: Sandbox
) -> None:
    """
    When a quarter of the useful life of a token of 4 seconds is over, one request obtains its
    successor, and no call is rejected before or after that.
    """
    shop_sandbox.expires_in = 4
    sessions = [open_session(), open_session()]
    cached: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while shop_sandbox.tokens_issued < 2 or 1 < len(set(cached)):
            for session in sessions:
                await session.init_widget(WIDGET)
            cached = [(await session.token(min_ttl=None)).token_id for session in sessions]

    assert 2 == shop_sandbox.count(TOKEN)
    assert 0 == shop_sandbox.count("widget/init", status=401)


async def test_a_rejected_token_is_replaced_once_for_both(
    open_session: OpenSession, shop_sandbox: Sandbox
) -> None:
    """A 401 costs each session one repeated call, and both of them one token request."""
    clock = ManualClock()
    sessions = [open_session(clock), open_session(clock)]
    for session in sessions:
        await session.init_widget(WIDGET)
    clock.advance(10)
    shop_sandbox.revoke_all()
    for session in sessions:
        await session.init_widget(WIDGET)

    assert 2 == shop_sandbox.count(TOKEN)
    assert (4, 2) == tuple(shop_sandbox.count("widget/init", status=code) for code in (200, 401))


async def test_a_rejected_token_ends_a_flow_in_every_session(
    open_session: OpenSession, shop_sandbox: Sandbox
) -> None:
    """A flow does not continue with another token: to Flexiti it would be another flow."""
    one, other = open_session(), open_session()
    started = await one.checkout("order-1")
    await started.init_widget(WIDGET)
    resumed = await other.resume(started.reference_id)
    shop_sandbox.revoke_all()

    for checkout in (started, resumed):
        with pytest.raises(CheckoutTokenRejected):
            await checkout.init_widget(WIDGET)
