"""`RecordStore`: reads and compare-and-swaps the typed record of one token key."""

from attrs import field, frozen

from flexiti_async.clock import Clock
from flexiti_async.errors import StoreError
from flexiti_async.store.interface import Entry
from flexiti_async.store.sealed import SealedStore
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

    Args:
        key: The record's store key.
        store: The store that holds it.
        clock: This process's clocks.
    """

    def __init__(self, key: str, store: SealedStore, clock: Clock) -> None:
        self._key = key
        self._store = store
        self._clock = clock
        self._ages = AgeTracker()

    async def read(self) -> Snapshot:
        """
        Load the record.

        Raises:
            StoreError: The store is down or slow, or the record is unreadable.
        """
        before = self._clock.boot()
        loaded = await self._store.load(self._key)
        after = self._clock.boot()
        record = None
        if loaded.entry is not None:
            # An unencrypted entry is not trusted: it counts as empty, and is replaced.
            text = loaded.text
            record = Record(self._key) if text is None else decode_record(text, self._key)
        return self._ages.read(loaded.entry, record, before=before, now=after)

    async def write(self, record: Record, *, expected: Entry | None) -> Written:
        """
        Swap the record in, in place of an entry that was read.

        A failing store may still have written it, so a failure is not raised: the outcome is
        unknown, and the version found by the next read decides.
        """
        entry = self._store.entry(
            self._key,
            encode_record(record),  # no name: it holds the token, and a cancellation this frame
            keep_for=record.expires_in() + _MARGIN,
        )
        before = self._clock.boot()
        try:
            won = await self._store.swap(self._key, entry, expected=expected)
        except StoreError as error:
            return Written(entry, won=False, failure=error)
        if won:
            self._ages.wrote(entry.version, before=before, now=self._clock.boot())
        return Written(entry, won)
