"""
What one look at the store shows, and how old it is.

An entry's age comes from the store. A store that cannot tell one still lets a refresher
know something by watching: an entry that was not there when I last looked is at most as old as
that look. `Sight.max_age` is the best bound known, infinite if there is none. A token is adopted
on the bound (its life is over for sure by then), while a claim is taken for dead only when it has
not moved for one lease of my own clock.
"""

import math

from attrs import frozen

from flexiti_async.tokens.record import Record, StoredToken

__all__ = ["Sight", "Watch"]


@frozen
class Sight:
    """
    What one load showed.

    Attributes:
        version: Version of the entry, None if nothing is stored.
        record: What it says, None if nothing is stored.
        max_age: Seconds since its write at most; infinite if nobody can tell.
        min_age: Seconds since its write at least.
    """

    version: str | None = None
    record: Record | None = None
    max_age: float = math.inf
    min_age: float = 0.0

    def life(self, token: StoredToken) -> float:
        """Tell the seconds of life that a stored token has for sure."""
        return token.remaining - self.max_age


class Watch:
    """
    What a refresher knows of an entry's age from having looked before.

    Times are seconds by the refresher's own clock, and arguments.
    """

    __slots__ = ("_first_seen", "_last_look", "_not_before", "_version")

    def __init__(self) -> None:
        self._version: str | None = None
        self._first_seen = 0.0
        self._not_before = -math.inf
        self._last_look = -math.inf

    def see(
        self,
        version: str | None,
        record: Record | None,
        age: float | None,
        *,
        before: float,
        now: float,
    ) -> Sight:
        """
        Take in one load.

        Args:
            version: Of the entry, None if nothing is stored.
            record: What it says.
            age: As the store tells it, None if it cannot.
            before: When the load began.
            now: When it ended.
        """
        if version != self._version:
            self._version = version
            self._first_seen = now
            self._not_before = self._last_look
        self._last_look = before
        if version is None:
            return Sight()
        if age is not None:
            return Sight(version, record, max_age=age + (now - before), min_age=age)
        return Sight(
            version, record, max_age=now - self._not_before, min_age=now - self._first_seen
        )

    def wrote(self, version: str, *, before: float, now: float) -> None:
        """Take in a write of my own that began at `before`."""
        self._version = version
        self._first_seen = now
        self._not_before = before
        self._last_look = before
