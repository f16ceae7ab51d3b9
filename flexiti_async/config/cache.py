"""The interface of a cache that a shop may hand over, for form values and terms."""

from typing import Protocol, runtime_checkable

__all__ = ["Cache"]


@runtime_checkable
class Cache(Protocol):
    """What is used of an aiocache cache; any of them will do."""

    async def get(self, key: str) -> object:
        """Give what is kept under a key, None for nothing."""
        ...

    async def set(self, key: str, value: str, *, ttl: float | None) -> object:
        """Keep a text for so many seconds, None for ever."""
        ...
