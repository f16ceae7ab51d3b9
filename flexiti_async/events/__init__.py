"""Events of a session: their types, listeners, and the log."""

from flexiti_async.events.listeners import Event, Listener, Listeners
from flexiti_async.events.types import (
    AccessTokenRejected,
    CallFinished,
    CallRetried,
    Cause,
    ClockSkewed,
    OddField,
    RefreshStarted,
    ReusePrevented,
    StoreDegraded,
    StoreRejoined,
    TokenAdopted,
    TokenEvent,
    TokenFailed,
    TokenIssued,
    TokenRefreshed,
    TokenWaited,
)

__all__ = [
    "AccessTokenRejected",
    "CallFinished",
    "CallRetried",
    "Cause",
    "ClockSkewed",
    "Event",
    "Listener",
    "Listeners",
    "OddField",
    "RefreshStarted",
    "ReusePrevented",
    "StoreDegraded",
    "StoreRejoined",
    "TokenAdopted",
    "TokenEvent",
    "TokenFailed",
    "TokenIssued",
    "TokenRefreshed",
    "TokenWaited",
]
