"""
The state of a checkout, in this process and in the token store.

A step makes its call and is saved afterwards, by swap, so that of two processes that take the same
step one gets CheckoutConflict (`transition`). The step of an operation follows the journal, which
has recorded the outcome before (`follow`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from attrs import evolve, field, frozen

from flexiti_async.checkout.state import CheckoutState, decode_checkout, encode_checkout
from flexiti_async.checkout.steps import ENDS_AT
from flexiti_async.errors import CheckoutConflict, CheckoutNotFound, FlexitiError, StoreError
from flexiti_async.errors.base import CheckoutFacts, add_facts
from flexiti_async.events.listeners import Listeners
from flexiti_async.events.log import attributes
from flexiti_async.events.states import Line, State
from flexiti_async.protocol import points
from flexiti_async.store.interface import Entry, store_key
from flexiti_async.store.sealed import SealedStore

__all__ = [
    "CheckoutRecord",
    "SavedCheckout",
    "checkout_key",
    "load_checkout",
    "mark_expired",
    "may_expire",
]

_log: Final = logging.getLogger("flexiti_async.checkout")

_LAST: Final = frozenset(ENDS_AT.values())
_MARGIN: Final = 60.0
"""Seconds that a checkout is kept beyond the end of its token."""


@frozen
class CheckoutRecord:
    """
    A checkout as it was loaded from the store.

    Attributes:
        state: Its state; the token's remaining life counts from now.
        key: The store key that it was found under, and stays under.
        entry: The stored entry, to be swapped.
    """

    state: CheckoutState
    key: str
    entry: Entry = field(repr=False)


def checkout_key(base_url: str, client_id: str, fingerprint: str, reference_id: str) -> str:
    """Return the store key of a checkout: only the credentials that saved it find it."""
    return store_key("checkout", base_url, client_id, fingerprint, reference_id)


async def load_checkout(
    store: SealedStore,
    keys: Iterable[str],
    reference_id: str,
    on_ended: Callable[[CheckoutRecord], Awaitable[None]] | None = None,
) -> CheckoutRecord:
    """
    Load a saved checkout from the first of some keys that holds it.

    Args:
        store: The store.
        keys: The store keys to look under.
        reference_id: The checkout's `x-reference-id`.
        on_ended: Called with one whose token has ended, before CheckoutNotFound is raised.

    Raises:
        CheckoutNotFound: It was never saved, or it has ended with its token.
        StoreUnavailable: The store is down.
        RecordUnreadable: The entry under this key is not this checkout.
    """
    for key in keys:
        try:
            loaded = await store.load(key)
        except StoreError as error:
            add_facts(error, {"reference_id": reference_id})
            raise
        entry = loaded.entry
        if entry is None or loaded.text is None:
            continue
        state = decode_checkout(loaded.text, key)
        # Without an age from the store, the API decides whether the token has expired.
        age = entry.age or 0.0
        left = state.token.remaining - age
        state = evolve(
            state,
            token=evolve(state.token, remaining=max(left, 0.0)),
            elapsed=state.elapsed + age,
        )
        record = CheckoutRecord(state, key, entry)
        if left > 0:
            return record
        if on_ended is not None:
            await on_ended(record)
    msg = (
        "no checkout is saved under this reference id: it was never saved, or it has ended with "
        "its token; flexiti.operations.get() knows whether its operation ran"
    )
    if store.of_one_process:
        msg = (
            f"{msg}. This store is of one process (memory://): what another worker saved, or this "
            "one in an earlier run, is not found; set FLEXITI_STORE to file:///…, postgresql://… "
            "or redis://…"
        )
    raise CheckoutNotFound(msg, reference_id=reference_id)


async def mark_expired(store: SealedStore, record: CheckoutRecord) -> bool:
    """Mark a record whose end will be reported; returns whether this process reports it."""
    state = evolve(record.state, expired=True)
    entry = store.entry(record.key, encode_checkout(state, record.key), keep_for=_MARGIN)
    try:
        return await store.swap(record.key, entry, expected=record.entry)
    except StoreError:
        return False


def may_expire(state: CheckoutState) -> bool:
    """Whether the end of the token is the checkout's end, and was not reported."""
    return not state.expired and state.step not in _LAST


class SavedCheckout:
    """
    The state of one checkout, and its record in the store.

    Args:
        state: The state.
        key: Its store key.
        store: The store to save it in; None if it is not resumable.
        degrade: Go on unsaved while the store is down.
        stamped: Returns a state with the pinned token and the times of now.
        entry: The entry that was loaded; None for a new checkout.
        events: The session's log.

    Attributes:
        state: The present state.
        saved: Whether the store holds this state.
    """

    def __init__(
        self,
        state: CheckoutState,
        key: str,
        store: SealedStore | None,
        *,
        degrade: bool,
        stamped: Callable[[CheckoutState], CheckoutState],
        entry: Entry | None,
        events: Listeners,
    ) -> None:
        self.state = state
        self.saved = entry is not None
        self._key = key
        self._store = store
        self._degrade = degrade
        self._stamped = stamped
        self._entry = entry
        self._expired = state.expired
        self._events = events
        self._unconfirmed: frozenset[str] = frozenset()
        self._writing = asyncio.Lock()

    async def save(self) -> None:
        """Save the state; raises CheckoutConflict, and StoreError unless `degrade` is set."""
        try:
            await self._write()
        except StoreError as error:
            if not self._degrade:
                add_facts(error, self._facts)
                raise
            self._warn(error)

    async def transition(self, before: CheckoutState, after: CheckoutState) -> None:
        """Take a step after its call; raises CheckoutConflict if one was taken since `before`."""
        self.check_unchanged(before)
        self.state = after
        try:
            await self.save()
        except FlexitiError:
            if self.state is after:
                self.state = before
            raise

    async def follow(self, after: CheckoutState) -> bool:
        """
        Take the step of an operation that the journal has recorded.

        It raises nothing, because the operation's answer must not be lost: if the write fails, the
        journal moves the checkout forward when it is resumed.

        Returns:
            Whether no other process has taken this step, nor will.
        """
        self.state = after
        try:
            await self._write()
        except (StoreError, CheckoutConflict) as error:
            self._warn(error)
            return False
        return True

    async def expire(self) -> bool:
        """Mark a checkout whose token has ended; returns whether this process reports it."""
        if self._expired or not may_expire(self.state):
            return False
        self._expired = True
        try:
            await self._write()
        except CheckoutConflict:
            return False
        except StoreError:
            pass  # another process may report it, too
        return True

    def check_unchanged(self, before: CheckoutState) -> None:
        """Raise CheckoutConflict if a step was taken since `before`."""
        if self.state is not before:
            msg = "another step of this checkout was taken meanwhile"
            raise CheckoutConflict(msg, **self._facts)

    async def _write(self) -> None:
        """Write the present state; one write at a time, so that none overtakes another."""
        store = self._store
        if store is None:
            return
        async with self._writing:
            self.saved = False
            state = evolve(self._stamped(self.state), expired=self._expired)
            entry = store.entry(
                self._key,
                encode_checkout(state, self._key),  # no name: it holds the token
                keep_for=state.token.remaining + _MARGIN,
            )
            unconfirmed, self._unconfirmed = self._unconfirmed, self._unconfirmed | {entry.version}
            if points.hook is not None:
                await points.hook("checkout to save")
            await self._swap(store, entry, expected=self._entry, unconfirmed=unconfirmed)
            self._entry, self._unconfirmed, self.saved = entry, frozenset(), True
            self._events.succeeded(State.STORE)

    async def _swap(
        self,
        store: SealedStore,
        entry: Entry,
        *,
        expected: Entry | None,
        unconfirmed: AbstractSet[str],
    ) -> None:
        """
        Write the record in place of the last one, or for the first time.

        It is also written if the store has lost it (eviction, failover): the journal, not this
        record, prevents a second execution.

        Args:
            store: The store to write to.
            entry: The new entry.
            expected: The entry that was last written or read, None before the first write.
            unconfirmed: Versions of this process's earlier writes with an unknown outcome: an entry
                with one of them is not another process's step.

        Raises:
            CheckoutConflict: Another process has taken a step meanwhile.
            StoreUnavailable: The store is down.
        """
        failure: StoreError | None = None
        try:
            if await store.swap(self._key, entry, expected=expected):
                return
        except StoreError as error:
            failure = error
        # Not certainly won: the version of the stored record decides.
        stored = (await store.load(self._key)).entry
        if stored is not None and stored.version == entry.version:
            return
        if failure is not None:
            raise failure
        if stored is not None and stored.version in unconfirmed:
            rest = unconfirmed - {stored.version}
            await self._swap(store, entry, expected=stored, unconfirmed=rest)
            return
        if stored is None and expected is not None:
            await self._swap(store, entry, expected=None, unconfirmed=unconfirmed)
            return
        msg = "another process has taken this step of the checkout"
        raise CheckoutConflict(msg, **self._facts)

    def _warn(self, error: FlexitiError) -> None:
        text, args = "checkout %s in step %s is not saved: %s", (*self._facts.values(), error)
        extra = attributes(error=type(error).__name__, **self._facts)
        self._events.warn(State.STORE, Line(_log, logging.WARNING, text, args, extra))

    @property
    def _facts(self) -> CheckoutFacts:
        return {"reference_id": self.state.reference_id, "step": self.state.step.value}
