"""
The token store interface: where processes and hosts leave word for each other.

A store keeps small texts under keys and can do one thing that matters: replace a text only if it
is still the one that was read. Everything else (claims, leases, promises) is built on that, in
`flexiti_async.refresher`. The stores themselves are in the package `flexiti_stores`, or anybody's:
they are found by the scheme of their URL through the entry-point group `flexiti_async.stores`.
"""

import asyncio
import importlib
import re
from typing import Final, Protocol, cast, runtime_checkable

from attrs import field, frozen

from flexiti_async.errors import ConfigError, StoreError, StoreUnavailable

__all__ = ["Entry", "GuardedStore", "TokenStore", "open_store"]

ENTRY_POINTS: Final = "flexiti_async.stores"
OWN_STORES: Final = "flexiti_stores"
"""The package of this distribution's stores; its modules are named like their extras."""
OWN: Final = "flexiti-async"
"""This distribution."""


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


class _FromUrl(Protocol):
    def from_url(self, url: str) -> TokenStore: ...


def open_store(store: str | TokenStore) -> TokenStore:
    """
    Make a store of its URL.

    Args:
        store: A URL such as `memory://`, a class path `package.module:Class` (its `from_url` is
            called with the path), or a ready store, which is given back.

    Raises:
        ConfigError: No installed store knows the scheme, or the class cannot be loaded.
    """
    if not isinstance(store, str):
        return store
    scheme, separator, _ = store.partition("://")
    if separator:
        return _by_scheme(scheme.lower()).from_url(store)
    if ":" in store:
        return _by_path(store).from_url(store)
    msg = "the store is neither a URL (memory://) nor a class path (package.module:Class)"
    raise ConfigError(msg, option="store")


def _by_scheme(scheme: str) -> _FromUrl:
    # Imported here: it brings zipfile and csv.
    from importlib.metadata import distributions, entry_points

    # Our own first. It is one file to read, for every session, and not one of each package that is
    # installed; and no other package can take `redis://` over.
    own = {
        point.name: point
        for distribution in distributions(name=OWN)
        for point in distribution.entry_points.select(group=ENTRY_POINTS)
    }
    found = own if scheme in own else {p.name: p for p in entry_points(group=ENTRY_POINTS)}
    point = found.get(scheme)
    if point is None:
        known = ", ".join(f"{name}://" for name in sorted(found)) or "none"
        msg = f"no store is installed for {scheme}:// (installed: {known})"
        raise ConfigError(msg, option="store")
    try:
        return cast("_FromUrl", point.load())
    except ImportError as error:
        msg = f"the store for {scheme}:// needs {error.name}, which is not installed"
        package, _, extra = point.module.partition(".")
        if package == OWN_STORES:
            msg += f": pip install 'flexiti-async[{extra}]'"
    raise ConfigError(msg, option="store")


def _by_path(path: str) -> _FromUrl:
    module, _, name = path.partition(":")
    try:
        return cast("_FromUrl", getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        # What looks like no class path may be a URL gone wrong, password and all.
        shown = path if re.fullmatch(r"[\w.]+:[\w.]+", path) else "given"
        msg = f"the store class {shown} cannot be loaded: {type(error).__name__}"
    raise ConfigError(msg, option="store")


class GuardedStore:
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
