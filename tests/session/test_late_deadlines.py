"""A loop that was busy for longer than a time-out: what the server has answered is not lost."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from attrs import evolve

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.api.widget import init_widget
from flexiti_async.protocol.call import Replay
from flexiti_async.sandbox import Sandbox
from flexiti_stores.memory import MemoryStore

from ..support.patience import PATIENCE
from .test_loops_and_forks import sandbox_in_a_thread

ONCE = evolve(
    init_widget(PurchaseWidget(account_number=20009100)), endpoint="verify", replay=Replay.NEVER
)
"""A call that is sent once, under the name of one that moves no money."""
LIMIT = 1.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Yield a sandbox in a thread: it goes on while the loop of the test is busy."""
    with sandbox_in_a_thread() as running:
        yield running


async def stall_once(sandbox: Sandbox, endpoint: str, seconds: float) -> None:
    """Block the loop from the next request on until it is answered, and for seconds more."""
    before = sandbox.count(endpoint)
    while sandbox.count(endpoint) == before:
        await asyncio.sleep(0)
    while sandbox.requests[-1].status is None:
        time.sleep(0.01)  # noqa: ASYNC251 - that is what is tested
    time.sleep(seconds)  # noqa: ASYNC251 - as above


@pytest.mark.parametrize("endpoint", ["widget/init", "oauth/token"])
@pytest.mark.parametrize("stall", [1.1, 2.5])
async def test_an_answer_that_came_in_time_is_not_thrown_away(
    sandbox: Sandbox, endpoint: str, stall: float
) -> None:
    """Neither an authorization, which would be an unknown outcome, nor a token."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
        store=MemoryStore(),
        request_timeout=LIMIT,
        token_timeout=LIMIT,
        connect_timeout=PATIENCE,
        store_timeout=PATIENCE,
    )
    async with FlexitiSession(config) as session:
        if endpoint == "widget/init":
            await session.token()
        before = sandbox.count(endpoint)
        sandbox.latency = {endpoint: 0.1}
        busy = asyncio.create_task(stall_once(sandbox, endpoint, stall))
        await asyncio.gather(
            session.send(ONCE) if endpoint == "widget/init" else session.token(), busy
        )
        sandbox.latency = {}

    assert before + 1 == sandbox.count(endpoint)
