"""State that processes and hosts share: the interface, opening a store, encryption."""

from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.store.loading import open_store

__all__ = ["Entry", "TokenStore", "open_store"]
