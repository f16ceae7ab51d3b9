"""The library itself, as a shop uses it."""

from benchmarks.harness.target import ACCOUNT_NUMBER, Target
from flexiti_async import FlexitiConfig, FlexitiSession, PurchaseWidget, Scope
from flexiti_async.clock import SYSTEM_CLOCK, Clock, now
from flexiti_async.config.options import HttpEngineWord
from flexiti_stores.memory import MemoryStore

__all__ = ["Adapter"]

_STALE = 75.0
"""Spare seconds of a stale token: between 30 and a tenth of its lifetime."""


class _ShiftedClock:
    """The machine's clocks, advanced."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def wall(self) -> float:
        """Return seconds since the epoch."""
        return SYSTEM_CLOCK.wall() + self.ahead

    def boot(self) -> float:
        """Return seconds since boot."""
        return SYSTEM_CLOCK.boot() + self.ahead


class Adapter:
    """
    `FlexitiSession`.

    Args:
        min_ttl: The argument of its `token()`, seconds.
        http: Its HTTP engine.
    """

    def __init__(self, min_ttl: float = 0.0, http: HttpEngineWord = "aiohttp") -> None:
        self._min_ttl = min_ttl
        self._http: HttpEngineWord = http
        self._shifted = _ShiftedClock()
        self._clock: Clock = SYSTEM_CLOCK

    async def open(self, target: Target) -> None:
        """Open a session."""
        if target.moving:
            self._clock = self._shifted
        config = FlexitiConfig(
            client_id=target.client_id,
            client_secret=target.client_secret,
            base_url=target.base_url,
            connections=target.connections,
            request_timeout=target.patience,
            connect_timeout=target.patience,
            http=self._http,
            # A store of its own, which uses the same clock.
            store=MemoryStore(clock=self._clock.boot),
        )
        self._session = FlexitiSession(config, clock=self._clock)

    async def token(self) -> str:
        """Return the token."""
        return (await self._session.token(min_ttl=self._min_ttl)).access_token.reveal()

    async def init_widget(self) -> str:
        """Call widget/init."""
        widget = await self._session.init_widget(PurchaseWidget(account_number=ACCOUNT_NUMBER))
        return widget.redirection_url

    def expire(self) -> None:
        """Advance the clock to its expiry."""
        self._leave(0.0)

    def age(self) -> None:
        """Advance the clock to shortly before its expiry."""
        self._leave(self._min_ttl + _STALE)

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.aclose()

    def _leave(self, seconds: float) -> None:
        held = self._session.refresher(Scope.CUSTOMER).cached
        if held is not None:
            self._shifted.ahead += held.remaining(now(self._clock)) - seconds
