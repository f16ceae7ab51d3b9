"""`SealedStore`: adds a time-out, one error type and encryption to any `TokenStore`."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from attrs import field, frozen

from flexiti_async.errors import SessionClosed, StoreError, StoreUnavailable
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.encryption import NONCE_BYTES, KeyRing, NotSealedError
from flexiti_async.store.interface import Entry, TokenStore

__all__ = ["Loaded", "SealedStore"]

_log: Final = logging.getLogger("flexiti_async.store")

T = TypeVar("T")


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
            stored in plain text.

    Raises:
        ConfigError: A key is not valid, or the extra `crypto` is not installed.
    """

    def __init__(self, store: TokenStore, *, timeout: float, keys: Sequence[Secret] = ()) -> None:
        self._store = store
        self._timeout = timeout
        self._ring = KeyRing(keys) if keys else None
        self._warned = False
        self._closed = False

    def close(self) -> None:
        """Raise SessionClosed from now on; the store itself belongs to the session or the shop."""
        self._closed = True

    async def load(self, key: str) -> Loaded:
        """
        Load the entry under a key.

        Raises:
            StoreUnavailable: The store is down or slow.
            RecordUnreadable: The entry is encrypted with an unknown key, or damaged.
        """
        entry = await self._bounded("load", lambda: self._store.load(key))
        if entry is None or self._ring is None:
            return Loaded(entry, entry.payload if entry else None)
        try:
            return Loaded(entry, self._ring.open(entry.payload, name=key))
        except NotSealedError:
            if not self._warned:
                self._warned = True
                _log.warning("the entry under %s is not encrypted and is ignored", key)
        return Loaded(entry, None)

    def entry(self, key: str, text: str, *, keep_for: float) -> Entry:
        """Build a new entry with this text and a new version."""
        if self._ring is not None:
            nonce = secrets.token_bytes(NONCE_BYTES)
            text = self._ring.seal(text, name=key, nonce=nonce)
        return Entry(version=secrets.token_hex(16), payload=text, keep_for=keep_for)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """
        Write an entry built by `entry()` in place of the one that was loaded.

        Raises:
            StoreUnavailable: Whether it was written is unknown.
        """
        return await self._bounded("swap", lambda: self._store.swap(key, entry, expected=expected))

    async def _bounded(self, verb: str, operation: Callable[[], Awaitable[T]]) -> T:
        if self._closed:
            # A store that was closed may connect again when it is used.
            msg = "the session is closed"
            raise SessionClosed(msg)
        try:
            async with asyncio.timeout(self._timeout):
                return await operation()
        except StoreError as error:
            failure = error
        except TimeoutError:
            failure = StoreUnavailable(f"the token store did not answer within {self._timeout:g} s")
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            # Only the class is named: the text of a foreign error may quote the stored entry.
            failure = StoreUnavailable(f"the token store failed to {verb}: {type(error).__name__}")
        raise failure
