"""An event loop whose time passes only when it is idle. For tests without real I/O."""

import asyncio
import selectors


class _Leaping(selectors.DefaultSelector):
    """Records how long the loop would have waited, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.passed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """
    Sleeps without waiting.

    It is also a `Clock` of the library: both clocks are the loop's time.
    """

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Return the seconds that were skipped, after a start that is not zero."""
        return 1_000.0 + self._leaping.passed

    def stall(self, seconds: float) -> None:
        """Let time pass as a callback does that takes long: timers come late."""
        self._leaping.passed += seconds

    def wall(self) -> float:
        """Return the loop's time, as seconds since the epoch."""
        return self.time()

    def boot(self) -> float:
        """Return the loop's time, as seconds since boot."""
        return self.time()
