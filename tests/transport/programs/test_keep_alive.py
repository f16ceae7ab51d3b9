"""nginx and HAProxy in front of the API, with a keep-alive of a second: nothing is lost to it."""

import asyncio
import json
import os
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.api.widget import init_widget
from flexiti_async.sandbox import Sandbox

from ...conftest import MakeSession
from .conftest import Start

BUY = PurchaseWidget(account_number=20009100)
SAFE = init_widget(BUY)
SECONDS = float(os.environ.get("KEEP_ALIVE_SECONDS", "20"))
TILLS = 10

NGINX = """
worker_processes 1;
pid FOLDER/pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  keepalive_timeout 1s;
  server {{
    listen 127.0.0.1:PORT;
    location / {{ proxy_pass http://127.0.0.1:{port}; }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 1s
frontend front
  bind 127.0.0.1:PORT
  default_backend back
backend back
  server api 127.0.0.1:{port}
"""


@pytest.mark.parametrize(("name", "config"), [("nginx", NGINX), ("haproxy", HAPROXY)])
async def test_a_server_that_ends_idle_connections_costs_nothing(
    make_session: MakeSession,
    sandbox: Sandbox,
    start: Start,
    record_property: Callable[[str, object], None],
    name: str,
    config: str,
) -> None:
    """Tills that pause about as long as the server waits: 0 failed calls, 0 unknown outcomes."""
    port = await start(name, config.format(port=sandbox.port))
    session = make_session(base_url=sandbox.base_url.replace(str(sandbox.port), str(port)))
    authorization = await authorize(session, sandbox)
    before = {
        endpoint: sandbox.count(endpoint) for endpoint in ("widget/init", "authorization/capture")
    }

    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    results = await asyncio.gather(*(till(session, authorization, end) for _ in range(TILLS)))
    calls = sum((each for each in results), Counter[tuple[str, str]]())
    await session.aclose()
    for (endpoint, ended), number in calls.items():
        record_property(f"{endpoint} {ended}", number)  # in `--junit-xml`, for longer runs

    assert {("widget/init", "done"), ("authorization/capture", "done")} == calls.keys(), calls
    assert calls["widget/init", "done"] <= sandbox.count("widget/init") - before["widget/init"]
    assert (
        calls["authorization/capture", "done"]
        == sandbox.count("authorization/capture") - before["authorization/capture"]
    )


async def authorize(session: FlexitiSession, sandbox: Sandbox) -> str:
    """Authorize enough for any number of captures of a cent; return the authorization's id."""
    checkout = await session.checkout(f"order-{uuid.uuid4()}")
    widget = await checkout.init_widget(BUY)
    await checkout.handle_event(json.dumps(sandbox.play(widget.redirection_url)).encode())
    await checkout.plans(4000)
    await checkout.authorize(4000, transaction_type="regular_purchase")
    assert checkout.authorization_id is not None
    return checkout.authorization_id


async def till(session: FlexitiSession, authorization: str, end: float) -> Counter[tuple[str, str]]:
    """Sell until a moment, with pauses around a second, and count how the calls end."""
    found: Counter[tuple[str, str]] = Counter()
    loop = asyncio.get_running_loop()
    while loop.time() < end:
        safe = session.send(SAFE)
        await _count(found, "widget/init", safe)
        money = session.authorizations.capture(
            authorization, "0.01", idempotency_key=uuid.uuid4().hex
        )
        await _count(found, "authorization/capture", money)
    return found


async def _count(found: Counter[tuple[str, str]], endpoint: str, call: Awaitable[object]) -> None:
    """Make a call, count how it ends, and pause."""
    [result] = await asyncio.gather(call, return_exceptions=True)
    ended = type(result).__name__ if isinstance(result, BaseException) else "done"
    found[endpoint, ended] += 1
    await asyncio.sleep(random.uniform(0.9, 1.1))  # noqa: S311
