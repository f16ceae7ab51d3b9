"""
A pytest plugin, installed with the library.

Fixtures:
    flexiti_sandbox: A running loopback Flexiti (`flexiti_async.sandbox.Sandbox`).
    flexiti_config: A configuration for it.
    flexiti: An open `FlexitiSession` on it.

They are async fixtures, for pytest-asyncio's auto mode or any plugin that runs async fixtures.
Everything is imported when a fixture is used: a test suite that uses none pays nothing.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flexiti_async.config import FlexitiConfig
    from flexiti_async.sandbox import Sandbox
    from flexiti_async.session import FlexitiSession


@pytest.fixture
async def flexiti_sandbox() -> "AsyncIterator[Sandbox]":
    """Give a running loopback Flexiti."""
    from flexiti_async.sandbox import Sandbox

    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def flexiti_config(flexiti_sandbox: "Sandbox") -> "FlexitiConfig":
    """Give a configuration for the sandbox."""
    from flexiti_async.config import FlexitiConfig

    return FlexitiConfig(
        client_id=flexiti_sandbox.client_id,
        client_secret=flexiti_sandbox.client_secret,
        base_url=flexiti_sandbox.base_url,
    )


@pytest.fixture
async def flexiti(flexiti_config: "FlexitiConfig") -> "AsyncIterator[FlexitiSession]":
    """Give an open session on the sandbox."""
    from flexiti_async.session import FlexitiSession

    async with FlexitiSession(flexiti_config) as session:
        yield session
