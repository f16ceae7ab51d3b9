"""Places are taken in the order in which callers came, never too many, and none is ever lost."""

import asyncio
from contextlib import suppress

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from flexiti_async.transport.turnstile import Turnstile

from ..support.virtual_loop import VirtualLoop

PLANS = st.lists(
    st.tuples(
        st.integers(0, 12),  # comes
        st.integers(0, 6),  # stays inside
        st.none() | st.integers(0, 12),  # is cancelled so long after it came
    ),
    max_size=14,
)


@define
class Hall:
    """What is behind a turnstile."""

    turnstile: Turnstile
    came: list[int] = field(factory=list[int])
    entered: dict[int, float] = field(factory=dict[int, float])
    inside: int = 0
    most: int = 0

    async def visit(self, number: int, stay: int) -> None:
        """Come, enter, stay and leave."""
        self.came.append(number)
        await self.turnstile.enter()
        self.entered[number] = asyncio.get_running_loop().time()
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(stay)
        finally:
            self.inside -= 1
            self.turnstile.leave()


async def play(places: int, plan: list[tuple[int, int, int | None]]) -> Hall:
    """Let all of a plan come and go."""
    hall = Hall(Turnstile(places))

    async def one(number: int, comes: int, stays: int, cancelled: int | None) -> None:
        await asyncio.sleep(comes)
        visit = asyncio.ensure_future(hall.visit(number, stays))
        if cancelled is not None:
            await asyncio.sleep(cancelled)
            visit.cancel()
        with suppress(asyncio.CancelledError):
            await visit

    await asyncio.gather(*(one(number, *step) for number, step in enumerate(plan)))
    return hall


@settings(max_examples=60)
@given(st.integers(1, 3), PLANS)
def test_the_order_of_coming_is_the_order_of_entering(
    places: int, plan: list[tuple[int, int, int | None]]
) -> None:
    """Whoever comes, stays and is cancelled when: nobody overtakes, and no place is lost."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        hall = runner.run(play(places, plan))

    moments = [hall.entered[number] for number in hall.came if number in hall.entered]

    assert sorted(moments) == moments
    assert hall.most <= places
    assert [hall.turnstile.enter_at_once() for _ in range(places + 1)] == [True] * places + [False]


def test_a_place_that_is_handed_to_who_is_cancelled_goes_to_the_next() -> None:
    """The hand-over and the cancellation fall into the same moment."""

    async def main() -> bool:
        turnstile = Turnstile(1)
        await turnstile.enter()
        first = asyncio.ensure_future(turnstile.enter())
        second = asyncio.ensure_future(turnstile.enter())
        await asyncio.sleep(0)
        turnstile.leave()
        first.cancel()
        await asyncio.wait([first, second])
        return first.cancelled() and not second.cancelled()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main())


def test_who_comes_while_others_wait_does_not_overtake_them() -> None:
    """A place that is handed over is never free in between."""

    async def main() -> bool:
        turnstile = Turnstile(1)
        await turnstile.enter()
        waiting = asyncio.ensure_future(turnstile.enter())
        await asyncio.sleep(0)
        turnstile.leave()
        overtaken = turnstile.enter_at_once()
        await waiting
        return overtaken

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert not runner.run(main())
