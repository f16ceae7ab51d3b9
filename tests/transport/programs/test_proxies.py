"""Squid and tinyproxy: everything passes them, and a refusal of theirs has sent nothing."""

import asyncio

import pytest
from attrs import evolve

from flexiti_async import PurchaseWidget
from flexiti_async.api.widget import init_widget
from flexiti_async.errors import ConnectError, TokenUnavailable
from flexiti_async.protocol.call import Replay
from flexiti_async.sandbox import Sandbox

from ...conftest import MakeSession
from ...support.authority import Authority
from .conftest import Start

BUY = PurchaseWidget(account_number=20009100)
SAFE = init_widget(BUY)
ONCE = evolve(SAFE, endpoint="verify", replay=Replay.NEVER)
"""A call that is sent once, under the name of one that moves no money."""

SQUID = """
http_port 127.0.0.1:PORT
acl all_ports port 1-65535
http_access {rule}
cache deny all
access_log none
cache_log FOLDER/log
pid_filename none
shutdown_lifetime 0 seconds
"""
TINYPROXY = """
Port PORT
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
{rule}
"""
PROGRAMS = {
    "squid": (SQUID, "allow all_ports", "deny all_ports", 403),
    "tinyproxy": (TINYPROXY, "BasicAuth ada hush", "BasicAuth grace hush", 401),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_everything_passes_the_proxy(
    make_session: MakeSession,
    sandbox: Sandbox,
    secure: str,
    authority: Authority,
    start: Start,
    name: str,
) -> None:
    """Tokens, calls and money, over kept and over new connections."""
    config, allow, _, _ = PROGRAMS[name]
    port = await start(name, config.format(rule=allow))
    session = make_session(
        base_url=secure,
        ca_file=str(authority.ca_file),
        proxy=f"http://ada:hush@127.0.0.1:{port}",
        connections=10,
    )
    answers = await asyncio.gather(
        *(session.send(call) for _ in range(110) for call in (SAFE, ONCE))
    )
    await session.aclose()

    assert 220 == len(answers) == sandbox.count("widget/init")
    assert all(answer.session_id for answer in answers)


@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_proxy_that_refuses_has_sent_nothing(
    make_session: MakeSession,
    sandbox: Sandbox,
    secure: str,
    authority: Authority,
    start: Start,
    name: str,
) -> None:
    """The error names the proxy and its status; money is not unknown."""
    config, _, deny, status = PROGRAMS[name]
    port = await start(name, config.format(rule=deny))
    direct = make_session()
    token = await direct.token()
    session = make_session(
        base_url=secure,
        ca_file=str(authority.ca_file),
        proxy=f"http://ada:hush@127.0.0.1:{port}",
        store="memory://",
    )
    with pytest.raises(TokenUnavailable, match=f"answered CONNECT with {status}"):
        await session.token()
    refresher = session.refresher(token.scope)
    refresher._failed = None
    refresher._install(token)
    with pytest.raises(ConnectError) as caught:
        await session.send(ONCE)
    await session.aclose()

    assert ("proxy", status, f"127.0.0.1:{port}") == (
        caught.value.reason,
        caught.value.proxy_status,
        caught.value.address,
    )
    assert 0 == sandbox.count("widget/init")
