"""Outages of the API and of the store: what the log of a busy process shows of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.errors import FlexitiError, ServerError
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.patience import PATIENT

BUY = PurchaseWidget(account_number=20009100)
MINUTES = 3
AT_ONCE = 20

Act = Callable[[int], Awaitable[object]]


@pytest.fixture(autouse=True)
def _log_of_calls(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="flexiti_async")


async def minutes_of(
    act: Act, clock: ManualClock, caplog: pytest.LogCaptureFixture, *, minutes: int = MINUTES
) -> list[list[str]]:
    """Act for some minutes, every ten seconds some times at once; return each minute's warnings."""
    found: list[list[str]] = []
    for _ in range(minutes):
        caplog.clear()
        for _ in range(6):
            await asyncio.gather(*(act(one) for one in range(AT_ONCE)), return_exceptions=True)
            clock.advance(10)
        found.append(warnings(caplog.records))
    caplog.clear()
    return found


def warnings(records: Sequence[logging.LogRecord]) -> list[str]:
    """Return the texts of the library's warnings."""
    return [
        one.getMessage()
        for one in records
        if one.levelno == logging.WARNING and one.name.startswith("flexiti_async")
    ]


async def test_an_outage_of_the_api(
    make_session: MakeSession,
    sandbox: Sandbox,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hundreds of calls fail: a line when it begins, one a minute with a count, one at its end."""
    session = make_session(retries=0)
    await session.token(min_ttl=0)
    sandbox.fail("widget/init", status=503, times=None)

    async def call(_: int) -> None:
        await session.init_widget(BUY)

    during = await minutes_of(call, clock, caplog)
    sandbox.heal("widget/init")
    [after] = await minutes_of(call, clock, caplog, minutes=1)

    assert [1, 1, 1] == [len(lines) for lines in during]
    assert "widget/init: ServerError in" in during[0][0]
    assert "attempts: 1, reference id" in during[0][0]
    assert f"failures: {7 * AT_ONCE - 19}, {6 * AT_ONCE} of them" in during[1][0]
    assert 2 >= len(after)
    assert "calls succeed again" in after[-1]


async def test_an_outage_of_the_store(
    make_session: MakeSession,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hundreds of checkouts cannot be saved: the same few lines."""
    faulty = FaultyStore(clock.boot)
    session = make_session(store=faulty, journal="memory://")
    faulty.down = True

    async def shop(one: int) -> None:
        checkout = await session.checkout(f"order-{clock.boot()}-{one}")
        await checkout.init_widget(BUY)

    during = await minutes_of(shop, clock, caplog)
    faulty.down = False
    clock.advance(1200)
    after = await minutes_of(shop, clock, caplog, minutes=2)

    assert 3 >= max(len(lines) for lines in during)
    assert "token store unavailable: using unshared tokens" in during[0][0]
    assert ["token store still unavailable"] == [line[:29] for line in during[1]]
    assert ["token store available again"] == [
        line[:27] for lines in after for line in lines if "still" not in line
    ]
    assert [] == after[-1]


async def test_an_outage_of_the_journal(
    make_session: MakeSession, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each order is refused, and the log has one state; the first line names its order."""
    journal = FaultyStore(clock.boot)
    session = make_session(journal=journal)
    await session.token()
    journal.down = True

    async def shop(one: int) -> None:
        await session.checkout(f"order-{one}")

    during = await minutes_of(shop, clock, caplog)

    assert [1, 1, 1] == [len(lines) for lines in during]
    assert "journal unavailable for " in during[0][0]
    assert ":order-" in during[0][0]
    assert during[1][0].startswith("the journal still fails for 60 s")


async def test_sessions_of_one_process_share_the_lines(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten sessions on the machine's clock write no more than one."""
    sandbox.fail("widget/init", status=503, times=None)
    sessions = [
        FlexitiSession(
            FlexitiConfig(
                client_id=sandbox.client_id,
                client_secret=sandbox.client_secret,
                base_url=sandbox.base_url,
                retries=0,
                **PATIENT,
            )
        )
        for _ in range(10)
    ]
    failed = await asyncio.gather(
        *(one.init_widget(BUY) for one in sessions for _ in range(10)), return_exceptions=True
    )
    lines = [text for text in warnings(caplog.records) if "ServerError" in text]
    for one in sessions:
        await one.aclose()

    assert {ServerError} == {type(one) for one in failed}
    assert 1 == len(lines)


async def test_a_call_that_fails_at_last_is_a_warning_and_a_healed_one_is_not(
    session: FlexitiSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The last line about a failed call has its attempts and seconds; so has a healed one's."""
    await session.token()
    caplog.clear()
    sandbox.fail("widget/init", status=503, times=1)
    healed = await session.init_widget(BUY)
    sandbox.fail("widget/init", status=503, times=None)
    with pytest.raises(FlexitiError) as caught:
        await session.init_widget(BUY)

    [first, last] = caplog.records
    assert (logging.INFO, logging.WARNING) == (first.levelno, last.levelno)
    assert (2, healed.reference_id, "widget/init") == (
        vars(first)["flexiti_attempts"],
        vars(first)["flexiti_reference_id"],
        vars(first)["flexiti_endpoint"],
    )
    assert (3, 503) == (vars(last)["flexiti_attempts"], vars(last)["flexiti_status"])
    assert vars(last)["flexiti_seconds"] > 0
    assert "(attempts: 3, reference id " in last.getMessage()
    assert "attempts: 3" in str(caught.value)
