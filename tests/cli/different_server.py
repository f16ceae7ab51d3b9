"""A server that contradicts what the library assumes: a sandbox, with changes before it."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from attrs import define

from flexiti_async.sandbox import OAuthRules, Sandbox

from ..support.patience import PATIENCE

Json = dict[str, Any]

NEWER: Final = re.compile(r"/v2\.5/.*/(terms-and-conditions|capture|refund)$")
"""These are at v2.5.1 only."""
ELSEWHERE: Final = "https://pay.example"


@define
class DifferentServer:
    """
    The server.

    Attributes:
        sandbox: What it changes.
        only_basic: It accepts client id and secret as HTTP Basic only.
        bare: The URL of a widget leads elsewhere, and has no ids.
        url: API base URL.
    """

    sandbox: Sandbox
    only_basic: bool = False
    bare: bool = False
    url: str = ""

    async def serve(self, request: web.Request) -> web.Response:
        """Refuse a request, or pass it on and change the answer."""
        body = await request.read()
        path = request.path
        if (
            (path.endswith("/i18n") and request.method == "POST")
            or NEWER.search(path)
            or path.endswith("/merchants/login")
        ):
            return web.Response(status=404, text="<h1>Not Found</h1>", content_type="text/html")
        if self.only_basic and path.endswith("/oauth/token"):
            form = dict(parse_qsl(body.decode()))
            if "client_secret" in form:
                return web.json_response({"error": "invalid_client"}, status=400)
        if path.endswith("/widget/init"):
            refused = _nested_account_type(json.loads(body))
            if refused is not None:
                return refused
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() in {"authorization", "content-type", "x-reference-id"}
        }
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                request.method,
                f"{self.sandbox.base_url.partition('/flexiti')[0]}{request.path_qs}",
                data=body or None,
                headers=headers,
                skip_auto_headers=["content-type"],
            ) as answer,
        ):
            status, text = answer.status, await answer.text()
        parsed = json.loads(text)
        if status == 404 and path.endswith("/customers/search"):
            return web.json_response([])
        if status == 403:
            return web.json_response({"error": "forbidden"}, status=403)
        self._change(path, status, parsed)
        return web.json_response(parsed, status=status)

    def _change(self, path: str, status: int, body: Json) -> None:
        if status == 409:
            body["error"] = "wrong_input"
            body["error_fields"] = body.pop("field_errors")
        if path.endswith("/calculate-interest") and status == 200:
            for term in (term for plan in body["promotional_purchase"] for term in plan["terms"]):
                term["apr"] = term.pop("annual_rates")["rate"]
        if path.endswith("/widget/init") and status == 200 and self.bare:
            front = body["redirection_url"].partition("?")[0]
            body["redirection_url"] = ELSEWHERE + front[front.index("/", 8) :]


def _nested_account_type(body: Json) -> web.Response | None:
    if "account_type" not in body.get("customer_identification", {}):
        return None
    errors = [{"param": "customer_identification.account_type", "msg": "invalid"}]
    return web.json_response({"error": "wrong_input", "error_fields": errors}, status=409)


@contextmanager
def different_server(
    secret: str, configure: Callable[[DifferentServer], None] = lambda _: None
) -> Generator[DifferentServer]:
    """Run the server and its sandbox in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    rules = OAuthRules(basic=True, refresh_keeps_scope=True)
    sandbox = Sandbox(client_secret=secret, oauth=rules, refresh_revokes_access=False)
    server = DifferentServer(sandbox)
    configure(server)

    async def start() -> web.AppRunner:
        await sandbox.start()
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", server.serve)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/flexiti/pos-api"
        return runner

    async def stop(runner: web.AppRunner) -> None:
        await runner.cleanup()
        await sandbox.aclose()

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(runner), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
