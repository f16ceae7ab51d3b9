"""An account's first operation in a journal logs one warning: a renamed account forgets all."""

import logging
from pathlib import Path

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.errors import OutcomeUnknown
from flexiti_async.events.types import Event, OperationDone
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.patience import PATIENCE
from .customers import purchase


async def authorize(flexiti: FlexitiSession, sandbox: Sandbox, key: str) -> None:
    """Authorize a purchase."""
    wanted = await purchase(flexiti, sandbox)
    await flexiti.authorizations.authorize(wanted, idempotency_key=key)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about new accounts, and forget them."""
    found = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    caplog.clear()
    return [text for text in found if "first operation" in text]


async def test_the_first_operation_of_an_account_warns_once(
    make_session: MakeSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Other sessions and processes know the account; another name is another account."""
    session = make_session(account="shop of Ann")
    await authorize(session, sandbox, "order-1")
    [text] = warnings(caplog)
    await authorize(session, sandbox, "order-2")
    await authorize(make_session(account="shop of Ann"), sandbox, "order-3")

    assert "'shop of Ann'" in text
    assert [] == warnings(caplog)
    await authorize(make_session(account="shop of Bob"), sandbox, "order-1")
    assert 1 == len(warnings(caplog))
    assert 4 == len(sandbox.authorizations)


async def test_an_unknown_outcome_is_an_operation_too(
    session: FlexitiSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The record of the account is in no list of operations."""
    sandbox.inject(Drop(), endpoint="authorization")
    with pytest.raises(OutcomeUnknown):
        await authorize(session, sandbox, "order-1")

    assert 1 == len(warnings(caplog))
    assert ["order-1"] == [one.idempotency_key async for one in session.operations.pending()]


async def test_a_store_that_fails_to_record_the_account_is_ignored(
    make_session: MakeSession,
    sandbox: Sandbox,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is a warning: the operation has been recorded before, and its caller has the answer."""
    store = FaultyStore(clock.boot)
    session = make_session(journal=store)

    def fail(event: Event) -> None:
        store.down = isinstance(event, OperationDone)

    session.events.add(fail)
    await authorize(session, sandbox, "order-1")

    assert store.down
    assert [] == warnings(caplog)
    assert 1 == len(sandbox.authorizations)


async def test_a_sandbox_does_not_meet_the_journal_of_another_one(
    make_session: MakeSession, clock: ManualClock, tmp_path: Path
) -> None:
    """On the same port and with the same journal, the next sandbox is another account."""
    numbers, port = list[str | None](), 0
    for _ in range(2):
        async with Sandbox(port=port, clock=clock.wall) as sandbox:
            port = sandbox.port
            session = make_session(
                base_url=sandbox.base_url,
                account=sandbox.account_name,
                store=FaultyStore(clock.boot),
                journal=f"file://{tmp_path}?timeout={PATIENCE}",
            )
            wanted = await purchase(session, sandbox)
            for _ in range(2):
                made = await session.authorizations.authorize(wanted, idempotency_key="order-1")
                numbers.append(made.authorization_id)
            await session.aclose()
            assert 1 == len(sandbox.authorizations)

    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3]
