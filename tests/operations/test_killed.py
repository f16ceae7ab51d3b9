"""Processes that are killed amid every operation, before its request is sent and after."""

import asyncio
import os
import signal
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.api.endpoints import AUTHORIZATION_BY_ID
from flexiti_async.errors import OutcomeUnknown
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..session.test_loops_and_forks import sandbox_in_a_thread
from ..support.patience import PATIENCE, PATIENT
from .acts import ACTS, TRANSACTION, Anything, outcome_of

KEY = "order-9"
_LONG = 30.0
"""Seconds that a request takes: its process is killed long before."""


def _sent(sandbox: Sandbox) -> dict[str, int]:
    """Count the requests of every kind; the sandbox's thread may be counting, too."""
    while True:
        try:
            return {kind: act.sent(sandbox) for kind, act in ACTS.items()}
        except RuntimeError:
            continue


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("sent", [False, True])
def test_a_killed_process_leaves_every_operation_pending(sent: bool, tmp_path: Path) -> None:
    """
    Nothing is sent again, except what the API itself executes once; the writer is named.

    Before the send, the claims are there and the only connection is in use.
    """
    with sandbox_in_a_thread() as sandbox:
        options: dict[str, Any] = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "base_url": sandbox.base_url,
            "store": tmp_path.as_uri(),
            **PATIENT,
        }
        ready = asyncio.run(_prepared(options, sandbox))
        before = _sent(sandbox)
        slow = [act.endpoint for act in ACTS.values()] if sent else [AUTHORIZATION_BY_ID]
        sandbox.latency = dict.fromkeys(slow, _LONG)
        child = os.fork()
        if child == 0:  # pragma: no cover - it is killed
            asyncio.run(_make_all({**options, "connections": 20 if sent else 1}, ready, sent=sent))
            os._exit(1)
        try:
            asyncio.run(_until_claimed(options))
            expected = {kind: number + sent for kind, number in before.items()}
            end = time.monotonic() + PATIENCE
            while _sent(sandbox) != expected:
                assert time.monotonic() < end
                time.sleep(0.01)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        sandbox.latency = {}
        outcomes = asyncio.run(_again(options, ready))

        for kind, outcome in outcomes.items():
            if kind == TRANSACTION.kind:
                assert not isinstance(outcome, BaseException)
                continue
            assert isinstance(outcome, OutcomeUnknown), kind
            assert "pending" == outcome.phase
            assert f"process {child}" in str(outcome.writer)
        expected[TRANSACTION.kind] += 1
        assert expected == _sent(sandbox)


async def _prepared(options: dict[str, Any], sandbox: Sandbox) -> dict[str, Anything]:
    async with FlexitiSession(FlexitiConfig(**options)) as session:
        ready = {kind: await act.prepare(session, sandbox) for kind, act in ACTS.items()}
        for scope in Scope:
            await session.token(scope)
        return ready


async def _make_all(options: dict[str, Any], ready: dict[str, Anything], *, sent: bool) -> None:
    """Make every operation at once, in the process that is killed."""
    session = FlexitiSession(FlexitiConfig(**options))
    for scope in Scope:
        await session.token(scope)
    work: list[Coroutine[Any, Any, Any]] = [
        act.make(session, ready[kind], KEY) for kind, act in ACTS.items()
    ]
    if not sent:
        work.insert(0, session.authorizations.get(ready["capture"]))
    await asyncio.gather(*work)


async def _until_claimed(options: dict[str, Any]) -> None:
    """Wait until the journal has all claims."""
    async with FlexitiSession(FlexitiConfig(**options)) as session, asyncio.timeout(PATIENCE):
        while len([one async for one in session.operations.pending()]) < len(ACTS):
            await asyncio.sleep(0.01)


async def _again(options: dict[str, Any], ready: dict[str, Anything]) -> dict[str, Anything]:
    """Make the same calls after their deadline, in another process."""
    clock = ManualClock(wall=time.time() + 3 * PATIENCE + 600)
    there: dict[str, Any] = {**options, "store": FaultyStore(), "journal": options["store"]}
    async with FlexitiSession(FlexitiConfig(**there), clock=clock) as session:
        return {
            kind: await outcome_of(act.make(session, ready[kind], KEY))
            for kind, act in ACTS.items()
        }
