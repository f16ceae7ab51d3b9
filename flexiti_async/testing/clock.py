"""A clock that a test sets by hand."""

from flexiti_async.testing.arguments import check_seconds

__all__ = ["ManualClock"]


class ManualClock:
    """
    Both clocks of `flexiti_async.clock.Clock`, which only the test advances.

    Args:
        wall: Seconds since the epoch to start from.
        boot: Seconds since boot to start from.

    Raises:
        ValidationError: Not a number of seconds, here and in both methods.
    """

    def __init__(self, wall: float = 1_800_000_000.0, boot: float = 1_000.0) -> None:
        check_seconds("wall", wall)
        check_seconds("boot", boot)
        self._wall = wall
        self._boot = boot

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        return self._wall

    def boot(self) -> float:
        """Return the seconds since boot."""
        return self._boot

    def advance(self, seconds: float) -> None:
        """Advance both clocks; time since boot never goes back, so nor do they."""
        check_seconds("seconds", seconds)
        self._wall += seconds
        self._boot += seconds

    def jump(self, seconds: float) -> None:
        """Move only the wall clock, forward or, with a negative number, back."""
        check_seconds("seconds", seconds, least=-1e12)
        self._wall += seconds
