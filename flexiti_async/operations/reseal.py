"""
Encrypt all records of a journal anew, with the newest key of `token_keys`.

Each record is replaced by a swap, so a writer that is faster wins, and is read again. An operation
that is being made is left alone until its deadline has passed. A record keeps its end.
"""

from collections.abc import AsyncIterator
from typing import Final

from attrs import define

from flexiti_async.clock import Clock
from flexiti_async.errors import ConfigError, JournalForgot, RecordUnreadable
from flexiti_async.operations.keys import ACCOUNT_PREFIX
from flexiti_async.operations.record import Phase, decode_operation
from flexiti_async.store.interface import JOURNAL_PREFIX, Entry, Life
from flexiti_async.store.sealed import Loaded, SealedJournal

__all__ = ["Resealed", "reseal"]

_SHORTEST: Final = 60.0
"""Seconds for which a record is kept that was about to end."""


@define
class Resealed:
    """
    Result of a run.

    Attributes:
        rewritten: Records that are encrypted with the newest key now.
        current: Records that were before.
        running: Operations that are being made, left as they are.
        unreadable: Records that none of the keys opens.
    """

    rewritten: int = 0
    current: int = 0
    running: int = 0
    unreadable: int = 0

    @property
    def unchanged(self) -> bool:
        """Whether the run has found every record under the newest key."""
        return not (self.rewritten or self.running or self.unreadable)


async def reseal(
    sealed: SealedJournal, *, clock: Clock, plain: SealedJournal | None = None
) -> Resealed:
    """
    Encrypt the records of all accounts anew; running it twice does no harm.

    Args:
        sealed: The journal, with keys: the first one encrypts, all of them decrypt.
        clock: This process's clocks.
        plain: The same journal without keys, to encrypt records in plain text too; without it they
            are not trusted.

    Raises:
        ConfigError: The journal has no keys, or writes plain text.
        JournalForgot: The store is not an intact journal; nothing was written.
        StoreUnavailable: The store is down; what was rewritten stays so.
    """
    if not sealed.seals:
        msg = "token_keys is empty or begins with `plain`: there is no key to encrypt with"
        raise ConfigError(msg, option="token_keys")
    life = await sealed.life()
    if not life.intact:
        msg = "the store is not an intact journal: run `flexiti-async journal check`"
        raise JournalForgot(msg)
    run = _Run(sealed, plain, clock, life)
    async for key in _keys(sealed):
        await run.one(key)
    return run.done


async def _keys(sealed: SealedJournal) -> AsyncIterator[str]:
    for prefix in (JOURNAL_PREFIX, ACCOUNT_PREFIX):
        async for key in sealed.keys(prefix):
            yield key


class _Run:
    """One run over all records."""

    def __init__(
        self, sealed: SealedJournal, plain: SealedJournal | None, clock: Clock, life: Life
    ) -> None:
        self.done = Resealed()
        self._sealed = sealed
        self._plain = plain
        self._clock = clock
        self._life = life

    async def one(self, key: str) -> None:
        """Rewrite a record until it is written, or needs not to be."""
        while True:
            try:
                loaded = await self._load(key)
                running = self._is_running(key, loaded)
            except RecordUnreadable:
                self.done.unreadable += 1
                return
            if loaded.entry is None or loaded.text is None:
                return  # it has ended
            if self._sealed.is_current(loaded.entry):
                self.done.current += 1
                return
            if running:
                self.done.running += 1
                return
            entry = self._sealed.entry(key, loaded.text, keep_for=_rest(loaded.entry))
            if await self._sealed.swap(key, entry, expected=loaded.entry, life=self._life):
                self.done.rewritten += 1
                return
            if await self._sealed.life() != self._life:
                msg = "the journal's store was exchanged while its records were rewritten"
                raise JournalForgot(msg)

    async def _load(self, key: str) -> Loaded:
        try:
            return await self._sealed.load(key)
        except RecordUnreadable:
            if self._plain is None:
                raise
        return await self._plain.load(key)

    def _is_running(self, key: str, loaded: Loaded) -> bool:
        """Whether a process may be making the operation: only it writes then."""
        if loaded.entry is None or not key.startswith(JOURNAL_PREFIX):
            return False
        record = decode_operation(loaded.text or "", key)
        elapsed = max(self._clock.wall() - record.began, loaded.entry.age or 0.0)
        return record.phase is Phase.PENDING and elapsed < record.deadline


def _rest(entry: Entry) -> float | None:
    """Return the rest of an entry's life in seconds; None for ever."""
    if entry.keep_for is None:
        return None
    return max(entry.keep_for - (entry.age or 0.0), _SHORTEST)
