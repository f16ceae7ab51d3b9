"""A server with prepared answers, for calls over a real session."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import web
from attrs import define, field

BASE = "/flexiti/pos-api"
OWN_HEADERS = ("x-idempotency-key", "x-context-hash")
Answer = Callable[[web.Request], web.Response]


@define
class Api:
    """A server that issues tokens, records all other requests, and sends prepared answers."""

    url: str = ""
    asked: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    scopes: list[str] = field(factory=list[str])
    reference_ids: list[str] = field(factory=list[str])
    answers: list[Answer] = field(factory=list[Answer])

    async def token(self, request: web.Request) -> web.Response:
        """Issue a token that is named after its scope."""
        scope = str((await request.post()).get("scope", "merchant"))
        return web.json_response(
            {"token_type": "bearer", "access_token": scope, "expires_in": 1200, "scope": scope}
        )

    async def answer(self, request: web.Request) -> web.Response:
        """Record a request in the form of a sample, and send the next answer, or `{}`."""
        text = await request.text()
        self.asked.append(
            {
                "method": request.method,
                "url": request.path,
                "query": dict(request.query),
                "headers": {n: v for n, v in request.headers.items() if n in OWN_HEADERS},
                "body": json.loads(text, parse_float=Decimal) if text else None,
            }
        )
        self.scopes.append(request.headers["authorization"].removeprefix("Bearer "))
        self.reference_ids.append(request.headers["x-reference-id"])
        return self.answers.pop(0)(request) if self.answers else web.json_response({})

    def then(self, body: object, status: int = 200) -> None:
        """Prepare one more answer."""
        self.answers.append(lambda _: web.json_response(body, status=status))

    def then_break(self) -> None:
        """Prepare a broken connection, after the request and without an answer."""

        def answer(request: web.Request) -> web.Response:
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        self.answers.append(answer)


@asynccontextmanager
async def serving() -> AsyncGenerator[Api, None]:
    """Run a server, and yield it."""
    api = Api()
    app = web.Application()
    app.router.add_post(f"{BASE}/v2.5/oauth/token", api.token)
    app.router.add_route("*", "/{any:.*}", api.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    api.url = f"http://{host}:{port}{BASE}"
    yield api
    await runner.cleanup()
