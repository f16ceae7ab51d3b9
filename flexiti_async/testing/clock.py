"""A clock that a test sets by hand."""

__all__ = ["ManualClock"]


class ManualClock:
    """
    Both clocks of `flexiti_async.clock.Clock`, which stand still until the test moves them.

    Args:
        wall: Seconds since the epoch to start from.
        boot: Seconds since boot to start from.
    """

    def __init__(self, wall: float = 1_800_000_000.0, boot: float = 1_000.0) -> None:
        self._wall = wall
        self._boot = boot

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        return self._wall

    def boot(self) -> float:
        """Return the seconds since boot."""
        return self._boot

    def advance(self, seconds: float) -> None:
        """Advance both clocks."""
        self._wall += seconds
        self._boot += seconds

    def jump(self, seconds: float) -> None:
        """Move only the wall clock, forward or, with a negative number, back."""
        self._wall += seconds
