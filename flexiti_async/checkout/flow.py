"""What all steps of a checkout have in common: its place in the table, its token, its calls."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar

from attrs import evolve

from flexiti_async.checkout.desk import Desk
from flexiti_async.checkout.place import Place
from flexiti_async.checkout.saved import Saved
from flexiti_async.checkout.state import CheckoutState, Claimed
from flexiti_async.checkout.step import CLAIMS, Sharing, Step
from flexiti_async.checkout.steps import NEXT_STEPS, TABLE, Row, missing, row_of
from flexiti_async.clock import now
from flexiti_async.config.model import OnStoreFailure
from flexiti_async.errors import (
    CheckoutError,
    CheckoutExpired,
    CheckoutTokenRejected,
    CheckoutUnsettled,
    FlexitiError,
)
from flexiti_async.protocol.call import Call
from flexiti_async.protocol.retry import certainly_not_executed
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.tokens.record import StoredToken
from flexiti_async.transport.client import Replace

__all__ = ["CheckoutFlow", "after_running"]

T = TypeVar("T")

_NOT_BEGUN: Final = frozenset({Step.OPEN, Step.IN_STORE})


class CheckoutFlow:
    """
    The machinery of a checkout; see `flexiti_async.checkout.base` for what it is.

    Attributes:
        reference_id: The flow's `x-reference-id`.
    """

    def __init__(
        self,
        desk: Desk,
        reference_id: str,
        token: Token,
        *,
        sharing: Sharing | None,
        flow_ttl: float | None,
        resumable: bool,
        saved: Saved | None = None,
    ) -> None:
        self._desk = desk
        self.reference_id: Final = reference_id
        self._token = token
        self._chosen = sharing
        self._flow_ttl = flow_ttl
        self._place = Place(
            saved.state
            if saved
            else _new_state(reference_id, self._stored_token(), token, sharing),
            saved,
            desk.records if resumable else None,
            degrade=desk.config.on_store_failure is OnStoreFailure.DEGRADE,
            token=self._stored_token,
        )

    def __repr__(self) -> str:
        return (
            f"Checkout(reference_id={self.reference_id!r}, step={self.step.value!r}, "
            f"sharing={self.sharing.value!r})"
        )

    @property
    def step(self) -> Step:
        """How far it has come."""
        return self._state.step

    @property
    def next_steps(self) -> frozenset[str]:
        """Names of the methods that may come next."""
        return frozenset(
            row.method for row in TABLE if row.at is self.step and not missing(row, self._state)
        )

    @property
    def session_id(self) -> str | None:
        """`widget_session_id` of the newest widget/init, None before one."""
        return self._state.session_id

    @property
    def account_number(self) -> str | None:
        """Digits of the account that buys; None while it is not known."""
        return self._state.account_number

    @property
    def authorization_id(self) -> str | None:
        """Number of the authorization; None before one, or if the answer did not tell it."""
        return self._state.authorization_id

    @property
    def capture_ids(self) -> tuple[str, ...]:
        """Numbers of the captures, as far as the answers told them."""
        return self._state.capture_ids

    @property
    def open_amount(self) -> Decimal | None:
        """Dollars left to capture or release; None if that is not known."""
        return self._state.open_amount

    @property
    def saved(self) -> bool:
        """
        Whether the store has it as it stands now.

        It has not with `resumable=False`, nor after a save that failed while the store was down
        and `on_store_failure` is `degrade`: then `resume()` finds an earlier step, from which the
        customer goes through the widget once more, with another token and another session.
        """
        return self._place.saved

    @property
    def sharing(self) -> Sharing:
        """Whether its token is its own."""
        return self._state.sharing

    @property
    def token(self) -> Token:
        """The pinned token."""
        return self._token

    @property
    def remaining(self) -> float:
        """Seconds until the pinned token, and with it the checkout, ends."""
        return self._token.remaining(now(self._desk.clock))

    async def send(self, call: Call[T]) -> T:
        """
        Make any call of the API within this flow. It is no step of the table.

        It carries the flow's reference id, and the pinned token where the call takes a customer's
        token; back-office calls (merchant scope) use the session's merchant token.
        """
        token, replace = await self._bearer(call, pinned=call.scope is Scope.CUSTOMER)
        return await self._desk.client.call(call, self.reference_id, token, replace)

    async def save(self) -> None:
        """Put it down in the store, if it is resumable; a step does that by itself."""
        await self._place.save()

    # For the steps

    @property
    def _state(self) -> CheckoutState:
        return self._place.state

    def _row(self, method: str, outcome: str = "") -> Row:
        """Find a step in the table, or say why it cannot come now."""
        if method not in NEXT_STEPS[self.step]:
            if self.step in CLAIMS:
                msg = f"{self.step.value}: it is under way, or its outcome is unknown; see settle()"
                raise CheckoutUnsettled(msg, reference_id=self.reference_id)
            allowed = ", ".join(sorted(self.next_steps)) or "nothing"
            msg = f"{method} cannot come now; what can: {allowed}"
            raise CheckoutError(msg, reference_id=self.reference_id)
        row = row_of(self.step, method, outcome)
        lacks = missing(row, self._state)
        if lacks:
            msg = f"{method} needs what no answer has told so far: {', '.join(lacks)}"
            raise CheckoutError(msg, reference_id=self.reference_id)
        return row

    async def _ask(self, call: Call[T]) -> T:
        """Make a call of the flow itself: with the pinned token, whatever the call's scope."""
        call = evolve(call, scope=self._token.scope)
        token = await self._pinned_token()
        return await self._desk.client.call(call, self.reference_id, token, self._replace)

    async def _once(
        self,
        row: Row,
        call: Call[T],
        learn: Callable[[CheckoutState, T], CheckoutState],
        *,
        left: Decimal | None = None,
        pinned: bool = False,
    ) -> T:
        """
        Make a call that must not run twice: claim, send, and note what became of it.

        Args:
            row: The step, found for the state that the call was made of.
            call: The call.
            learn: Adds to the state what the answer tells.
            left: `open_amount` if it runs.
            pinned: Use the pinned token.
        """
        before = self._state
        token, replace = await self._bearer(call, pinned=pinned)
        if self._state is not before:
            self._row(row.method)  # another coroutine took a step; this says it best, if it can
        claimed = Claimed(before.step, row.to, left)
        claim = evolve(before, step=row.through or before.step, claimed=claimed)
        await self._place.claim(before, claim)
        try:
            answer = await self._desk.client.call(call, self.reference_id, token, replace)
        except FlexitiError as error:
            if certainly_not_executed(error):
                await self._place.settled(claim, before)
            raise
        await self._place.settled(claim, learn(after_running(claim, claimed), answer))
        return answer

    async def _bearer(self, call: Call[object], *, pinned: bool) -> tuple[Token, Replace]:
        if pinned:
            return await self._pinned_token(), self._replace
        refresher = self._desk.refreshers(call.scope)
        return await refresher.token(), refresher.replace

    async def _pinned_token(self) -> Token:
        """Give the pinned token; one that has ended is replaced if nothing of the flow runs yet."""
        if self.remaining > 0:
            return self._token
        if self.step not in _NOT_BEGUN:
            msg = "the token of this checkout has ended, and the checkout with it: start a new one"
            raise CheckoutExpired(msg, reference_id=self.reference_id)
        return await self._pin_another()

    async def _replace(self, refused: Token) -> Token:
        """Pin another token if nothing of the flow runs yet; otherwise the flow has ended."""
        self._desk.refreshers(self._token.scope).reject(refused.token_id)
        if self.step not in _NOT_BEGUN:
            msg = "the API refused the token of this checkout; it cannot go on: start a new one"
            raise CheckoutTokenRejected(msg, reference_id=self.reference_id)
        return await self._pin_another()

    async def _pin_another(self) -> Token:
        refresher = self._desk.refreshers(self._token.scope)
        if self.sharing is Sharing.DEDICATED:
            self._token = await refresher.dedicated(self._flow_ttl)
        else:
            self._token = await refresher.token(self._flow_ttl)
        return self._token

    def _stored_token(self) -> StoredToken:
        return StoredToken.of(self._token, self.remaining)


def after_running(claim: CheckoutState, claimed: Claimed) -> CheckoutState:
    """Give the state after a claimed call that has run."""
    return evolve(claim, step=claimed.after, open_amount=claimed.open_amount, claimed=None)


def _new_state(
    reference_id: str, stored: StoredToken, token: Token, sharing: Sharing | None
) -> CheckoutState:
    in_store = token.scope is Scope.MERCHANT
    return CheckoutState(
        reference_id=reference_id,
        token=stored,
        sharing=sharing or Sharing.SHARED,
        step=Step.IN_STORE if in_store else Step.OPEN,
        in_store=in_store,
    )
