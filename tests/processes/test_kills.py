"""Processes that are killed while they refresh a token: at every step, 200 of them, two stores."""

import asyncio
from collections.abc import Awaitable, Callable

from attrs import define, frozen

from flexiti_async.sandbox import RequestRecord

from ..support.patience import PATIENCE
from .conftest import MakeShop
from .crew import Answers, Worker
from .shop import LEASE, LIFETIME, Shop

SHOPS = 5
ROUNDS = 20
SURVIVORS = 2

POINTS = (
    *("before claim", "amid claim", "after claim"),
    *("request sent", "request answered", "answer received"),
    *("before publish", "amid publish", "after publish"),
)
REQUESTED = POINTS[3:]
"""Points after which a token request was sent; the survivors wait for its result."""


@frozen
class Round:
    """
    The result of one kill.

    Attributes:
        point: Where the process was killed.
        replays: Refresh tokens that were sent twice, since the start.
        spent: Refresh tokens that were sent.
        too_early: Token requests of survivors while the victim's claim was live.
        asked: Token requests of survivors.
        adopted: Whether the survivors adopted the token that the victim had obtained.
        tokens: How many tokens they got.
        served: How many of them got one.
        good: Whether all of these are valid.
        in_time: Whether they got it within one lease and the duration of a request.
    """

    point: str
    replays: int
    spent: int
    too_early: int
    asked: int
    adopted: bool
    tokens: int
    served: int
    good: bool
    in_time: bool


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():
            await asyncio.sleep(0.005)


@define
class Killing:
    """One kill, of the process that has the refresh token of the shop's token."""

    shop: Shop
    victim: Worker
    survivors: list[Worker]
    point: str
    by_refresh: bool
    armed_at: float = 0.0

    async def run(self) -> Round:
        """Kill the victim while it refreshes, and record the results of the survivors."""
        shop = self.shop
        await shop.advance(LIFETIME - 25 if self.by_refresh else LIFETIME)
        spent, before = shop.requests("refresh_token"), shop.requests()
        await self.victim.arm(self.point)
        if self.point in REQUESTED:
            waiting = await self._kill_while_others_wait()
            claimed = await self._is_claimed()
        else:
            await asyncio.gather(self.victim.token(), return_exceptions=True)
            await self.victim.died()
            claimed = await self._is_claimed()
            waiting = asyncio.ensure_future(self._ask())
        shop.workers.remove(self.victim)
        issued = {token.access_token for token in shop.sandbox.tokens}
        too_early = await self._outlive_the_lease(waiting) if claimed else 0
        answers = await waiting
        return Round(
            point=self.point,
            replays=shop.sandbox.replays,
            spent=shop.requests("refresh_token") - spent,
            too_early=too_early,
            asked=shop.requests() - before - (self.point in REQUESTED),
            adopted=answers.tokens <= issued,
            tokens=len(answers.tokens),
            served=answers.served,
            good=shop.all_live(answers.tokens),
            in_time=answers.took < 1.5 * LEASE,
        )

    async def _kill_while_others_wait(self) -> "asyncio.Task[Answers]":
        shop, before, loads = self.shop, self.shop.requests(), await self._loads()
        shop.sandbox.latency = {"oauth/token": 2.0 if self.point == "request sent" else 0.1}
        self.armed_at = shop.sandbox.now()
        shop.sandbox.on_request = self._kill if self.point == "request answered" else None
        asking = asyncio.ensure_future(self.victim.token())

        async def requested() -> bool:
            if shop.requests() > before:
                return True
            assert not asking.done(), asking
            return False

        await _until(requested)
        shop.sandbox.latency = {}
        waiting = asyncio.ensure_future(self._ask())
        if self.point == "request sent":
            await self._survivors_read(waiting, loads)
            self.victim.kill()
        await asyncio.gather(asking, return_exceptions=True)
        await self.victim.died()
        return waiting

    def _kill(self, record: RequestRecord) -> None:
        """Kill the victim as its request is answered, not one of a victim before it."""
        if record.at >= self.armed_at:
            self.shop.sandbox.on_request = None
            self.victim.kill()

    async def _is_claimed(self) -> bool:
        record = await self.shop.record()
        return record is not None and record.claim is not None

    async def _outlive_the_lease(self, waiting: "asyncio.Task[Answers]") -> int:
        """Return the number of requests in the lease's first half; then let the lease pass."""
        before = self.shop.requests()
        await self.shop.advance(LEASE / 2)
        await self._survivors_read(waiting, await self._loads(), times=2)
        too_early = self.shop.requests() - before
        await self.shop.advance(LEASE / 2)
        return too_early

    async def _survivors_read(
        self, waiting: "asyncio.Task[Answers]", loads: list[int], *, times: int = 1
    ) -> None:
        """Wait until each survivor has read the store this often, or all have their token."""

        async def have_read() -> bool:
            now = await self._loads()
            often = all(new >= old + times for old, new in zip(loads, now, strict=True))
            return often or waiting.done()

        await _until(have_read)

    async def _loads(self) -> list[int]:
        return [await survivor.loads() for survivor in self.survivors]

    async def _ask(self) -> Answers:
        asked = (survivor.token(10) for survivor in self.survivors)
        return Answers.of(await asyncio.gather(*asked))


async def _rounds(shop: Shop, first: int) -> list[Round]:
    """Kill one process after another; each had obtained the token that the others use."""
    survivors = await shop.start_workers(SURVIVORS, mortal=True)
    rounds: list[Round] = []
    for number in range(first, first + ROUNDS):
        await shop.advance(LIFETIME)
        [victim] = await shop.start_workers(mortal=True)
        await victim.token()
        shared = await shop.token()

        assert 1 == len(shared.tokens)

        point = POINTS[number % len(POINTS)]
        killing = Killing(shop, victim, survivors, point, by_refresh=number % 4 != 0)
        rounds.append(await killing.run())
    return rounds


def _expected(number: int, round_: Round) -> Round:
    """Return the required result of a kill; a write that was cut off may have landed or not."""
    point = POINTS[number % len(POINTS)]
    adopted = round_.adopted if point == "amid publish" else point == "after publish"
    return Round(
        point=point,
        replays=0,
        spent=int(point in REQUESTED and number % 4 != 0),
        too_early=0,
        asked=int(not adopted),
        adopted=adopted,
        tokens=1,
        served=10 * SURVIVORS,
        good=True,
        in_time=True,
    )


async def test_a_process_that_is_killed_costs_one_lease_and_no_refresh_token(
    make_shop: MakeShop,
) -> None:
    """
    Wherever 100 processes are killed, no refresh token is sent twice, and the others get a valid
    token when the victim's claim lapses, or at once without a claim.
    """
    shops = [await make_shop() for _ in range(SHOPS)]
    done = await asyncio.gather(
        *(_rounds(shop, number * ROUNDS) for number, shop in enumerate(shops))
    )
    rounds = [one for of_shop in done for one in of_shop]

    assert [_expected(*numbered) for numbered in enumerate(rounds)] == rounds
    assert 100 == len(rounds)
