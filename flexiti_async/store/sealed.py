"""
A time-out, one error type and encryption for any store.

`SealedStore` adds them to a `TokenStore`, for tokens and checkouts; `SealedJournal` adds them to a
`JournalStore`, all of its verbs, and trusts no record that it cannot open.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

from attrs import field, frozen

from flexiti_async.errors import (
    ConfigError,
    RecordUnreadable,
    SessionClosed,
    StoreError,
    StoreUnavailable,
)
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.encryption import NONCE_BYTES, KeyRing, NotSealedError, is_sealed
from flexiti_async.store.interface import (
    DurableStore,
    Entry,
    JournalStore,
    Life,
    TokenStore,
    is_of_one_process,
)
from flexiti_async.store.journal import begin, is_accepted_over, notice

__all__ = ["Loaded", "SealedJournal", "SealedStore"]

_log: Final = logging.getLogger("flexiti_async.store")

T = TypeVar("T")

_EXPLAINED: Final = (StoreError, ConfigError)
"""Errors of `keys` and `life`: a store that is set up wrongly says so."""


@frozen
class Loaded:
    """
    An entry as it was loaded.

    Attributes:
        entry: The stored entry, to be swapped; None if nothing is stored.
        text: Its text, decrypted. None if nothing is stored, or if the entry should be encrypted
            and is not: such an entry is not trusted, and may be replaced.
    """

    entry: Entry | None
    text: str | None = field(repr=False)


class SealedStore:
    """
    A token store as the core uses it: bounded in time, with one error type, and encrypted.

    Args:
        store: Any token store; it may raise errors of its own.
        timeout: Seconds after which an operation fails, with an unknown outcome.
        keys: Encryption keys: the first one encrypts, all of them decrypt. Without keys entries are
            stored in plain text. The word `plain` among them reads plain text, and writes it first.

    Raises:
        ConfigError: A key is not valid, or the extra `crypto` is not installed.

    Attributes:
        closed: Whether it was closed.
    """

    def __init__(self, store: TokenStore, *, timeout: float, keys: Sequence[Secret] = ()) -> None:
        self._store = store
        self._timeout = timeout
        self._ring = KeyRing(keys) if keys else None
        self._warned = False
        self.closed = False

    @property
    def seals(self) -> bool:
        """Whether entries are written encrypted."""
        return self._ring is not None and self._ring.seals

    @property
    def of_one_process(self) -> bool:
        """Whether other processes never see the entries."""
        return is_of_one_process(self._store)

    async def trusted(self) -> bool:
        """
        Whether nobody else can have written the entries: encrypted, or in this process's memory.

        Raises:
            StoreUnavailable: The store is down.
        """
        if self._ring is not None and not self._ring.reads_plain:
            return True
        store = self._store
        if not isinstance(store, DurableStore):
            return False
        try:
            life = await self._bounded("life", store.life, known=_EXPLAINED)
        except ConfigError:
            return False
        return not life.outlives_process

    def rekey(self, keys: Sequence[Secret]) -> None:
        """
        Go on with other keys.

        Raises:
            ConfigError: A key is not valid; nothing has changed.
        """
        self._ring = KeyRing(keys) if keys else None
        self._warned = False

    def close(self) -> None:
        """Raise SessionClosed from now on; the store itself belongs to the session or the shop."""
        self.closed = True

    async def load(self, key: str) -> Loaded:
        """
        Load the entry under a key.

        Raises:
            StoreUnavailable: The store is down or slow.
            RecordUnreadable: The entry is encrypted with an unknown key or without `token_keys`
                here, or damaged.
        """
        entry = await self._bounded("load", lambda: self._store.load(key))
        if entry is None:
            return Loaded(None, None)
        if self._ring is None:
            if is_sealed(entry.payload):
                msg = f"the entry under {key} is encrypted, and there are no token_keys"
                raise RecordUnreadable(msg)
            return Loaded(entry, entry.payload)
        if not is_sealed(entry.payload):
            self._warn_of_plain_text(key, trusted=self._ring.reads_plain)
        try:
            return Loaded(entry, self._ring.open(entry.payload, name=key))
        except NotSealedError:
            return Loaded(entry, None)

    def _warn_of_plain_text(self, key: str, *, trusted: bool) -> None:
        """Log once that an entry is not encrypted, and what follows."""
        if self._warned:
            return
        self._warned = True
        if trusted:
            text = "is trusted, because token_keys contains `plain`: remove that after the rollout"
        else:
            text = "is ignored: does a process run without token_keys?"
        _log.warning("the entry under %s is not encrypted and %s", key, text)

    def is_current(self, entry: Entry) -> bool:
        """Whether an entry is written as new ones are: encrypted with the first key."""
        return self._ring is not None and self._ring.is_current(entry.payload)

    def entry(self, key: str, text: str, *, keep_for: float | None) -> Entry:
        """Build a new entry with this text and a new version; `keep_for=None` keeps it for ever."""
        if self._ring is not None:
            nonce = secrets.token_bytes(NONCE_BYTES)
            text = self._ring.seal(text, name=key, nonce=nonce)
        return Entry(version=secrets.token_hex(16), payload=text, keep_for=keep_for)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """
        Write an entry built by `entry()` in place of the one that was loaded.

        Raises:
            StoreUnavailable: Whether it was written is unknown; with `sent=False` it was not.
        """
        return await self._bounded("swap", lambda: self._store.swap(key, entry, expected=expected))

    async def _bounded(
        self,
        verb: str,
        operation: Callable[[], Awaitable[T]],
        *,
        known: tuple[type[Exception], ...] = (StoreError,),
    ) -> T:
        """Run an operation; errors that are not `known` become StoreUnavailable."""
        if self.closed:
            # A store that was closed may connect again when it is used.
            msg = "the session is closed"
            raise SessionClosed(msg)
        try:
            async with asyncio.timeout(self._timeout):
                return await operation()
        except known as error:
            failure = error
        except TimeoutError:
            failure = StoreUnavailable(f"the store did not answer within {self._timeout:g} s")
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            # Only the class is named: the text of a foreign error may quote the stored entry.
            failure = StoreUnavailable(f"the store failed to {verb}: {type(error).__name__}")
        raise failure


class SealedJournal(SealedStore):
    """
    A journal's store, bounded in time, with one error type, and encrypted.

    A record that cannot be opened is unknown, never absent: `load` raises RecordUnreadable for it,
    so `Loaded.entry` is None only if nothing is stored, and `Loaded.text` only then.

    Args:
        store: A store that lists its keys and knows when it may have forgotten.
        timeout: Seconds after which an operation, or one step of a listing, fails.
        keys: Encryption keys, as for `SealedStore`.

    Raises:
        ConfigError: A key is not valid, or the extra `crypto` is not installed.
    """

    def __init__(self, store: JournalStore, *, timeout: float, keys: Sequence[Secret] = ()) -> None:
        super().__init__(store, timeout=timeout, keys=keys)
        self._journal = store

    async def load(self, key: str) -> Loaded:
        """
        Load the entry under a key.

        Raises:
            StoreUnavailable: The store is down or slow.
            RecordUnreadable: An entry is stored that cannot be opened: encrypted with an unknown
                key or without `token_keys`, damaged, or not encrypted although keys are configured.
        """
        loaded = await super().load(key)
        if loaded.entry is None:
            return loaded
        if loaded.text is not None:
            return loaded
        msg = f"the entry under {key} is not encrypted, so it is not trusted"
        raise RecordUnreadable(msg)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """
        Write an entry built by `entry()` in place of the one that was loaded, in this life only.

        Raises:
            StoreUnavailable: Whether it was written is unknown; with `sent=False` it was not.
        """
        return await self._bounded(
            "swap", lambda: self._journal.swap(key, entry, expected=expected, life=life)
        )

    async def life(self) -> Life:
        """
        Read the marker and the fingerprint.

        Raises:
            StoreUnavailable: The store is down or slow.
            ConfigError: Its settings cannot be trusted with a journal.
        """
        return await self._bounded("read the life", self._journal.life, known=_EXPLAINED)

    async def begin(self, marker: str) -> Life:
        """
        Begin the journal, as `store.journal.begin` does.

        Raises:
            StoreUnavailable: The store is down or slow.
            ConfigError: It cannot be begun.
        """
        return await self._bounded(
            "begin", lambda: begin(self._journal, marker=marker), known=_EXPLAINED
        )

    async def notice(self, known: str | None, *, version: str, at: float) -> None:
        """
        Record that the present life has forgotten, as `store.journal.notice` does.

        Raises:
            StoreUnavailable: The store is down or slow.
            ConfigError: Its settings cannot be trusted with a journal.
        """
        await self._bounded(
            "record the loss",
            lambda: notice(self._journal, known=known, version=version, at=at),
            known=_EXPLAINED,
        )

    async def is_accepted_over(self, life: Life, known: str) -> bool:
        """
        Whether a person has accepted this life in place of one that was seen before.

        Raises:
            StoreUnavailable: The store is down or slow.
        """
        return await self._bounded("load", lambda: is_accepted_over(self._journal, life, known))

    async def keys(self, prefix: str, *, endless: bool = False) -> AsyncGenerator[str, None]:
        """
        Yield the keys that begin with `prefix`, as `ListableStore.keys` does.

        Each step has the time-out of its own; a listing that fails has yielded a part of the keys.

        Raises:
            StoreUnavailable: The store is down or slow.
            ConfigError: It is set up so that it cannot list them.
        """
        listing = self._journal.keys(prefix, endless=endless)

        async def step() -> str | None:
            return await anext(listing, None)

        try:
            while (key := await self._bounded("list", step, known=_EXPLAINED)) is not None:
                yield key
        finally:
            if isinstance(listing, AsyncGenerator):
                await listing.aclose()
