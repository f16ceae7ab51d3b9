"""`async with Sandbox()` whose loop does not run: a request is answered, with the reason."""

import asyncio
import json
import logging
import threading
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import TokenUnavailable
from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE, PATIENT


def request(sandbox: Sandbox) -> tuple[int, str]:
    """Make a request with a sync client; return the status and the message."""
    with closing(HTTPConnection(sandbox.host, sandbox.port, timeout=PATIENCE)) as http:
        http.request("GET", "/pos/v2.5/nowhere")
        answer = http.getresponse()
        return answer.status, json.loads(answer.read())["message"]


async def test_a_sync_client_in_the_thread_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """It would wait for itself; afterwards the loop goes on, and serves as before."""
    async with Sandbox() as sandbox:
        status, message = request(sandbox)
        found, _ = await asyncio.to_thread(request, sandbox)

    assert (503, 404) == (status, found)
    assert "Start the sandbox by `with Sandbox()`" in message
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert [message] == errors


def test_a_loop_that_is_not_running() -> None:
    """A fixture has started the sandbox, and a sync test runs: each request is answered."""
    sandbox = Sandbox()
    with asyncio.Runner() as runner:
        runner.run(sandbox.start())
        answers = [request(sandbox), request(sandbox)]
        runner.run(sandbox.aclose())

    assert [503, 503] == [status for status, _ in answers]


def test_a_session_says_what_is_wrong() -> None:
    """The error of a token request has the sandbox's reason."""
    sandbox = Sandbox()

    async def token() -> None:
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
            **PATIENT,
        )
        async with FlexitiSession(config) as session:
            await session.token()

    with asyncio.Runner() as runner:
        runner.run(sandbox.start())
        with pytest.raises(TokenUnavailable, match="event loop is blocked"):
            asyncio.run(token())
        runner.run(sandbox.aclose())


async def test_a_loop_that_computes_is_waited_for() -> None:
    """For seconds longer than a blocked loop takes to be found."""
    async with Sandbox() as sandbox:
        answers: list[tuple[int, str]] = []
        client = threading.Thread(target=lambda: answers.append(request(sandbox)))
        client.start()
        end = time.thread_time() + 4
        while time.thread_time() < end:
            pass
        await asyncio.to_thread(client.join)

    assert [404] == [status for status, _ in answers]


async def test_no_thread_is_left() -> None:
    """The watch ends with the sandbox."""
    sandbox = Sandbox()
    for _ in range(2):
        await sandbox.start()
        assert 1 == sum("sandbox-watch" in one.name for one in threading.enumerate())
        await sandbox.aclose()

    assert 0 == sum("sandbox-watch" in one.name for one in threading.enumerate())
