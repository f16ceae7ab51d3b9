"""A process of a shop under disturbances: it makes calls, and reports how each of them ended."""

import asyncio
import logging
import os
import signal
import stat
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
from attrs import asdict, evolve

from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession
from flexiti_async.api.merchants import merchants_login
from flexiti_async.api.widget import ApplyWidget, PurchaseWidget
from flexiti_async.checkout.online import OnlineCheckout
from flexiti_async.events.types import CallFinished, Event
from flexiti_async.protocol import points
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.sandbox import token_id

from ..crew.worker_process import ShiftedClock, WorkerProcess
from ..support.metronome import Metronome, lost_in
from .limits import limit_of
from .misdeeds import MISDEEDS
from .plan import INTERRUPT, KILL, Verb

__all__ = ["Worker"]

MARK: Final = "x-worker"
"""The header by which the sandbox distinguishes processes."""

_PATIENCE: Final = 2.0
"""Seconds in which tasks, threads and sockets of a closed session have to end."""

_SLOW: Final = 0.3
"""Seconds that a slow point takes."""

_WIDGETS: Final[dict[str, ApplyWidget | PurchaseWidget]] = {
    "purchase": PurchaseWidget(account_number=20009100),
    "apply": ApplyWidget(
        first_name="Ada",
        last_name="Test",
        dob="1990-01-31",
        postal_code="k1a0b1",
        email="ada@example.com",
        phone_number="6135550100",
        address_1="1 Sample St",
        city="Ottawa",
        province="ON",
        tos_agreement=True,
    ),
}


class Worker(WorkerProcess):
    """
    A process with a session.

    Attributes:
        session: The session; None before `open` and after `close`.
        kept: Checkouts that take all their steps here, by reference id.
        leftovers: Left by a misdeed.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "open": self._open,
                "clock": self._set,
                "arm": self._arm,
                "disarm": self._disarm,
                "act": self._act,
                "lost": self._lost,
                "close": self._close,
            }
        )
        self.session: FlexitiSession | None = None
        self.kept: dict[str, OnlineCheckout] = {}
        self.leftovers: list[object] = []
        self._http: aiohttp.ClientSession | None = None
        self._clock = ShiftedClock()
        self._metronome: Metronome | None = None
        self._sockets = _sockets()
        self._calls: dict[str, float] = {}
        self._saved: dict[str, bool] = {}
        self._actions: dict[Verb, Callable[[str, str], Awaitable[Token | None]]] = {
            Verb.TOKEN: self._token,
            Verb.SEND: self._send,
            Verb.WIDGET: self._widget,
            Verb.OPEN: self._begin,
            Verb.STEP: self._step,
            Verb.MISDEED: lambda what, flow: MISDEEDS[what](self, flow),
        }

    async def _open(self, config: dict[str, Any], mark: str | None) -> None:
        """Open a session; with a mark, it borrows its connections."""
        if mark is not None:
            self._http = aiohttp.ClientSession(headers={MARK: mark})
        try:
            made = FlexitiConfig(**config)
            self.session = FlexitiSession(
                made,
                client_session=self._http,
                listeners=[self._note_call],
                clock=self._clock,
            )
        except FlexitiError:
            if self._http is not None:
                await self._http.close()
            raise
        self._metronome = Metronome()
        logging.disable()  # failures are planned

    def _note_call(self, event: Event) -> None:
        """Record how long the call that just ended took, from its first attempt on."""
        assert self._metronome is not None
        if isinstance(event, CallFinished):
            ended = time.monotonic()
            lost = lost_in(self._metronome.gaps, ended - event.seconds, ended)
            self._calls[event.reference_id] = event.seconds - lost

    async def _set(self, wrong: float) -> None:
        """Set the wall clock wrong."""
        self._clock.wrong = wrong

    async def _arm(self, point: str, effect: int) -> None:
        """Let the library slow down, interrupt its task or kill this process at a point, once."""

        async def reach(reached: str) -> None:
            if reached != point:
                return
            points.hook = None
            if effect == KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            task = asyncio.current_task()
            if effect == INTERRUPT and task is not None:
                task.cancel()
            await asyncio.sleep(_SLOW)

        points.hook = reach

    async def _disarm(self) -> None:
        points.hook = None

    async def _act(self, job: str, what: str, flow: str) -> dict[str, object]:
        """Carry out an act for a caller, and report how it ended."""
        assert self._metronome is not None
        verb = Verb(job)
        begun = time.monotonic()
        token: Token | None = None
        error: BaseException | None = None
        try:
            token = await self._actions[verb](what, flow)
        except (Exception, asyncio.CancelledError) as caught:  # noqa: BLE001 - reported
            error = caught
        ended = time.monotonic()
        return {
            "begun": begun,
            "ended": ended,
            "limit": limit_of(verb),
            "call": self._calls.pop(flow, 0.0),
            "idle": lost_in(self._metronome.gaps, begun, ended),
            "outcome": "done" if error is None else type(error).__name__,
            "typed": error is None or isinstance(error, FlexitiError),
            "text": "" if error is None else str(error),
            "token_id": token_id(token.access_token.reveal()) if token else "",
            "saved": self._saved.pop(flow, True),
            "gaps": [asdict(gap) for gap in self._metronome.gaps if gap.ended > begun - 10],
        }

    def lost(self, since: float) -> float:
        """Return the seconds since a moment in which this process did not run."""
        assert self._metronome is not None
        return lost_in(self._metronome.gaps, since, time.monotonic())

    async def _lost(self, since: float) -> float:
        return self.lost(since)

    async def _token(self, scope: str, _: str) -> Token:
        assert self.session is not None
        return await self.session.token(Scope(scope))

    async def _send(self, scope: str, reference_id: str) -> None:
        assert self.session is not None
        call = evolve(merchants_login(), scope=Scope(scope))
        await self.session.send(call, reference_id=reference_id)

    async def _widget(self, what: str, reference_id: str) -> None:
        assert self.session is not None
        await self.session.init_widget(_WIDGETS[what], reference_id=reference_id)

    async def _begin(self, what: str, flow: str) -> Token:
        assert self.session is not None
        checkout = await self.session.checkout(flow, reference_id=flow)
        if what == "kept":
            self.kept[flow] = checkout
        return checkout.token

    async def _step(self, what: str, flow: str) -> Token:
        assert self.session is not None
        checkout = self.kept.get(flow)
        if checkout is None:
            checkout = await self.session.resume(flow)
        await checkout.init_widget(_WIDGETS[what])
        self._saved[flow] = checkout.saved
        return checkout.token

    async def _close(self) -> dict[str, object]:
        """Close the session, and report what is left."""
        assert self.session is not None
        assert self._metronome is not None
        self._metronome.stop()
        await self.session.aclose()
        if self._http is not None:
            await self._http.close()
        end = time.monotonic() + _PATIENCE
        while (left := self._left()) and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return {"left": left}

    def _left(self) -> list[str]:
        """Return the tasks, threads and sockets that did not exist before the session."""
        mine = {self.main, asyncio.current_task()}
        tasks = [f"task {task.get_name()}" for task in asyncio.all_tasks() if task not in mine]
        main = threading.main_thread()
        threads = [f"thread {one.name}" for one in threading.enumerate() if one is not main]
        sockets = _sockets() - self._sockets
        return [*tasks, *threads, *([f"{sockets} sockets"] if sockets > 0 else [])]


def _sockets() -> int:
    """Count the sockets of this process."""
    number = 0
    for descriptor in Path("/dev/fd").iterdir():
        with suppress(OSError):
            number += stat.S_ISSOCK(os.fstat(int(descriptor.name)).st_mode)
    return number
