"""Checkouts in the token store: saved, taken up by another process, one step at a time."""

import secrets

from attrs import evolve, field, frozen

from flexiti_async.errors import CheckoutConflict, CheckoutNotFound
from flexiti_async.sansio.checkout_state import CheckoutState, decode_checkout, encode_checkout
from flexiti_async.sansio.token import store_key
from flexiti_async.store import Entry, GuardedStore

__all__ = ["CheckoutRecords", "Saved"]

_MARGIN = 60.0


@frozen
class Saved:
    """
    A checkout as it stands in the store.

    Attributes:
        state: What it says; the token's remaining life counts from now.
        entry: What is stored, to be swapped.
    """

    state: CheckoutState
    entry: Entry = field(repr=False)


class CheckoutRecords:
    """
    Keep checkouts under their reference ids.

    Every method raises StoreUnavailable if the store is down, RecordUnreadable if it holds
    something else.

    Args:
        base_url: API base URL; with the client id it tells shops apart.
        client_id: The client id.
        store: Where they are kept.
    """

    def __init__(self, base_url: str, client_id: str, store: GuardedStore) -> None:
        self._whose = (base_url, client_id)
        self._store = store

    async def save(self, state: CheckoutState, *, over: Entry | None) -> Entry:
        """
        Write a checkout in place of what it was, or for the first time.

        It is kept as long as its token lives.

        Raises:
            CheckoutConflict: Another process has taken a step of it meanwhile.
        """
        key = self._key(state.reference_id)
        entry = Entry(
            version=secrets.token_hex(16),
            payload=encode_checkout(state, key),
            keep_for=state.token.remaining + _MARGIN,
        )
        if await self._store.swap(key, entry, expected=over):
            return entry
        # Not plainly won: what is stored tells whose it is, by the version.
        stored = await self._store.load(key)
        if stored is not None and stored.version == entry.version:
            return entry
        msg = "another process has taken this step of the checkout"
        raise CheckoutConflict(msg, reference_id=state.reference_id)

    async def load(self, reference_id: str) -> Saved:
        """
        Find a checkout.

        Raises:
            CheckoutNotFound: There is none, or it has ended with its token.
        """
        key = self._key(reference_id)
        entry = await self._store.load(key)
        if entry is not None:
            state = decode_checkout(entry.payload, key)
            # A store that tells no ages leaves it to the API to refuse the token.
            left = state.token.remaining - (entry.age or 0.0)
            if left > 0:
                return Saved(evolve(state, token=evolve(state.token, remaining=left)), entry)
        msg = "there is no such checkout, or it has ended with its token"
        raise CheckoutNotFound(msg, reference_id=reference_id)

    def _key(self, reference_id: str) -> str:
        return store_key("checkout", *self._whose, reference_id)
