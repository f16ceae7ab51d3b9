"""`flexiti-async doctor` about an outage of the store, compared with a session in one."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from flexiti_async import StoreError
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..checkout.customers import ACCOUNT, PLAN, verified
from ..conftest import MakeSession
from ..support.patience import PATIENCE
from .conftest import Command
from .test_doctor import findings


@frozen
class Outage:
    """
    A configuration while its store is down.

    Attributes:
        own_journal: The journal has a store of its own.
        policy: `on_store_failure`.
        says: The doctor's words.
        works: The acts that succeed: start or resume a checkout, finish one in memory, make a call
            that needs a new token.
    """

    own_journal: bool
    policy: str
    says: tuple[str, ...]
    works: set[str]


OUTAGES: Final = (
    Outage(
        own_journal=False,
        policy="degrade",
        says=("no checkout can be finished, and none started", "other calls go on"),
        works={"call"},
    ),
    Outage(
        own_journal=False,
        policy="raise",
        says=("no checkout can be finished, and none started", "other calls fail as soon as"),
        works=set(),
    ),
    Outage(
        own_journal=True,
        policy="degrade",
        says=("no checkout can be resumed: only the process that has it", "other calls go on"),
        works={"start", "finish", "call"},
    ),
    Outage(
        own_journal=True,
        policy="raise",
        says=("no checkout can be started or resumed", "other calls fail as soon as"),
        works={"finish"},
    ),
)


@pytest.mark.parametrize("case", OUTAGES)
async def test_what_works_while_the_store_is_down(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock, case: Outage
) -> None:
    """The four configurations that the doctor tells apart."""
    store = FaultyStore(clock.boot)
    journal = FaultyStore(clock.boot) if case.own_journal else None
    session = make_session(store=store, journal=journal, on_store_failure=case.policy)
    held = await verified(await session.checkout("order-1"), sandbox)
    store.down = True
    works = {
        "start": await _works(session.checkout("order-2")),
        "resume": await _works(session.resume(held.reference_id)),
        "finish": await _works(held.authorize("30.00", **PLAN)),
        "call": await _works(session.customers.lookup(account_number=ACCOUNT)),
    }

    assert case.works == {name for name, good in works.items() if good}


async def _works(awaitable: Awaitable[object]) -> bool:
    try:
        await awaitable
    except StoreError:
        return False
    return True


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("case", OUTAGES)
@pytest.mark.parametrize("down", [False, True])
def test_the_doctor_says_so(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    case: Outage,
    down: bool,
) -> None:
    """As an error of a store that is down, and as a note of one that is not."""
    url = "redis://127.0.0.1:9/" if down else f"file://{tmp_path}/store?timeout={PATIENCE}"
    monkeypatch.setenv("FLEXITI_STORE", url)
    monkeypatch.setenv("FLEXITI_ON_STORE_FAILURE", case.policy)
    if case.own_journal:
        monkeypatch.setenv("FLEXITI_JOURNAL", f"file://{tmp_path}/journal?timeout={PATIENCE}")
    found = findings(command("doctor", "--json", "--no-token-request"))["store"]
    [finding] = [one for one in found if "with this store down" in one["text"]]

    assert ("error" if down else "note") == finding["level"]
    for words in case.says:
        assert words in finding["text"]


@pytest.mark.usefixtures("sandbox")
def test_a_journal_that_is_down(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No checkout can be finished without it, wherever tokens and checkouts are kept."""
    monkeypatch.setenv("FLEXITI_STORE", f"file://{tmp_path}/store?timeout={PATIENCE}")
    monkeypatch.setenv("FLEXITI_JOURNAL", "redis://127.0.0.1:9/")
    found = findings(command("doctor", "--json", "--no-token-request"))
    [finding] = found["journal"]

    assert "error" == finding["level"]
    assert "with this journal down no checkout can be finished" in finding["text"]
    assert not any("no checkout can be finished" in one["text"] for one in found["store"])
