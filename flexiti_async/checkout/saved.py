"""Checkouts in the token store: saved, taken up by another process, one step at a time."""

from collections.abc import Set as AbstractSet

from attrs import evolve, field, frozen

from flexiti_async.checkout.state import CheckoutState, decode_checkout, encode_checkout
from flexiti_async.errors import CheckoutConflict, CheckoutNotFound, StoreError
from flexiti_async.store.interface import Entry, store_key
from flexiti_async.store.sealed import Vault

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
        vault: Where they are kept.
    """

    def __init__(self, base_url: str, client_id: str, vault: Vault) -> None:
        self._whose = (base_url, client_id)
        self._vault = vault

    def entry(self, state: CheckoutState) -> Entry:
        """Make the entry that says where a checkout stands; kept as long as its token lives."""
        key = self._key(state.reference_id)
        text = encode_checkout(state, key)
        return self._vault.entry(key, text, keep_for=state.token.remaining + _MARGIN)

    async def swap(
        self,
        reference_id: str,
        entry: Entry,
        *,
        over: Entry | None,
        own: AbstractSet[str] = frozenset(),
        anew: bool = True,
    ) -> None:
        """
        Write a checkout in place of what it was, or for the first time.

        Args:
            reference_id: The checkout's.
            entry: What to write.
            over: What was last written or read; None if nothing was.
            own: Versions of earlier writes of this process whose outcome is unknown: what stands
                there under one of them is no foreign step.
            anew: If the store has lost what it was (evicted, or a failover), write it all the same.
                Then nobody can tell whether somebody has taken the step meanwhile.

        Raises:
            CheckoutConflict: Another process has taken a step of it meanwhile, or that cannot be
                told.
        """
        key = self._key(reference_id)
        failure: StoreError | None = None
        try:
            if await self._vault.swap(key, entry, expected=over):
                return
        except StoreError as error:
            failure = error
        # Not plainly won: what is stored tells whose it is, by the version.
        stored = (await self._vault.load(key)).entry
        if stored is not None and stored.version == entry.version:
            return
        if failure is not None:
            raise failure
        if stored is not None and stored.version in own:
            rest = own - {stored.version}
            await self.swap(reference_id, entry, over=stored, own=rest, anew=anew)
            return
        msg = "another process has taken this step of the checkout"
        if stored is None and over is not None:
            if anew:
                await self.swap(reference_id, entry, over=None, own=own, anew=anew)
                return
            msg = "the store has lost this checkout: who else has taken this step, it cannot tell"
        raise CheckoutConflict(msg, reference_id=reference_id)

    async def load(self, reference_id: str) -> Saved:
        """
        Find a checkout.

        Raises:
            CheckoutNotFound: There is none, or it has ended with its token.
        """
        key = self._key(reference_id)
        loaded = await self._vault.load(key)
        entry = loaded.entry
        if entry is not None and loaded.text is not None:
            state = decode_checkout(loaded.text, key)
            # A store that tells no ages leaves it to the API to refuse the token.
            left = state.token.remaining - (entry.age or 0.0)
            if left > 0:
                return Saved(evolve(state, token=evolve(state.token, remaining=left)), entry)
        msg = "there is no such checkout, or it has ended with its token"
        raise CheckoutNotFound(msg, reference_id=reference_id)

    def _key(self, reference_id: str) -> str:
        return store_key("checkout", *self._whose, reference_id)
