"""`Journal`: the records of one account's operations, in a store that knows when it forgot."""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from attrs import field, frozen

from flexiti_async.clock import Clock
from flexiti_async.config.located import name_source
from flexiti_async.errors import (
    ConfigError,
    FlexitiError,
    JournalForgot,
    StoreError,
    StoreUnavailable,
)
from flexiti_async.operations.keys import account_key, store_key
from flexiti_async.operations.record import (
    OperationRecord,
    Phase,
    decode_operation,
    encode_operation,
)
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import JOURNAL_PREFIX, Entry, Life
from flexiti_async.store.sealed import SealedJournal

__all__ = ["SETTLE", "Found", "Journal"]

_log: Final = logging.getLogger("flexiti_async.operation")

SETTLE: Final = 900.0
"""Seconds after an operation's deadline before it may be recorded as not executed: a request that
timed out here may still be executed there."""
_FREE_FOR: Final = 30 * 86_400.0
_PAUSE: Final = 0.05
"""Seconds between the repeats of a swap whose outcome is unknown."""


@frozen
class Found:
    """
    The journal's entry under an operation's id.

    Attributes:
        entry: The stored entry, to be swapped; None if nothing is stored.
        record: Its record.
    """

    entry: Entry | None = None
    record: OperationRecord | None = field(default=None, repr=False)


class Journal:
    """
    Read and swap the records of operations.

    Args:
        sealed: The journal's store, with a time-out, one error type and encryption.
        clock: This process's clocks.
        ttl: Seconds that an operation that ran is kept.
        named: The configuration names a journal, even one that ends with the process.
        loopback: The API is on loopback: the journal is begun by itself.
        source_of: Returns where an option was set, for errors about the journal's store.
    """

    def __init__(
        self,
        sealed: SealedJournal,
        clock: Clock,
        *,
        ttl: float,
        named: bool,
        loopback: bool,
        source_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._sealed = sealed
        self._clock = clock
        self._ttl = ttl
        self._named = named
        self._loopback = loopback
        self._source_of = source_of
        self._marker: str | None = None
        self._noticed: Life | None = None
        self._introduced = False

    async def life(self) -> Life:
        """
        Return the life of the journal.

        It is the one of every earlier look of this process, or one that a person has accepted in
        its place since then.

        Raises:
            JournalForgot: The store is not marked, is not the one that was marked, or was begun
                anew while this process was running.
            ConfigError: It ends with the process, and the configuration does not say so; or its
                settings cannot be trusted.
            StoreUnavailable: It is down.
        """
        try:
            return await self._life()
        except ConfigError as error:
            name_source(error, self._source_of, store="journal")
            raise

    async def _life(self) -> Life:
        life = await self._sealed.life()
        if not life.outlives_process and not (self._loopback or self._named):
            msg = (
                "the journal of operations would end with this process and forget which money has "
                'moved: set journal="postgresql://…", or journal="memory://" to accept that'
            )
            raise ConfigError(msg, option="journal")
        new = self._marker is None  # one that this process has seen before is gone for good
        if life.marker is None and new and (self._loopback or not life.outlives_process):
            life = await self._sealed.begin(secrets.token_hex(16))
        if life.marker is None and new:
            msg = "the store is not marked as a journal: run `flexiti-async journal init`, once"
            raise JournalForgot(msg)
        if not await self._goes_on(life):
            msg = (
                "the journal's store is not the one that was marked, or may have lost records: run "
                "`flexiti-async journal check`"
            )
            raise JournalForgot(msg)
        self._marker = life.marker
        return life

    async def _goes_on(self, life: Life) -> bool:
        """
        Whether a life is intact, and the one that was seen before or accepted in its place.

        A call that has begun in the life before ends with it: its claim and its send compare lives.
        """
        known = self._marker
        if life.intact:
            same = life.marker == (known or life.marker)
            return same or (known is not None and await self._sealed.is_accepted_over(life, known))
        if life != self._noticed:
            # An acceptance counts from the first notice, and can do without it.
            with contextlib.suppress(FlexitiError):
                version = secrets.token_hex(16)
                await self._sealed.notice(known, version=version, at=self._clock.wall())
                self._noticed = life
        return False

    async def read(self, operation_id: str) -> Found:
        """
        Read a record.

        Raises:
            StoreUnavailable: The store is down.
            RecordUnreadable: A record is there that cannot be read: it counts as unknown.
        """
        key = store_key(operation_id)
        loaded = await self._sealed.load(key)
        if loaded.entry is None:
            return Found()
        return Found(loaded.entry, decode_operation(loaded.text or "", key))

    def entry(self, record: OperationRecord) -> Entry:
        """Build the entry of a record, with a new version."""
        ends = {Phase.PENDING: None, Phase.DONE: self._ttl, Phase.FREE: _FREE_FOR}
        text = encode_operation(record)
        return self._sealed.entry(record.key, text, keep_for=ends[record.phase])

    def rekey(self, keys: Sequence[Secret]) -> None:
        """Go on with other encryption keys; raises ConfigError."""
        self._sealed.rekey(keys)

    def close(self) -> None:
        """Raise SessionClosed from now on; the store itself belongs to the session or the shop."""
        self._sealed.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._sealed.closed

    @property
    def seals(self) -> bool:
        """Whether records are encrypted."""
        return self._sealed.seals

    async def swap(
        self,
        operation_id: str,
        entry: Entry,
        *,
        expected: Entry | None,
        within: float,
        life: Life | None = None,
    ) -> bool:
        """
        Write an entry; a swap of unknown outcome is repeated until its outcome is known.

        Args:
            operation_id: The operation.
            entry: From `entry()`; the same entry again is the same swap.
            expected: The entry that must be stored.
            within: Seconds after which it is given up.
            life: The life in which it may be written.

        Raises:
            StoreUnavailable: It is given up; a try may have been written, or may still be. With
                `sent=False` none was, and none will be.
        """
        time = asyncio.get_running_loop().time
        until = time() + within
        unknown = False
        while True:
            try:
                return await self._sealed.swap(
                    store_key(operation_id), entry, expected=expected, life=life
                )
            except StoreError as error:
                failure = error
            unknown = unknown or getattr(failure, "sent", True)
            if not unknown or time() + _PAUSE >= until:
                break
            await asyncio.sleep(_PAUSE)
        raise StoreUnavailable(str(failure), sent=unknown)

    def keys(self, *, endless: bool) -> AsyncIterator[str]:
        """Yield the store keys of the operations; with `endless` only of pending ones."""
        return self._sealed.keys(JOURNAL_PREFIX, endless=endless)

    def elapsed(self, found: Found, *, least: bool = False) -> float:
        """
        Return the seconds since the claim of a record.

        Two clocks show it: the store's, since the entry was written, and this process's wall clock,
        since the moment in the record. The larger one forbids; `least` returns the smaller one,
        which permits: then unknown and negative ages count as 0.
        """
        if found.entry is None or found.record is None:
            return 0.0
        by_wall = self._clock.wall() - found.record.began
        age = found.entry.age
        if least:
            return max(min(by_wall, 0.0 if age is None else age), 0.0)
        return max(by_wall, 0.0 if age is None else age, 0.0)

    def early(self, found: Found, *, settle: float) -> float:
        """
        Return the seconds for which the request of a record may still be executed; 0 if it cannot.

        Args:
            found: The record.
            settle: Seconds after the deadline.
        """
        if found.record is None:
            return 0.0
        return max(found.record.deadline + settle - self.elapsed(found, least=True), 0.0)

    async def introduce(self, account: str) -> None:
        """
        Log a warning with the first operation of an account in this journal.

        The journal knows its accounts by records without an end, which no listing of operations
        shows. It is a warning only, so a store that fails is ignored; each process tries once.
        """
        if self._introduced:
            return
        self._introduced = True
        key = account_key(account)
        try:
            if (await self._sealed.load(key)).entry is not None:
                return
            entry = self._sealed.entry(key, json.dumps({"account": account}), keep_for=None)
            if await self._sealed.swap(key, entry, expected=None):
                _log.warning(
                    "first operation of account %r in this journal: a renamed account forgets "
                    "every key, so set `account` once and never change it",
                    account,
                )
        except StoreError:
            pass  # the account is known if its record cannot be opened
