"""The flights of one refresher: what it is told of them, and how closing it ends them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import pytest

from flexiti_async import Scope, Secret, Token
from flexiti_async.clock import Instant
from flexiti_async.tokens.context import Failed, Obtained
from flexiti_async.tokens.launchpad import Launchpad

from ..support.virtual_loop import VirtualLoop

T = TypeVar("T")
HELD = Obtained(Token("one", Secret("access"), Scope.CUSTOMER, 1200.0, 1200.0, Instant(0.0, 0.0)))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run where time passes when nothing else is to do."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def flying(seconds: float) -> Callable[[], Coroutine[Any, Any, Obtained | Failed]]:
    """Make the work of a flight that takes so long."""

    async def work() -> Obtained | Failed:
        await asyncio.sleep(seconds)
        return HELD

    return work


def nothing() -> None:
    """Take no note of a start."""


def test_closing_waits_for_a_while_and_cancels_what_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What lands in the last moment is told, and of what hangs nobody hears."""
    told: list[Obtained | Failed] = []

    async def main() -> tuple[float, bool, int]:
        launchpad = Launchpad("key", told.append)
        _ = launchpad.launch("pin", flying(4.5), started=nothing)
        hanging = launchpad.launch("renew", flying(3600.0), started=nothing)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await launchpad.aclose()
        return loop.time() - began, hanging.cancelled(), len(launchpad.tasks)

    assert (5.0, True, 0) == run(main())
    assert [HELD] == told
    assert [] == caplog.records


def test_of_a_flight_that_crashed_only_who_waits_hears(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of the library reaches the callers as it is, and brings nothing to be held."""
    told: list[Obtained | Failed] = []

    async def crash() -> NoReturn:
        await asyncio.sleep(1)
        raise ZeroDivisionError

    async def main() -> None:
        launchpad = Launchpad("key", told.append)
        task = launchpad.launch("renew", crash, started=nothing)
        with pytest.raises(ZeroDivisionError):
            await task
        await launchpad.aclose()

    run(main())

    assert [] == told
    assert [] == caplog.records


def test_who_joins_is_told_once_and_closes_without_waiting() -> None:
    """A flight belongs to who has started it, however often another one asks for it."""
    told: list[Obtained | Failed] = []
    started: list[str] = []

    async def main() -> tuple[float, bool]:
        first = Launchpad("key", lambda _: None)
        other = Launchpad("key", told.append)
        flight = first.launch("renew", flying(2.0), started=lambda: started.append("first"))
        for _ in range(3):
            assert flight is other.launch(
                "renew", flying(2.0), started=lambda: started.append("other")
            )
        loop = asyncio.get_running_loop()
        began = loop.time()
        await other.aclose()
        closed_after = loop.time() - began
        done = flight.done()
        await flight
        return closed_after, done

    assert (0.0, False) == run(main())
    assert ["first"] == started
    assert [HELD] == told
