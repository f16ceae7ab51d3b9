"""The disturbances."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final

from attrs import define, field, frozen

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Answer, Drop, Fault, Hang, Reset
from flexiti_async.sandbox.faults.rules import Only

from .faulty_stores import FaultyStore
from .plan import Act, Verb
from .worker import MARK
from .workers import Workers

__all__ = ["Trouble"]

_ENDPOINTS: Final = ("oauth/token", "merchants/login", "widget/init")


@frozen(eq=False)
class _Rule:
    fault: Fault
    endpoint: str | None
    only: Only
    probability: float


@define(eq=False)
class Trouble:
    """
    Disturb a run.

    Attributes:
        sandbox: The API.
        faulty_store: The store.
        workers: The processes.
        seed: Seed of the plan, and of the sandbox's random faults.
    """

    sandbox: Sandbox
    faulty_store: FaultyStore
    workers: Workers
    seed: int
    _rules: list[_Rule] = field(factory=list[_Rule])
    _delays: list[float] = field(factory=list[float])
    _store_lock: asyncio.Lock = field(factory=asyncio.Lock)
    _api_lock: asyncio.Lock = field(factory=asyncio.Lock)
    _verbs: dict[Verb, Callable[[Act], Awaitable[None]]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._verbs = {
            Verb.KILL: lambda act: self.workers.kill(act.worker or 0),
            Verb.END: lambda act: self.workers.end(act.worker or 0),
            Verb.STOP: lambda act: self.workers.stop(act.worker or 0, act.seconds),
            Verb.CLOCK: lambda act: self.workers.set_clock(act.worker or 0, act.number),
            Verb.POINT: lambda act: self.workers.strike(act.worker or 0, act),
            Verb.CUT: self._cut,
            Verb.LOSE: lambda act: self._hold(act, Drop(commit=True), "oauth/token"),
            Verb.THROTTLE: self._throttle,
            Verb.FAIL: lambda act: self._hold(act, Answer(500), act.what, probability=0.5),
            Verb.HANG: lambda act: self._hold(act, Hang(), act.what),
            Verb.SLOW: self._slow,
            Verb.OUTAGE: self._outage,
            Verb.REVOKE: self._revoke,
            Verb.REVOKE_ALL: self._revoke_all,
            Verb.STORE_OUTAGE: self._store_outage,
            Verb.STORE_STALL: self._store_stall,
            Verb.STORE_LOSS: self._store_loss,
        }

    async def make(self, act: Act) -> None:
        """Disturb, and return at the end of the disturbance."""
        await self._verbs[act.verb](act)

    async def _hold(
        self,
        act: Act,
        fault: Fault,
        endpoint: str | None,
        *,
        only: Only | None = None,
        probability: float = 1.0,
    ) -> None:
        with self._holding(_Rule(fault, endpoint, only or Only(), probability)):
            await asyncio.sleep(act.seconds)

    @contextmanager
    def _holding(self, rule: _Rule) -> Generator[None]:
        self._rules.append(rule)
        self._apply()
        try:
            yield
        finally:
            self._rules.remove(rule)
            self._apply()

    def _apply(self) -> None:
        """Inject the current rules again: the sandbox can remove all rules, but not one."""
        self.sandbox.heal()
        for rule in self._rules:
            self.sandbox.inject(
                rule.fault,
                endpoint=rule.endpoint,
                times=None,
                probability=rule.probability,
                seed=self.seed,
                only=rule.only,
            )

    async def _cut(self, act: Act) -> None:
        only = None if act.worker is None else Only(headers={MARK: str(act.worker)})
        await self._hold(act, Reset(), None, only=only)

    async def _throttle(self, act: Act) -> None:
        await self._hold(act, Answer(int(act.number), retry_after=1), act.what)

    async def _slow(self, act: Act) -> None:
        self._delays.append(act.number)
        self._set_latency()
        await asyncio.sleep(act.seconds)
        self._delays.remove(act.number)
        self._set_latency()

    def _set_latency(self) -> None:
        slowest = max(self._delays, default=0.0)
        self.sandbox.latency = dict.fromkeys(_ENDPOINTS, slowest)

    async def _outage(self, act: Act) -> None:
        async with self._api_lock:
            await self.sandbox.aclose()
            await asyncio.sleep(act.seconds)
            await self.sandbox.start()

    async def _revoke(self, act: Act) -> None:
        tokens = [token for token in self.sandbox.tokens if token.scope == act.what]
        if tokens:
            self.sandbox.revoke(tokens[-1].access_token)

    async def _revoke_all(self, _: Act) -> None:
        self.sandbox.revoke_all()

    async def _store_outage(self, act: Act) -> None:
        async with self._store_lock:
            await self.faulty_store.remove()
            await asyncio.sleep(act.seconds)
            await self.faulty_store.restore()

    async def _store_stall(self, act: Act) -> None:
        async with self._store_lock:
            await self.faulty_store.stall()
            await asyncio.sleep(act.seconds)
            await self.faulty_store.resume()

    async def _store_loss(self, _: Act) -> None:
        async with self._store_lock:
            await self.faulty_store.wipe()
