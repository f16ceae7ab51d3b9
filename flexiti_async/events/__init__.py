"""What happened: types of events, listeners, and the log."""

from flexiti_async.events.listeners import Event, Events, Listener
from flexiti_async.events.types import (
    CallFinished,
    CallRetried,
    Cause,
    ClockSkewed,
    FlightStarted,
    ReuseRefused,
    StoreDegraded,
    StoreRejoined,
    TokenAdopted,
    TokenEvent,
    TokenFailed,
    TokenIssued,
    TokenRefreshed,
    TokenRefused,
    TokenWaited,
)

__all__ = [
    "CallFinished",
    "CallRetried",
    "Cause",
    "ClockSkewed",
    "Event",
    "Events",
    "FlightStarted",
    "Listener",
    "ReuseRefused",
    "StoreDegraded",
    "StoreRejoined",
    "TokenAdopted",
    "TokenEvent",
    "TokenFailed",
    "TokenIssued",
    "TokenRefreshed",
    "TokenRefused",
    "TokenWaited",
]
