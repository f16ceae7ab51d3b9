"""`FlexitiSession.reload`: other credentials and keys, without a restart."""

import asyncio
from typing import Any

import pytest
from attrs import evolve

from flexiti_async import ConfigError, FlexitiSession, PurchaseWidget
from flexiti_async.errors import RecordUnreadable, SessionClosed, TokenMisconfigured
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Delay
from flexiti_async.testing import FaultyStore

from ..conftest import MakeSession
from ..operations.customers import purchase
from ..support.keys import encryption_key

BUY = PurchaseWidget(account_number=20009100)
OLD, NEW = (encryption_key(name).reveal() for name in ("old", "new"))
OTHER: dict[str, Any] = {
    "client_id": "another",
    "store": "memory://another",
    "base_url": "https://api.example/x",
    "account": "another",
    "retries": 9,
    "request_timeout": 9,
}


async def test_a_session_goes_on_with_another_secret(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A failure with the old secret keeps nobody from the new one; checkouts go on."""
    begun = await session.checkout("order-1")
    old = session.config
    sandbox.client_secret = "rotated"
    sandbox.expire_now()
    session.refresher("customer").reject((await session.token()).token_id)
    with pytest.raises(TokenMisconfigured):
        await session.token()
    session.reload(evolve(old, client_secret="rotated", other_client_secret=old.client_secret))
    token = await session.token()
    found = await session.resume(begun.reference_id)

    assert "rotated" == session.config.client_secret.reveal()
    assert found.token.token_id == begun.token.token_id != token.token_id
    before = sandbox.count("oauth/token")
    session.reload(old)
    session.reload(evolve(old, client_secret="rotated"))
    assert token is await session.token()  # of the credentials, whatever was between
    assert before == sandbox.count("oauth/token")


async def test_a_call_that_is_being_made_ends_with_what_it_began_with(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The waiting callers get the token that was requested with the old secret."""
    sandbox.inject(Delay(0.2), endpoint="oauth/token")
    asking = asyncio.ensure_future(session.token())
    while not sandbox.requests:
        await asyncio.sleep(0)
    session.reload(evolve(session.config, client_secret="not valid yet"))

    assert (await asking).token_id
    await session.aclose()
    with pytest.raises(SessionClosed):
        session.reload(session.config)


async def test_a_session_goes_on_with_other_encryption_keys(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Tokens, checkouts and operations are sealed with the first key, and opened with all."""
    store = FaultyStore()
    session = make_session(store=store, token_keys=OLD)
    begun = await session.checkout("order-1")
    wanted = await purchase(session, sandbox)
    authorize = session.authorizations.authorize
    paid = await authorize(wanted, idempotency_key="first")
    session.reload(evolve(session.config, token_keys=[NEW, OLD]))
    found = await session.resume(begun.reference_id)
    again = await authorize(wanted, idempotency_key="first")
    other = make_session(store=store, token_keys=NEW)
    second = await session.checkout("order-2")

    assert second.token.token_id == (await other.resume(second.reference_id)).token.token_id
    assert found.token.token_id == begun.token.token_id
    assert (True, paid.authorization_id) == (again.replayed, again.authorization_id)
    with pytest.raises(RecordUnreadable):
        await other.resume(begun.reference_id)


async def test_nothing_else_is_reloaded(session: FlexitiSession) -> None:
    """Another option, or an argument of another type, is refused by name; nothing changes."""
    before = session.config
    for option, value in OTHER.items():
        with pytest.raises(ConfigError, match=f"open another session to change {option}"):
            session.reload(evolve(before, **{option: value}))
    with pytest.raises(ConfigError, match="generate one"):
        session.reload(evolve(before, client_secret="new", token_keys="short"))
    with pytest.raises(ConfigError, match="must be a FlexitiConfig, not dict"):
        session.reload({"client_secret": "canary"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    assert before is session.config
