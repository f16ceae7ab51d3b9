"""The token store fails."""

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "RecordUnreadable",
    "StoreError",
    "StoreUnavailable",
]


class StoreError(FlexitiError):
    """The token store."""


class StoreUnavailable(StoreError):
    """The store is down, slow, full, or failed in a way of its own."""


class RecordUnreadable(StoreError):
    """A record of another key, another version or another key ring. It is not taken for absent."""
