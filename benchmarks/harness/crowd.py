"""Many callers that ask for a token at once."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from benchmarks.harness.children import Details
from benchmarks.harness.server import TOKEN, steer
from benchmarks.harness.target import Target
from benchmarks.peers import Holder

__all__ = ["CANCELLED", "COLD", "DOWN", "EXPIRED", "SCENARIOS", "STALE", "stampede"]

COLD: Final = "cold start"
EXPIRED: Final = "expired token"
STALE: Final = "stale token"
CANCELLED: Final = "first caller cancelled"
DOWN: Final = "endpoint answers 503"
SCENARIOS: Final = (COLD, EXPIRED, STALE, CANCELLED, DOWN)

_STEP: Final = 0.05
_QUIET_STEPS: Final = 4
"""The crowd is at rest when no caller was served for this many steps."""
_LATER: Final = 3.0
"""Seconds in which a later caller has to get a token."""
_DEADLINE: Final = 30.0
"""Seconds after which callers without a token are given up, and count as harmed."""


async def stampede(
    holder: Holder, target: Target, scenario: str, callers: int
) -> dict[str, object]:
    """
    Let callers ask for a token at once, in one of the scenarios.

    The server holds its answers back until the crowd is at rest, so callers that are served before
    the first answer is sent have not waited for it. That is a count, at any speed of the machine.

    Returns:
        `requests` to the token endpoint; `harmed`: how many callers got no token, without the
        cancelled one; `blocked`: how many were not served before the endpoint answered; `usable`:
        whether a later caller gets a token; `seconds`.
    """
    if scenario != COLD:
        await holder.token()
        if scenario == STALE:
            holder.age()
        else:
            holder.expire()
    down = scenario == DOWN
    await steer(target, reset=True, down=down, hold=[] if down else [TOKEN])
    crowd = _Crowd(holder, callers)
    if not down:
        await crowd.come_to_rest()
    if scenario == CANCELLED:
        crowd.cancel_first()
        await asyncio.sleep(_STEP)
    await steer(target, hold=[])
    await crowd.end()
    seen = await steer(target, down=False)
    return {
        "requests": seen["requests"].get(TOKEN, 0),
        "harmed": crowd.harmed,
        "blocked": crowd.not_served_before(seen),
        "usable": await _usable(holder),
        "seconds": crowd.seconds,
    }


async def _usable(holder: Holder) -> bool:
    """Whether a later caller gets a token; retried, because holders may be backing off."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LATER):
            while True:
                with suppress(Exception):  # each peer has errors of its own
                    await holder.token()
                    return True
                await asyncio.sleep(_STEP)
    return False


class _Crowd:
    def __init__(self, holder: Holder, callers: int) -> None:
        self._holder = holder
        self._served: list[float] = []
        self._cancelled = 0
        self._began = time.monotonic()
        self._tasks = [asyncio.ensure_future(self._ask()) for _ in range(callers)]

    @property
    def harmed(self) -> int:
        """Number of callers that got no token, without the cancelled one."""
        return len(self._tasks) - len(self._served) - self._cancelled

    @property
    def seconds(self) -> float:
        """Seconds until the last caller was served."""
        return max(self._served, default=self._began) - self._began

    def not_served_before(self, seen: Details) -> int:
        """Return the number of callers not served before the endpoint sent its first answer."""
        first = seen["first_answer"]
        before = [at for at in self._served if first is None or at < first]
        return len(self._tasks) - len(before) - self._cancelled

    async def come_to_rest(self) -> None:
        """Wait until no more callers are served, or all are."""
        quiet = 0
        while quiet < _QUIET_STEPS and len(self._served) < len(self._tasks):
            served = len(self._served)
            await asyncio.sleep(_STEP)
            quiet = quiet + 1 if len(self._served) == served else 0

    def cancel_first(self) -> None:
        """Cancel the first caller, which may be making the request for all, unless it is served."""
        if self._tasks[0].cancel():
            self._cancelled = 1

    async def end(self) -> None:
        """Wait until every caller has a result."""
        _, late = await asyncio.wait(self._tasks, timeout=_DEADLINE)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self) -> None:
        with suppress(Exception):  # each peer has errors of its own; callers not served are harmed
            await self._holder.token()
            self._served.append(time.monotonic())
