"""`RecordStore`: reads and compare-and-swaps the typed record of one token key."""

from attrs import evolve, field, frozen

from flexiti_async.clock import Clock, now
from flexiti_async.errors import StoreError
from flexiti_async.store.interface import Entry
from flexiti_async.store.sealed import SealedStore
from flexiti_async.tokens.cached_token import TokenIds
from flexiti_async.tokens.claim import believed
from flexiti_async.tokens.policy import LEASE
from flexiti_async.tokens.record import Record, decode_record, encode_record
from flexiti_async.tokens.snapshot import AgeTracker, Snapshot

__all__ = ["RecordStore", "Written"]

_MARGIN = 60.0
"""Seconds that an entry is kept after it has expired: for that long a failure's count of attempts
outlives its back-off, and the clocks of a store and its users may differ by as much."""


@frozen
class Written:
    """
    The result of one attempt to write the record.

    Attributes:
        entry: The entry; its version is the nonce of the attempt.
        won: True: it was written. False: unknown; the next read decides.
        failure: The store's error, if it failed.
    """

    entry: Entry = field(repr=False)
    won: bool
    failure: StoreError | None = None


class RecordStore:
    """
    Read one record, and swap it.

    A mark as pinned that this process has read or written holds here for good, also if the store
    forgets it: the next write renews it.

    Args:
        key: The record's store key.
        store: The store that holds it.
        clock: This process's clocks.
        token_timeout: The configured time limit of a refresh, seconds. Leases of claims count as
            no longer than this process's own.
    """

    def __init__(self, key: str, store: SealedStore, clock: Clock, *, token_timeout: float) -> None:
        self._key = key
        self._store = store
        self._clock = clock
        self._longest_lease = token_timeout * LEASE
        self._ages = AgeTracker()
        self._pinned = TokenIds()

    async def read(self) -> Snapshot:
        """
        Load the record.

        Raises:
            StoreError: The store is down or slow, or the record is unreadable.
        """
        since, before = self._ages.last, self._clock.boot()
        loaded = await self._store.load(self._key)
        after = now(self._clock)
        record = None
        if loaded.entry is not None:
            # An unencrypted entry is not trusted: it counts as empty, and is replaced.
            text = loaded.text
            record = Record(self._key) if text is None else decode_record(text, self._key)
            record = self._as_pinned(believed(record, longest_lease=self._longest_lease))
        return self._ages.read(loaded.entry, record, since=since, before=before, now=after)

    def _as_pinned(self, record: Record) -> Record:
        """Note the mark of a stored token, and restore one that the store has forgotten."""
        token = record.token
        if token is None:
            return record
        if token.pinned:
            self._pinned.add(token.token_id)
        elif token.token_id in self._pinned:
            return evolve(record, token=evolve(token, pinned=True))
        return record

    def entry(self, record: Record) -> Entry:
        """Build the entry of a record; its version is drawn anew."""
        if record.token is not None:
            life, moment = record.token.remaining, self._clock.boot()
            self._ages.know(record.token.token_id, life=life, now=moment)
        return self._store.entry(
            self._key,
            encode_record(record),  # no name: it holds the token, and a cancellation this frame
            keep_for=record.expires_in() + _MARGIN,
        )

    async def swap(self, entry: Entry, *, expected: Entry | None) -> Written:
        """
        Swap an entry in, in place of one that was read.

        A failing store may still have written it, so a failure is not raised: the outcome is
        unknown, and the version found by the next read decides.

        Raises:
            SessionClosed: The session is closed; nothing was written.
        """
        before = self._clock.boot()
        try:
            won = await self._store.swap(self._key, entry, expected=expected)
        except StoreError as error:
            return Written(entry, won=False, failure=error)
        if won:
            self._ages.wrote(entry.version, before=before, now=self._clock.boot())
        return Written(entry, won)

    async def write(self, record: Record, *, expected: Entry | None) -> Written:
        """Swap the entry of a record in, in place of one that was read; see `swap`."""
        written = await self.swap(self.entry(record), expected=expected)
        if written.won and record.token is not None and record.token.pinned:
            self._pinned.add(record.token.token_id)
        return written
