"""A clock that a test moves by hand."""

__all__ = ["ManualClock"]


class ManualClock:
    """
    Both clocks of `flexiti_async.clock.Clock`, standing still until told to move.

    Args:
        wall: Seconds since the epoch to start from.
        boot: Seconds since boot to start from.
    """

    def __init__(self, wall: float = 1_800_000_000.0, boot: float = 1_000.0) -> None:
        self._wall = wall
        self._boot = boot

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self._wall

    def boot(self) -> float:
        """Seconds since boot."""
        return self._boot

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks."""
        self._wall += seconds
        self._boot += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back with a negative number."""
        self._wall += seconds
