"""Stores that break the contract of a store, addressed by their class path."""

import asyncio
import secrets
from typing import ClassVar, NoReturn, Self, cast

from attrs import evolve

from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import MARKER_KEY, Entry, Life
from flexiti_async.tokens.record import Record, StoredToken, encode_record
from flexiti_stores.memory import MemoryStore

CANARY = "canary-of-a-store-password"


class _Odd(MemoryStore):
    @classmethod
    def from_url(cls, url: str) -> Self:
        """Create the store."""
        del url
        return cls()


class Forger(_Odd):
    """Returns another forged token at each read."""

    async def load(self, key: str) -> Entry | None:
        """Forge a token; keep checkouts."""
        if not key.startswith("flexiti-token-"):
            return await super().load(key)
        token = StoredToken(
            token_id=secrets.token_hex(16),
            access_token=Secret(secrets.token_hex(20)),
            lifetime=1200.0,
            remaining=1200.0,
            pinned=True,
        )
        payload = encode_record(Record(key, token=token))
        return Entry(secrets.token_hex(16), payload, keep_for=1260.0, age=0.0)


class Down(_Odd):
    """Fails with an error text that contains a secret."""

    async def load(self, key: str) -> NoReturn:
        """Fail."""
        msg = f"cannot connect to store://shop:{CANARY}@example.com to get {key}"
        raise OSError(msg)


class ReadOnly(_Odd):
    """Holds an empty record and fails to replace it."""

    async def load(self, key: str) -> Entry:
        """Return the empty record."""
        return Entry("0123456789abcdef", encode_record(Record(key)), keep_for=60.0, age=0.0)

    async def swap(
        self,
        key: str,
        entry: Entry,
        *,
        expected: Entry | None,
        life: Life | None = None,  # noqa: ARG002 - tokens have none
    ) -> bool:
        """Fail."""
        del key, entry, expected
        raise OSError


class Ageless(_Odd):
    """Holds a token of unknown age."""

    async def load(self, key: str) -> Entry:
        """Return the token's record without its age."""
        token = StoredToken("0123456789abcdef", Secret("a-token"), 1200.0, 1000.0)
        record = encode_record(Record(key, token=token))
        return Entry("0123456789abcdef", record, keep_for=1060.0)


class Unreadable(_Odd):
    """Holds a text that is not a record."""

    async def load(self, key: str) -> Entry:
        """Return a text that is not a record."""
        return Entry("0123456789abcdef", f'{{"other": "{key}"}}', keep_for=60.0, age=0.0)


class Buggy(_Odd):
    """Cannot be closed."""

    async def aclose(self) -> NoReturn:
        """Raise an error of its own."""
        msg = f"the password {CANARY} is wrong"
        raise LookupError(msg)


class Denier(_Odd):
    """Rejects every write."""

    async def swap(
        self,
        key: str,
        entry: Entry,
        *,
        expected: Entry | None,
        life: Life | None = None,  # noqa: ARG002 - tokens have none
    ) -> bool:
        """Reject the write."""
        del key, entry, expected
        return False


class Overwriter(_Odd):
    """Compares nothing."""

    async def swap(
        self,
        key: str,
        entry: Entry,
        *,
        expected: Entry | None,
        life: Life | None = None,  # noqa: ARG002 - tokens have none
    ) -> bool:
        """Write without comparing."""
        del expected
        return await super().swap(key, entry, expected=await super().load(key))


class Careless(_Odd):
    """Compares whether an entry exists, not which one."""

    async def swap(
        self,
        key: str,
        entry: Entry,
        *,
        expected: Entry | None,
        life: Life | None = None,  # noqa: ARG002 - tokens have none
    ) -> bool:
        """Overwrite any entry if one is expected."""
        there = expected and await super().load(key)
        return await super().swap(key, entry, expected=there)


class Mixer(_Odd):
    """Returns another version each time."""

    async def load(self, key: str) -> Entry | None:
        """Change the version."""
        entry = await super().load(key)
        return entry and evolve(entry, version=secrets.token_hex(16))


class Stubborn(_Odd):
    """Creates entries, and never replaces one."""

    async def swap(
        self,
        key: str,
        entry: Entry,
        *,
        expected: Entry | None,
        life: Life | None = None,  # noqa: ARG002 - tokens have none
    ) -> bool:
        """Accept only a create."""
        return expected is None and await super().swap(key, entry, expected=None)


class Timeless(_Odd):
    """Reports no ages."""

    async def load(self, key: str) -> Entry | None:
        """Return the entry without its age."""
        entry = await super().load(key)
        return entry and evolve(entry, age=None)


class Slow(_Odd):
    """Takes some time for each operation."""

    SECONDS = 0.05

    async def load(self, key: str) -> Entry | None:
        """Wait, then load."""
        await asyncio.sleep(self.SECONDS)
        return await super().load(key)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Wait, then swap."""
        await asyncio.sleep(self.SECONDS)
        return await super().swap(key, entry, expected=expected, life=life)


class Unlistable:
    """Has a life, but cannot list its keys."""

    def __init__(self) -> None:
        self._kept = MemoryStore()

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Create the store."""
        del url
        return cls()

    async def load(self, key: str) -> Entry | None:
        """Load."""
        return await self._kept.load(key)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Swap."""
        return await self._kept.swap(key, entry, expected=expected, life=life)

    async def life(self) -> Life:
        """Read the life."""
        return await self._kept.life()

    async def aclose(self) -> None:
        """Do nothing."""


class Aged(_Odd):
    """One store for all who open it; every entry is an hour older than it is."""

    opened: ClassVar[dict[str, "Aged"]] = {}

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the store of this URL."""
        return cast("Self", cls.opened.setdefault(url, cls()))

    async def load(self, key: str) -> Entry | None:
        """Return the entry with another age."""
        entry = await super().load(key)
        return entry and evolve(entry, age=3600.0 + (entry.age or 0.0))


class Unmarkable(Aged):
    """Rejects every marker."""

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Reject a marker."""
        return key != MARKER_KEY and await super().swap(key, entry, expected=expected, life=life)


class TokensOnly:
    """Loads and swaps, and neither lists nor knows its life."""

    def __init__(self) -> None:
        self._store = MemoryStore()

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Create the store."""
        del url
        return cls()

    async def load(self, key: str) -> Entry | None:
        """Return the entry."""
        return await self._store.load(key)

    async def swap(self, key: str, entry: Entry, *, expected: Entry | None) -> bool:
        """Compare and swap."""
        return await self._store.swap(key, entry, expected=expected)

    async def aclose(self) -> None:
        """Close the store."""
        await self._store.aclose()
