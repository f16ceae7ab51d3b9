"""
The token store interface: where processes and hosts leave word for each other.

A store keeps small texts under keys and can do one thing that matters: replace a text only if it
is still the one that was read. Everything else (claims, leases, promises) is built on that, in
`flexiti_async.tokens`. The stores themselves are in the package `flexiti_stores`, or anybody's:
they are found by the scheme of their URL through the entry-point group `flexiti_async.stores`.
"""

import hashlib
import json
from typing import Protocol, runtime_checkable

from attrs import field, frozen

__all__ = ["Entry", "TokenStore", "store_key"]


def store_key(kind: str, *parts: str) -> str:
    """Make the store key of a record of some kind: `flexiti-KIND-` and 40 hex digits."""
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
        age: Filled by `load`: seconds since the write by the store's own clock; None if it cannot
            tell.
    """

    version: str
    payload: str = field(repr=False)
    keep_for: float
    age: float | None = None


@runtime_checkable
class TokenStore(Protocol):
    """
    A place for entries, shared by whoever shares tokens.

    `flexiti_async.testing` has the contract as a test suite. A store that fails in a way of its
    own may raise what it likes: the caller takes it for `StoreUnavailable`.
    """

    async def load(self, key: str) -> Entry | None:
        """
        Get the entry under a key.

        None if and only if a create at this moment would succeed: a store never hides an entry by
        its own idea of time.
        """
        ...

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """
        Write `entry` if what is stored is still `expected` (by version), or nothing for None.

        Returns:
            True: this call wrote it. False: not written, or the store cannot tell.

        Raises:
            StoreUnavailable: Unknown whether it was written.
        """
        ...

    async def aclose(self) -> None:
        """Let go of what the store has opened. May be called twice."""
        ...
