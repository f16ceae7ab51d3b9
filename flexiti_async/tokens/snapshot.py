"""
One read of the record: its content, and how old it can be.

An entry's age comes from the store. For a store without a clock of its own, it is bounded by
observation: an entry that was not there at the last read is at most as old as that read.
`Snapshot.max_age` is the best bound known, infinite without one. A token is adopted by the upper
bound (even then it has life left), while a claim counts as lapsed only when it has not changed for
one lease of this process's own clock.
"""

import math

from attrs import field, frozen

from flexiti_async.store.interface import Entry
from flexiti_async.tokens.record import Record, StoredToken

__all__ = ["AgeTracker", "Snapshot"]


@frozen
class Snapshot:
    """
    The result of one read of the record.

    Attributes:
        record: The typed record, None if nothing is stored.
        entry: The stored entry, to be swapped; None if nothing is stored.
        max_age: Seconds since its write at most; infinite if unknown.
        min_age: Seconds since its write at least.
    """

    record: Record | None = None
    entry: Entry | None = field(default=None, repr=False)
    max_age: float = math.inf
    min_age: float = 0.0

    @property
    def version(self) -> str | None:
        """Version of the entry, None if nothing is stored."""
        return self.entry.version if self.entry is not None else None

    def life(self, token: StoredToken) -> float:
        """Return the seconds of life that a stored token has left at least."""
        return token.remaining - self.max_age


class AgeTracker:
    """
    Bound the age of an entry by when this process has read it before.

    Times are seconds by the caller's clock, passed in.
    """

    __slots__ = ("_first_seen", "_last_read", "_not_before", "_version")

    def __init__(self) -> None:
        self._version: str | None = None
        self._first_seen = 0.0
        self._not_before = -math.inf
        self._last_read = -math.inf

    def read(
        self, entry: Entry | None, record: Record | None, *, before: float, now: float
    ) -> Snapshot:
        """
        Note one read, and return its snapshot.

        Args:
            entry: The stored entry, None if nothing is stored.
            record: The record that it holds.
            before: When the read began.
            now: When it ended.
        """
        version = entry.version if entry is not None else None
        if version != self._version:
            self._version = version
            self._first_seen = now
            self._not_before = self._last_read
        self._last_read = before
        if entry is None:
            return Snapshot()
        seen_for = now - self._first_seen
        if entry.age is None:
            return Snapshot(record, entry, max_age=now - self._not_before, min_age=seen_for)
        # A store's clock may be set back: no entry is younger than it has been seen here.
        min_age = max(entry.age, seen_for)
        return Snapshot(
            record, entry, max_age=max(entry.age + (now - before), min_age), min_age=min_age
        )

    def wrote(self, version: str, *, before: float, now: float) -> None:
        """Note a write of this process that began at `before`."""
        self._version = version
        self._first_seen = now
        self._not_before = before
        self._last_read = before
