"""Errors of the token store."""

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "RecordUnreadable",
    "StoreError",
    "StoreUnavailable",
]


class StoreError(FlexitiError):
    """The token store failed."""


class StoreUnavailable(StoreError):
    """The token store is down, slow or full, or failed in another way."""


class RecordUnreadable(StoreError):
    """A record of another key, version or key ring. It does not count as missing."""
