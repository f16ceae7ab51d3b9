"""`RecordStore`: the record of one token key in the store, read and written typed."""

from attrs import field, frozen

from flexiti_async.clock import Clock
from flexiti_async.errors import StoreError
from flexiti_async.store.interface import Entry
from flexiti_async.store.sealed import Vault
from flexiti_async.tokens.record import Record, decode_record, encode_record
from flexiti_async.tokens.snapshot import Sight, Watch

__all__ = ["Look", "RecordStore", "Written"]

_MARGIN = 60.0
"""Seconds that an entry is kept beyond what matters in it: so long a failure's count of attempts
outlives its back-off, and so long the clocks of a store and of its users may drift apart."""


@frozen
class Look:
    """
    One look at the record.

    Attributes:
        sight: What it means for a refresher.
        entry: What was stored, to be swapped; None if nothing was.
    """

    sight: Sight
    entry: Entry | None = field(repr=False)


@frozen
class Written:
    """
    One attempt to write the record.

    Attributes:
        entry: What was to be written; its version is the nonce of the attempt.
        won: True: it was written. False: it may have been.
        failure: What the store said, if it failed.
    """

    entry: Entry = field(repr=False)
    won: bool
    failure: StoreError | None = None


class RecordStore:
    """
    Look at one record, and swap it.

    Args:
        key: The record's store key.
        vault: Where it is kept.
        clock: This process's clocks.
    """

    def __init__(self, key: str, vault: Vault, clock: Clock) -> None:
        self._key = key
        self._vault = vault
        self._clock = clock
        self._watch = Watch()

    async def look(self) -> Look:
        """
        Load the record.

        Raises:
            StoreError: The store is down or slow, or holds something unreadable.
        """
        before = self._clock.boot()
        loaded = await self._vault.load(self._key)
        after = self._clock.boot()
        entry = loaded.entry
        if entry is None:
            return Look(self._watch.see(None, None, None, before=before, now=after), None)
        # What cannot be believed says nothing; it is there to be replaced.
        text = loaded.text
        record = Record(self._key) if text is None else decode_record(text, self._key)
        sight = self._watch.see(entry.version, record, entry.age, before=before, now=after)
        return Look(sight, entry)

    async def write(self, record: Record, *, over: Entry | None) -> Written:
        """
        Swap the record in over what was seen.

        A store that fails may have written it all the same, so that is no exception but a write
        that was not plainly won: the next look tells, by the version.
        """
        text = encode_record(record)
        entry = self._vault.entry(self._key, text, keep_for=record.matters_for() + _MARGIN)
        before = self._clock.boot()
        try:
            won = await self._vault.swap(self._key, entry, expected=over)
        except StoreError as error:
            return Written(entry, won=False, failure=error)
        if won:
            self._watch.wrote(entry.version, before=before, now=self._clock.boot())
        return Written(entry, won)
