"""Shared state of all processes and hosts: the interface, opening a store, encryption."""

from flexiti_async.store.interface import Entry, TokenStore
from flexiti_async.store.loading import open_store

__all__ = ["Entry", "TokenStore", "open_store"]
