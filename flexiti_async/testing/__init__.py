"""
Helpers for the tests of shops that use this library; no other part of the library imports them.

| for | use |
|---|---|
| a sandbox, a session on it, a clock | the fixtures of the pytest plugin (`plugin.py`) |
| time that the test advances | `ManualClock` |
| a token store with scripted failures | `FaultyStore` |
| the contract that a store of your own must pass | `StoreContract` and its relatives |
"""

from typing import TYPE_CHECKING

from flexiti_async.testing.clock import ManualClock

if TYPE_CHECKING:
    from flexiti_async.testing.faulty_store import FaultyStore, Trouble
    from flexiti_async.testing.store_abilities import (
        AgesContract,
        ExpiryContract,
        LoopsContract,
        Outage,
        OutageContract,
        SharedStoreContract,
    )
    from flexiti_async.testing.store_contract import StoreContract

__all__ = [
    "AgesContract",
    "ExpiryContract",
    "FaultyStore",
    "LoopsContract",
    "ManualClock",
    "Outage",
    "OutageContract",
    "SharedStoreContract",
    "StoreContract",
    "Trouble",
]


def __getattr__(name: str) -> object:
    # The pytest plugin is in this package, so every test run of a shop imports the package: the
    # contract, and the processes that it starts, are loaded only when they are used.
    if name in {"FaultyStore", "Trouble"}:
        from flexiti_async.testing import faulty_store

        return getattr(faulty_store, name)
    if name in __all__:
        from flexiti_async.testing import store_abilities

        return getattr(store_abilities, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
