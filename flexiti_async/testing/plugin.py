"""
A pytest plugin, installed with the library.

Fixtures:
    flexiti_clock: Clock of sandbox and session (`flexiti_async.testing.ManualClock`): only
        the test advances it, and then tokens age on both sides.
    flexiti_sandbox: A running loopback Flexiti (`flexiti_async.sandbox.Sandbox`).
    flexiti_store: The token store of the session (`flexiti_async.testing.FaultyStore`), with
        scripted failures.
    flexiti_config: A configuration for both. Override it to configure the session differently.
    flexiti: An open `FlexitiSession` on the sandbox.

Waits for sockets, and time-outs, take real time all the same.
The fixtures are sync, and the sandbox serves from a thread of its own: tests may be plain functions
that use the test client of a framework, or coroutines in any plugin, mode and scope of loop.
Modules are imported when a fixture is used: a test suite that uses none pays nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flexiti_async.config.model import FlexitiConfig
    from flexiti_async.sandbox import Sandbox
    from flexiti_async.session import FlexitiSession
    from flexiti_async.testing.clock import ManualClock
    from flexiti_async.testing.faulty_store import FaultyStore


@pytest.fixture
def flexiti_clock() -> "ManualClock":
    """Return a clock that only the test advances: `flexiti_clock.advance(1200)`."""
    from flexiti_async.testing.clock import ManualClock

    return ManualClock()


@pytest.fixture
def flexiti_sandbox(flexiti_clock: "ManualClock") -> "Iterator[Sandbox]":
    """Yield a running loopback Flexiti, which serves from a thread of its own."""
    from flexiti_async.sandbox import Sandbox

    # Its wall clock does not jump with the shop's: `flexiti_clock.jump(…)` simulates a wrong clock.
    offset = flexiti_clock.wall() - flexiti_clock.boot()
    with Sandbox(clock=lambda: offset + flexiti_clock.boot()) as sandbox:
        yield sandbox


@pytest.fixture
def flexiti_store(flexiti_clock: "ManualClock") -> "FaultyStore":
    """Return a token store whose failures a test sets: `flexiti_store.down = True`."""
    from flexiti_async.testing.faulty_store import FaultyStore

    return FaultyStore(flexiti_clock.boot)


@pytest.fixture
def flexiti_config(flexiti_sandbox: "Sandbox", flexiti_store: "FaultyStore") -> "FlexitiConfig":
    """Return a configuration for the sandbox and the store."""
    from flexiti_async.config.model import FlexitiConfig

    return FlexitiConfig(
        client_id=flexiti_sandbox.client_id,
        client_secret=flexiti_sandbox.client_secret,
        base_url=flexiti_sandbox.base_url,
        account=flexiti_sandbox.account_name,
        store=flexiti_store,
    )


@pytest.fixture
def flexiti(
    flexiti_config: "FlexitiConfig", flexiti_clock: "ManualClock"
) -> "Iterator[FlexitiSession]":
    """Yield an open session on the sandbox, for use in any event loop."""
    import asyncio

    from flexiti_async.session import FlexitiSession

    session = FlexitiSession(flexiti_config, clock=flexiti_clock)
    yield session
    # Which loops the test has used, and whether they still exist, is not known here. With a factory
    # the runner leaves the current loop of the thread, which may be the test's, as it is.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(session.aclose())
