"""An answer that no journal has recorded when its process ends: the log line is enough."""

import asyncio
import logging
import re
import resource
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore

from .acts import CAPTURE, authorized, outcome_of, until
from .conftest import QUICK

KEY: Final = "parcel-1"


@contextmanager
def full() -> Generator[None]:
    """Let no file grow, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("trouble", ["down", "full"])
async def test_the_log_line_is_enough(
    trouble: str,
    shop: Callable[..., FlexitiSession],
    sandbox: Sandbox,
    faulty: FaultyStore,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With its numbers a person resolves the operation, and the next call replays it."""

    @contextmanager
    def down() -> Generator[None]:
        faulty.down = True
        yield
        faulty.down = False

    options: dict[str, Any] = {"journal": tmp_path.as_uri()} if trouble == "full" else {}
    # A busy machine may take long for a file; a full disk is noticed at once.
    patience = {"store_timeout": 10.0} if trouble == "full" else {}
    session = shop(**{**QUICK, **patience}, **options)
    number = await authorized(session, sandbox)
    await session.token(Scope.MERCHANT)
    sandbox.latency = {CAPTURE.endpoint: 0.1}
    caller = asyncio.create_task(outcome_of(CAPTURE.make(session, number, KEY)))
    await until(lambda: CAPTURE.sent(sandbox))
    with full() if trouble == "full" else down():
        made = await caller
        await session.aclose()

    [line, _] = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    found = re.search(
        r"operation (\w{32}) \(capture:(.*?)\).*, authorization (\d+), capture (\d+)", line
    )
    assert found is not None
    assert (KEY, number, made.capture_id) == found.groups()[1:]

    operations = shop(**options).operations
    pending = await operations.get(found[1])
    assert pending is not None
    assert "pending" == pending.phase
    await operations.resolve(found[1], executed=True, by="Ann", capture_id=found[4])
    again = await CAPTURE.make(shop(**options), number, KEY)

    assert (True, made.capture_id) == (again.replayed, again.capture_id)
    assert (1, 1) == (CAPTURE.sent(sandbox), CAPTURE.moved(sandbox))
