"""An event loop whose time passes only when nothing else is to do. For tests without real I/O."""

import asyncio
import selectors


class _Leaping(selectors.DefaultSelector):
    """Do not wait: tell the loop how long it would have waited."""

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
    Sleep without waiting.

    It is a `Clock` of the library as well: both clocks are the loop's time.
    """

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Seconds that have been leapt over, after a start that is not zero."""
        return 1_000.0 + self._leaping.passed

    def wall(self) -> float:
        """Seconds since the epoch, for the library: the loop's time."""
        return self.time()

    def boot(self) -> float:
        """Seconds since boot, for the library: the loop's time."""
        return self.time()
