"""`Vault`: the token store as texts under keys, sealed if there is a key ring."""

import asyncio
import logging
import secrets
from collections.abc import Sequence

from attrs import field, frozen

from flexiti_async.errors import StoreError, StoreUnavailable
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.encryption import NONCE_BYTES, KeyRing, NotSealedError
from flexiti_async.store.interface import Entry, TokenStore

__all__ = ["BoundedStore", "Loaded", "Vault"]

_log = logging.getLogger("flexiti_async.store")


@frozen
class Loaded:
    """
    What stands under a key.

    Attributes:
        entry: As it is stored, to be swapped; None if nothing is.
        text: What it says; None if nothing is stored, or if it cannot be believed because it
            should be sealed and is not. Such an entry is there to be replaced.
    """

    entry: Entry | None
    text: str | None = field(repr=False)


class BoundedStore:
    """
    A store as the core sees it: bounded in time, failing only with StoreError.

    Args:
        store: The store to guard.
        timeout: Seconds after which an operation counts as failed; its outcome is unknown.
    """

    def __init__(self, store: TokenStore, timeout: float) -> None:
        self._store = store
        self._timeout = timeout

    async def load(self, key: str) -> Entry | None:
        """Get the entry under a key; raises StoreUnavailable."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._store.load(key)
        except Exception as error:  # noqa: BLE001 - a plug-in raises what it likes
            failure = self._failure("load", error)
        raise failure

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Compare and swap; raises StoreUnavailable, and then the outcome is unknown."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._store.swap(key, entry, expected=expected)
        except Exception as error:  # noqa: BLE001 - a plug-in raises what it likes
            failure = self._failure("swap", error)
        raise failure

    def _failure(self, verb: str, error: Exception) -> StoreError:
        if isinstance(error, StoreError):
            return error
        if isinstance(error, TimeoutError):
            return StoreUnavailable(f"the token store did not answer within {self._timeout:g} s")
        # The text of a foreign error may quote what was stored: only its name is told.
        return StoreUnavailable(f"the token store failed to {verb}: {type(error).__name__}")


class Vault:
    """
    Load and swap texts.

    Args:
        store: Where they are kept.
        ring: The keys that they are sealed with; None leaves them plain.
    """

    def __init__(self, store: BoundedStore, ring: KeyRing | None = None) -> None:
        self._store = store
        self._ring = ring
        self._warned = False

    @classmethod
    def over(cls, store: TokenStore, *, timeout: float, keys: Sequence[Secret] = ()) -> "Vault":
        """Put a time-out, in seconds, and a key ring around a store; raises ConfigError."""
        return cls(BoundedStore(store, timeout), KeyRing(keys) if keys else None)

    async def load(self, key: str) -> Loaded:
        """
        Get what stands under a key.

        Raises:
            StoreUnavailable: The store is down or slow.
            RecordUnreadable: The entry is sealed with a key that is not at hand, or damaged.
        """
        entry = await self._store.load(key)
        if entry is None or self._ring is None:
            return Loaded(entry, entry.payload if entry else None)
        try:
            return Loaded(entry, self._ring.open(entry.payload, name=key))
        except NotSealedError:
            if not self._warned:
                self._warned = True
                _log.warning("a plain entry, where only sealed ones are believed, under %s", key)
        return Loaded(entry, None)

    def entry(self, key: str, text: str, *, keep_for: float) -> Entry:
        """Make the entry that says `text`, with a version of its own."""
        if self._ring is not None:
            nonce = secrets.token_bytes(NONCE_BYTES)
            text = self._ring.seal(text, name=key, nonce=nonce)
        return Entry(version=secrets.token_hex(16), payload=text, keep_for=keep_for)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Write an entry made by `entry()` in place of what was loaded; raises StoreError."""
        return await self._store.swap(key, entry, expected=expected)
