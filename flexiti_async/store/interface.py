"""
The store interface: shared state for all processes and hosts of a shop.

A store keeps small texts under keys and does one thing that matters: it replaces a text only if it
is still the one that was read. Claims, leases and pinned tokens are built on that. The stores
themselves are in the package `flexiti_stores`, found by the scheme of their URL; a third party's
are found through the entry-point group `flexiti_async.stores`.

| protocol | for |
|---|---|
| `TokenStore` | tokens and checkouts, which forgive a store that forgets |
| `JournalStore`: `ListableStore`, `DurableStore` | a journal of money moved, which does not |
| `SchemaStore` | stores that need a table before anything can be stored |
"""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Final, Protocol, runtime_checkable

from attrs import field, frozen

__all__ = [
    "JOURNAL_PREFIX",
    "MARKER_KEY",
    "PAST_KEY",
    "DurableStore",
    "Entry",
    "JournalStore",
    "Life",
    "ListableStore",
    "SchemaStore",
    "TokenStore",
    "is_of_one_process",
    "store_key",
]

JOURNAL_PREFIX: Final = "flexiti-operation-"
"""Prefix of the keys of a journal's records."""

MARKER_KEY: Final = "flexiti-marker"
"""
Key of the record that marks a store as a journal, written by `flexiti-async journal init`.

An ordinary record without an end: its version is the random id, its payload the fingerprint that a
person has accepted.
"""

PAST_KEY: Final = "flexiti-past"
"""Key of the record of a journal's past lives, which processes and `journal accept` write."""


def store_key(kind: str, *parts: str) -> str:
    """Return the store key of a record of some kind: `flexiti-KIND-` and 40 hex digits."""
    text = json.dumps([kind, *parts]).encode()
    return f"flexiti-{kind}-{hashlib.sha256(text).hexdigest()[:40]}"


@frozen
class Entry:
    """
    One stored text.

    Attributes:
        version: Random (128 bit), drawn anew for every write; compared for equality, never
            ordered.
        payload: ASCII text, opaque to the store.
        keep_for: Seconds (> 0) for which the store keeps it at least; it may forget it afterwards.
            None: kept for ever.
        age: Filled by `load`: seconds since the write by the store's own clock, never negative;
            None if unknown, also for an entry that is dated in the future.
    """

    version: str
    payload: str = field(repr=False)
    keep_for: float | None
    age: float | None = None


@frozen
class Life:
    """
    The identity of a store's memory: another one than before means that writes may be gone.

    Attributes:
        marker: The random id of the marker; None if the store has none.
        accepted: The fingerprint that the marker was written with; None without a marker.
        fingerprint: The physical fingerprint of the server or folder now.
        warnings: For a person: settings that can lose writes, missing rights.
        outlives_process: Whether the memory outlives the process.
    """

    marker: str | None
    accepted: str | None
    fingerprint: str
    warnings: tuple[str, ...] = field(default=(), eq=False)
    outlives_process: bool = field(default=True, eq=False)

    @classmethod
    def of(
        cls, marker: Entry | None, fingerprint: str, *, warnings: tuple[str, ...] = ()
    ) -> "Life":
        """Return the life of a store that holds this record under `MARKER_KEY`."""
        if marker is None:
            return cls(None, None, fingerprint, warnings)
        return cls(marker.version, marker.payload, fingerprint, warnings)

    @property
    def intact(self) -> bool:
        """Whether the marker exists and names the present fingerprint."""
        return self.marker is not None and self.accepted == self.fingerprint


@runtime_checkable
class TokenStore(Protocol):
    """
    A place for entries, shared by the processes that share tokens.

    `flexiti_async.testing` has the contract as a test suite. A store may raise errors of its own:
    the caller treats them as `StoreUnavailable`.
    """

    async def load(self, key: str) -> Entry | None:
        """
        Return the entry under a key.

        None if and only if a create at this moment would succeed: a store never hides an entry by
        its own idea of time. The answer comes from the server that takes the writes, never from a
        replica or a standby.
        """
        ...

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """
        Write `entry` if what is stored is still `expected` (by version), or nothing for None.

        Idempotent in the entry's version: the same swap again is True if the record carries that
        version, so a swap of unknown outcome is repeated until its outcome is known.

        Returns:
            True: the record carries this entry. False: this call has not written.

        Raises:
            StoreUnavailable: Unknown whether it was written, and it may still be written later;
                with `sent=False` it certainly was not, and will not be.
        """
        ...

    async def aclose(self) -> None:
        """Close what the store has opened. May be called twice."""
        ...


@runtime_checkable
class ListableStore(TokenStore, Protocol):
    """A store that lists its keys; required of a journal."""

    def keys(self, prefix: str, *, endless: bool = False) -> AsyncIterator[str]:
        """
        Yield the keys that begin with `prefix`, each once, in no order.

        A key that is there during the whole listing is yielded; one that is written or ends
        meanwhile may be. Stores read pages: a step takes one round trip at most.

        Args:
            prefix: Compared by characters: no character in it is special.
            endless: Only keys of entries with `keep_for=None`, at a cost that does not grow with
                the number of the others.
        """
        ...


@runtime_checkable
class DurableStore(TokenStore, Protocol):
    """A store that knows when it may have forgotten; required of a journal."""

    async def life(self) -> Life:
        """
        Read the marker and the fingerprint, both from the server that takes the writes.

        The fingerprint differs from an earlier one whenever acknowledged writes may be gone.

        Raises:
            ConfigError: The store is set up so that this cannot be said: rights are missing, or
                acknowledged writes are not on a disk.
            StoreUnavailable: The store is down.
        """
        ...

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """
        Write as `TokenStore.swap` does, in this life only.

        Args:
            key: Its key.
            entry: The new entry.
            expected: The entry that must be stored.
            life: The result of `life()`. The same step that compares and writes compares marker
                and fingerprint too, on the same connection, and nothing is written (False) if
                either has changed. None: no comparison.
        """
        ...


@runtime_checkable
class JournalStore(ListableStore, DurableStore, Protocol):
    """A store that can keep a journal of calls that move money."""


@runtime_checkable
class SchemaStore(TokenStore, Protocol):
    """A store whose schema is created by a migration, not by a worker at run time."""

    def schema(self) -> str:
        """Return the statements of the migration; running them twice does no harm."""
        ...

    async def create_schema(self) -> None:
        """
        Run the statements; raises StoreUnavailable.

        Raises:
            ConfigError: The user of the URL may not.
        """
        ...


def is_of_one_process(store: TokenStore) -> bool:
    """
    Whether other processes never see the entries of a store.

    Such a store has the attribute `of_one_process = True`, so that warnings and errors can say so.
    """
    return getattr(store, "of_one_process", False) is True
