"""Errors of the store."""

from flexiti_async.errors.base import FlexitiError

__all__ = [
    "RecordUnreadable",
    "StoreError",
    "StoreUnavailable",
]


class StoreError(FlexitiError):
    """The store failed."""


class StoreUnavailable(StoreError):
    """
    The store is down, slow or full, or failed in another way.

    Attributes:
        sent: False if nothing was written and nothing will be: the connection was refused, or the
            server rejected the statement. True: unknown, a write may have landed or still land.
    """

    def __init__(self, message: str = "", *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class RecordUnreadable(StoreError):
    """A record of another key, version or key ring. It does not count as missing."""
