"""A process of a shop, which takes orders."""

import asyncio
import os
import random
import signal
from typing import Any

import aiohttp

from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession
from flexiti_async.api.widget import PurchaseWidget, init_widget
from flexiti_async.protocol.token import Token
from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.store.loading import open_store

from ..crew.worker_process import ShiftedClock, WorkerProcess
from ..support.background import settle

AMID = 0.003
"""About the most seconds that a swap takes."""


class KillSwitch:
    """
    Kills this process at `point`, if set.

    Attributes:
        granted: Whether the token server has answered, since the point was set.
    """

    def __init__(self) -> None:
        self.point = ""
        self.granted = False

    def reach(self, point: str) -> None:
        """Kill the process if this is the point."""
        self.granted |= point == "token granted"
        if point == self.point:
            die()


def die() -> None:
    """Kill this process, as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class MortalStore:
    """
    A store in front of another one, which can kill the process.

    Attributes:
        loads: How often it was read.
    """

    def __init__(self, store: TokenStore, kill_switch: KillSwitch) -> None:
        self._store = store
        self._kill_switch = kill_switch
        self.loads = 0

    async def load(self, key: str) -> Entry | None:
        """Read."""
        self.loads += 1
        return await self._store.load(key)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Swap; kill before, amid or after. A claim that was written late is written again."""
        if not self._kill_switch.point:
            return await self._store.swap(key, entry, expected=expected)
        step = "publish" if self._kill_switch.granted else "claim"
        self._kill_switch.reach(f"before {step}")
        if self._kill_switch.point == f"amid {step}":
            asyncio.get_running_loop().call_later(random.uniform(0.0, AMID), die)  # noqa: S311
        won = await self._store.swap(key, entry, expected=expected)
        self._kill_switch.reach(f"amid {step}")
        self._kill_switch.reach(f"after {step}")
        return won

    async def aclose(self) -> None:
        """Close."""
        await self._store.aclose()


class Worker(WorkerProcess):
    """A process of a shop, which has a session once `open` was ordered."""

    def __init__(self) -> None:
        super().__init__(
            {
                "open": self._open,
                "arm": self._arm,
                "shift": self._shift,
                "token": self._token,
                "widget": self._widget,
                "authorize": self._authorize,
                "settle": self._settle,
                "loads": self._loads,
            }
        )
        self._clock = ShiftedClock()
        self._kill_switch = KillSwitch()
        self._session: FlexitiSession | None = None
        self._http: aiohttp.ClientSession | None = None
        self._store: MortalStore | None = None

    async def _open(self, config: dict[str, Any], *, mortal: bool) -> None:
        """Open a session in place of the previous one."""
        for old in (self._session, self._http):
            if old is not None:
                await (old.aclose() if isinstance(old, FlexitiSession) else old.close())
        if mortal:
            self._store = MortalStore(open_store(config["store"]), self._kill_switch)
            config["store"] = self._store
            self._http = aiohttp.ClientSession(trace_configs=[self._trace()])
        made = FlexitiConfig(**config)
        self._session = FlexitiSession(made, client_session=self._http, clock=self._clock)

    def _trace(self) -> aiohttp.TraceConfig:
        async def answered(*_: object) -> None:
            self._kill_switch.reach("answer received")

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(answered)
        return trace

    async def _arm(self, point: str) -> None:
        """Kill the process when that point is reached: one of the store's, or of the library."""
        from flexiti_async.protocol import points  # an earlier release may have none

        self._kill_switch.point = point
        points.hook = self._reach

    async def _reach(self, point: str) -> None:
        self._kill_switch.reach(point)

    async def _shift(self, ahead: float, wrong: float | None) -> None:
        """Advance both clocks, and set the wall clock wrong."""
        self._clock.ahead += ahead
        if wrong is not None:
            self._clock.wrong = wrong

    async def _token(self, times: int, min_ttl: float | None) -> dict[str, object]:
        """Ask for the token, from many coroutines at once."""
        assert self._session is not None
        began = self._clock.boot()
        asked = (self._session.token(min_ttl=min_ttl) for _ in range(times))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        tokens = [answer for answer in answers if isinstance(answer, Token)]
        return {
            "tokens": sorted({token.access_token.reveal() for token in tokens}),
            "served": len(tokens),
            "failures": sorted({repr(one) for one in answers if not isinstance(one, Token)}),
            "took": self._clock.boot() - began,
        }

    async def _widget(self, *, pinned: bool) -> str:
        """Make a real call: for a flow of a customer, or with the plain token of any call."""
        assert self._session is not None
        widget = PurchaseWidget(account_number=20009100)
        try:
            if pinned:
                await self._session.init_widget(widget)
            else:
                await self._session.send(init_widget(widget))
        except FlexitiError as error:
            return repr(error)
        return "done"

    async def _authorize(self, config: dict[str, Any], reference_id: str) -> dict[str, str]:
        """Resume a checkout and authorize it; returns the outcome and the number."""
        try:
            async with FlexitiSession(FlexitiConfig(**config), clock=self._clock) as flexiti:
                checkout = await flexiti.resume(reference_id)
                answer = await checkout.authorize(
                    "20.00",
                    transaction_type="promotional_purchase",
                    plan_id=101,
                    term=12,
                )
        except FlexitiError as error:
            return {"outcome": type(error).__name__, "text": str(error)}
        return {"outcome": "done", "number": str(answer.authorization_id)}

    async def _settle(self) -> None:
        """Wait for background refreshes."""
        await settle()

    async def _loads(self) -> int:
        return self._store.loads if self._store else 0
