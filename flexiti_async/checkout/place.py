"""
Where a checkout stands, in this process and in the store.

A step is taken in one of two ways. Most make their call and are saved afterwards (`move`). A call
that must not run twice is *claimed* first: the step that says "under way" is saved by swap, and
only who has written it sends the request. So a second process, or a second click, is refused
before any HTTP; and when the outcome is lost, with an answer or with a process, the claim stays
where everybody finds it, until it is settled.
"""

import asyncio
import logging
from collections.abc import Callable

from attrs import evolve

from flexiti_async.checkout.saved import CheckoutRecords, Saved
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.errors import CheckoutConflict, FlexitiError, StoreError
from flexiti_async.store.interface import Entry
from flexiti_async.tokens.record import StoredToken

__all__ = ["Place"]

_log = logging.getLogger("flexiti_async.checkout")


class Place:
    """
    The state of one checkout, and its record.

    Args:
        state: What it is.
        saved: As it was found in the store; None if it is new.
        records: Where it is saved; None for nowhere.
        degrade: Go on unsaved when the store is down.
        token: Gives the pinned token as it is at this moment.

    Attributes:
        state: What it is now.
        saved: Whether the store has it so.
    """

    def __init__(
        self,
        state: CheckoutState,
        saved: Saved | None,
        records: CheckoutRecords | None,
        *,
        degrade: bool,
        token: Callable[[], StoredToken],
    ) -> None:
        self.state = state
        self.saved = saved is not None
        self._records = records
        self._degrade = degrade
        self._token = token
        self._entry: Entry | None = saved.entry if saved else None
        self._doubtful: frozenset[str] = frozenset()
        self._writing = asyncio.Lock()

    async def save(self) -> None:
        """Save it; raises CheckoutConflict, and StoreError unless it may go on unsaved."""
        try:
            await self._write(anew=True)
        except StoreError as error:
            if not self._degrade:
                raise
            self._warn(error)

    async def move(self, before: CheckoutState, after: CheckoutState) -> None:
        """Take a step whose call is made, unless another one was taken since `before`."""
        self.still(before)
        self.state = after
        try:
            await self.save()
        except FlexitiError:
            if self.state is after:
                self.state = before
            raise

    async def claim(self, before: CheckoutState, claim: CheckoutState) -> None:
        """
        Take a step whose call is about to be sent; whoever returns from here may send it.

        Nothing is awaited between the look and the taking: the second of two clicks in one
        process is refused by that, one of two processes by the store.

        Raises:
            CheckoutConflict: Somebody else has taken a step.
            StoreUnavailable: Whether somebody else has, nobody knows. A checkout that was never
                saved is nobody else's, and may go on.
        """
        self.still(before)
        self.state = claim
        try:
            await self._write(anew=False)
        except BaseException as error:
            if isinstance(error, StoreError) and self._degrade and self._entry is None:
                self._warn(error)
                return
            if self.state is claim:
                self.state = before
            raise

    async def settled(self, claim: CheckoutState, after: CheckoutState) -> None:
        """
        Note what became of a claim.

        It raises nothing: the call has its answer, good or bad, which must not be lost. What is
        not written stays a claim in the store, for `settle`.
        """
        if self.state is not claim:
            _log.warning("checkout %s was settled while its call ran", claim.reference_id)
            return
        self.state = after
        try:
            await self._write(anew=True)
        except (StoreError, CheckoutConflict) as error:
            self._warn(error)

    def still(self, before: CheckoutState) -> None:
        """Raise CheckoutConflict if a step was taken since `before`."""
        if self.state is not before:
            msg = "this checkout has taken another step meanwhile"
            raise CheckoutConflict(msg, reference_id=self.state.reference_id)

    async def _write(self, *, anew: bool) -> None:
        """Write the state of this moment; one write at a time, so that none overtakes."""
        if self._records is None:
            return
        async with self._writing:
            self.saved = False
            entry = self._records.entry(evolve(self.state, token=self._token()))
            own, self._doubtful = self._doubtful, self._doubtful | {entry.version}
            await self._records.swap(
                self.state.reference_id, entry, over=self._entry, own=own, anew=anew
            )
            self._entry, self._doubtful, self.saved = entry, frozenset(), True

    def _warn(self, error: FlexitiError) -> None:
        _log.warning("checkout %s is not saved: %s", self.state.reference_id, error)
