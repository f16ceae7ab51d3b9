"""
A process full of customers, for the load test.

With a rate it is an open loop: customers come when they come (a Poisson process), whether or not
those before them have been served, and the time of each is counted from when they came. A server
that stalls is charged with everybody who waits; that is what coordinated omission leaves out.
Without a rate it is a closed loop: so many customers, each coming again as soon as they are served.
"""

import asyncio
import logging
import random
import time
from array import array
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

from benchmarks.harness.children import obey, run
from benchmarks.harness.target import ACCOUNT_NUMBER
from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    PurchaseWidget,
)
from flexiti_async.events.types import Event, TokenFailed, TokenIssued

DONE = "done"
_applying: ContextVar[bool] = ContextVar("applying", default=False)
"""Whether the token that is fetched here is for one application alone."""


def _purchase() -> PurchaseWidget:
    return PurchaseWidget(account_number=ACCOUNT_NUMBER)


def _application(number: int) -> ApplyWidget:
    return ApplyWidget(
        first_name="Camille",
        last_name="Tremblay",
        dob="1988-07-24",
        postal_code="H2X1Y4",
        email=f"camille{number}@example.com",
        phone_number=5145550100,
        address_1="1 rue Example",
        city="Montréal",
        province="QC",
        tos_agreement=True,
        lang="fr",
    )


class _Shopper:
    """What it can be told to do."""

    async def open(self, options: dict[str, Any], mix: dict[str, float], seed: int) -> None:
        """Open a session; what the options do not say of a real target, the environment does."""
        make = FlexitiConfig if "client_id" in options else FlexitiConfig.load
        self._session = FlexitiSession(make(**options), listeners=[self._note])
        self._random = random.Random(seed)  # noqa: S311 - customers, not keys
        self._flows = {
            "widget": self._widget,
            "checkout": self._checkout,
            "resume": self._resume,
            "application": self._apply,
        }
        self._names, self._weights = list(mix), list(mix.values())
        self._came, self._took = array("d"), array("d")
        self._flow, self._outcome = array("H"), array("H")
        self._outcomes: dict[str, int] = {DONE: 0}
        self._renewals: list[tuple[float, float]] = []
        self._tokens = {"shared": 0, "dedicated": 0, "failed": 0}
        self._served = 0

    async def begin(self, at: float, seconds: float, rate: float, concurrency: int) -> None:
        """Let customers come from a moment of the monotonic clock on; a rate of 0 is none."""
        self._start = at
        self._places = asyncio.Semaphore(concurrency)
        self._cpu = time.process_time()
        coming = self._come(at + seconds, rate) if rate else self._return(at + seconds, concurrency)
        self._running = asyncio.ensure_future(coming)

    async def progress(self) -> dict[str, int]:
        """Tell how many were served."""
        return {"served": self._served}

    async def finish(self) -> dict[str, object]:
        """Wait for the last one, and tell of them all."""
        await self._running
        cpu = time.process_time() - self._cpu
        await self._session.aclose()
        lists: dict[str, array[float] | array[int]] = {
            "came": self._came,
            "took": self._took,
            "flow": self._flow,
            "outcome": self._outcome,
        }
        return {
            "cpu": cpu,
            "flows": self._names,
            "outcomes": list(self._outcomes),
            "renewals": self._renewals,
            "tokens": self._tokens,
            **{name: b64encode(each.tobytes()).decode() for name, each in lists.items()},
        }

    async def _come(self, end: float, rate: float) -> None:
        """Let customers come when they come: open loop."""
        customers: set[asyncio.Task[None]] = set()
        due = self._start + self._random.expovariate(rate)
        while due < end:
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            customer = asyncio.ensure_future(self._serve_in_turn(due))
            customers.add(customer)
            customer.add_done_callback(customers.discard)
            due += self._random.expovariate(rate)
        await asyncio.gather(*customers)

    async def _serve_in_turn(self, due: float) -> None:
        async with self._places:
            await self._serve(due)

    async def _return(self, end: float, customers: int) -> None:
        """Let customers come again and again: closed loop."""

        async def again() -> None:
            while time.monotonic() < end:
                await self._serve(time.monotonic())

        await asyncio.sleep(max(self._start - time.monotonic(), 0.0))
        await asyncio.gather(*(again() for _ in range(customers)))

    async def _serve(self, came: float) -> None:
        (flow,) = self._random.choices(range(len(self._names)), self._weights)
        outcome = DONE
        try:
            await self._flows[self._names[flow]]()
        except FlexitiError as error:
            outcome = type(error).__name__
        self._served += 1
        self._came.append(came - self._start)
        self._took.append(time.monotonic() - came)
        self._flow.append(flow)
        self._outcome.append(self._outcomes.setdefault(outcome, len(self._outcomes)))

    async def _widget(self) -> None:
        """Buy, all in one call."""
        await self._session.init_widget(_purchase())

    async def _checkout(self) -> None:
        """Buy, in two steps that are saved."""
        checkout = await self._session.checkout()
        await checkout.init_widget(_purchase())

    async def _resume(self) -> None:
        """Buy, and be taken up again."""
        checkout = await self._session.checkout()
        await checkout.init_widget(_purchase())
        await self._session.resume(checkout.reference_id)

    async def _apply(self) -> None:
        """Apply for an account, with a token of one's own."""
        mark = _applying.set(True)
        try:
            await self._session.init_widget(_application(self._served))
        finally:
            _applying.reset(mark)

    def _note(self, event: Event) -> None:
        if isinstance(event, TokenFailed):
            self._tokens["failed"] += 1
        elif isinstance(event, TokenIssued):
            if _applying.get():
                self._tokens["dedicated"] += 1
                return
            self._tokens["shared"] += 1
            now = time.monotonic() - self._start
            self._renewals.append((now - event.seconds, now))


async def _main() -> None:
    # What fails is counted; thousands of log lines would hide the figures.
    logging.lastResort = logging.NullHandler()
    shopper = _Shopper()
    verbs: dict[str, Callable[..., Awaitable[Mapping[str, object] | None]]] = {
        "open": shopper.open,
        "begin": shopper.begin,
        "progress": shopper.progress,
        "finish": shopper.finish,
    }
    await obey(verbs)


if __name__ == "__main__":
    run(_main(), "asyncio")
