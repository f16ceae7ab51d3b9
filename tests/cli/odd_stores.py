"""Stores that do what a store should not do, found by their class path."""
# ruff: noqa: ARG002 - odd stores ignore what they are asked for

import secrets
from typing import NoReturn, Self

from attrs import evolve

from flexiti_async.protocol.secret import Secret
from flexiti_async.store.interface import Entry, Life
from flexiti_async.tokens.record import Record, StoredToken, encode_record
from flexiti_stores.memory import MemoryStore

CANARY = "canary-of-a-store-password"


class _Odd(MemoryStore):
    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a store of its own."""
        del url
        return cls()


class Forger(_Odd):
    """Hands out another token at each look, and none of them is Flexiti's."""

    async def load(self, key: str) -> Entry | None:
        """Forge a token; checkouts are kept."""
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
    """Fails, and says more than it should."""

    async def load(self, key: str) -> NoReturn:
        """Fail."""
        msg = f"cannot connect to store://shop:{CANARY}@example.com to get {key}"
        raise OSError(msg)


class ReadOnly(_Odd):
    """Holds an empty record and takes no other."""

    async def load(self, key: str) -> Entry:
        """Give the empty record."""
        return Entry("0123456789abcdef", encode_record(Record(key)), keep_for=60.0, age=0.0)

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Fail."""
        del key, entry, expected
        raise OSError


class Ageless(_Odd):
    """Holds a token, and cannot tell since when."""

    async def load(self, key: str) -> Entry:
        """Give the token's record, without its age."""
        token = StoredToken("0123456789abcdef", Secret("a-token"), 1200.0, 1000.0)
        record = encode_record(Record(key, token=token))
        return Entry("0123456789abcdef", record, keep_for=1060.0)


class Unreadable(_Odd):
    """Holds something else."""

    async def load(self, key: str) -> Entry:
        """Give a text that is no record."""
        return Entry("0123456789abcdef", f'{{"other": "{key}"}}', keep_for=60.0, age=0.0)


class Buggy(_Odd):
    """Cannot even be made."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Fail in a way of its own."""
        del url
        msg = f"the password {CANARY} is wrong"
        raise LookupError(msg)


class Denier(_Odd):
    """Takes no write, and says so."""

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Refuse."""
        del key, entry, expected
        return False


class Overwriter(_Odd):
    """Compares nothing."""

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write whatever is expected."""
        return await super().swap(key, entry, expected=await super().load(key))


class Careless(_Odd):
    """Compares whether something is there, not what."""

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Write over anything, if anything is expected."""
        there = expected and await super().load(key)
        return await super().swap(key, entry, expected=there)


class Mixer(_Odd):
    """Gives another version each time."""

    async def load(self, key: str) -> Entry | None:
        """Change the version."""
        entry = await super().load(key)
        return entry and evolve(entry, version=secrets.token_hex(16))


class Stubborn(_Odd):
    """Creates, and replaces nothing."""

    async def swap(
        self, key: str, entry: Entry, *, expected: Entry | None, life: Life | None = None
    ) -> bool:
        """Take a create only."""
        return expected is None and await super().swap(key, entry, expected=None)


class Timeless(_Odd):
    """Does not know when anything was written."""

    async def load(self, key: str) -> Entry | None:
        """Leave the age out."""
        entry = await super().load(key)
        return entry and evolve(entry, age=None)
