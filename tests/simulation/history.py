"""One history: the moves of a plan, then calm, then everything is looked at."""

import asyncio
import hashlib
import random
from collections.abc import Callable
from typing import Final

from attrs import frozen

from flexiti_async.protocol import points
from flexiti_async.store.journal import begin

from .api import ModelApi
from .exchange import Network
from .loop import SimulatedLoop, reach
from .person import compare, decide
from .plan import CALLERS, INTERRUPT, KILL, SLOW, Move, Plan, Verb
from .rules import after_calm, at_the_end, of_callers, of_pins
from .seeded import seeded
from .shop import API_KEYS, Shop, Worker
from .store import ModelStore, World

__all__ = ["History", "carry_out", "run"]

_CALM: Final = 1000.0
"""Seconds after the last move: more than late money, and late background writes, may take."""
_WRITTEN: Final = 130.0
_AFTER_STOPS: Final = 60.0
_SLICE: Final = 0.1
_LAST: Final = 1.0
"""Seconds after the last move until all faults are over."""


@frozen
class History:
    """
    The outcome of a plan.

    Attributes:
        plan: The plan.
        events: What happened: moments, names and texts.
        broken: The rules that were broken, with the evidence.
    """

    plan: Plan
    events: tuple[tuple[object, ...], ...]
    broken: tuple[str, ...]

    @property
    def log(self) -> tuple[str, ...]:
        """The events, a line each."""
        return tuple(f"{moment:.9f} {' '.join(map(str, what))}" for moment, *what in self.events)

    @property
    def digest(self) -> str:
        """A hash of everything that happened."""
        return hashlib.sha256("\n".join(self.log).encode()).hexdigest()


def run(plan: Plan) -> History:
    """Carry a plan out."""
    return carry_out(plan)[0]


def carry_out(plan: Plan) -> tuple[History, Shop]:
    """Carry a plan out; returns the shop, too."""
    loop = SimulatedLoop()
    world = World(loop, random.Random(f"latency {plan.seed}"))  # noqa: S311
    api = ModelApi(world, plan.lifetime, API_KEYS)
    stores = (ModelStore("tokens", world), ModelStore("journal", world))
    shop = Shop(loop, world, api, *stores, plan.processes)
    with seeded(plan.seed, Network(api).names(), (points, {"hook": reach})):
        try:
            work = loop.create_task(_Run(shop, plan).all(), context=world.context)
            broken = loop.run_until_complete(work)
        finally:
            loop.close()
            shop.drop()
    return History(plan, tuple(world.log), tuple(broken)), shop


_Act = Callable[[Worker, Move], None]


class _Run:
    def __init__(self, shop: Shop, plan: Plan) -> None:
        self._shop = shop
        self._plan = plan
        self._loop = shop.loop
        self._people: list[asyncio.Task[None]] = []
        self._disturbances: dict[Verb, Callable[[Worker, Move], None]] = {
            Verb.CANCEL: self._cancel,
            Verb.KILL: lambda worker, move: self._after(worker, move, self._kill),
            Verb.ABORT: lambda worker, move: self._after(worker, move, self._abort),
            Verb.STOP: lambda worker, move: self._after(worker, move, self._stop),
            Verb.POINT: self._arm,
            Verb.END: self._end,
            Verb.CLOCK: self._set_clock,
            Verb.API: lambda _, move: shop.api.disturb(*_what(move)),
            Verb.TOKENS: lambda _, move: shop.tokens.disturb(*_what(move)),
            Verb.JOURNAL: lambda _, move: shop.journal.disturb(*_what(move)),
            Verb.FORGET: self._forget,
        }

    async def all(self) -> list[str]:
        """Make the moves and check the rules; returns those that were broken."""
        shop, loop = self._shop, self._loop
        await begin(shop.journal, marker="0" * 32)
        shop.journal.undo.clear()
        shop.open()
        start = loop.time()
        for move in self._plan.moves:
            wait = start + move.at - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            self._make(move)
        await asyncio.sleep(_LAST)
        self._heal()
        await asyncio.sleep(_WRITTEN)
        self._people.append(loop.create_task(compare(shop)))
        await asyncio.sleep(_CALM)
        await asyncio.wait(self._people)
        await decide(shop)
        # A process that was stopped for so long goes on now.
        ends = [end for worker in shop.all for _, end in worker.stops]
        await asyncio.sleep(max([0.0, *(end - loop.time() for end in ends)]) + _AFTER_STOPS)
        return [
            *of_callers(shop),
            *await after_calm(shop),
            *await at_the_end(shop),
            *of_pins(shop),
            *shop.api.broken,
            *shop.broken,
            *(f"untyped: {fault}" for fault in loop.faults),
        ]

    def _heal(self) -> None:
        shop = self._shop
        for part in (shop.api, shop.tokens, shop.journal):
            part.heal()
        for worker in shop.all:
            worker.process.at_step.clear()
            worker.process.at_point.clear()

    def _make(self, move: Move) -> None:
        shop = self._shop
        shop.world.note("move", move.verb.value, move.process, move.what)
        worker = shop.workers[move.process]
        if move.verb in CALLERS:
            shop.call(move)
            return
        self._disturbances[move.verb](worker, move)

    def _after(self, worker: Worker, move: Move, act: _Act) -> None:
        """Act after some steps of the process, or at once."""
        if move.steps:
            worker.process.after(move.steps, lambda: act(worker, move))
        else:
            act(worker, move)

    def _forget(self, _: Worker, move: Move) -> None:
        self._shop.journal.disturb(*_what(move))
        self._people.append(self._loop.create_task(compare(self._shop)))

    def _cancel(self, worker: Worker, move: Move) -> None:
        tasks = [one.task for one in worker.callers if one.task and not one.task.done()]
        if tasks:
            worker.process.after(move.steps, tasks[-1].cancel)

    def _kill(self, worker: Worker, move: Move) -> None:
        worker.process.dead = True
        self._shop.replace(move.process, worker)

    def _stop(self, worker: Worker, move: Move) -> None:
        seconds = move.seconds
        if worker.process.stopped:
            return
        worker.stops.append((self._loop.time(), self._loop.time() + seconds))
        worker.process.stopped = True
        self._shop.world.later(seconds, self._loop.resume, worker.process)

    def _arm(self, worker: Worker, move: Move) -> None:
        async def strike() -> None:
            if move.number == KILL:
                self._kill(worker, move)
                await self._loop.create_future()
            if move.number == INTERRUPT:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            if move.number == SLOW:
                await self._slow(worker, move.seconds)
            await asyncio.sleep(0.0)

        worker.process.at_point[move.what] = strike

    async def _slow(self, worker: Worker, seconds: float) -> None:
        """Let a task wait, which costs its callers nothing, until its process closes."""
        end = self._loop.time() + seconds
        worker.stops.append((self._loop.time(), end))
        while self._loop.time() < end and not worker.closing:
            await asyncio.sleep(_SLICE)

    def _abort(self, worker: Worker, move: Move) -> None:
        """End the process as `asyncio.run` ends: all of its tasks are cancelled, once."""
        if worker.closing:
            return
        worker.closing = True
        self._shop.replace(move.process, worker)
        tasks = worker.process.unfinished
        for task in tasks:
            task.cancel()
        # With those of the process: if it is killed meanwhile, this one never ends either.
        worker.process.tasks.append(self._loop.create_task(self._aborted(worker, tasks)))

    async def _aborted(self, worker: Worker, tasks: list[asyncio.Task[object]]) -> None:
        shop = self._shop
        # One that is on its way may be written after its withdrawal.
        claims = shop.tokens.claims_of(worker.process.name)
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0.0)  # as the loop is closed after one more turn
        worker.process.dead = True
        left = claims & shop.tokens.claims_of(worker.process.name)
        shop.broken.extend(f"left: {worker.process.name} left a claim" for _ in left)

    def _end(self, worker: Worker, move: Move) -> None:
        if worker.closing or worker.process.dead:
            return
        worker.closing = True
        self._shop.replace(move.process, worker)
        _ = worker.spawn(self._loop, self._shop.close(worker))

    def _set_clock(self, _: Worker, move: Move) -> None:
        shop = self._shop
        match move.what:
            case "client":
                shop.clocks[move.process].wrong_by += move.number
            case "store":
                shop.tokens.clock += move.number
                shop.journal.clock += move.number
            case _:
                shop.api.clock += move.number


def _what(move: Move) -> tuple[str, int, float]:
    """Return the arguments of a disturbance."""
    return move.what, int(move.number), move.seconds
