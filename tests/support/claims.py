"""The claims in a store: a test sees one that stayed at once, and does not wait for its lease."""

from flexiti_async.tokens.record import Claim, decode_record
from flexiti_stores.memory import MemoryStore

__all__ = ["claims_in"]


async def claims_in(store: MemoryStore) -> list[Claim]:
    """Return the claims of all tokens in a store that is not encrypted."""
    found: list[Claim] = []
    async for key in store.keys("flexiti-token-"):
        entry = await store.load(key)
        record = None if entry is None else decode_record(entry.payload, key)
        if record is not None and record.claim is not None:
            found.append(record.claim)
    return found
