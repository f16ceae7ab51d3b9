"""Token servers with other habits than Flexiti's documented ones, over real connections."""

from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote_plus

import pytest
from aiohttp import web
from attrs import define, field

from flexiti_async import Scope
from flexiti_async.errors import TokenMisconfigured
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession

SECRET = "a:b+c/d %é,"


@define
class Server:
    """
    A token server that knows one client, by HTTP Basic only.

    Attributes:
        url: Its address.
        odd: Members of its answers that replace the usual ones.
        status: Status of its grants.
        forms: The forms that it has got.
    """

    url: str = ""
    odd: dict[str, object] = field(factory=dict[str, object])
    status: int = 200
    forms: list[dict[str, Any]] = field(factory=list[dict[str, Any]])

    async def token(self, request: web.Request) -> web.Response:
        """Grant a token to the client."""
        form = dict(await request.post())
        self.forms.append(form)
        given = request.headers.get("authorization", "Basic Og==").removeprefix("Basic ")
        pair = b64decode(given).decode().split(":")
        if ["shop:1", SECRET] != [unquote_plus(part) for part in pair]:
            return web.json_response({"error": "invalid_client"}, status=401)
        body = {
            "token_type": "Bearer",
            "access_token": f"{len(self.forms)}".rjust(1500, "t"),
            "refresh_token": "r" * 1500,
            **self.odd,
        }
        return web.json_response(body, status=self.status)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Yield a running server."""
    server = Server()
    app = web.Application()
    app.router.add_post("/v2.5/oauth/token", server.token)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "odd"),
    [
        (200, {}),
        (201, {"expires_in": None}),
        (200, {"expires_in": "1200.0", "scope": ["customer"]}),
    ],
)
async def test_a_grant_in_other_spellings(
    make_session: MakeSession, server: Server, status: int, odd: dict[str, object]
) -> None:
    """Long tokens, no or odd `expires_in`, 201 and a list of scopes are a token of 1200 seconds."""
    server.status, server.odd = status, odd
    session = make_session(
        client_id="shop:1", client_secret=SECRET, base_url=server.url, client_auth="basic"
    )
    token = await session.token()

    assert (1500, 1200.0) == (len(token.access_token.reveal()), token.lifetime)
    assert [{"grant_type": "client_credentials", "scope": "customer"}] == server.forms


async def test_a_refresh_by_http_basic(
    make_session: MakeSession, server: Server, clock: ManualClock
) -> None:
    """The refresh is authenticated like the first grant, its form without the secret."""
    session = make_session(
        client_id="shop:1", client_secret=SECRET, base_url=server.url, client_auth="basic"
    )
    await session.token()
    clock.advance(1175)
    await session.token()
    await session.aclose()

    assert {"grant_type": "refresh_token", "refresh_token": "r" * 1500, "scope": "customer"} == (
        server.forms[-1]
    )


async def test_the_form_is_not_what_this_server_reads(
    make_session: MakeSession, server: Server
) -> None:
    """By default the credentials are in the form, and a server that wants Basic refuses them."""
    session = make_session(client_id="shop:1", client_secret=SECRET, base_url=server.url)
    with pytest.raises(TokenMisconfigured):
        await session.token(Scope.CUSTOMER)

    assert (SECRET, "shop:1") == (server.forms[0]["client_secret"], server.forms[0]["client_id"])
