"""A token store that counts its operations."""

from flexiti_async import Entry, TokenStore

__all__ = ["CountingStore"]


class CountingStore:
    """
    A store in front of another one.

    Attributes:
        operations: Number of loads and swaps together.
    """

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self.operations = 0

    async def load(self, key: str) -> Entry | None:
        """Return the entry under a key."""
        self.operations += 1
        return await self._store.load(key)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Compare and swap."""
        self.operations += 1
        return await self._store.swap(key, entry, expected=expected)

    async def aclose(self) -> None:
        """Close the other store."""
        await self._store.aclose()
