"""Calls wait for a connection in order, within their time, and no slot is ever lost."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.transport.slots import Slots

from ..support.virtual_loop import VirtualLoop

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run where time passes when nothing else is to do."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def all_free(slots: Slots, number: int) -> bool:
    """Whether all slots can be taken, and not one more."""
    await asyncio.sleep(0)  # at the end of its turn a slot that nobody took goes back
    await asyncio.sleep(0)
    return [slots.take() for _ in range(number + 1)] == [True] * number + [False]


@given(
    number=st.integers(1, 3),
    plan=st.lists(
        st.tuples(
            st.integers(0, 30),  # begins
            st.integers(1, 20).map(lambda tenths: tenths + 0.5),  # waits at most
            st.integers(0, 12),  # keeps the slot
            st.one_of(st.none(), st.integers(0, 25)),  # is cancelled after
            st.booleans(),  # waits for something else before it takes its slot
        ),
        max_size=14,
    ),
)
def test_no_slot_is_lost_and_none_is_used_twice(
    number: int, plan: list[tuple[int, float, int, int | None, bool]]
) -> None:
    """Callers begin, wait, use, are late and are cancelled in any order."""
    in_use, most = 0, 0

    async def caller(slots: Slots, begins: int, within: float, keeps: int, *, strays: bool) -> None:
        nonlocal in_use, most
        await asyncio.sleep(begins)
        if not slots.take():
            began = asyncio.get_running_loop().time()

            assert await slots.wait(within) == began
            assert asyncio.get_running_loop().time() <= began + within

            if strays:
                await asyncio.sleep(0.1)
            if not slots.take():
                return
        in_use += 1
        most = max(most, in_use)
        try:
            await asyncio.sleep(keeps)
        finally:
            in_use -= 1
            slots.release()

    async def history() -> bool:
        slots, loop = Slots(number), asyncio.get_running_loop()
        tasks: list[asyncio.Task[None]] = []
        for begins, within, keeps, cancelled, strays in plan:
            task = loop.create_task(caller(slots, begins, within, keeps, strays=strays))
            tasks.append(task)
            if cancelled is not None:
                loop.call_later(cancelled, task.cancel)
        results = await asyncio.gather(*tasks, return_exceptions=True)

        assert not [each for each in results if isinstance(each, Exception)]

        return await all_free(slots, number)

    assert run(history())
    assert most <= number


def test_callers_are_served_in_order_and_none_overtakes() -> None:
    """A caller that comes when a slot has just been granted waits behind those before it."""
    served: list[str] = []

    async def caller(slots: Slots, name: str) -> None:
        if not slots.take():
            await slots.wait(60)

            assert slots.take()
        served.append(name)
        await asyncio.sleep(1)
        slots.release()

    async def history() -> None:
        slots = Slots(1)
        async with asyncio.TaskGroup() as group:
            for name in ("first", "second", "third"):
                group.create_task(caller(slots, name))
            await asyncio.sleep(1)
            group.create_task(caller(slots, "late"))

    run(history())

    assert served == ["first", "second", "third", "late"]


def test_a_shorter_wait_ends_before_those_that_began_earlier() -> None:
    """Each wait has its own limit, and ends without a slot."""

    async def late(slots: Slots, within: float) -> float:
        began = await slots.wait(within)

        assert not slots.take()

        return asyncio.get_running_loop().time() - began

    async def history() -> list[float]:
        slots = Slots(1)
        slots.take()
        return await asyncio.gather(*(late(slots, within) for within in (9, 3, 6, 12)))

    assert [9, 3, 6, 12] == run(history())


def test_a_slot_that_is_granted_to_a_cancelled_caller_goes_to_the_next() -> None:
    """The cancellation comes in the turn in which the slot does."""

    async def history() -> bool:
        slots = Slots(1)
        slots.take()
        first, second = (asyncio.ensure_future(slots.wait(60)) for _ in range(2))
        await asyncio.sleep(0)
        slots.release()
        first.cancel()
        await asyncio.wait([first, second])

        assert first.cancelled()
        assert slots.take()

        slots.release()
        return await all_free(slots, 1)

    assert run(history())


def test_a_close_ends_all_waits() -> None:
    """Callers go on without a slot, and no timer is left."""

    async def history() -> None:
        slots, began = Slots(1), asyncio.get_running_loop().time()
        slots.take()
        waits = [asyncio.ensure_future(slots.wait(within)) for within in (60, 30, 90)]
        await asyncio.sleep(0)
        slots.end_waits()
        await asyncio.gather(*waits)

        assert not slots.take()
        assert began == asyncio.get_running_loop().time()

    run(history())


def test_a_slot_that_its_caller_does_not_take_goes_to_the_next() -> None:
    """The caller that it was granted to fails, or waits for something else first."""

    async def history() -> None:
        slots, began = Slots(1), asyncio.get_running_loop().time()
        slots.take()
        waits = [asyncio.ensure_future(slots.wait(60)) for _ in range(3)]
        await asyncio.sleep(0)
        slots.release()
        await asyncio.gather(*waits)

        assert slots.take()
        assert began == asyncio.get_running_loop().time()

    run(history())
