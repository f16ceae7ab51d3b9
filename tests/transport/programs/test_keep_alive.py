"""nginx and HAProxy in front of the API, with a keep-alive of a second: nothing is lost to it."""

import asyncio
import os
import random
from collections import Counter

import pytest
from attrs import evolve

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.api.widget import init_widget
from flexiti_async.protocol.call import Replay
from flexiti_async.sandbox import Sandbox

from ...conftest import MakeSession
from .conftest import Start

BUY = PurchaseWidget(account_number=20009100)
SAFE = init_widget(BUY)
ONCE = evolve(SAFE, endpoint="verify", replay=Replay.NEVER)
"""A call that is sent once, under the name of one that moves no money."""
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
    make_session: MakeSession, sandbox: Sandbox, start: Start, name: str, config: str
) -> None:
    """Tills that pause about as long as the server waits: 0 failed calls, 0 unknown outcomes."""
    port = await start(name, config.format(port=sandbox.port))
    session = make_session(base_url=sandbox.base_url.replace(str(sandbox.port), str(port)))
    await session.token(min_ttl=None)
    before = sandbox.count("widget/init")

    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    results = await asyncio.gather(*(till(session, end) for _ in range(TILLS)))
    calls = sum((each for each in results), Counter[str]())
    await session.aclose()

    assert {"done"} == calls.keys(), calls
    assert calls.total() <= sandbox.count("widget/init") - before


async def till(session: FlexitiSession, end: float) -> Counter[str]:
    """Sell until a moment, with pauses around a second, and count how the calls end."""
    found: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    while loop.time() < end:
        for call in (SAFE, ONCE):
            [result] = await asyncio.gather(session.send(call), return_exceptions=True)
            found[type(result).__name__ if isinstance(result, BaseException) else "done"] += 1
            await asyncio.sleep(random.uniform(0.9, 1.1))  # noqa: S311
    return found
