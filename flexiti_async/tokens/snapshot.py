"""
One read of the record: its content, and how old it can be.

An age is the largest of three: what the store says, how long this process has seen the entry, and,
for a token and a failure, the wall-clock time since the moment that is sealed into the record. The
third one only makes older, so a wrong wall clock costs token requests and never a dead token; it is
not used for the leases of claims, which would end too early.

For a store without a clock of its own, an entry's age is bounded by observation: an entry that was
not there at the last read is at most as old as that read. `Snapshot.max_age` is the best bound
known, infinite without one. A token is adopted by the upper bound (even then it has life left),
while a claim counts as lapsed only when it has not changed for one lease of this process's own
clock.
"""

import math
from typing import Final

from attrs import field, frozen

from flexiti_async.clock import Instant
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.record import Failure, Record, StoredToken

__all__ = ["AgeTracker", "Sighting", "Snapshot"]

_REMEMBERED: Final = 256
"""Ends of tokens that are remembered: some days of them."""


@frozen
class Snapshot:
    """
    The result of one read of the record.

    Attributes:
        record: The typed record, None if nothing is stored.
        entry: The stored entry, to be swapped; None if nothing is stored.
        max_age: Seconds since its write at most; infinite if unknown.
        min_age: Seconds since its write at least.
        wall: This process's wall clock at the read, seconds since the epoch.
        known_life: Seconds of life that its token has left by what this process knew of the token
            before; None if it has not seen it.
    """

    record: Record | None = None
    entry: Entry | None = field(default=None, repr=False)
    max_age: float = math.inf
    min_age: float = 0.0
    wall: float = -math.inf
    known_life: float | None = None

    @property
    def version(self) -> str | None:
        """Version of the entry, None if nothing is stored."""
        return self.entry.version if self.entry is not None else None

    def life(self, token: StoredToken) -> float:
        """
        Return the seconds of life that the stored token has left at least.

        Minus infinity if its age is unknown: the moment of its mint alone gives no token.
        """
        life = token.remaining - self.max_age
        if self.known_life is not None:
            life = self.known_life if math.isinf(life) else min(life, self.known_life)
        if token.minted is not None:
            life = min(life, token.lifetime - (self.wall - token.minted))
        return life

    def failure_age(self, failure: Failure) -> float:
        """Return the seconds since the stored failure at least."""
        return self.min_age if failure.at is None else max(self.min_age, self.wall - failure.at)


@frozen
class Sighting:
    """
    The result of one read, for later reads. Times are seconds by the reader's boot-time clock.

    Attributes:
        version: Version of the entry, None if nothing was stored.
        first_seen: When the first read that found it had ended.
        not_before: The entry was not written before this moment.
        began: When the read began: entries that only later reads find were not written before.
    """

    version: str | None = None
    first_seen: float = 0.0
    not_before: float = -math.inf
    began: float = -math.inf


class AgeTracker:
    """
    Bound the age of an entry by when this process has read it before.

    Reads may overlap. So a read counts from the last one that had *ended* when it began: of one
    that ended in between, nobody knows which of the two the store answered first.

    Attributes:
        last: The result of the last read or write of this process.
    """

    __slots__ = ("_ends", "last")

    def __init__(self) -> None:
        self.last = Sighting()
        self._ends: dict[str, float] = {}

    def read(
        self,
        entry: Entry | None,
        record: Record | None,
        *,
        since: Sighting,
        before: float,
        now: Instant,
    ) -> Snapshot:
        """
        Note one read, and return its snapshot.

        Args:
            entry: The stored entry, None if nothing is stored.
            record: The record that it holds.
            since: `last` when the read began.
            before: When the read began, by the boot-time clock.
            now: When it ended.
        """
        version = entry.version if entry is not None else None
        if version == since.version:
            first_seen, not_before = since.first_seen, since.not_before
        else:
            first_seen, not_before = now.boot, since.began
        if version == self.last.version:
            first_seen = min(first_seen, self.last.first_seen)
            not_before = max(not_before, self.last.not_before)
        self.last = Sighting(version, first_seen, not_before, began=before)
        if entry is None:
            return Snapshot()
        min_age = now.boot - first_seen
        max_age = now.boot - not_before
        if entry.age is not None:
            # A store's clock may be set back: no entry is younger than it has been seen here.
            min_age = max(entry.age, min_age)
            max_age = max(entry.age + (now.boot - before), min_age)
        token = record.token if record is not None else None
        end = self._ends.get(token.token_id) if token is not None else None
        known_life = None if end is None else end - now.boot
        seen = Snapshot(record, entry, max_age, min_age, now.wall, known_life)
        if token is not None and seen.life(token) > -math.inf:
            self.know(token.token_id, life=seen.life(token), now=now.boot)
        return seen

    def wrote(self, version: str, *, before: float, now: float) -> None:
        """Note a write of this process that began at `before`."""
        self.last = Sighting(version, first_seen=now, not_before=before, began=before)

    def know(self, token_id: str, *, life: float, now: float) -> None:
        """Note that a token has at most `life` seconds left: no record makes them more."""
        end = min(now + life, self._ends.pop(token_id, math.inf))
        self._ends[token_id] = end
        if len(self._ends) > _REMEMBERED:
            del self._ends[next(iter(self._ends))]
