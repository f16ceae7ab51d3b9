"""Shared state of all processes and hosts: the interface, opening a store, encryption."""

from flexiti_async.store.interface import (
    DurableStore,
    Entry,
    JournalStore,
    Life,
    ListableStore,
    SchemaStore,
    TokenStore,
)
from flexiti_async.store.loading import open_store

__all__ = [
    "DurableStore",
    "Entry",
    "JournalStore",
    "Life",
    "ListableStore",
    "SchemaStore",
    "TokenStore",
    "open_store",
]
