"""
Helpers for the tests of shops that use this library; no other part of the library imports them.

| for | use |
|---|---|
| a sandbox, a session on it, a clock | the fixtures of the pytest plugin (`plugin.py`) |
| time that the test advances | `ManualClock` |
| a customer whom the widget has verified | `verified` |
| a token store with scripted failures | `FaultyStore` |
| the contract of a store of your own | `StoreContract` and its relatives, `JournalContract` |
| a store whose connection breaks | `Wire`, and `is_linearizable` for what its callers saw |
"""

from typing import TYPE_CHECKING

from flexiti_async.testing.clock import ManualClock

if TYPE_CHECKING:
    from flexiti_async.testing.customers import verified
    from flexiti_async.testing.faulty_store import FaultyStore, Trouble
    from flexiti_async.testing.journal_contract import JournalContract, SharedJournalContract
    from flexiti_async.testing.store_abilities import (
        AgesContract,
        ExpiryContract,
        LoopsContract,
        Outage,
        OutageContract,
        SharedStoreContract,
        WireContract,
    )
    from flexiti_async.testing.store_contract import StoreContract
    from flexiti_async.testing.store_history import Recorder, is_linearizable
    from flexiti_async.testing.store_wire import Wire

__all__ = [
    "AgesContract",
    "ExpiryContract",
    "FaultyStore",
    "JournalContract",
    "LoopsContract",
    "ManualClock",
    "Outage",
    "OutageContract",
    "Recorder",
    "SharedJournalContract",
    "SharedStoreContract",
    "StoreContract",
    "Trouble",
    "Wire",
    "WireContract",
    "is_linearizable",
    "verified",
]

_HOME = {
    "FaultyStore": "faulty_store",
    "JournalContract": "journal_contract",
    "Recorder": "store_history",
    "SharedJournalContract": "journal_contract",
    "StoreContract": "store_contract",
    "Trouble": "faulty_store",
    "Wire": "store_wire",
    "is_linearizable": "store_history",
    "verified": "customers",
}
"""Module of a name; the other ones are in `store_abilities`."""


def __getattr__(name: str) -> object:
    # The pytest plugin is in this package, so every test run of a shop imports the package: the
    # contract, and the processes that it starts, are loaded only when they are used.
    if name in __all__:
        import importlib

        home = _HOME.get(name, "store_abilities")
        return getattr(importlib.import_module(f"flexiti_async.testing.{home}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
