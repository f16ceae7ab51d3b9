"""Tokens of token servers that others have written: Flexiti's is like the npm package (spec §9)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import pytest
from attrs import frozen

from flexiti_async import FlexitiConfig, FlexitiSession, Scope
from flexiti_async.errors import TokenMisconfigured, TokenUnavailable
from flexiti_async.protocol.call import Call, Replay
from flexiti_stores.memory import MemoryStore

from ...support.background import settle
from ...support.patience import PATIENT
from .conftest import NPM, SECONDS, SECRETS, TokenServer


@frozen
class Nothing:
    """An answer of which nothing is read."""


CALL: Final = Call(
    endpoint="i18n",
    method="POST",
    path="/i18n",
    scope=Scope.CUSTOMER,
    result=Nothing,
    replay=Replay.SAFE,
    body={},
)
MakeSession = Callable[..., FlexitiSession]


@pytest.fixture
async def make(server: TokenServer) -> AsyncIterator[MakeSession]:
    """Yield a function that opens sessions on the server, with one store."""
    store = MemoryStore()
    made: list[FlexitiSession] = []

    def session(client_id: str = "shop", **options: Any) -> FlexitiSession:
        given: dict[str, Any] = {
            "client_id": client_id,
            "client_secret": SECRETS[client_id],
            "base_url": server.url,
            "store": store,
            **PATIENT,
            **options,
        }
        made.append(FlexitiSession(FlexitiConfig(**given)))
        return made[-1]

    yield session
    for each in made:
        await each.aclose()


async def test_calls_over_two_lives_of_a_token(make: MakeSession, server: TokenServer) -> None:
    """No call is rejected; one refresh or token request for each life, by one of the sessions."""
    sessions = [make() for _ in range(3)]
    loop = asyncio.get_running_loop()
    end = loop.time() + 2.2 * SECONDS
    while loop.time() < end:
        await asyncio.gather(*(session.send(CALL) for session in sessions))
        await asyncio.sleep(0.05)
    await settle()
    counts = await server.command("counts")

    assert 0 == counts["rejected"]
    # Its tokens are stale after half of their life.
    assert 3 <= counts["client_credentials"] + counts["refresh_token"] <= 7


@pytest.mark.parametrize(
    ("client_id", "client_auth"), [("shop", "form"), ("plain", "form"), ("plain", "basic")]
)
async def test_credentials(make: MakeSession, client_id: str, client_auth: str) -> None:
    """In the form or as HTTP Basic; wrong ones are an error that says what the server says."""
    await make(client_id, client_auth=client_auth).send(CALL)
    with pytest.raises(TokenMisconfigured) as caught:
        await make(client_id, client_auth=client_auth, client_secret="wrong").token()

    assert "invalid_client" == caught.value.code
    assert caught.value.status in {400, 401}
    assert caught.value.description
    assert caught.value.description in str(caught.value)


async def test_a_token_that_the_server_revokes(make: MakeSession, server: TokenServer) -> None:
    """The call is repeated with its successor."""
    session = make(refresh_ahead=0.1)
    await session.send(CALL)
    await asyncio.sleep(1.1)  # a token of less than a second is not rejected for one call
    await server.command("revoke")
    await session.send(CALL)
    counts = await server.command("counts")

    assert 1 == counts["rejected"]
    assert 2 == counts["client_credentials"]


@pytest.mark.parametrize("forgets", [False, True])
async def test_a_refresh(make: MakeSession, server: TokenServer, *, forgets: bool) -> None:
    """A token that is not known is `invalid_grant`, and the other grant is used: no call fails."""
    session = make()
    await session.send(CALL)
    if forgets:
        await server.command("forget")
    await asyncio.sleep(0.6 * SECONDS)
    await session.send(CALL)
    await settle()
    await session.send(CALL)
    counts = await server.command("counts")
    refreshes = server.name in NPM

    assert 0 == counts["rejected"]
    assert refreshes == counts["refresh_token"]
    assert (1 if refreshes and not forgets else 2) == counts["client_credentials"]


async def test_a_server_whose_database_is_down(make: MakeSession, server: TokenServer) -> None:
    """It is transient, and one request after the back-off finds the server well."""
    session = make()
    await server.command("break")
    with pytest.raises(TokenUnavailable) as caught:
        await session.token()
    await server.command("mend")
    await asyncio.sleep(caught.value.retry_after or 0.0)
    await session.send(CALL)

    assert caught.value.status in {500, 503}
